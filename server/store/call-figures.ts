/** What statistics read out of one call's row beyond its columns, as SQL. */
import { sql } from 'drizzle-orm';
import { calls } from './tables.ts';

/** Input, cache and output of a call together, unknown parts as nothing. */
export const knownTokens = sql`(coalesce(${calls.input_tokens}, 0) + coalesce(${calls.cache_read_tokens}, 0)
  + coalesce(${calls.cache_write_5m_tokens}, 0) + coalesce(${calls.cache_write_1h_tokens}, 0) + coalesce(${calls.output_tokens}, 0))`;

export const isError = sql`(${calls.state} NOT IN ('completed', 'open') OR coalesce(${calls.status} >= 400, false) OR coalesce(${calls.message_state} = 'error_event', false))`;

/** coalesce() of everything that is counted in tokens: null when nothing of a call is known. */
const anyTokens = sql`coalesce(${calls.input_tokens}, ${calls.output_tokens}, ${calls.cache_read_tokens}, ${calls.cache_write_5m_tokens}, ${calls.cache_write_1h_tokens})`;

export const totalTokens = sql`CASE WHEN ${anyTokens} IS NOT NULL THEN ${knownTokens} END`;

/** It read from the prompt cache or wrote to it. */
export const usesCache = sql`(coalesce(${calls.cache_read_tokens}, 0) + coalesce(${calls.cache_write_5m_tokens}, 0) + coalesce(${calls.cache_write_1h_tokens}, 0) > 0)`;

/** The time of its output can be told from that of its beginning. */
export const isMeasured = sql`coalesce(${calls.output_tokens} IS NOT NULL AND ${calls.duration_us} > ${calls.ttft_us}, false)`;

/** What it cost is not known; while it is open nobody can know. */
export const isUnpriced = sql`(${calls.cost_nano_usd} IS NULL AND ${calls.state} <> 'open')`;
