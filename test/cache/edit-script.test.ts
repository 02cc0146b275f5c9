import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { sizeBlock, type SizedBlock } from '../../server/cache/block.ts';
import { editScript, type Step } from '../../server/cache/edit-script.ts';
import { promptOf } from '../../server/cache/prompt.ts';
import { requestOf, text, tool } from './prompts.ts';

function blocksOf(request: Parameters<typeof promptOf>[0]): SizedBlock[] {
  return promptOf(request).blocks.map(sizeBlock);
}

/** What the script makes of the older list; blocks that are new come from the newer one. */
function apply(steps: readonly Step[], older: readonly SizedBlock[], newer: readonly SizedBlock[]) {
  return steps.flatMap((step) => {
    switch (step.op) {
      case 'same':
      case 'moved':
        return [older[step.old]?.key];
      case 'changed':
      case 'added':
        return [newer[step.new]?.key];
      case 'removed':
        return [];
      default:
        return step satisfies never;
    }
  });
}

function opsOf(older: readonly SizedBlock[], newer: readonly SizedBlock[]): string[] {
  return editScript(older, newer).map(({ op }) => op);
}

const words = fc.constantFrom('low', 'wall', 'across', 'a river', 'and it is measured', 'the water goes on');
const request = fc
  .record({
    tools: fc.uniqueArray(fc.constantFrom('Bash', 'Read', 'Write', 'Edit'), { maxLength: 4 }),
    system: fc.array(words, { maxLength: 3 }),
    turns: fc.array(fc.array(words, { minLength: 1, maxLength: 4 }), { maxLength: 8 }),
  })
  .map(({ tools, system, turns }) =>
    blocksOf({
      tools: tools.map((name) => tool(name)),
      system: system.map((said) => text(said)),
      messages: turns.map((said, at) => ({
        role: at % 2 === 0 ? 'user' : 'assistant',
        content: said.map((each) => text(each)),
      })),
    }),
  );

describe('the script', () => {
  it('applied to the older list gives the newer one, and leaves no block out', () => {
    fc.assert(
      fc.property(request, request, (older, newer) => {
        const steps = editScript(older, newer);
        expect(apply(steps, older, newer)).toEqual(newer.map(({ key }) => key));
        const [olds, news] = [
          steps.flatMap((step) => ('old' in step ? [step.old] : [])),
          steps.flatMap((step) => ('new' in step ? [step.new] : [])),
        ];
        expect(news).toEqual(newer.map((_, at) => at));
        expect(olds.toSorted((a, b) => a - b)).toEqual(older.map((_, at) => at));
        for (const step of steps) {
          if (step.op === 'same' || step.op === 'moved')
            expect(older[step.old]?.key).toBe(newer[step.new]?.key);
        }
      }),
    );
  });

  it('of a list and itself says that all is the same', () => {
    fc.assert(
      fc.property(request, (list) => {
        expect(opsOf(list, list)).toEqual(list.map(() => 'same'));
      }),
    );
  });

  it('says what a turn added, wherever its cache mark went', () => {
    const older = blocksOf(requestOf());
    const newer = blocksOf(requestOf({ turns: ['Build a weir.', 'Which river?', 'The small one.'] }));
    expect(opsOf(older, newer)).toEqual([...older.map(() => 'same'), 'added', 'added']);
  });

  it('knows what moved', () => {
    const turns = ['one', 'two', 'three', 'four', 'five'];
    const at = (order: readonly string[]) =>
      blocksOf({ system: order.map((said) => text(`It is ${said}.`)) });
    expect(opsOf(at(turns), at(['five', 'one', 'two', 'three', 'four']))).toEqual([
      'moved',
      'same',
      'same',
      'same',
      'same',
    ]);
  });

  it('knows a tool by its name, and a result by the id of its call', () => {
    const older = blocksOf({ tools: [tool('Bash')], messages: [resultOf('toolu_1', 'nothing')] });
    const newer = blocksOf({
      tools: [tool('Bash', { description: 'Runs.' })],
      messages: [resultOf('toolu_1', 'cleared')],
    });
    expect(editScript(older, newer)).toEqual([
      { op: 'changed', old: 0, new: 0, likeness: null },
      { op: 'changed', old: 1, new: 1, likeness: null },
    ]);
  });

  it('takes what is much alike for the same block, and says that it is a guess', () => {
    const said = 'You build weirs of stone, and measure the water. Today is ';
    const [step] = editScript(
      blocksOf({ system: `${said}Friday.` }),
      blocksOf({ system: `${said}Saturday.` }),
    );
    expect(step).toMatchObject({ op: 'changed', old: 0, new: 0 });
    expect(step).toHaveProperty('likeness', expect.closeTo(0.9, 1));
    expect(opsOf(blocksOf({ system: 'One thing.' }), blocksOf({ system: 'Else, altogether!' }))).toEqual([
      'removed',
      'added',
    ]);
  });

  it('takes bounded time over thousands of blocks that are all alike', () => {
    const many = (from: number) =>
      blocksOf({
        messages: Array.from({ length: 4000 }, (_, at) => ({
          role: 'user',
          content: `It is stone number ${from + at}.`,
        })),
      });
    const steps = editScript(many(0), many(100_000));
    expect(steps.filter(({ op }) => op === 'changed').length).toBeGreaterThan(100);
    expect(opsOf(many(0), many(10)).filter((op) => op === 'same')).toHaveLength(3990);
  });
});

function resultOf(id: string, content: string) {
  return { role: 'user', content: [{ type: 'tool_result', tool_use_id: id, content }] };
}
