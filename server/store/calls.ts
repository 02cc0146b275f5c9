/** Reading calls: the list, one call, the bytes of its bodies. */
import { and, asc, count, desc, eq, type SQL } from 'drizzle-orm';
import type { CallDetail, CallsPage } from './served.ts';
import { callsMatching } from './conditions.ts';
import type { Filters } from './filters.ts';
import type { Store } from './open.ts';
import { createBodyReader } from './piece-reader.ts';
import { formatCursor, isNewerThan, isOlderThan, parseCursor, type Position } from './position.ts';
import { readRevisions } from './revisions.ts';
import { findCalls, type FoundPage, type SearchLimits } from './search-hits.ts';
import { toCall, toCosts, toDetails, toRevision } from './shown.ts';
import { bodies, callDetails, calls, type BodyRow } from './tables.ts';
import type { BodyPart } from './write.ts';

const MOST_ITEMS = 500;

/**
 * A page of calls, newest first, never with bodies. `limit` is kept within 1 and 500. A search that takes too long gives what it has found
 * so far, and a cursor from which it goes on. Throws `BadCursor`, `BadQuestion`, `Unsupported`.
 */
export function listCalls(
  store: Store,
  filters: Filters,
  limit: number,
  cursor: string | null,
  limits?: SearchLimits,
): CallsPage {
  const size = Math.min(Math.max(Math.trunc(limit), 1), MOST_ITEMS);
  const after = cursor === null ? null : parseCursor(cursor);
  const isSearch = filters.q !== undefined && filters.q.length > 0;
  const { rows, stoppedAt, incomplete }: FoundPage = isSearch
    ? findCalls(store, filters, size + 1, after, limits)
    : { rows: selectCalls(store, filters, size + 1, after).all(), stoppedAt: null, incomplete: null };
  const items = rows.slice(0, size);
  const last = items.at(-1);
  const hasMore = rows.length > size && last !== undefined;
  const next = hasMore ? { startedMs: last.started_ms, id: last.id } : stoppedAt;
  return {
    items: items.map(toCall),
    next_cursor: next === null ? null : formatCursor(next),
    ...(incomplete === null ? {} : { incomplete }),
  };
}

/** The statement behind a page; exported so that a test can ask the database how it would run it. */
export function selectCalls(store: Store, filters: Filters, size: number, after: Position | null) {
  return store.db
    .select()
    .from(calls)
    .where(and(callsMatching(filters), after === null ? undefined : isOlderThan(after)))
    .orderBy(desc(calls.started_ms), desc(calls.id))
    .limit(size);
}

/** Everything about one call but its bodies; null when there is none. `previous_id` is the newer neighbour, `next_id` the older one. */
export function readCall(store: Store, id: string): CallDetail | null {
  const row = store.db.select().from(calls).where(eq(calls.id, id)).get();
  if (row === undefined) return null;
  const details = store.db.select().from(callDetails).where(eq(callDetails.call_id, id)).get();
  const position = { startedMs: row.started_ms, id: row.id };
  return {
    ...toCall(row),
    ...toDetails(details),
    ...toCosts(row),
    cost_revisions: readRevisions(store, id).map(toRevision),
    previous_id: neighbour(store, isNewerThan(position), [asc(calls.started_ms), asc(calls.id)]),
    next_id: neighbour(store, isOlderThan(position), [desc(calls.started_ms), desc(calls.id)]),
  };
}

/** The segments of a body in their order, put together from their pieces; none when it was not kept. Throws when they are damaged. */
export function readBody(store: Store, id: string, part: BodyPart): BodyRow[] {
  return store.db
    .select()
    .from(bodies)
    .where(and(eq(bodies.call_id, id), eq(bodies.part, part)))
    .orderBy(asc(bodies.segment))
    .all()
    .map(createBodyReader(store));
}

export function countCalls({ db }: Store): number {
  return db.select({ count: count() }).from(calls).get()?.count ?? 0;
}

function neighbour({ db }: Store, condition: SQL, order: SQL[]): string | null {
  const row = db
    .select({ id: calls.id })
    .from(calls)
    .where(condition)
    .orderBy(...order)
    .limit(1)
    .get();
  return row?.id ?? null;
}
