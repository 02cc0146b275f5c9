/**
 * Finding the newest of many calls that hold what is searched for: the calls are walked in the order of the list, a part at a
 * time, and the index is asked which of each part it holds. What most calls hold is found at once, and no list of all of them is made.
 */
import { and, desc, sql, type SQL } from 'drizzle-orm';
import type { Store } from './open.ts';
import { isOlderThan, type Position } from './position.ts';
import type { IndexHits } from './index-hits.ts';
import { calls } from './tables.ts';

export interface Walk {
  /** Newest first. */
  readonly hits: readonly Position[];
  /** Up to where the calls were looked at, when time was up; null: there are enough hits, or no more. */
  readonly stoppedAt: Position | null;
}

interface WalkOptions {
  /** So many hits are enough. */
  readonly size: number;
  /** Begins behind this call. */
  readonly after: Position | null;
  /** Ends then, `performance.now()`. */
  readonly untilMs: number;
}

const firstPart = 200;
const largestPart = 4000;

/** @param condition on the calls, besides what they hold */
export function walkHits(
  store: Store,
  found: IndexHits,
  condition: SQL | undefined,
  { size, after, untilMs }: WalkOptions,
): Walk {
  const hits: Position[] = [];
  let at = after;
  for (let part = firstPart; ; part = Math.min(part * 2, largestPart)) {
    const rows = partOf(store, condition, at, part);
    const held = found.among(rows.flatMap(({ doc }) => (doc === null ? [] : [doc])));
    for (const { id, startedMs, doc } of rows) {
      if (doc === null || !held.has(doc)) continue;
      hits.push({ id, startedMs });
      if (hits.length === size) return { hits, stoppedAt: null };
    }
    const last = rows.at(-1);
    if (last === undefined || rows.length < part) return { hits, stoppedAt: null };
    at = { id: last.id, startedMs: last.startedMs };
    if (performance.now() >= untilMs) return { hits, stoppedAt: at };
  }
}

interface Candidate extends Position {
  /** Its number in the index; null when that holds nothing of it. */
  readonly doc: number | null;
}

function partOf(
  { db }: Store,
  condition: SQL | undefined,
  after: Position | null,
  size: number,
): Candidate[] {
  const doc = sql<number | null>`(SELECT doc FROM call_docs WHERE call_id = ${calls.id})`;
  return db
    .select({ startedMs: calls.started_ms, id: calls.id, doc })
    .from(calls)
    .where(and(condition, after === null ? undefined : isOlderThan(after)))
    .orderBy(desc(calls.started_ms), desc(calls.id))
    .limit(size)
    .all();
}
