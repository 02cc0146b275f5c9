/**
 * The view `calls_v1`: the stable surface for programs that read the store themselves. Its columns, their order and their
 * meaning are promised in docs/record.md; a change is a `calls_v2` beside it, never another `calls_v1`.
 */
import { sqliteView } from 'drizzle-orm/sqlite-core';
import { hashTextOf } from './hash-text.ts';
import { calls } from './tables.ts';

export const callsV1 = sqliteView('calls_v1').as((query) =>
  query
    .select({
      id: calls.id,
      state: calls.state,
      error_kind: calls.error_kind,
      message_state: calls.message_state,
      method: calls.method,
      path: calls.path,
      query: calls.query,
      status: calls.status,
      started_ms: calls.started_ms,
      ended_ms: calls.ended_ms,
      ttfb_us: calls.ttfb_us,
      ttft_us: calls.ttft_us,
      duration_us: calls.duration_us,
      stream: calls.stream,
      requested_model: calls.requested_model,
      model: calls.model,
      stop_reason: calls.stop_reason,
      input_tokens: calls.input_tokens,
      output_tokens: calls.output_tokens,
      thinking_tokens: calls.thinking_tokens,
      cache_read_tokens: calls.cache_read_tokens,
      cache_write_5m_tokens: calls.cache_write_5m_tokens,
      cache_write_1h_tokens: calls.cache_write_1h_tokens,
      web_search_requests: calls.web_search_requests,
      usage_complete: calls.usage_complete,
      service_tier: calls.service_tier,
      inference_geo: calls.inference_geo,
      speed: calls.speed,
      cost_nano_usd: calls.cost_nano_usd,
      cost_source: calls.cost_source,
      reported_cost_nano_usd: calls.reported_cost_nano_usd,
      user_id: calls.user_id,
      team: calls.team,
      session_id: calls.session_id,
      agent_id: calls.agent_id,
      parent_agent_id: calls.parent_agent_id,
      key_id: calls.key_id,
      key_hint: calls.key_hint,
      client: calls.client,
      tags: calls.tags,
      upstream: calls.upstream,
      upstream_request_id: calls.upstream_request_id,
      request_bytes: calls.request_bytes,
      request_sha256: hashTextOf(calls.request_sha256),
      response_bytes: calls.response_bytes,
      response_sha256: hashTextOf(calls.response_sha256),
      bodies: calls.bodies,
      attempt_of: calls.attempt_of,
      replay_of: calls.replay_of,
      demo: calls.demo,
    })
    .from(calls),
);
