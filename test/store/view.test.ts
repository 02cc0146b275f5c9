import { expect, test } from 'vitest';
import { sampleCall, storeCalls, temporaryStore } from './temporary-store.ts';

/** The promise, spelled out a second time on purpose: the view must not follow a change of the tables. */
const promised = `
  id state error_kind message_state method path query status started_ms ended_ms ttfb_us ttft_us duration_us stream
  requested_model model stop_reason input_tokens output_tokens thinking_tokens cache_read_tokens cache_write_5m_tokens
  cache_write_1h_tokens web_search_requests usage_complete service_tier inference_geo speed cost_nano_usd cost_source
  reported_cost_nano_usd user_id team session_id agent_id parent_agent_id key_id key_hint client tags upstream
  upstream_request_id request_bytes request_sha256 response_bytes response_sha256 bodies attempt_of replay_of demo`
  .trim()
  .split(/\s+/);

test('the view calls_v1 has exactly the promised columns in their order', () => {
  const { store, writer } = temporaryStore();
  storeCalls(writer, [sampleCall()]);
  expect(Object.keys(store.sqlite.prepare('SELECT * FROM calls_v1').get() ?? {})).toEqual(promised);
});

test('the view shows what was written', () => {
  const { store, writer } = temporaryStore();
  const [id] = storeCalls(writer, [sampleCall({ team: 'river', cost_nano_usd: 12, bodies: 'metadata' })]);
  expect(store.sqlite.prepare('SELECT id, team, cost_nano_usd, bodies, demo FROM calls_v1').all()).toEqual([
    { id, team: 'river', cost_nano_usd: 12, bodies: 'metadata', demo: 0 },
  ]);
});
