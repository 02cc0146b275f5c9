import { expect, onTestFinished, test } from 'vitest';
import { joinBody, unpackBody } from '../../../server/store/bodies.ts';
import { readBody } from '../../../server/store/calls.ts';
import { createSeal } from '../../../server/store/chain-entry.ts';
import { StoreError } from '../../../server/store/errors.ts';
import { eachHour } from '../../../server/store/inspect-rollups.ts';
import { openStore } from '../../../server/store/open.ts';
import { openCallIds } from '../../../server/store/running.ts';
import { createWriter } from '../../../server/store/write.ts';
import { temporaryDatabase } from '../../support/database.ts';
import { sampleCall, sampleDetails } from '../temporary-store.ts';

/** An installation of its own that writes into the database. */
function installation(target: string, number: number) {
  const store = openStore(target, 'write', { seal: createSeal(Buffer.alloc(32, number)), lockWaitMs: 0 });
  onTestFinished(() => store.close());
  return { store, writer: createWriter(store) };
}

test('several installations write into one store, but none twice', () => {
  const target = temporaryDatabase();
  const one = installation(target, 1);
  installation(target, 2);
  expect(() => installation(target, 1)).toThrow(StoreError);
  expect(() => installation(target, 1)).toThrow(
    /^Another Weir with the same data directory .+ --data-dir\.$/,
  );
  one.store.close();
  installation(target, 1);
});

test('the same bytes of two writers are two packs and both bodies exact, and the sums are of both', () => {
  const target = temporaryDatabase();
  const both = [installation(target, 1), installation(target, 2)];
  const bytes = Buffer.from(
    JSON.stringify({ messages: Array.from({ length: 40 }, (_, at) => `${at} `.repeat(400)) }),
  );
  const startedMs = Date.UTC(2026, 10, 22, 12);
  const rows = [0, 1, 0, 1].map((by) => ({
    by,
    row: sampleCall({ model: 'm', started_ms: startedMs, duration_us: 7 }),
  }));
  for (const { by, row } of rows) {
    const { id, ...columns } = row;
    const part = { part: 'request' as const, ...joinBody([{ bytes, atUs: 1 }]) };
    both[by]?.writer.transaction(() => both[by]?.writer.finishCall(id, columns, sampleDetails, [part]));
  }
  const reader = openStore(target, 'read');
  onTestFinished(() => reader.close());
  for (const { row } of rows) {
    const [body] = readBody(reader, row.id, 'request');
    expect(body === undefined ? null : unpackBody(body).bytes.equals(bytes)).toBe(true);
  }
  expect([...eachHour(reader)]).toEqual([{ hourMs: startedMs, problem: null }]);
});

test('calls that were left open belong to who opened them, until that one is gone and they are old', () => {
  const target = temporaryDatabase();
  const [one, two] = [installation(target, 1), installation(target, 2)];
  const nowMs = Date.now();
  const open = sampleCall({ state: 'open', status: null, started_ms: nowMs });
  one.writer.transaction(() => one.writer.openCall(open, sampleDetails));
  const hourLater = nowMs + 3_600_000;
  expect([openCallIds(one.store, nowMs), openCallIds(two.store, hourLater)]).toEqual([[open.id], []]);
  one.store.close();
  expect([openCallIds(two.store, nowMs), openCallIds(two.store, hourLater)]).toEqual([[], [open.id]]);
});
