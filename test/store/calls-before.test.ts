import { describe, expect, it } from 'vitest';
import { callsBefore, latestCachedMs, readStoredCall } from '../../server/store/calls-before.ts';
import { eachStoredPrice } from '../../server/store/past-calls.ts';
import type { WholeCall } from '../../server/store/write.ts';
import { sampleCall, storeCalls, temporaryStore } from './temporary-store.ts';

const call: Partial<WholeCall> = {
  session_id: 's',
  kind: 'main',
  upstream: 'https://api.example',
  input_tokens: 3,
  cache_read_tokens: 0,
};

describe('the calls before a call', () => {
  it('are of its session, agent, kind and upstream, the latest first', () => {
    const { store, writer } = temporaryStore();
    const at = (startedMs: number, change: Partial<WholeCall> = {}): WholeCall =>
      sampleCall({ ...call, started_ms: startedMs, ...change });
    const first = at(1000);
    const second = at(2000);
    const others = [
      at(2100, { session_id: 'other' }),
      at(2200, { agent_id: 'a' }),
      at(2300, { kind: null }),
      at(2400, { upstream: null }),
      at(2500, { path: '/v1/messages/count_tokens' }),
      at(2600, { input_tokens: null }),
      at(2700, { replay_of: first.id }),
      at(4000),
    ];
    storeCalls(writer, [first, second, ...others]);
    const now = at(3000);
    expect(callsBefore(store, now, 5).map(({ row }) => row.id)).toEqual([second.id, first.id]);
    expect(callsBefore(store, now, 1).map(({ row }) => row.id)).toEqual([second.id]);
    const summary = at(3000, { kind: 'compaction' });
    expect(callsBefore(store, summary, 1).map(({ row }) => row.id)).toEqual([second.id]);
    const ofAgent = at(3000, { agent_id: 'a' });
    expect(callsBefore(store, ofAgent, 5).map(({ row }) => row.started_ms)).toEqual([2200]);
    const plain = at(3000, { kind: null });
    expect(callsBefore(store, plain, 5).map(({ row }) => row.started_ms)).toEqual([2300]);
    expect(callsBefore(store, at(3000, { session_id: null }), 5)).toEqual([]);
  });

  it('come with what tells of their cache', () => {
    const { store, writer } = temporaryStore();
    const [id = ''] = storeCalls(writer, [sampleCall(call)]);
    expect(readStoredCall(store, id)).toMatchObject({
      row: { id, cache_miss_cause: null },
      details: { request_headers: '["Content-Type","application/json"]', usage: null },
    });
    expect(readStoredCall(store, 'nobody')).toBeNull();
  });
});

describe('calls that use the cache', () => {
  it('are counted from the latest, and told apart', () => {
    const { store, writer } = temporaryStore();
    const used = [10, 20, 30].map((startedMs) => sampleCall({ started_ms: startedMs, cache_read_tokens: 5 }));
    storeCalls(writer, [
      ...used,
      sampleCall({ started_ms: 40, cache_read_tokens: 0 }),
      sampleCall({ started_ms: 50 }),
    ]);
    expect(latestCachedMs(store, {}, 1)).toBe(20);
    expect(latestCachedMs(store, {}, 3)).toBeNull();
    expect([...eachStoredPrice(store, {})].map(({ usesCache }) => usesCache)).toEqual([
      true,
      true,
      true,
      false,
      false,
    ]);
  });
});
