/**
 * What one call adds to a sum, as SQL over its row. Rollups are kept, recounted and completed by these, so that they cannot
 * come to mean something else than the rows.
 */
import { sql, type SQL } from 'drizzle-orm';
import { isError, isMeasured, isUnpriced, totalTokens } from './call-figures.ts';
import { calls, type CallRow } from './tables.ts';

/** A condition as a number: not every engine takes one for the other. */
function flag(condition: SQL): SQL {
  return sql`CASE WHEN ${condition} THEN 1 ELSE 0 END`;
}

/** Plain counts: every call has one. */
export const counters = {
  calls: sql`1`,
  errors: flag(isError),
  unpriced_calls: flag(isUnpriced),
  cache_missed_calls: flag(sql`${calls.cache_miss_cause} IS NOT NULL`),
  measured_output_tokens: sql`CASE WHEN ${isMeasured} THEN ${calls.output_tokens} ELSE 0 END`,
  measured_us: sql`CASE WHEN ${isMeasured} THEN ${calls.duration_us} - ${calls.ttft_us} ELSE 0 END`,
} as const satisfies Record<string, SQL>;

/** Sums over what is known; beside each stands how many knew it. */
export const knownSums = {
  input_tokens: sql`${calls.input_tokens}`,
  output_tokens: sql`${calls.output_tokens}`,
  thinking_tokens: sql`${calls.thinking_tokens}`,
  cache_read_tokens: sql`${calls.cache_read_tokens}`,
  cache_write_5m_tokens: sql`${calls.cache_write_5m_tokens}`,
  cache_write_1h_tokens: sql`${calls.cache_write_1h_tokens}`,
  total_tokens: totalTokens,
  web_search_requests: sql`${calls.web_search_requests}`,
  cost_nano_usd: sql`${calls.cost_nano_usd}`,
  reported_cost_nano_usd: sql`${calls.reported_cost_nano_usd}`,
  computed_cost_nano_usd: sql`${calls.computed_cost_nano_usd}`,
  cost_difference_nano_usd: sql`(${calls.reported_cost_nano_usd} - ${calls.computed_cost_nano_usd})`,
  estimated_cost_nano_usd: sql`CASE WHEN ${calls.cost_source} = 'estimated' THEN ${calls.cost_nano_usd} END`,
  cache_saved_nano_usd: sql`${calls.cache_saved_nano_usd}`,
  cost_input_nano_usd: sql`${calls.cost_input_nano_usd}`,
  cost_output_nano_usd: sql`${calls.cost_output_nano_usd}`,
  cost_cache_read_nano_usd: sql`${calls.cost_cache_read_nano_usd}`,
  cost_cache_write_5m_nano_usd: sql`${calls.cost_cache_write_5m_nano_usd}`,
  cost_cache_write_1h_nano_usd: sql`${calls.cost_cache_write_1h_nano_usd}`,
  cost_tools_nano_usd: sql`${calls.cost_tools_nano_usd}`,
  cache_lost_tokens: sql`${calls.cache_lost_tokens}`,
  cache_lost_nano_usd: sql`${calls.cache_lost_nano_usd}`,
} as const satisfies Record<string, SQL>;

export type Counter = keyof typeof counters;
export type KnownSum = keyof typeof knownSums;

/** Column of a rollup → what a call adds to it: a counter, `NAME`, or `NAME_known`. */
export const measures: Readonly<Record<string, SQL>> = {
  ...counters,
  ...Object.fromEntries(
    Object.entries(knownSums).flatMap(([name, value]) => [
      [name, sql`coalesce(${value}, 0)`],
      [`${name}_known`, flag(sql`${value} IS NOT NULL`)],
    ]),
  ),
};

/** The same of a row that is at hand, in the order of `measures`: what SQL takes longest for with each call. */
export function measuresOf(row: CallRow): number[] {
  const counted: Record<Counter, number> = {
    calls: 1,
    errors: Number(
      (row.state !== 'completed' && row.state !== 'open') ||
        (row.status ?? 0) >= 400 ||
        row.message_state === 'error_event',
    ),
    unpriced_calls: Number(row.cost_nano_usd === null && row.state !== 'open'),
    cache_missed_calls: Number(row.cache_miss_cause !== null),
    measured_output_tokens: 0,
    measured_us: 0,
  };
  const { duration_us: us, ttft_us: ttftUs, output_tokens: output } = row;
  if (output !== null && us !== null && ttftUs !== null && us > ttftUs) {
    counted.measured_output_tokens = output;
    counted.measured_us = us - ttftUs;
  }
  const figures = Object.values(counted);
  for (const name of knownNames) {
    const value = knownOf(row, name);
    figures.push(value ?? 0, value === null ? 0 : 1);
  }
  return figures;
}

// Its keys are the names.
const knownNames = Object.keys(knownSums) as KnownSum[];

function knownOf(row: CallRow, name: KnownSum): number | null {
  switch (name) {
    case 'total_tokens':
      return totalOf(row);
    case 'cost_difference_nano_usd': {
      const { reported_cost_nano_usd: reported, computed_cost_nano_usd: computed } = row;
      return reported === null || computed === null ? null : reported - computed;
    }
    case 'estimated_cost_nano_usd':
      return row.cost_source === 'estimated' ? row.cost_nano_usd : null;
    default:
      return row[name];
  }
}

function totalOf(row: CallRow): number | null {
  const parts = [
    row.input_tokens,
    row.cache_read_tokens,
    row.cache_write_5m_tokens,
    row.cache_write_1h_tokens,
    row.output_tokens,
  ];
  if (parts.every((part) => part === null)) return null;
  return parts.reduce<number>((sum, part) => sum + (part ?? 0), 0);
}

/** Durations that have a histogram; their place is part of a bucket's number. */
export const latencies = ['ttfb_us', 'ttft_us', 'duration_us'] as const;
export type Latency = (typeof latencies)[number];
