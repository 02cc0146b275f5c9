import { describe, expect, test } from 'vitest';
import { compareAnswers } from '../../server/compare/answers.ts';
import { compareValues } from '../../server/compare/values.ts';
import type { JsonObject } from '../../server/messages/json.ts';

function says(...content: object[]): JsonObject {
  return { type: 'message', content };
}

const text = (words: string) => ({ type: 'text', text: words });
const tool = (name: string, input: object, id = 'toolu_1') => ({ type: 'tool_use', id, name, input });

describe('two answers', () => {
  test('that differ in ids and signatures alone are the same', () => {
    const one = says(
      { type: 'thinking', thinking: 'Hm.', signature: 'a' },
      text('Yes.'),
      tool('read', { at: 1 }),
    );
    const other = says(
      { type: 'thinking', thinking: 'Hm.', signature: 'b' },
      text('Yes.'),
      tool('read', { at: 1 }, 'toolu_2'),
    );
    const compared = compareAnswers(one, other);
    expect(compared).toMatchObject({ isSame: true, likeness: 1 });
    expect(compared.blocks.map(({ op, changes }) => [op, changes])).toEqual([
      ['same', []],
      ['same', []],
      ['same', []],
    ]);
  });

  test('are compared by words, and either can be read back', () => {
    const compared = compareAnswers(
      says(text('The river is two metres deep.')),
      says(text('The river is three metres deep.')),
    );
    expect(compared.isSame).toBe(false);
    const [block] = compared.blocks;
    expect(block).toMatchObject({ op: 'changed', type: 'text', changes: [] });
    expect(block?.text).toEqual([
      { kind: 'same', text: 'The river is ' },
      { kind: 'removed', text: 'two' },
      { kind: 'added', text: 'three' },
      { kind: 'same', text: ' metres deep.' },
    ]);
    expect(compared.likeness).toBeCloseTo(10 / 12);
  });

  test('have their tool calls compared by structure', () => {
    const compared = compareAnswers(
      says(tool('edit', { path: 'a.ts', lines: [1, 2], options: { dry: true } })),
      says(tool('edit', { path: 'a.ts', lines: [1, 3, 4], mode: 'w' })),
    );
    expect(compared.blocks).toEqual([
      {
        type: 'tool_use',
        name: 'edit',
        op: 'changed',
        text: [],
        changes: [
          { path: '/input/lines/1', before: 2, after: 3 },
          { path: '/input/lines/2', after: 4 },
          { path: '/input/options', before: { dry: true } },
          { path: '/input/mode', after: 'w' },
        ],
      },
    ]);
  });

  test('are paired by what their blocks are', () => {
    const compared = compareAnswers(
      says(text('First.'), tool('read', { a: 1 }), tool('write', { b: 1 })),
      says(tool('list', {}), text('First.'), tool('write', { b: 1 }), text('Done.')),
    );
    expect(compared.blocks.map(({ op, type, name }) => [op, name ?? type])).toEqual([
      ['added', 'list'],
      ['same', 'text'],
      ['removed', 'read'],
      ['same', 'write'],
      ['added', 'text'],
    ]);
    expect(compared.blocks[2]?.changes).toEqual([{ path: '/input', before: { a: 1 } }]);
  });

  test('cannot be called the same when one is missing', () => {
    expect(compareAnswers(null, says(text('Yes.')))).toMatchObject({
      isSame: null,
      likeness: null,
      blocks: [{ op: 'added', text: [{ kind: 'added', text: 'Yes.' }] }],
    });
    expect(compareAnswers(null, null)).toEqual({ isSame: null, likeness: null, blocks: [] });
    expect(compareAnswers(says(), says())).toMatchObject({ isSame: true, likeness: 1 });
  });

  test('of thousands of blocks are paired by place, in time', () => {
    const many = (word: string) => says(...Array.from({ length: 3000 }, () => text(word)));
    expect(compareAnswers(many('a'), many('b')).blocks).toHaveLength(3000);
  });
});

describe('two values', () => {
  test('of which too much differs are one change', () => {
    const numbers = (from: number) => Array.from({ length: 1000 }, (_, at) => at + from);
    expect(compareValues(numbers(0), numbers(5000))).toHaveLength(1);
    expect(compareValues({ 'a/b~': 1 }, { 'a/b~': [1] })).toEqual([
      { path: '/a~1b~0', before: 1, after: [1] },
    ]);
  });
});
