/** What calls of a session add up to: the one list of it. Pure. */
import type { SessionTotals } from './served.ts';

/** In the order in which they are served. */
export const totalNames = [
  'calls',
  'errors',
  'input_tokens',
  'output_tokens',
  'thinking_tokens',
  'cache_read_tokens',
  'cache_write_5m_tokens',
  'cache_write_1h_tokens',
  'total_tokens',
  'web_search_requests',
  'cost_nano_usd',
  'unpriced_calls',
  'cache_hit_rate',
  'cache_saved_nano_usd',
  'peak_context_tokens',
] as const satisfies readonly (keyof SessionTotals)[];

type TotalName = (typeof totalNames)[number];

/** Those that are known of every call. */
export const totalCounts = ['calls', 'errors', 'unpriced_calls'] as const satisfies readonly TotalName[];

type TotalCount = (typeof totalCounts)[number];

function isCount(name: TotalName): name is TotalCount {
  return totalCounts.some((count) => count === name);
}

type Listed = Pick<SessionTotals, TotalName>;

/** One by one: a count by `count`, what may be unknown by `sum`. */
export function makeTotals(
  count: (name: TotalCount) => number,
  sum: (name: Exclude<TotalName, TotalCount>) => number | null,
): SessionTotals {
  const totals: Partial<Listed> = {};
  for (const name of totalNames) {
    if (isCount(name)) totals[name] = count(name);
    else totals[name] = sum(name);
  }
  // Each name has been there; that each there is stands in the list, the type of what is returned tells.
  return totals as Listed;
}
