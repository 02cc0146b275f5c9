/** Schemas of statistics and facets. */
import { z } from 'zod';
import type * as wire from '../wire.ts';
import { exactly, integer, orNull, nullableText, nullableInteger } from './shape.ts';

export const metrics = [
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
  'cost_input_nano_usd',
  'cost_output_nano_usd',
  'cost_cache_read_nano_usd',
  'cost_cache_write_5m_nano_usd',
  'cost_cache_write_1h_nano_usd',
  'cost_tools_nano_usd',
  'reported_cost_nano_usd',
  'computed_cost_nano_usd',
  'cost_difference_nano_usd',
  'estimated_cost_nano_usd',
  'unpriced_calls',
  'cache_hit_rate',
  'cache_saved_nano_usd',
  'cache_missed_calls',
  'cache_lost_tokens',
  'cache_lost_nano_usd',
  'ttfb_us_p50',
  'ttfb_us_p90',
  'ttfb_us_p99',
  'ttft_us_p50',
  'ttft_us_p90',
  'ttft_us_p99',
  'duration_us_p50',
  'duration_us_p90',
  'duration_us_p99',
  'output_tokens_per_second',
] as const;

export const metricSchema = exactly<wire.Metric>()(z.enum(metrics));

export const buckets = ['minute', 'hour', 'day', 'week', 'month'] as const;

const bucketSchema = exactly<wire.Bucket>()(z.enum(buckets));

const statsRowSchema = z
  .object({ start_ms: integer.exactOptional(), start: z.string().exactOptional() })
  .catchall(z.union([z.string(), z.number(), z.null()]));

const totalsSchema = z.record(z.string(), z.number().nullable());

export const tiers = ['standard', 'batch', 'priority', 'flex'] as const;

const whatIfSchema = exactly<wire.WhatIfAnswer>()(
  z.strictObject({
    as_model: nullableText,
    as_ttl: orNull(z.enum(['5m', '1h'])),
    as_tier: orNull(z.enum(tiers)),
    as_cache: orNull(z.enum(['none'])),
    assumptions: z.array(z.string()),
  }),
);

// One way only: the row's type also allows undefined, which no JSON holds.
export const statsSchema = z.strictObject({
  from_ms: nullableInteger,
  to_ms: nullableInteger,
  tz: z.string(),
  bucket: orNull(bucketSchema),
  group_by: z.array(z.string()),
  rows: z.array(statsRowSchema),
  totals: totalsSchema,
  what_if: whatIfSchema.exactOptional(),
  previous: z.strictObject({ rows: z.array(statsRowSchema), totals: totalsSchema }).exactOptional(),
  incomplete: z.string().exactOptional(),
}) satisfies z.ZodType<wire.Stats>;

export const facetsSchema = exactly<wire.Facets>()(
  z.record(
    z.string(),
    z.array(z.strictObject({ value: z.union([z.string(), z.number(), z.null()]), count: integer })),
  ),
);
