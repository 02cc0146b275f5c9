import { expect, test } from 'vitest';
import { missFaults } from '../../server/check/miss.ts';
import { readStoredCall } from '../../server/store/calls-before.ts';
import type { WholeCall } from '../../server/store/write.ts';
import { sampleCall, storeCalls, temporaryStore } from '../store/temporary-store.ts';

const missed = { cache_miss_cause: 'tools_changed', cache_lost_tokens: 90 };
const paid = { input_tokens: 3, cache_write_1h_tokens: 100, cache_read_tokens: 7 };

test.each<[string, Partial<WholeCall>, string[]]>([
  ['no miss', paid, []],
  ['a miss', { ...paid, ...missed, cache_miss_at: 'tools.1', cache_lost_nano_usd: 5 }, []],
  ['a miss without a price', { ...paid, ...missed }, []],
  [
    'a price without a cause',
    { ...paid, cache_lost_nano_usd: 5 },
    ['it has lost tokens to the cache for no cause'],
  ],
  [
    'a cause without tokens',
    { ...paid, cache_miss_cause: 'unknown' },
    ['it missed the cache (unknown) and lost null tokens'],
  ],
  [
    'more tokens than were paid otherwise',
    { ...paid, ...missed, cache_lost_tokens: 104 },
    ['it lost 104 tokens to the cache, and paid only 103 otherwise'],
  ],
])('%s', (_name, columns, faults) => {
  const { store, writer } = temporaryStore();
  const [id = ''] = storeCalls(writer, [sampleCall(columns)]);
  const stored = readStoredCall(store, id);
  expect(stored === null ? null : missFaults(stored.row)).toEqual(faults);
});
