import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { checkStore } from '../../server/check/store.ts';
import { applyChange, type FinishChange, type OpenChange } from '../../server/store/change.ts';
import { joinBody, unpackBody } from '../../server/store/bodies.ts';
import { listCalls, readBody } from '../../server/store/calls.ts';
import { openStore, type Store } from '../../server/store/open.ts';
import { startRetention } from '../../server/store/retention-run.ts';
import { planRetention, usedBytes, type RetentionPolicy } from '../../server/store/retention.ts';
import { readStats } from '../../server/store/stats.ts';
import type { Writer } from '../../server/store/write.ts';
import { onPostgres } from '../support/database.ts';
import { sampleCall, sampleDetails, temporaryStore } from './temporary-store.ts';

const dayMs = 86_400_000;
const today = Date.UTC(2026, 10, 20);
const nowMs = today + dayMs / 2;
const keepAll: RetentionPolicy = { bodiesMs: null, callsMs: null, storeBytes: null };

function request(seed: string): Buffer {
  const words = Array.from({ length: 100 }, (_, index) =>
    createHash('sha256').update(`${seed} ${index}`).digest('base64'),
  );
  return Buffer.from(JSON.stringify({ messages: [{ role: 'user', content: words.join(' ') }], seed }));
}

/** `perDay` calls on each of the last `days` days, oldest first; ids tell the day. */
function fill(writer: Writer, days: number, perDay: number): void {
  for (let day = days - 1; day >= 0; day -= 1) {
    for (let index = 0; index < perDay; index += 1) {
      const { id, ...row } = sampleCall({
        id: `d${day}-${index}`,
        started_ms: today - day * dayMs + index * 60_000,
        output_tokens: 1,
        model: 'm',
      });
      const bytes = request(`${day} ${index % 3}`);
      const parts = [{ part: 'request' as const, ...joinBody([{ bytes, atUs: 1 }]) }];
      writer.transaction(() => writer.finishCall(id, row, sampleDetails, parts));
    }
  }
}

function run(store: Store, writer: Writer, policy: RetentionPolicy) {
  const plan = planRetention(store, policy, nowMs);
  const retention = startRetention(store, writer, plan);
  let steps = 0;
  while (retention.step()) steps += 1;
  return { plan, done: retention.done, steps };
}

function bodyOf(store: Store, id: string): Buffer {
  return Buffer.concat(readBody(store, id, 'request').map((row) => unpackBody(row).bytes));
}

function one(store: Store, what: string): unknown {
  return store.sqlite.prepare(`SELECT ${what}`).pluck().get();
}

async function bodyFindings(store: Store): Promise<string[]> {
  const { findings } = await checkStore(store, () => undefined);
  const texts = findings.filter(({ kind }) => /body|piece|orphan|rollup/.test(kind)).map(({ text }) => text);
  // The sample rows leave the sizes out.
  return texts.filter((text) => !text.endsWith('_bytes is not known'));
}

