/** Metrics out of sums of rollups. Each means what metrics.ts computes over rows. Pure. */
import { percentileOf } from './histogram.ts';
import { knownSums, latencies, type Counter, type KnownSum, type Latency } from './measures.ts';
import type { Metric } from './served.ts';

/** What a slice and group add up to. */
export interface RollupSums {
  /** By column of a rollup. */
  readonly sums: Map<string, number>;
  /** Bucket to calls, by kind of duration. */
  readonly latencies: Readonly<Record<Latency, Map<number, number>>>;
}

export function emptySums(): RollupSums {
  return { sums: new Map(), latencies: { ttfb_us: new Map(), ttft_us: new Map(), duration_us: new Map() } };
}

/** What a metric needs; null when rollups cannot tell it. */
export interface RollupMetric {
  readonly columns: readonly string[];
  readonly latency: Latency | null;
  figure(sums: RollupSums): number | null;
}

export function rollupMetric(metric: Metric): RollupMetric | null {
  const percentile = /^(ttfb_us|ttft_us|duration_us)_p(\d\d)$/.exec(metric);
  const kind = latencies.find((name) => name === percentile?.[1]);
  if (kind !== undefined) {
    const fraction = Number(percentile?.[2]) / 100;
    return { columns: [], latency: kind, figure: (all) => percentileOf(all.latencies[kind], fraction) };
  }
  switch (metric) {
    case 'calls':
    case 'errors':
    case 'unpriced_calls':
    case 'cache_missed_calls':
      return counted([metric], (sum) => sum(metric));
    case 'cache_hit_rate':
      return counted(
        [
          'cache_read_tokens_known',
          'cache_read_tokens',
          'cache_write_5m_tokens',
          'cache_write_1h_tokens',
          'input_tokens',
        ],
        (sum) => {
          const read = sum('cache_read_tokens');
          const others = sum('cache_write_5m_tokens') + sum('cache_write_1h_tokens') + sum('input_tokens');
          return sum('cache_read_tokens_known') > 0 ? ratio(read, read + others) : null;
        },
      );
    case 'output_tokens_per_second':
      return counted(['measured_output_tokens', 'measured_us'], (sum) =>
        ratio(sum('measured_output_tokens') * 1e6, sum('measured_us')),
      );
    default:
      return isKnownSum(metric)
        ? counted([metric, `${metric}_known`], (sum) => (sum(`${metric}_known`) > 0 ? sum(metric) : null))
        : null;
  }
}

type Column = Counter | KnownSum | `${KnownSum}_known`;

function counted(
  columns: readonly Column[],
  figure: (sum: (column: Column) => number) => number | null,
): RollupMetric {
  return { columns, latency: null, figure: ({ sums }) => figure((column) => sums.get(column) ?? 0) };
}

function isKnownSum(metric: string): metric is KnownSum {
  return Object.hasOwn(knownSums, metric);
}

function ratio(value: number, of: number): number | null {
  return of === 0 ? null : value / of;
}
