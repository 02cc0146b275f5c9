import { describe, expect, it } from 'vitest';
import type { CallDiff, DiffBlock } from '../../../server/api/wire.ts';
import { blockName, blockRuns, marksOf } from '../../../dashboard/lib/block-runs.ts';

function block(op: DiffBlock['op'], at: string, change: Partial<DiffBlock> = {}): DiffBlock {
  const section = at.split('.')[0] as DiffBlock['section'];
  return { op, section, at, from: null, role: null, type: 'text', name: null, ...change } as DiffBlock;
}

describe('blockRuns', () => {
  it('puts neighbours that stayed together, and lets all others stand alone', () => {
    const blocks = [
      block('same', 'tools.0'),
      block('same', 'system.0'),
      block('moved', 'messages.0.content.0'),
      block('added', 'messages.1.content.0'),
      block('same', 'messages.2.content.0'),
    ];
    expect(blockRuns(blocks).map(({ isSame, blocks: of }) => [isSame, of.length])).toEqual([
      [true, 2],
      [false, 1],
      [false, 1],
      [true, 1],
    ]);
  });
});

it('names blocks as people count them', () => {
  expect(blockName(block('same', 'tools.3', { name: 'Read' }))).toBe('tool Read');
  expect(blockName(block('same', 'system.1'))).toBe('system 2');
  expect(
    blockName(block('same', 'messages.4.content.0', { role: 'user', type: 'tool_result', name: 'Bash' })),
  ).toBe('message 5, user · tool result Bash');
});

describe('marksOf', () => {
  const diff = (blocks: DiffBlock[], change: Partial<CallDiff> = {}) =>
    marksOf({ against_id: 'a', is_previous: true, blocks, ...change } as CallDiff);

  it('tells what is new and what changed, part by part', () => {
    const marks = diff([
      block('same', 'tools.0'),
      block('changed', 'system.0'),
      block('moved', 'messages.0.content.0'),
      block('same', 'messages.1.content.0'),
      block('added', 'messages.1.content.1'),
      block('added', 'messages.2.content.0'),
    ]);
    expect(marks?.tools).toBeNull();
    expect(marks?.system).toBe('changed');
    expect([...(marks?.messages ?? [])]).toEqual([
      [1, 'changed'],
      [2, 'new'],
    ]);
  });

  it('tells nothing without a call before', () => {
    expect(diff([block('added', 'system.0')], { against_id: null })).toBeNull();
    expect(diff([block('added', 'system.0')], { is_previous: false })).toBeNull();
  });
});
