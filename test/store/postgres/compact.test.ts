import { expect, onTestFinished, test } from 'vitest';
import { listCalls } from '../../../server/store/calls.ts';
import { openStore } from '../../../server/store/open.ts';
import { compactDatabase } from '../../../server/store/postgres/compact.ts';
import { serverBytes } from '../../../server/store/retention.ts';
import { createWriter } from '../../../server/store/write.ts';
import { temporaryDatabase } from '../../support/database.ts';
import { sampleCall, sampleDetails } from '../temporary-store.ts';

test('a database becomes smaller beside its writer, and everything is found as before', () => {
  const target = temporaryDatabase();
  const store = openStore(target, 'write');
  onTestFinished(() => store.close());
  const writer = createWriter(store);
  const record = (number: number, text: string): void => {
    const { id, ...row } = sampleCall({ id: `call-${String(number).padStart(4, '0')}` });
    writer.transaction(() => {
      writer.finishCall(id, row, sampleDetails, []);
      writer.setText(id, text);
    });
  };
  const word = (number: number): string => (number * 7_919_777).toString(36);
  for (let call = 0; call < 200; call++) {
    record(call, Array.from({ length: 200 }, (_, at) => word(call * 200 + at)).join(' '));
  }
  const found = () => listCalls(store, { q: [word(42 * 200 + 7)] }, 10, null).items.map(({ id }) => id);
  expect(found()).toEqual(['call-0042']);
  const before = serverBytes(store);
  const shares = [...compactDatabase(target)].map(({ table, share }) => {
    // Another table each time; the writer is not in its way.
    if (table === 'call_words') record(9000, 'a late one');
    return share;
  });
  expect(serverBytes(store)).toBeLessThan(0.8 * before);
  expect(shares).toEqual(shares.toSorted((a, b) => a - b));
  expect(found()).toEqual(['call-0042']);
  expect(listCalls(store, { q: ['late'] }, 10, null).items).toHaveLength(1);
});
