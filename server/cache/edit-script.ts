/**
 * How one list of blocks became another: matched by content wherever it stands, then by name, then by likeness. Pure; the
 * time it takes grows with n log n, as likeness is only asked for a bounded number of pairs.
 */
import { asObject, asText } from '../messages/json.ts';
import { textOf, type SizedBlock } from './block.ts';
import { likenessOf, wordsOf } from './likeness.ts';

/** Indexes into the older and the newer list. */
export type Step =
  | { readonly op: 'same' | 'moved'; readonly old: number; readonly new: number }
  | {
      readonly op: 'changed';
      readonly old: number;
      readonly new: number;
      /** From 0 to 1 where only likeness says that it is the same block; null where its name or id does. */
      readonly likeness: number | null;
    }
  | { readonly op: 'added'; readonly new: number }
  | { readonly op: 'removed'; readonly old: number };

/** Below it two blocks are two blocks. */
const leastLikeness = 0.4;
const mostComparisons = 3000;
/** So many blocks that went are looked at for each one that came. */
const comparisonsOfBlock = 24;

/**
 * Every block of both lists stands in exactly one step. Those of the newer list come in their order, and what was removed before
 * what took its place.
 */
export function editScript(older: readonly SizedBlock[], newer: readonly SizedBlock[]): Step[] {
  const oldOf = matchContent(older, newer);
  const kept = longestRise(oldOf);
  const changed = matchChanged(older, newer, oldOf);
  const taken = new Set([...oldOf, ...changed.map((match) => match?.old ?? null)]);
  const steps: Step[] = [];
  let nextOld = 0;
  const removeUpTo = (end: number): void => {
    for (; nextOld < end; nextOld += 1) if (!taken.has(nextOld)) steps.push({ op: 'removed', old: nextOld });
  };
  const keptFrom = keptPositions(kept, oldOf, older.length);
  for (let at = 0; at < newer.length; at += 1) {
    removeUpTo(keptFrom[at] ?? older.length);
    const old = oldOf[at] ?? null;
    const match = changed[at] ?? null;
    if (old !== null) steps.push({ op: kept.has(at) ? 'same' : 'moved', old, new: at });
    else if (match !== null) steps.push({ op: 'changed', ...match, new: at });
    else steps.push({ op: 'added', new: at });
  }
  removeUpTo(older.length);
  return steps;
}

/** For each place of the newer list the old place of the next block that stayed: what went before it is told before it. */
function keptPositions(
  kept: ReadonlySet<number>,
  oldOf: readonly (number | null)[],
  oldLength: number,
): number[] {
  const positions: number[] = [];
  let next = oldLength;
  for (let at = oldOf.length - 1; at >= 0; at -= 1) {
    if (kept.has(at)) next = oldOf[at] ?? next;
    positions[at] = next;
  }
  return positions;
}

/** The old place of each block with the same content; equal blocks are paired in their order, from both ends first. */
function matchContent(older: readonly SizedBlock[], newer: readonly SizedBlock[]): (number | null)[] {
  const oldOf: (number | null)[] = newer.map(() => null);
  const shorter = Math.min(older.length, newer.length);
  let head = 0;
  while (head < shorter && older[head]?.key === newer[head]?.key) oldOf[head] = head++;
  let tail = 0;
  while (tail < shorter - head && older.at(-1 - tail)?.key === newer.at(-1 - tail)?.key) {
    tail += 1;
    oldOf[newer.length - tail] = older.length - tail;
  }
  const places = new Map<number, number[]>();
  for (let old = older.length - tail - 1; old >= head; old -= 1) {
    listIn(places, older[old]?.key ?? 0).push(old);
  }
  for (let at = head; at < newer.length - tail; at += 1) {
    oldOf[at] = places.get(newer[at]?.key ?? 0)?.pop() ?? null;
  }
  return oldOf;
}

