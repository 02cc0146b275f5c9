import { expect, onTestFinished, test } from 'vitest';
import { joinBody, unpackBody } from '../../../server/store/bodies.ts';
import { readBody } from '../../../server/store/calls.ts';
import { checkStore } from '../../../server/check/store.ts';
import { startRetention } from '../../../server/store/retention-run.ts';
import { createSeal } from '../../../server/store/seal.ts';
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

test('what a program knows of a day that another one has removed is not named by a late call of it', () => {
  const target = temporaryDatabase();
  const [one, two] = [installation(target, 1), installation(target, 2)];
  const startedMs = Date.UTC(2026, 9, 22);
  const bytes = Buffer.from('what was said before '.repeat(400));
  const parts = [{ part: 'request' as const, ...joinBody([{ bytes, atUs: 1 }]) }];
  const record = (): string => {
    const { id, ...row } = sampleCall({ started_ms: startedMs, model: 'm' });
    one.writer.transaction(() => one.writer.finishCall(id, row, sampleDetails, parts));
    return id;
  };
  record();
  const run = startRetention(two.store, two.writer, {
    callsBeforeMs: null,
    bodiesBeforeMs: startedMs + 86_400_000,
  });
  while (run.step());
  expect(run.done.packBytes).toBeGreaterThan(0);
  const [body] = readBody(two.store, record(), 'request');
  expect(body === undefined ? null : unpackBody(body).bytes.equals(bytes)).toBe(true);
});

test('two programs that remove at once remove each call once, and what one records meanwhile stays whole', async () => {
  const target = temporaryDatabase();
  const dayMs = 86_400_000;
  const firstMs = Date.UTC(2026, 9, 22);
  const both = [installation(target, 1), installation(target, 2)] as const;
  const bytes = Buffer.from(
    JSON.stringify({ messages: Array.from({ length: 20 }, (_, at) => `${at} `.repeat(400)) }),
  );
  const parts = [{ part: 'request' as const, ...joinBody([{ bytes, atUs: 1 }]) }];
  const record = (by: 0 | 1, startedMs: number): void => {
    const { id, ...row } = sampleCall({ started_ms: startedMs, model: 'm' });
    both[by].writer.transaction(() => both[by].writer.finishCall(id, row, sampleDetails, parts));
  };
  for (let at = 0; at < 120; at += 1) record(at % 2 === 0 ? 0 : 1, firstMs + (at % 6) * dayMs + at);
  const plan = { callsBeforeMs: firstMs + 2 * dayMs, bodiesBeforeMs: firstMs + 4 * dayMs };
  const runs = both.map(({ store, writer }) => startRetention(store, writer, plan));
  for (let going = runs, step = 0; going.length > 0; step += 1) {
    going = going.filter((run) => run.step());
    if (step < 20) record(step % 2 === 0 ? 1 : 0, firstMs + 3 * dayMs + step);
  }
  // Which of them removed the last packs is a matter of time.
  for (const by of [0, 1] as const) record(by, firstMs + 3 * dayMs);
  const sum = (of: 'calls' | 'bodies'): number => runs.reduce((total, { done }) => total + done[of], 0);
  expect(sum('calls')).toBe(40);
  const { sqlite } = both[0].store;
  const expired = Number(sqlite.prepare("SELECT count(*) FROM calls WHERE bodies = 'expired'").pluck().get());
  expect(sum('bodies')).toBe(expired);
  expect(expired).toBeGreaterThanOrEqual(40);
  const { findings } = await checkStore(both[0].store, () => undefined);
  const wrong = findings.filter(
    ({ kind, text }) => /body|piece|orphan|rollup|chain/.test(kind) && !text.endsWith('_bytes is not known'),
  );
  expect(wrong.map(({ text }) => text)).toEqual([]);
});
