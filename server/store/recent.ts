/** Requests of the last minutes, for who has to know one again. */
import { and, desc, eq, gt, isNotNull, isNull } from 'drizzle-orm';
import type { Store } from './open.ts';
import { callDetails, calls, type CallRow } from './tables.ts';

export interface RecentRequest {
  readonly row: CallRow;
  readonly fingerprint: string | null;
  /** JSON, as in the details. */
  readonly responseHeaders: string | null;
}

/** Calls with a fingerprint, but no replays, that began after `sinceMs`: the latest `limit` of them, oldest first. */
export function recentRequests({ db }: Store, sinceMs: number, limit: number): RecentRequest[] {
  return db
    .select({
      row: calls,
      fingerprint: callDetails.fingerprint,
      responseHeaders: callDetails.response_headers,
    })
    .from(calls)
    .innerJoin(callDetails, eq(callDetails.call_id, calls.id))
    .where(and(gt(calls.started_ms, sinceMs), isNotNull(callDetails.fingerprint), isNull(calls.replay_of)))
    .orderBy(desc(calls.started_ms), desc(calls.id))
    .limit(limit)
    .all()
    .reverse();
}
