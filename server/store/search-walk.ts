/**
 * Finding the newest of many calls that hold what is searched for: the calls are walked in the order of the list, a part at a
 * time, and the index is asked which of each part it holds. What most calls hold is found at once, and no list of all of them is made.
 */
import { and, desc, sql, type SQL } from 'drizzle-orm';
import { callsMatching } from './conditions.ts';
import type { Filters } from './filters.ts';
import type { Store } from './open.ts';
import { isNotOlderThan, isOlderThan, type Position } from './position.ts';
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

/** @param filters besides what is searched for */
export function walkHits(
  store: Store,
  found: IndexHits,
  filters: Omit<Filters, 'q'>,
  { size, after, untilMs }: WalkOptions,
): Walk {
  const hits: Position[] = [];
  const [range, matching] = [rangeOf(filters), callsMatching(filters)];
  // Calls that filters leave out are looked at too: where none passes, all there are. Those of a session lie together.
  const isBounded = !isSeekable(filters);
  let at = after;
  for (let part = firstPart; ; part = Math.min(part * 2, largestPart)) {
    const older = at === null ? undefined : isOlderThan(at);
    const end = isBounded ? partEnd(store, and(range, older), part) : null;
    const rows = partOf(store, and(matching, older, end === null ? undefined : isNotOlderThan(end)), part);
    const held = found.among(rows.flatMap(({ doc }) => (doc === null ? [] : [doc])));
    for (const { id, startedMs, doc } of rows) {
      if (doc === null || !held.has(doc)) continue;
      hits.push({ id, startedMs });
      if (hits.length === size) return { hits, stoppedAt: null };
    }
    const last = end ?? (rows.length < part ? null : (rows.at(-1) ?? null));
    if (last === null) return { hits, stoppedAt: null };
    at = { id: last.id, startedMs: last.startedMs };
    if (performance.now() >= untilMs) return { hits, stoppedAt: at };
  }
}

function rangeOf({ fromMs, toMs }: Filters): SQL | undefined {
  return callsMatching({ ...(fromMs !== undefined && { fromMs }), ...(toMs !== undefined && { toMs }) });
}

/** The index of sessions finds them. */
function isSeekable({ session = [] }: Filters): boolean {
  return session.length > 0 && session.every((value) => value !== '' && !value.endsWith('*'));
}

/** The last of so many calls, the newest first; null when there are fewer. */
function partEnd({ db }: Store, condition: SQL | undefined, size: number): Position | null {
  const row = db
    .select({ startedMs: calls.started_ms, id: calls.id })
    .from(calls)
    .where(condition)
    .orderBy(...newestFirst)
    .limit(1)
    .offset(size - 1)
    .get();
  return row ?? null;
}

interface Candidate extends Position {
  /** Its number in the index; null when that holds nothing of it. */
  readonly doc: number | null;
}

function partOf({ db }: Store, condition: SQL | undefined, size: number): Candidate[] {
  const doc = sql<number | null>`(SELECT doc FROM call_docs WHERE call_id = ${calls.id})`;
  return db
    .select({ startedMs: calls.started_ms, id: calls.id, doc })
    .from(calls)
    .where(condition)
    .orderBy(...newestFirst)
    .limit(size)
    .all();
}

const newestFirst = [desc(calls.started_ms), desc(calls.id)];
