/** What the prompt cache gave to calls, and what it did not, by cause. */
import type { CacheCause, CacheLedger, Metric, MissCause } from '../api/wire.ts';
import type { Filters } from '../store/filters.ts';
import type { Store } from '../store/open.ts';
import { readStats } from '../store/stats.ts';

const metrics = [
  'calls',
  'cache_read_tokens',
  'cache_write_5m_tokens',
  'cache_write_1h_tokens',
  'input_tokens',
  'cache_hit_rate',
  'cache_saved_nano_usd',
  'cache_missed_calls',
  'cache_lost_tokens',
  'cache_lost_nano_usd',
] as const satisfies readonly Metric[];

/** Throws `BadQuestion`. */
export function answerCacheLedger(store: Store, filters: Filters): CacheLedger {
  const request = {
    filters,
    metrics,
    groupBy: ['cache_miss_cause'],
    bucket: null,
    tz: 'UTC',
    comparePrevious: false,
  };
  const { from_ms, to_ms, rows, totals } = readStats(store, request);
  const total = (metric: Metric): number | null => totals[metric] ?? null;
  return {
    from_ms,
    to_ms,
    calls: total('calls') ?? 0,
    read_tokens: total('cache_read_tokens'),
    write_5m_tokens: total('cache_write_5m_tokens'),
    write_1h_tokens: total('cache_write_1h_tokens'),
    input_tokens: total('input_tokens'),
    hit_rate: total('cache_hit_rate'),
    saved_nano_usd: total('cache_saved_nano_usd'),
    missed_calls: total('cache_missed_calls') ?? 0,
    lost_tokens: total('cache_lost_tokens'),
    lost_nano_usd: total('cache_lost_nano_usd'),
    causes: rows
      .filter((row) => typeof row['cache_miss_cause'] === 'string')
      .map((row): CacheCause => ({
        // The recorder writes these from the closed set that the API promises.
        cause: row['cache_miss_cause'] as MissCause,
        calls: numberOf(row['calls']) ?? 0,
        lost_tokens: numberOf(row['cache_lost_tokens']),
        lost_nano_usd: numberOf(row['cache_lost_nano_usd']),
      }))
      .sort((a, b) => (b.lost_nano_usd ?? 0) - (a.lost_nano_usd ?? 0) || b.calls - a.calls),
  };
}

function numberOf(value: unknown): number | null {
  return typeof value === 'number' ? value : null;
}
