/** Judging anew what a call missed in the cache. */
import { eq } from 'drizzle-orm';
import type { Store } from './open.ts';
import { rollupsOf } from './rollup-writer.ts';
import { calls, type CallRow } from './tables.ts';

export type MissColumns = Pick<
  CallRow,
  'cache_miss_cause' | 'cache_miss_at' | 'cache_lost_tokens' | 'cache_lost_nano_usd'
>;

export const noMiss: MissColumns = {
  cache_miss_cause: null,
  cache_miss_at: null,
  cache_lost_tokens: null,
  cache_lost_nano_usd: null,
};

/** Belongs into a transaction. */
export function reviseMiss(store: Store, callId: string, miss: MissColumns): void {
  const rollups = rollupsOf(store);
  rollups.take(callId);
  store.db.update(calls).set(miss).where(eq(calls.id, callId)).run();
  rollups.add(callId);
}
