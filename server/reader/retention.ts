/** What retention would remove now, and what the record takes. */
import type { RetentionPlanned } from './questions.ts';
import type { Store } from '../store/open.ts';
import { planRetention, sizesOf, type RetentionPolicy } from '../store/retention.ts';

export function answerRetention(store: Store, policy: RetentionPolicy, nowMs: number): RetentionPlanned {
  const { bodiesBeforeMs, callsBeforeMs, bodies, calls, doubt } = planRetention(store, policy, nowMs);
  return {
    plan: { bodies_before_ms: bodiesBeforeMs, calls_before_ms: callsBeforeMs, bodies, calls, doubt },
    sizes: sizesOf(store),
  };
}
