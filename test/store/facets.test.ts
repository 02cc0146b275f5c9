import { expect, test } from 'vitest';
import { readFacets } from '../../server/store/facets.ts';
import type { Filters } from '../../server/store/filters.ts';
import { startRetention } from '../../server/store/retention-run.ts';
import type { WholeCall } from '../../server/store/write.ts';
import { sampleCall, sampleDetails, storeCalls, temporaryStore } from './temporary-store.ts';

test('each filter has its values with their counts among the calls that pass, the most frequent first', () => {
  const { store, writer } = temporaryStore();
  storeCalls(writer, [
    sampleCall({ user_id: 'ada', team: 'a', status: 200, stream: 1, model: 'm' }),
    sampleCall({ user_id: 'bob', team: 'a', status: 200, stream: 0, demo: 1 }),
    sampleCall({ user_id: 'bob', team: 'a', status: 529, replay_of: 'x' }),
    sampleCall({ user_id: 'eve', team: 'b' }),
  ]);
  const facets = readFacets(store, { team: ['a'] }).facets;
  expect(Object.keys(facets)).toEqual(
    'model requested_model status state error_kind message_state stop_reason user team key session agent path upstream service_tier cost_source cache_miss_cause stream demo replay error unpriced'.split(
      ' ',
    ),
  );
  expect(facets).toMatchObject({
    user: [
      { value: 'bob', count: 2 },
      { value: 'ada', count: 1 },
    ],
    team: [{ value: 'a', count: 3 }],
    status: [
      { value: 200, count: 2 },
      { value: 529, count: 1 },
    ],
    model: [
      { value: null, count: 2 },
      { value: 'm', count: 1 },
    ],
    stream: [
      { value: null, count: 1 },
      { value: 'false', count: 1 },
      { value: 'true', count: 1 },
    ],
    demo: [
      { value: 'false', count: 2 },
      { value: 'true', count: 1 },
    ],
    replay: [
      { value: 'false', count: 2 },
      { value: 'true', count: 1 },
    ],
  });
});

test('a filter has its 50 most frequent values, and an empty store has none', () => {
  const { store, writer } = temporaryStore();
  expect(readFacets(store, {}).facets['session']).toEqual([]);
  storeCalls(
    writer,
    Array.from({ length: 120 }, (_, index) => sampleCall({ session_id: `s${Math.max(0, index - 59)}` })),
  );
  const sessions = readFacets(store, {}).facets['session'];
  expect(sessions).toHaveLength(50);
  expect(sessions?.[0]).toEqual({ value: 's0', count: 60 });
});

const hourMs = 3_600_000;
const firstMs = Date.UTC(2026, 9, 24);

function mixed(at: number): Partial<WholeCall> {
  const pick = <Value>(values: readonly Value[], by: number): Value | null =>
    values[Math.floor(at / by) % values.length] ?? null;
  return {
    started_ms: firstMs + at * 777_777,
    state: pick(['completed', 'failed', 'completed', 'open', 'aborted'], 1) ?? 'completed',
    status: pick([200, 429, null, 529], 2),
    model: pick(['opus', null, 'Zürich'], 3),
    user_id: pick(['ada', 'bob', null], 5),
    team: pick(['x', null], 4),
    cache_miss_cause: pick([null, 'tools_changed', null], 7),
    replay_of: pick([null, null, 'first'], 6),
    stream: pick([1, null, 0], 8),
    demo: at % 11 === 0 ? 1 : 0,
    cost_nano_usd: pick([1, null], 9),
    session_id: `s${at % 13}`,
  };
}

test('what sums by the hour tell is what all rows tell, also where calls are open or have been removed', () => {
  const { store, writer } = temporaryStore({ durability: 'normal' });
  storeCalls(
    writer,
    Array.from({ length: 400 }, (_, at) => sampleCall(mixed(at))),
  );
  const open = sampleCall({ ...mixed(1), state: 'open' });
  writer.openCall(open, sampleDetails);
  const questions: Filters[] = [
    {},
    { fromMs: firstMs + 3 * hourMs + 5, toMs: firstMs + 60 * hourMs - 5 },
    { fromMs: firstMs + 5, toMs: firstMs + 6 },
    { user: ['a*', ''], fromMs: firstMs + 1.5 * hourMs },
    { status: ['>=400'], replay: false },
    { error: true, demo: false },
    { model: ['opus'], user: ['bob'] },
    { session: ['s3'] },
  ];
  const same = (): void => {
    for (const filters of questions) {
      // Every call passes this filter, and rollups know nothing of it.
      expect(readFacets(store, filters)).toEqual(readFacets(store, { ...filters, minTokens: 0 }));
    }
  };
  same();
  const removal = { callsBeforeMs: firstMs + 20 * hourMs, bodiesBeforeMs: null };
  const removed = startRetention(store, writer, removal);
  while (removed.step());
  expect(removed.done.calls).toBeGreaterThan(50);
  same();
});

test('what only rows tell is told of the newest calls where there are many, and the answer says so', () => {
  const { store, writer } = temporaryStore({ durability: 'normal' });
  storeCalls(
    writer,
    Array.from({ length: 40 }, (_, at) =>
      sampleCall({ started_ms: firstMs + at * hourMs, model: 'm', session_id: at < 25 ? 'old' : 'new' }),
    ),
  );
  const whole = readFacets(store, {}, 40);
  expect(whole.incomplete).toBeNull();
  expect(whole.facets['session']).toHaveLength(2);
  const cut = readFacets(store, {}, 10);
  expect(cut.facets['model']).toEqual([{ value: 'm', count: 40 }]);
  expect(cut.facets['session']?.map(({ value }) => value)).toEqual(['new']);
  expect(cut.incomplete).toBe(
    'Of session, agent, path, upstream, cost_source the newest 10 calls were counted: a shorter range counts them all.',
  );
});
