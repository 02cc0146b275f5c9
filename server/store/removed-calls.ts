/** Calls that retention has removed: their rows are gone, what they added to the rollups is not. */
import { and, count, eq, gte, lt, ne, sql } from 'drizzle-orm';
import type { Store } from './open.ts';
import { rollupsOf } from './rollup-writer.ts';
import { firstRollupId, hourMs, scopes } from './rollup-keys.ts';
import { calls, meta, rollups } from './tables.ts';

const removedKey = 'calls_removed_before_ms';

/** Until when calls have been removed, epoch ms; null when none ever were. From there on rollups know more than rows. */
export function callsRemovedBefore({ db }: Store): number | null {
  const row = db.select().from(meta).where(eq(meta.key, removedKey)).get();
  return row === undefined ? null : Number(row.value);
}

/** Belongs into the transaction that removes them. */
export function noteCallsRemoved({ db }: Store, beforeMs: number): void {
  const value = String(beforeMs);
  const later = sql`CASE WHEN CAST(${meta.value} AS BIGINT) > ${beforeMs} THEN ${meta.value} ELSE ${value} END`;
  db.insert(meta)
    .values({ key: removedKey, value })
    .onConflictDoUpdate({ target: meta.key, set: { value: later } })
    .run();
}

/**
 * Tells of a moment whether calls that began in the same hour have been removed: rollups count more of them than there are. A call
 * of that hour that is not there must be taken for one of them.
 */
export function createThinnedHours(store: Store): (startedMs: number) => boolean {
  // Asked with each call, and nearly always all that is asked.
  const removedBefore = store.sqlite
    .prepare<[string], string>('SELECT value FROM meta WHERE key = ?')
    .pluck();
  return (startedMs) =>
    startedMs < Number(removedBefore.get(removedKey) ?? -Infinity) && isThinned(store, startedMs);
}

function isThinned(store: Store, startedMs: number): boolean {
  rollupsOf(store).settle();
  const hour = Math.floor(startedMs / hourMs);
  const [scope] = scopes;
  const counted = store.db
    .select({ calls: sql<number>`total(${rollups.calls})` })
    .from(rollups)
    .where(and(gte(rollups.id, firstRollupId(scope, hour)), lt(rollups.id, firstRollupId(scope, hour + 1))))
    .get();
  const ended = store.db
    .select({ calls: count() })
    .from(calls)
    .where(
      and(
        gte(calls.started_ms, hour * hourMs),
        lt(calls.started_ms, (hour + 1) * hourMs),
        ne(calls.state, 'open'),
      ),
    )
    .get();
  return (counted?.calls ?? 0) > (ended?.calls ?? 0);
}
