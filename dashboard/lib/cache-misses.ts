/** The causes of cache misses in words. */
import type { MissCause } from '../../server/api/wire.ts';

const LABELS: Record<MissCause, string> = {
  model_changed: 'another model',
  tools_changed: 'tools changed',
  system_prompt_changed: 'system prompt changed',
  messages_rewritten: 'messages rewritten',
  breakpoint_moved: 'breakpoint moved',
  ttl_expired_5m: 'expired after 5 minutes',
  ttl_expired_1h: 'expired after an hour',
  betas_changed: 'betas changed',
  likely_server_side: 'likely on the provider’s side',
  unknown: 'unknown',
};

/** A cause in words; what is none is written as it is. */
export function causeText(cause: string): string {
  return Object.hasOwn(LABELS, cause) ? LABELS[cause as MissCause] : cause;
}
