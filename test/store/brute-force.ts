/** The figures of the statistics, computed the plain way: one loop over the calls for each. */
import type { Metric } from '../../server/api/wire.ts';
import type { WholeCall } from '../../server/store/write.ts';

type Known = number | null | undefined;

function sum(values: readonly Known[]): number | null {
  const known = values.filter((value) => typeof value === 'number');
  return known.length === 0 ? null : known.reduce((total, value) => total + value, 0);
}

/** Interpolated between the neighbours, rounded. */
function percentile(values: readonly Known[], fraction: number): number | null {
  const known = values.filter((value) => typeof value === 'number').sort((a, b) => a - b);
  if (known.length === 0) return null;
  const place = fraction * (known.length - 1);
  const low = known[Math.floor(place)] ?? 0;
  const high = known[Math.ceil(place)] ?? 0;
  return Math.round(low + (high - low) * (place - Math.floor(place)));
}

function tokens(call: WholeCall): number | null {
  return sum([
    call.input_tokens,
    call.output_tokens,
    call.cache_read_tokens,
    call.cache_write_5m_tokens,
    call.cache_write_1h_tokens,
  ]);
}

function cacheHitRate(calls: readonly WholeCall[]): number | null {
  const read = sum(calls.map((call) => call.cache_read_tokens));
  const others = sum(
    calls.flatMap((call) => [call.cache_write_5m_tokens, call.cache_write_1h_tokens, call.input_tokens]),
  );
  const all = (read ?? 0) + (others ?? 0);
  return read === null || all === 0 ? null : read / all;
}

function tokensPerSecond(calls: readonly WholeCall[]): number | null {
  let output = 0;
  let us = 0;
  for (const call of calls) {
    const { output_tokens: count, duration_us: duration, ttft_us: first } = call;
    if (typeof count !== 'number' || typeof duration !== 'number' || typeof first !== 'number') continue;
    if (duration <= first) continue;
    output += count;
    us += duration - first;
  }
  return us === 0 ? null : (output * 1e6) / us;
}

function isError(call: WholeCall): boolean {
  if (call.state !== 'completed' && call.state !== 'open') return true;
  return (call.status ?? 0) >= 400 || call.message_state === 'error_event';
}

function reportedDifference(call: WholeCall): number | null {
  const { reported_cost_nano_usd: reported, computed_cost_nano_usd: computed } = call;
  return typeof reported === 'number' && typeof computed === 'number' ? reported - computed : null;
}

const summed = [
  'input_tokens',
  'output_tokens',
  'thinking_tokens',
  'cache_read_tokens',
  'cache_write_5m_tokens',
  'cache_write_1h_tokens',
  'web_search_requests',
  'cost_nano_usd',
  'reported_cost_nano_usd',
  'computed_cost_nano_usd',
  'cache_saved_nano_usd',
  'cache_lost_tokens',
  'cache_lost_nano_usd',
] as const;

/** Every metric over these calls. */
export function bruteForce(calls: readonly WholeCall[]): Record<Metric, number | null> {
  const times = (column: 'ttfb_us' | 'ttft_us' | 'duration_us', fraction: number) =>
    percentile(
      calls.map((call) => call[column]),
      fraction,
    );
  const sums = Object.fromEntries(summed.map((column) => [column, sum(calls.map((call) => call[column]))]));
  return {
    ...(sums as Record<(typeof summed)[number], number | null>),
    calls: calls.length,
    errors: calls.filter(isError).length,
    // These come from the cost lines, which a row has not: test/store/cost-parts.test.ts.
    cost_input_nano_usd: null,
    cost_output_nano_usd: null,
    cost_cache_read_nano_usd: null,
    cost_cache_write_5m_nano_usd: null,
    cost_cache_write_1h_nano_usd: null,
    cost_tools_nano_usd: null,
    total_tokens: sum(calls.map(tokens)),
    cost_difference_nano_usd: sum(calls.map(reportedDifference)),
    estimated_cost_nano_usd: sum(
      calls.filter((call) => call.cost_source === 'estimated').map((call) => call.cost_nano_usd),
    ),
    unpriced_calls: calls.filter((call) => (call.cost_nano_usd ?? null) === null && call.state !== 'open')
      .length,
    cache_hit_rate: cacheHitRate(calls),
    cache_missed_calls: calls.filter((call) => (call.cache_miss_cause ?? null) !== null).length,
    ttfb_us_p50: times('ttfb_us', 0.5),
    ttfb_us_p90: times('ttfb_us', 0.9),
    ttfb_us_p99: times('ttfb_us', 0.99),
    ttft_us_p50: times('ttft_us', 0.5),
    ttft_us_p90: times('ttft_us', 0.9),
    ttft_us_p99: times('ttft_us', 0.99),
    duration_us_p50: times('duration_us', 0.5),
    duration_us_p90: times('duration_us', 0.9),
    duration_us_p99: times('duration_us', 0.99),
    output_tokens_per_second: tokensPerSecond(calls),
  };
}
