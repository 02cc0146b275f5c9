/** The call that another one goes on from. */
import { and, desc, eq, inArray, isNotNull, isNull, type SQL } from 'drizzle-orm';
import type { SQLiteColumn } from 'drizzle-orm/sqlite-core';
import { usesCache } from './call-figures.ts';
import type { FoundFilters } from './conditions.ts';
import type { Store } from './open.ts';
import { isOlderThan } from './position.ts';
import { matchingCalls } from './stats.ts';
import { callDetails, calls, type CallDetailsRow, type CallRow } from './tables.ts';
import type { WholeCall } from './write.ts';

export interface StoredCall {
  readonly row: CallRow;
  readonly details: Pick<CallDetailsRow, 'request_headers' | 'usage'>;
}

/** A call with what tells of its cache; null when there is none with this id. */
export function readStoredCall({ db }: Store, id: string): StoredCall | null {
  return (
    db.select(columns).from(calls).innerJoin(callDetails, isOfCall).where(eq(calls.id, id)).get() ?? null
  );
}

/**
 * Calls that began before, the latest first, in the same session, by the same agent, of the same kind (a summary is of a main turn's) and to the same upstream, that
 * got an answer which tells its usage; none without a session. Replays are left out.
 */
export function callsBefore({ db }: Store, row: WholeCall, limit: number): StoredCall[] {
  if ((row.session_id ?? null) === null) return [];
  return db
    .select(columns)
    .from(calls)
    .innerJoin(callDetails, isOfCall)
    .where(
      and(
        eq(calls.session_id, row.session_id ?? ''),
        isOlderThan({ startedMs: row.started_ms, id: row.id }),
        isSame(calls.agent_id, row.agent_id),
        goesOn.includes(row.kind ?? '') ? inArray(calls.kind, goesOn) : isSame(calls.kind, row.kind),
        isSame(calls.upstream, row.upstream),
        eq(calls.path, row.path),
        isNotNull(calls.input_tokens),
        isNull(calls.replay_of),
      ),
    )
    .orderBy(desc(calls.started_ms), desc(calls.id))
    .limit(limit)
    .all();
}

/** When the call began of which so many that use the cache came after; null when there are no more than that. Throws `BadQuestion`. */
export function latestCachedMs({ db }: Store, filters: FoundFilters, count: number): number | null {
  const row = db
    .select({ startedMs: calls.started_ms })
    .from(calls)
    .where(and(matchingCalls(filters), usesCache))
    .orderBy(desc(calls.started_ms), desc(calls.id))
    .limit(1)
    .offset(count)
    .get();
  return row?.startedMs ?? null;
}

/** What sums a conversation up is asked as its next turn. */
const goesOn = ['main', 'compaction'];

/** The kind of calls that it is one conversation with. */
export function threadKind(kind: string | null | undefined): string | null {
  return goesOn.includes(kind ?? '') ? 'main' : (kind ?? null);
}

function isSame(column: SQLiteColumn, value: string | null | undefined): SQL {
  return value === null || value === undefined ? isNull(column) : eq(column, value);
}

const isOfCall = eq(callDetails.call_id, calls.id);

const columns = {
  row: calls,
  details: { request_headers: callDetails.request_headers, usage: callDetails.usage },
};
