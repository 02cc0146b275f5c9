/** A stored call as what-if prices it. */
import { pastInput } from '../pricing/past.ts';
import type { PastCall } from '../pricing/what-if.ts';
import type { StoredPrice } from '../store/past-calls.ts';

export function pastCall(stored: StoredPrice): PastCall {
  // Whatever has a call before it has been judged when it was recorded; without a cause it missed nothing.
  const expired = stored.cacheMissCause === 'ttl_expired_5m' ? stored.cacheLostTokens : 0;
  return { input: pastInput(stored), gapMs: stored.gapMs, expiredTokens: expired };
}
