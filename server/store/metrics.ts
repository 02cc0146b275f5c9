/** What statistics can compute over a set of calls, and what they can group them by. Unknown columns never count as 0. */
import { sql, type SQL } from 'drizzle-orm';
import type { SQLiteColumn } from 'drizzle-orm/sqlite-core';
import { isError, isMeasured, isUnpriced, totalTokens } from './call-figures.ts';
import { safeTags } from './conditions.ts';
import { BadQuestion } from './errors.ts';
import type { Metric } from './served.ts';
import { calls } from './tables.ts';

const metrics: Readonly<Record<Metric, SQL>> = {
  calls: sql`count(*)`,
  errors: sql`count(*) FILTER (WHERE ${isError})`,
  input_tokens: sumOf(calls.input_tokens),
  output_tokens: sumOf(calls.output_tokens),
  thinking_tokens: sumOf(calls.thinking_tokens),
  cache_read_tokens: sumOf(calls.cache_read_tokens),
  cache_write_5m_tokens: sumOf(calls.cache_write_5m_tokens),
  cache_write_1h_tokens: sumOf(calls.cache_write_1h_tokens),
  total_tokens: sumOf(totalTokens),
  web_search_requests: sumOf(calls.web_search_requests),
  cost_nano_usd: sumOf(calls.cost_nano_usd),
  cost_input_nano_usd: sumOf(calls.cost_input_nano_usd),
  cost_output_nano_usd: sumOf(calls.cost_output_nano_usd),
  cost_cache_read_nano_usd: sumOf(calls.cost_cache_read_nano_usd),
  cost_cache_write_5m_nano_usd: sumOf(calls.cost_cache_write_5m_nano_usd),
  cost_cache_write_1h_nano_usd: sumOf(calls.cost_cache_write_1h_nano_usd),
  cost_tools_nano_usd: sumOf(calls.cost_tools_nano_usd),
  reported_cost_nano_usd: sumOf(calls.reported_cost_nano_usd),
  computed_cost_nano_usd: sumOf(calls.computed_cost_nano_usd),
  cost_difference_nano_usd: sumOf(sql`${calls.reported_cost_nano_usd} - ${calls.computed_cost_nano_usd}`),
  estimated_cost_nano_usd: sumOf(
    sql`CASE WHEN ${calls.cost_source} = 'estimated' THEN ${calls.cost_nano_usd} END`,
  ),
  unpriced_calls: sql`count(*) FILTER (WHERE ${isUnpriced})`,
  cache_hit_rate: cacheHitRate(),
  cache_saved_nano_usd: sumOf(calls.cache_saved_nano_usd),
  cache_missed_calls: sql`count(${calls.cache_miss_cause})`,
  cache_lost_tokens: sumOf(calls.cache_lost_tokens),
  cache_lost_nano_usd: sumOf(calls.cache_lost_nano_usd),
  ttfb_us_p50: percentile(calls.ttfb_us, 0.5),
  ttfb_us_p90: percentile(calls.ttfb_us, 0.9),
  ttfb_us_p99: percentile(calls.ttfb_us, 0.99),
  ttft_us_p50: percentile(calls.ttft_us, 0.5),
  ttft_us_p90: percentile(calls.ttft_us, 0.9),
  ttft_us_p99: percentile(calls.ttft_us, 0.99),
  duration_us_p50: percentile(calls.duration_us, 0.5),
  duration_us_p90: percentile(calls.duration_us, 0.9),
  duration_us_p99: percentile(calls.duration_us, 0.99),
  output_tokens_per_second: sql`total(${calls.output_tokens}) FILTER (WHERE ${isMeasured}) * 1e6
    / nullif(total(${calls.duration_us} - ${calls.ttft_us}) FILTER (WHERE ${isMeasured}), 0)`,
};

const groups: Readonly<Record<string, SQLiteColumn>> = {
  model: calls.model,
  requested_model: calls.requested_model,
  status: calls.status,
  state: calls.state,
  error_kind: calls.error_kind,
  stop_reason: calls.stop_reason,
  user_id: calls.user_id,
  team: calls.team,
  key_id: calls.key_id,
  session_id: calls.session_id,
  agent_id: calls.agent_id,
  path: calls.path,
  service_tier: calls.service_tier,
  upstream: calls.upstream,
  cache_miss_cause: calls.cache_miss_cause,
};

/** The aggregate behind a metric. Throws `BadQuestion` for one that does not exist. */
export function metricSql(metric: string): SQL {
  if (!Object.hasOwn(metrics, metric)) throw new BadQuestion(`there is no metric ${metric.slice(0, 40)}`);
  return metrics[metric as Metric];
}

/** What to group by: a column, or `tag:NAME`. Throws `BadQuestion` for one that does not exist. */
export function groupSql(group: string): SQL {
  if (group.startsWith('tag:') && group.length > 4) {
    const name = group.slice(4);
    return sql`(SELECT CAST(tag.value AS TEXT) FROM json_each(${safeTags}) AS tag WHERE tag.key = ${name} LIMIT 1)`;
  }
  const column = Object.hasOwn(groups, group) ? groups[group] : undefined;
  if (column === undefined) throw new BadQuestion(`calls cannot be grouped by ${group.slice(0, 40)}`);
  return sql`${column}`;
}

/** total() and not sum(), which fails on overflow; null when nothing was known. */
function sumOf(value: SQLiteColumn | SQL): SQL {
  return sql`CASE WHEN count(${value}) > 0 THEN total(${value}) END`;
}

/** Interpolated between the two calls next to it, in whole microseconds. */
function percentile(column: SQLiteColumn, fraction: number): SQL {
  return sql`round(CAST(percentile_cont(${column}, ${sql.raw(String(fraction))}) AS NUMERIC))`;
}

function cacheHitRate(): SQL {
  const {
    cache_read_tokens: read,
    cache_write_5m_tokens: short,
    cache_write_1h_tokens: long,
    input_tokens: input,
  } = calls;
  return sql`CASE WHEN count(${read}) > 0 THEN total(${read}) / nullif(total(${read}) + total(${short}) + total(${long}) + total(${input}), 0) END`;
}