describe('retention', () => {
  test('bodies of old days go, those of other days stay exact, and the check finds nothing', async () => {
    const { store, writer } = temporaryStore({ durability: 'normal' });
    fill(writer, 10, 40);
    const { plan, done } = run(store, writer, { ...keepAll, bodiesMs: 5 * dayMs });
    // Five days and what is left of today before its noon: days 0 to 5 stay.
    expect(plan).toMatchObject({ bodies: 160, calls: 0, bodiesBeforeMs: today - 5 * dayMs, doubt: null });
    expect(done).toMatchObject({ bodies: 160, calls: 0 });
    expect(one(store, 'count(*) FROM calls')).toBe(400);
    expect(one(store, "count(*) FROM calls WHERE bodies = 'expired'")).toBe(160);
    expect(
      one(store, "json_group_array(DISTINCT substr(id, 1, 2)) FROM calls WHERE bodies = 'expired'"),
    ).toMatch(/^\[("d[6-9]",?){4}\]$/);
    expect(bodyOf(store, 'd6-0')).toEqual(Buffer.alloc(0));
    for (let day = 0; day <= 5; day += 1)
      expect(bodyOf(store, `d${day}-2`).equals(request(`${day} 2`))).toBe(true);
    expect(one(store, 'count(DISTINCT id / 4294967296) FROM packs')).toBe(6);
    expect(one(store, 'count(DISTINCT key / 137438953472) FROM pieces')).toBe(6);
    expect(await bodyFindings(store)).toEqual([]);
  });

  test('old calls go with all that is theirs, their sums stay', async () => {
    const { store, writer } = temporaryStore({ durability: 'normal' });
    fill(writer, 10, 40);
    const { done } = run(store, writer, { ...keepAll, callsMs: 6 * dayMs });
    expect(done.calls).toBe(160);
    expect(one(store, 'min(started_ms) FROM calls')).toBe(today - 5 * dayMs);
    expect(one(store, 'count(*) FROM call_details')).toBe(240);
    const stats = readStats(store, {
      metrics: ['calls', 'output_tokens', 'duration_us_p50'],
      groupBy: ['model'],
      bucket: null,
      tz: 'UTC',
      filters: { fromMs: today - 20 * dayMs, toMs: today + dayMs },
      comparePrevious: false,
    });
    expect(stats.rows).toEqual([{ model: 'm', calls: 400, output_tokens: 400, duration_us_p50: null }]);
    expect(await bodyFindings(store)).toEqual([]);
  });

  test('a call that is told again after it was removed is not counted a second time', async () => {
    const { store, writer } = temporaryStore({ durability: 'normal' });
    fill(writer, 10, 3);
    const { id, ...row } = sampleCall({
      id: 'd9-1',
      started_ms: today - 9 * dayMs + 60_000,
      output_tokens: 1,
    });
    const open: OpenChange = { kind: 'open', row: { ...row, id, state: 'open' }, details: sampleDetails };
    const finish: FinishChange = {
      kind: 'finish',
      row: { ...row, id, model: 'm' },
      details: sampleDetails,
      parts: [{ part: 'request', ...joinBody([{ bytes: request('9 1'), atUs: 1 }]) }],
      saved: ['request'],
    };
    run(store, writer, { ...keepAll, callsMs: 6 * dayMs });
    const sums = (): unknown =>
      store.sqlite.prepare('SELECT * FROM rollups WHERE calls > 0 ORDER BY id').all();
    const before = sums();
    for (const changes of [[finish], [open], [open, finish], [finish]]) {
      writer.transaction(() => changes.forEach((change) => applyChange(writer, change)));
      expect(sums()).toEqual(before);
    }
    expect(bodyOf(store, id).equals(request('9 1'))).toBe(true);
    expect(await bodyFindings(store)).toEqual([]);
    run(store, writer, { ...keepAll, callsMs: 6 * dayMs });
    expect(one(store, "count(*) FROM calls WHERE id = 'd9-1'")).toBe(0);
    writer.transaction(() => [open, finish].forEach((change) => applyChange(writer, change)));
    expect(sums()).toEqual(before);
  });

  test('an old call of an hour that nothing was removed from is counted, and so is one that still ran', () => {
    const { store, writer } = temporaryStore({ durability: 'normal' });
    const runs = sampleCall({ id: 'runs', state: 'open', started_ms: today - 9 * dayMs });
    writer.openCall(runs, sampleDetails);
    fill(writer, 10, 3);
    run(store, writer, { ...keepAll, callsMs: 6 * dayMs });
    const counted = (): unknown => one(store, 'sum(calls) FROM rollups WHERE id < 1125899906842624');
    const before = Number(counted());
    for (const row of [runs, sampleCall({ id: 'imported', started_ms: today - 12 * dayMs })]) {
      writer.transaction(() => writer.finishCall(row.id, { ...row, state: 'completed' }, sampleDetails, []));
    }
    expect(counted()).toBe(before + 2);
  });

  test('a store that is too large loses its oldest days, and the file shrinks', () => {
    const { store, writer } = temporaryStore({ durability: 'normal' });
    fill(writer, 12, 40);
    const before = usedBytes(store);
    const { plan } = run(store, writer, { ...keepAll, storeBytes: before - 60_000 });
    expect(plan.bodies).toBeGreaterThan(0);
    expect(plan.callsBeforeMs).toBeNull();
    expect(usedBytes(store)).toBeLessThan(before - 40_000);
    if (store.engine === 'sqlite') {
      expect(Number(store.sqlite.pragma('freelist_count', { simple: true }))).toBeLessThan(100);
    }
    expect(bodyOf(store, 'd0-1').equals(request('0 1'))).toBe(true);
    const { plan: all } = run(store, writer, { ...keepAll, storeBytes: 1 });
    expect(all.callsBeforeMs).toBeGreaterThan(today - 6 * dayMs);
    expect(all.callsBeforeMs).toBeLessThanOrEqual(today);
    // As many as are reckoned with 2 kB each; what is too much then goes the next time.
    expect(one(store, 'count(*) FROM calls')).toBeLessThan(250);
    expect(bodyOf(store, 'd0-1').equals(request('0 1'))).toBe(true);
  });

  test('goes in steps of at most 500 calls, each committed, with calls ending in between', () => {
    const { store, writer } = temporaryStore({ durability: 'normal' });
    const old = Array.from({ length: 1300 }, (_, index) =>
      sampleCall({ id: `old-${index}`, started_ms: today - 9 * dayMs + index }),
    );
    writer.transaction(() => {
      for (const { id, ...row } of old) writer.finishCall(id, row, sampleDetails, []);
    });
    const retention = startRetention(store, writer, { callsBeforeMs: today - dayMs, bodiesBeforeMs: null });
    let [steps, before] = [0, old.length];
    while (retention.step()) {
      const left = Number(one(store, "count(*) FROM calls WHERE id LIKE 'old-%'"));
      expect(before - left).toBeLessThanOrEqual(500);
      expect(left).toBe(old.length - retention.done.calls);
      const { id, ...row } = sampleCall({ id: `new-${steps}`, started_ms: today });
      writer.transaction(() => writer.finishCall(id, row, sampleDetails, []));
      [steps, before] = [steps + 1, left];
    }
    expect(before).toBe(0);
    expect(steps).toBeGreaterThan(3);
    expect(one(store, "count(*) FROM calls WHERE id LIKE 'new-%'")).toBe(steps);
  });

  test('a call that still runs keeps its bodies and those of its day', () => {
    const { store, writer } = temporaryStore({ durability: 'normal' });
    const row = sampleCall({ id: 'runs', state: 'open', started_ms: today - 8 * dayMs });
    writer.openCall(row, sampleDetails);
    writer.appendBody('runs', 0, { part: 'request', ...joinBody([{ bytes: request('8 1'), atUs: 1 }]) });
    fill(writer, 10, 4);
    run(store, writer, { bodiesMs: dayMs, callsMs: dayMs, storeBytes: null });
    expect(bodyOf(store, 'runs').equals(request('8 1'))).toBe(true);
    expect(one(store, 'count(*) FROM calls')).toBe(1 + 4);
  });

  test('nothing goes twice, and what is written afterwards names nothing that has gone', () => {
    const { store, writer } = temporaryStore({ durability: 'normal' });
    fill(writer, 3, 4);
    run(store, writer, { ...keepAll, bodiesMs: dayMs });
    expect(run(store, writer, { ...keepAll, bodiesMs: dayMs }).done).toMatchObject({
      bodies: 0,
      packBytes: 0,
    });
    // A record that comes late, for a day that has been removed.
    const { id, ...late } = sampleCall({ started_ms: today - 2 * dayMs });
    const parts = [{ part: 'request' as const, ...joinBody([{ bytes: request('2 1'), atUs: 1 }]) }];
    writer.transaction(() => writer.finishCall(id, late, sampleDetails, parts));
    expect(bodyOf(store, id).equals(request('2 1'))).toBe(true);
  });

  test('a call of a removed day that is recorded between two steps keeps no others, and is never half there', async () => {
    const { store, writer } = temporaryStore({ durability: 'normal' });
    fill(writer, 8, 30);
    const late: string[] = [];
    const retention = startRetention(store, writer, {
      bodiesBeforeMs: today - 2 * dayMs,
      callsBeforeMs: null,
    });
    while (retention.step()) {
      const day = 3 + (late.length % 5);
      const { id, ...row } = sampleCall({ started_ms: today - day * dayMs + 7 });
      // Of pieces that the day has, and of some that it has not.
      const bytes = Buffer.concat([request(`${day} 1`), request(`late ${late.length % 2}`)]);
      const parts = [{ part: 'request' as const, ...joinBody([{ bytes, atUs: 1 }]) }];
      writer.transaction(() => writer.finishCall(id, row, sampleDetails, parts));
      late.push(id);
      expect(bodyOf(store, id).equals(bytes)).toBe(true);
      // What is gone reads as nothing, what is damaged throws.
      for (const before of late) bodyOf(store, before);
    }
    expect(late.length).toBeGreaterThan(2);
    expect(await bodyFindings(store)).toEqual([]);
    const stale =
      'count(*) FROM pieces WHERE NOT EXISTS (SELECT 1 FROM packs WHERE packs.id = pieces.key / 137438953472 * 4294967296 + pieces.pack)';
    expect(one(store, stale)).toBe(0);
  });

  test.skipIf(onPostgres)('the index of words shrinks with what is removed, and finds the rest', () => {
    const { store, writer } = temporaryStore({ durability: 'normal' });
    const rows = Array.from({ length: 2000 }, (_, at) =>
      sampleCall({ started_ms: today - (at < 1500 ? 9 : 1) * dayMs + at }),
    );
    for (const part of [rows.slice(0, 1000), rows.slice(1000)]) {
      writer.transaction(() => {
        for (const { id, ...row } of part) {
          writer.finishCall(id, row, sampleDetails, []);
          writer.setText(
            id,
            `river ${createHash('sha256').update(id).digest('hex').match(/../g)?.join(' x')}`,
          );
        }
      });
    }
    const bytes = (): number => Number(one(store, 'sum(length(block)) FROM call_text_data'));
    const before = bytes();
    run(store, writer, { ...keepAll, callsMs: 5 * dayMs });
    expect(bytes()).toBeLessThan(before / 2);
    expect(listCalls(store, { q: ['river'] }, 500, null).items).toHaveLength(500);
    expect(() =>
      store.sqlite.exec("INSERT INTO call_text (call_text) VALUES ('integrity-check')"),
    ).not.toThrow();
  });

  test('is doubted when the clock stands before the latest call, or when half of a record would go', () => {
    const { store, writer } = temporaryStore({ durability: 'normal' });
    fill(writer, 10, 20);
    const policy = { ...keepAll, bodiesMs: 3 * dayMs };
    expect(planRetention(store, policy, today - 2 * dayMs).doubt).toMatch(/clock stands before/);
    expect(planRetention(store, policy, nowMs).doubt).toMatch(/More than half .* bodies of 120/);
    expect(planRetention(store, { ...keepAll, bodiesMs: 6 * dayMs }, nowMs).doubt).toBeNull();
    expect(planRetention(store, { ...keepAll, callsMs: 3 * dayMs }, nowMs).doubt).toMatch(
      /More than half .*\(1\d\d calls/,
    );
  });

  test('a reader in another connection goes on in between', () => {
    const { store, writer, path } = temporaryStore({ durability: 'normal' });
    fill(writer, 6, 40);
    const reader = openStore(path, 'read');
    try {
      const retention = startRetention(store, writer, { bodiesBeforeMs: today - dayMs, callsBeforeMs: null });
      while (retention.step()) expect(bodyOf(reader, 'd0-2').equals(request('0 2'))).toBe(true);
      expect(bodyOf(reader, 'd5-2')).toEqual(Buffer.alloc(0));
    } finally {
      reader.close();
    }
  });
});
