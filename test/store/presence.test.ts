import { expect, test } from 'vitest';
import { createPresence } from '../../server/store/presence.ts';
import { sampleCall, storeCalls, temporaryStore } from './temporary-store.ts';

const known = (number: number) => ({
  id: `call-${number}`,
  startedMs: 7_200_000,
  upstreamRequestId: `req-${number}`,
});

test('what was added is known by both its ids, whether it is remembered or has to be asked for again', () => {
  const { store, writer } = temporaryStore();
  for (const most of [0, 1000]) {
    const presence = createPresence(store, most);
    for (const number of [1 + most, 2 + most, 3 + most]) {
      const call = known(number);
      const other = { ...call, id: 'of another store' };
      expect([presence.has(call), presence.has(other)]).toEqual([false, false]);
      presence.add(call);
      expect([presence.has(call), presence.has(other)]).toEqual([true, true]);
      const { id, startedMs: started_ms, upstreamRequestId: upstream_request_id } = call;
      storeCalls(writer, [sampleCall({ id, started_ms, upstream_request_id })]);
      presence.committed();
      expect([presence.has(call), presence.has(other)]).toEqual([true, true]);
    }
  }
});

test('without a store only what was added is known', () => {
  const presence = createPresence(null);
  presence.add(known(1));
  expect([presence.has(known(1)), presence.has(known(2))]).toEqual([true, false]);
});