/** The places of a longest rising subsequence: what stayed in its order. */
function longestRise(oldOf: readonly (number | null)[]): Set<number> {
  const ends: number[] = [];
  const before: (number | null)[] = oldOf.map(() => null);
  for (const [at, old] of oldOf.entries()) {
    if (old === null) continue;
    let [low, high] = [0, ends.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((oldOf[ends[middle] ?? 0] ?? 0) < old) low = middle + 1;
      else high = middle;
    }
    before[at] = low === 0 ? null : (ends[low - 1] ?? null);
    ends[low] = at;
  }
  const rise = new Set<number>();
  for (let at = ends.at(-1) ?? null; at !== null; at = before[at] ?? null) rise.add(at);
  return rise;
}

interface Match {
  readonly old: number;
  readonly likeness: number | null;
}

function matchChanged(
  older: readonly SizedBlock[],
  newer: readonly SizedBlock[],
  oldOf: readonly (number | null)[],
): (Match | null)[] {
  const matches: (Match | null)[] = newer.map(() => null);
  const taken = new Set(oldOf);
  const gone = new Map<string, number[]>();
  const named = new Map<string, number>();
  for (const [old, block] of older.entries()) {
    if (taken.has(old)) continue;
    const name = nameKey(block);
    if (name !== null && !named.has(name)) named.set(name, old);
    listIn(gone, kinKey(block)).push(old);
  }
  const came = [...newer.entries()].filter(([at]) => oldOf[at] === null);
  for (const [at, block] of came) {
    const old = named.get(nameKey(block) ?? '');
    if (old === undefined || taken.has(old)) continue;
    taken.add(old);
    matches[at] = { old, likeness: null };
  }
  const compare = createComparison();
  for (const [at, block] of came) {
    if (matches[at] !== null) continue;
    const near = around(gone.get(kinKey(block)) ?? [], at).filter((old) => !taken.has(old));
    const best = mostAlike(block, near, older, compare);
    if (best === null) continue;
    taken.add(best.old);
    matches[at] = best;
  }
  return matches;
}

function listIn<Key>(lists: Map<Key, number[]>, key: Key): number[] {
  const list = lists.get(key) ?? [];
  lists.set(key, list);
  return list;
}

/** Those next to where the block stands now. @param places rising */
function around(places: readonly number[], at: number): readonly number[] {
  let [low, high] = [0, places.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((places[middle] ?? 0) < at) low = middle + 1;
    else high = middle;
  }
  return places.slice(Math.max(0, low - comparisonsOfBlock / 2), low + comparisonsOfBlock / 2);
}

function mostAlike(
  block: SizedBlock,
  near: readonly number[],
  older: readonly SizedBlock[],
  compare: (one: SizedBlock, two: SizedBlock) => number,
): Match | null {
  let best: Match | null = null;
  for (const old of near) {
    const other = older[old];
    const likeness = other === undefined ? 0 : compare(block, other);
    if (likeness >= leastLikeness && likeness > (best?.likeness ?? 0)) best = { old, likeness };
  }
  return best;
}

function createComparison(): (one: SizedBlock, two: SizedBlock) => number {
  const words = new Map<SizedBlock, ReadonlySet<string>>();
  let left = mostComparisons;
  const of = (block: SizedBlock): ReadonlySet<string> => {
    const known = words.get(block) ?? wordsOf(textOf(block));
    words.set(block, known);
    return known;
  };
  return (one, two) => {
    left -= 1;
    return left < 0 ? 0 : likenessOf(of(one), of(two));
  };
}

/** What can have become what. */
function kinKey({ section, role, type }: SizedBlock): string {
  return `${section}/${role ?? ''}/${type}`;
}

/** Names that are unique within a prompt: of a tool, of a call of a tool, of its result. */
function nameKey(block: SizedBlock): string | null {
  if (block.section === 'tools') return block.name === null ? null : `tool ${block.name}`;
  const value = asObject(block.value);
  const id = asText(value?.['id']) ?? asText(value?.['tool_use_id']);
  return id === null ? null : `${block.type} ${id}`;
}
