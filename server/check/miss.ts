/** Whether what a call is said to have missed in the cache can be. Pure. */
import type { CallRow } from '../store/tables.ts';

/** Sentences about a verdict that contradicts itself or the call's tokens. */
export function missFaults(row: CallRow): string[] {
  const { cache_miss_cause: cause, cache_miss_at: at, cache_lost_tokens: tokens } = row;
  if (cause === null) {
    const rest = [at, tokens, row.cache_lost_nano_usd].some((value) => value !== null);
    return rest ? ['it has lost tokens to the cache for no cause'] : [];
  }
  if (tokens === null || tokens <= 0)
    return [`it missed the cache (${cause}) and lost ${tokens ?? 'null'} tokens`];
  const paid = (row.input_tokens ?? 0) + (row.cache_write_5m_tokens ?? 0) + (row.cache_write_1h_tokens ?? 0);
  return tokens > paid ? [`it lost ${tokens} tokens to the cache, and paid only ${paid} otherwise`] : [];
}
