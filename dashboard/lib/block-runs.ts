/** The blocks of a diff as they are read: what stayed is one line until it is opened. */
import type { CallDiff, DiffBlock } from '../../server/api/wire.ts';

export interface BlockRun {
  readonly isSame: boolean;
  readonly blocks: readonly DiffBlock[];
}

/** Neighbours that stayed stand together; every other block stands alone. */
export function blockRuns(blocks: readonly DiffBlock[]): BlockRun[] {
  const runs: { isSame: boolean; blocks: DiffBlock[] }[] = [];
  for (const block of blocks) {
    const isSame = block.op === 'same';
    const last = runs.at(-1);
    if (isSame && last?.isSame) last.blocks.push(block);
    else runs.push({ isSame, blocks: [block] });
  }
  return runs;
}

/** `messages.4.content.0` and its kind in words: `message 5, user · text`. */
export function blockName({ section, at, from, role, type, name }: DiffBlock): string {
  const place = at ?? from ?? '';
  const number = Number(/\d+/.exec(place)?.[0] ?? 0) + 1;
  if (section === 'tools') return `tool ${name ?? number}`;
  if (section === 'system') return `system ${number}`;
  return `message ${number}${role ? `, ${role}` : ''} · ${type.replaceAll('_', ' ')}${name ? ` ${name}` : ''}`;
}

export type Mark = 'new' | 'changed';

/** What became of the parts of a request since the call before. */
export interface Marks {
  readonly tools: Mark | null;
  readonly system: Mark | null;
  /** By the message's place. */
  readonly messages: ReadonlyMap<number, Mark>;
}

function markOf(blocks: readonly DiffBlock[]): Mark | null {
  if (blocks.every(({ op }) => op === 'same' || op === 'moved')) return null;
  return blocks.every(({ op }) => op === 'added') ? 'new' : 'changed';
}

/** Null where there is no call before it: then nothing is new, as everything is. */
export function marksOf(diff: CallDiff): Marks | null {
  if (diff.against_id === null || !diff.is_previous) return null;
  const of = (section: DiffBlock['section']) => diff.blocks.filter((block) => block.section === section);
  const messages = new Map<number, Mark>();
  const byMessage = Map.groupBy(
    of('messages').filter(({ at }) => at !== null),
    ({ at }) => Number(at?.split('.')[1]),
  );
  for (const [place, blocks] of byMessage) {
    const mark = markOf(blocks);
    if (mark) messages.set(place, mark);
  }
  return { tools: markOf(of('tools')), system: markOf(of('system')), messages };
}
