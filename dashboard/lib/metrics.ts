/** What can be charted, how it is written, and whether parts of it add up to a whole. */
import type { Metric } from '../../server/api/wire.ts';
import {
  formatCount,
  formatDuration,
  formatMoney,
  formatMoneyExact,
  formatPercent,
  formatTokens,
  UNKNOWN,
} from './format.ts';

export type Unit = 'money' | 'tokens' | 'count' | 'ratio' | 'duration' | 'speed';

export interface MetricKind {
  readonly id: Metric;
  readonly label: string;
  readonly unit: Unit;
  /** Sums: stacked bars. Others (rates, percentiles) are lines. */
  readonly isSum: boolean;
}

/** What the main chart offers, in the order of its selector. */
export const CHART_METRICS: readonly [MetricKind, ...MetricKind[]] = [
  { id: 'cost_nano_usd', label: 'Cost', unit: 'money', isSum: true },
  { id: 'total_tokens', label: 'Tokens', unit: 'tokens', isSum: true },
  { id: 'calls', label: 'Requests', unit: 'count', isSum: true },
  { id: 'cache_hit_rate', label: 'Cache hit rate', unit: 'ratio', isSum: false },
  { id: 'duration_us_p90', label: 'Duration p90', unit: 'duration', isSum: false },
  { id: 'ttft_us_p50', label: 'First token p50', unit: 'duration', isSum: false },
  { id: 'output_tokens_per_second', label: 'Output speed', unit: 'speed', isSum: false },
  { id: 'errors', label: 'Errors', unit: 'count', isSum: true },
];

const PERCENTILES: readonly MetricKind[] = [
  ['ttfb_us', 'First byte'],
  ['ttft_us', 'First token'],
  ['duration_us', 'Duration'],
].flatMap(([id = '', label = '']) =>
  ['p50', 'p90', 'p99'].map((level) => ({
    id: `${id}_${level}` as Metric,
    label: `${label} ${level}`,
    unit: 'duration' as const,
    isSum: false,
  })),
);

/** Everything that can be asked of `stats`. */
export const METRICS: readonly [MetricKind, ...MetricKind[]] = [
  { id: 'cost_nano_usd', label: 'Cost', unit: 'money', isSum: true },
  { id: 'calls', label: 'Requests', unit: 'count', isSum: true },
  { id: 'errors', label: 'Errors', unit: 'count', isSum: true },
  { id: 'total_tokens', label: 'Tokens', unit: 'tokens', isSum: true },
  { id: 'input_tokens', label: 'Uncached input tokens', unit: 'tokens', isSum: true },
  { id: 'cache_read_tokens', label: 'Cache read tokens', unit: 'tokens', isSum: true },
  { id: 'cache_write_5m_tokens', label: 'Cache write tokens, 5 m', unit: 'tokens', isSum: true },
  { id: 'cache_write_1h_tokens', label: 'Cache write tokens, 1 h', unit: 'tokens', isSum: true },
  { id: 'output_tokens', label: 'Output tokens', unit: 'tokens', isSum: true },
  { id: 'thinking_tokens', label: 'Thinking tokens', unit: 'tokens', isSum: true },
  { id: 'web_search_requests', label: 'Web searches', unit: 'count', isSum: true },
  { id: 'cost_input_nano_usd', label: 'Cost of uncached input', unit: 'money', isSum: true },
  { id: 'cost_cache_read_nano_usd', label: 'Cost of cache reads', unit: 'money', isSum: true },
  { id: 'cost_cache_write_5m_nano_usd', label: 'Cost of cache writes, 5 m', unit: 'money', isSum: true },
  { id: 'cost_cache_write_1h_nano_usd', label: 'Cost of cache writes, 1 h', unit: 'money', isSum: true },
  { id: 'cost_output_nano_usd', label: 'Cost of output', unit: 'money', isSum: true },
  { id: 'cost_tools_nano_usd', label: 'Cost of tools', unit: 'money', isSum: true },
  { id: 'cache_saved_nano_usd', label: 'Saved by the cache, net', unit: 'money', isSum: true },
  { id: 'cache_missed_calls', label: 'Cache misses', unit: 'count', isSum: true },
  { id: 'cache_lost_tokens', label: 'Tokens lost to cache misses', unit: 'tokens', isSum: true },
  { id: 'cache_lost_nano_usd', label: 'Lost to cache misses', unit: 'money', isSum: true },
  { id: 'estimated_cost_nano_usd', label: 'Estimated cost', unit: 'money', isSum: true },
  { id: 'reported_cost_nano_usd', label: 'Cost as reported', unit: 'money', isSum: true },
  { id: 'unpriced_calls', label: 'Unpriced requests', unit: 'count', isSum: true },
  { id: 'cache_hit_rate', label: 'Cache hit rate', unit: 'ratio', isSum: false },
  { id: 'output_tokens_per_second', label: 'Output speed', unit: 'speed', isSum: false },
  ...PERCENTILES,
];

/** Every digit that is known of a value. */
export function formatExact(value: number | null | undefined, unit: Unit): string {
  if (value === null || value === undefined) return UNKNOWN;
  switch (unit) {
    case 'money':
      return formatMoneyExact(value);
    case 'tokens':
    case 'count':
      return formatCount(value);
    case 'duration':
      return `${(value / 1000).toLocaleString('en-US', { maximumFractionDigits: 3 })} ms`;
    case 'ratio':
      return `${(value * 100).toFixed(3)} %`;
    case 'speed':
      return value.toFixed(3);
    default:
      return unit satisfies never;
  }
}

/** A value of the unit as text, short. */
export function formatUnit(value: number | null | undefined, unit: Unit): string {
  if (value === null || value === undefined) return UNKNOWN;
  switch (unit) {
    case 'money':
      return formatMoney(value);
    case 'tokens':
      return formatTokens(value);
    case 'count':
      return formatCount(value);
    case 'ratio':
      return formatPercent(value);
    case 'duration':
      return formatDuration(value);
    case 'speed':
      return `${value.toFixed(value < 10 ? 1 : 0)}\u202ftok/s`;
    default:
      return unit satisfies never;
  }
}

/** A value on an axis: as short as it can be, `$2`, `75 %`, `1.5 M`. */
export function formatTick(value: number, unit: Unit): string {
  if (value === 0) return unit === 'money' ? '$0' : '0';
  return formatUnit(value, unit)
    .replace(/(\.\d*?)0+(?!\d)/, '$1')
    .replace(/\.(?!\d)/, '');
}

/** Distance of gridlines that reads well in the unit, for at most five lines up to the maximum. */
export function niceStep(maximum: number, unit: Unit): number {
  if (maximum <= 0) return 1;
  const base = unit === 'duration' && maximum > 120e6 ? 60e6 : 1;
  const rough = maximum / base / 5;
  const power = 10 ** Math.floor(Math.log10(rough));
  const factor = [1, 2, 2.5, 5, 10].find((candidate) => candidate * power >= rough) ?? 10;
  const step = factor * power * base;
  return unit === 'count' || unit === 'tokens' ? Math.max(1, Math.ceil(step)) : step;
}
