/** Calls that were sent again on purpose, and what they repeat. */
import { and, desc, eq, inArray, isNotNull, sql, type SQL } from 'drizzle-orm';
import { safeTags } from './conditions.ts';
import type { Store } from './open.ts';
import { formatCursor, parseCursor, type Position } from './position.ts';
import { replayTags } from './replay-tags.ts';
import type { Call, CallsPage } from './served.ts';
import { toCall } from './shown.ts';
import { calls } from './tables.ts';

/** All that are given must fit. */
export interface ReplayFilters {
  /** Id of the call that was sent again. */
  readonly of?: string;
  readonly batch?: string;
  readonly key?: string;
}

const mostItems = 500;

/** A page of replays, newest first. `limit` is kept within 1 and 500. Throws `BadCursor`. */
export function listReplays(
  store: Store,
  filters: ReplayFilters,
  limit: number,
  cursor: string | null,
): CallsPage {
  const size = Math.min(Math.max(Math.trunc(limit), 1), mostItems);
  const after = cursor === null ? null : parseCursor(cursor);
  const rows = selectReplays(store, filters, size + 1, after).all();
  const items = rows.slice(0, size);
  const last = items.at(-1);
  const hasMore = rows.length > size && last !== undefined;
  return {
    items: items.map(toCall),
    next_cursor: hasMore ? formatCursor({ startedMs: last.started_ms, id: last.id }) : null,
  };
}

/**
 * The statement behind a page; exported so that a test can ask the database how it would run it. Replays are sorted: they are
 * few among the calls, and the index of all starts, which the `+` keeps the planner from, would be walked for each of them.
 */
export function selectReplays(
  { db }: Store,
  { of, batch, key }: ReplayFilters,
  size: number,
  after: Position | null,
) {
  const started = of === undefined ? sql`+${calls.started_ms}` : sql`${calls.started_ms}`;
  // Their ids first: those stand in the index of replays, so that only the page is read.
  const page = db
    .select({ id: calls.id })
    .from(calls)
    .where(
      and(
        isNotNull(calls.replay_of),
        of === undefined ? undefined : eq(calls.replay_of, of),
        tagged(replayTags.batch, batch),
        tagged(replayTags.key, key),
        after === null ? undefined : sql`(${started}, ${calls.id}) < (${after.startedMs}, ${after.id})`,
      ),
    )
    .orderBy(desc(started), desc(calls.id))
    .limit(size);
  return db
    .select()
    .from(calls)
    .where(inArray(calls.id, page))
    .orderBy(desc(calls.started_ms), desc(calls.id));
}

function tagged(name: string, value: string | undefined): SQL | undefined {
  return value === undefined ? undefined : sql`(${safeTags}) ->> ${name} = ${value}`;
}

/** One call without its details; null when there is none. */
export function readPlainCall({ db }: Store, id: string): Call | null {
  const row = db.select().from(calls).where(eq(calls.id, id)).get();
  return row === undefined ? null : toCall(row);
}
