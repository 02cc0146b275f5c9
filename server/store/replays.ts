/** Calls that were sent again on purpose, and what they repeat. */
import { and, desc, eq, isNotNull, sql, type SQL } from 'drizzle-orm';
import { safeTags } from './conditions.ts';
import type { Store } from './open.ts';
import { formatCursor, isOlderThan, parseCursor } from './position.ts';
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
  { of, batch, key }: ReplayFilters,
  limit: number,
  cursor: string | null,
): CallsPage {
  const size = Math.min(Math.max(Math.trunc(limit), 1), mostItems);
  const after = cursor === null ? undefined : isOlderThan(parseCursor(cursor));
  const rows = store.db
    .select()
    .from(calls)
    .where(
      and(
        isNotNull(calls.replay_of),
        of === undefined ? undefined : eq(calls.replay_of, of),
        tagged(replayTags.batch, batch),
        tagged(replayTags.key, key),
        after,
      ),
    )
    .orderBy(desc(calls.started_ms), desc(calls.id))
    .limit(size + 1)
    .all();
  const items = rows.slice(0, size);
  const last = items.at(-1);
  const hasMore = rows.length > size && last !== undefined;
  return {
    items: items.map(toCall),
    next_cursor: hasMore ? formatCursor({ startedMs: last.started_ms, id: last.id }) : null,
  };
}

function tagged(name: string, value: string | undefined): SQL | undefined {
  return value === undefined ? undefined : sql`(${safeTags}) ->> ${name} = ${value}`;
}

/** One call without its details; null when there is none. */
export function readPlainCall({ db }: Store, id: string): Call | null {
  const row = db.select().from(calls).where(eq(calls.id, id)).get();
  return row === undefined ? null : toCall(row);
}
