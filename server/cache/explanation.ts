/** A miss in a sentence. Pure. */
import type { Cause } from './cause.ts';

const told: Readonly<Record<Cause, string>> = {
  model_changed: 'Another model answered, and each model has a cache of its own',
  tools_changed: 'The tools changed, and everything in the prompt comes after them',
  system_prompt_changed:
    'The system prompt, or a setting that the API writes into it, changed before the messages',
  messages_rewritten: 'What had been said was changed, so that what follows had to be read anew',
  breakpoint_moved:
    'No cache breakpoint of this request stands where the API would have found the prefix that it had',
  ttl_expired_5m: 'More than five minutes had passed, which is how long it was kept',
  ttl_expired_1h: 'More than an hour had passed, which is how long it was kept',
  betas_changed: 'The betas changed, and nothing else did',
  likely_server_side:
    'The request went on from the one before in time, and the prefix was gone: probably evicted, or another server answered',
  unknown: 'The request before is not at hand to compare with',
};

/** One sentence with its full stop. */
export function explain(cause: Cause, at: string | null, gapMs: number | null): string {
  const place = at === null ? '' : ` (first: ${at})`;
  const gap =
    gapMs !== null && cause.startsWith('ttl_expired') ? ` (${Math.round(gapMs / 60_000)} minutes)` : '';
  return `${told[cause]}${place}${gap}.`;
}
