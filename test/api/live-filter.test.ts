import { expect, test } from 'vitest';
import { matchesFilters } from '../../server/api/live-filter.ts';
import type { Call } from '../../server/api/wire.ts';
import type { Filters } from '../../server/store/filters.ts';
import { listCalls } from '../../server/store/calls.ts';
import { sampleCall, storeCalls, temporaryStore } from '../store/temporary-store.ts';
import { liveCall } from './live-call.ts';

const call: Call = liveCall({
  model: 'claude-opus-4-5',
  requested_model: 'opus',
  status: 429,
  state: 'failed',
  error_kind: 'upstream_reset',
  message_state: 'truncated',
  stop_reason: 'end_turn',
  user_id: 'anna',
  team: 'red',
  key_id: 'k_01',
  session_id: 's1',
  agent_id: 'a1',
  path: '/v1/messages',
  started_ms: 1000,
  stream: 1,
  replay_of: 'other',
  demo: 1,
  tags: { env: 'prod-1', weight: '3' },
  cost_nano_usd: 500,
  cost_source: 'computed',
  cache_miss_cause: 'tools_changed',
  upstream: 'https://one.example',
  service_tier: null,
  input_tokens: 1,
  output_tokens: 2,
  cache_read_tokens: 4,
  cache_write_5m_tokens: 8,
  cache_write_1h_tokens: 16,
  thinking_tokens: 1000,
});

const passing: Filters[] = [
  {},
  { fromMs: 1000 },
  { toMs: 1001 },
  { model: ['claude-opus-4-5'] },
  { model: ['nope', 'claude-*'] },
  { model: ['*'] },
  { requested_model: ['opus'] },
  { status: ['429'] },
  { status: ['4*'] },
  { status: ['4xx'] },
  { status: ['>=429'] },
  { status: ['>428'] },
  { status: ['<=429'] },
  { status: ['<430'] },
  { state: ['failed'] },
  { error_kind: ['upstream_*'] },
  { message_state: ['truncated'] },
  { stop_reason: ['end_turn'] },
  { user: ['anna'] },
  { cache_miss_cause: ['tools_*'] },
  { team: ['red'] },
  { key: ['k_01'] },
  { session: ['s1'] },
  { agent: ['a1'] },
  { path: ['/v1/*'] },
  { upstream: ['https://*'] },
  { service_tier: ['batch', ''] },
  { stream: true },
  { replay: true },
  { demo: true },
  { tag: ['env=prod-*'] },
  { tag: ['env=x', 'weight=3'] },
  { minCostNanoUsd: 500 },
  { error: true },
  { unpriced: false },
  { cost_source: ['computed'] },
  { team: ['*'], tag: ['missing='] },
  { minTokens: 31 },
  { model: ['claude-*'], user: ['anna'], minTokens: 1 },
];

const failing: Filters[] = [
  { fromMs: 1001 },
  { toMs: 1000 },
  { model: ['claude'] },
  { model: ['Claude-*'] },
  { model: ['claude*x'] },
  { requested_model: ['claude-opus-4-5'] },
  { status: ['42'] },
  { status: ['5*'] },
  { status: ['5xx'] },
  { status: ['>429'] },
  { status: ['<429'] },
  { status: ['>=430'] },
  { status: ['<=428'] },
  { state: ['completed'] },
  { error_kind: ['dns'] },
  { message_state: ['complete'] },
  { stop_reason: ['tool_use'] },
  { user: ['red'] },
  { team: ['anna'] },
  { key: ['k_02'] },
  { session: ['a1'] },
  { agent: ['s1'] },
  { path: ['/v2/*'] },
  { upstream: [''] },
  { service_tier: ['*'] },
  { stream: false },
  { replay: false },
  { demo: false },
  { tag: ['env=prod'] },
  { tag: ['constructor=*'] },
  { minCostNanoUsd: 501 },
  { error: false },
  { unpriced: true },
  { cost_source: ['estimated', ''] },
  { model: [''] },
  { status: [''] },
  { tag: ['env='] },
  { minTokens: 32 },
  { model: ['claude-*'], user: ['bert'] },
];

test.each(passing)('%j lets the call pass', (filters) => {
  expect(matchesFilters(call, filters)).toBe(true);
});

test.each(failing)('%j holds the call back', (filters) => {
  expect(matchesFilters(call, filters)).toBe(false);
});

test('what is unknown passes no filter on it but the empty one', () => {
  const open = liveCall({ model: null, status: null, stream: null, tags: null, cost_nano_usd: null });
  const filters: Filters[] = [
    { model: ['*'] },
    { status: ['*'] },
    { status: ['<600'] },
    { stream: false },
    { stream: true },
    { tag: ['env=*'] },
    { minCostNanoUsd: 0 },
  ];
  expect(filters.filter((each) => matchesFilters(open, each))).toEqual([]);
  const none: Filters[] = [{ model: [''] }, { status: [''] }, { tag: ['env='] }, { cost_source: ['', 'x'] }];
  expect(none.filter((each) => matchesFilters(open, each))).toEqual(none);
  expect(matchesFilters(open, { unpriced: true })).toBe(open.state !== 'open');
});

test('every filter means the same here and in the store', () => {
  const { store, writer } = temporaryStore();
  const { started: _started, ended: _ended, tags, ...columns } = call;
  storeCalls(writer, [
    { ...columns, tags: JSON.stringify(tags) },
    sampleCall({ started_ms: call.started_ms, model: 'Claude-opus', status: 503, tags: '{"env":"PROD-1"}' }),
    sampleCall({ started_ms: call.started_ms + 1, model: 'claude', status: 200, stream: 0, path: '/v1/[*' }),
    sampleCall({ started_ms: call.started_ms, state: 'open', tags: '{}' }),
    sampleCall({ started_ms: call.started_ms, message_state: 'error_event', cost_source: 'estimated' }),
  ]);
  const all = listCalls(store, {}, 500, null).items;
  expect(all).toHaveLength(5);
  const more: Filters[] = [
    { path: ['/v1/[*'] },
    { path: ['/v1/[**'] },
    { tag: ['env=p*'] },
    { minTokens: 0 },
  ];
  for (const filters of [...passing, ...failing, ...more]) {
    const byStore = listCalls(store, filters, 500, null).items.map((each) => each.id);
    const here = all.filter((each) => matchesFilters(each, filters)).map((each) => each.id);
    expect([filters, here]).toEqual([filters, byStore]);
  }
});
