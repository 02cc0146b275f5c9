import { expect, test } from 'vitest';
import { readFacets } from '../../server/store/facets.ts';
import { sampleCall, storeCalls, temporaryStore } from './temporary-store.ts';

test('each filter has its values with their counts among the calls that pass, the most frequent first', () => {
  const { store, writer } = temporaryStore();
  storeCalls(writer, [
    sampleCall({ user_id: 'ada', team: 'a', status: 200, stream: 1, model: 'm' }),
    sampleCall({ user_id: 'bob', team: 'a', status: 200, stream: 0, demo: 1 }),
    sampleCall({ user_id: 'bob', team: 'a', status: 529, replay_of: 'x' }),
    sampleCall({ user_id: 'eve', team: 'b' }),
  ]);
  const facets = readFacets(store, { team: ['a'] });
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
  expect(readFacets(store, {})['session']).toEqual([]);
  storeCalls(
    writer,
    Array.from({ length: 120 }, (_, index) => sampleCall({ session_id: `s${Math.max(0, index - 59)}` })),
  );
  const sessions = readFacets(store, {})['session'];
  expect(sessions).toHaveLength(50);
  expect(sessions?.[0]).toEqual({ value: 's0', count: 60 });
});
