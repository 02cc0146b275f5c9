import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Metric } from '../../server/api/wire.ts';
import type { Filters } from '../../server/store/filters.ts';
import { bucketOf, percentileOf } from '../../server/store/histogram.ts';
import type { Store } from '../../server/store/open.ts';
import { eachHour } from '../../server/store/inspect-rollups.ts';
import { recountHour } from '../../server/store/rollup-writer.ts';
import { reviseCost } from '../../server/store/revisions.ts';
import { askRollups } from '../../server/store/rollup-stats.ts';
import { interruptBlindly } from '../../server/store/running.ts';
import { matchingCalls, readStats, type StatsRequest } from '../../server/store/stats.ts';
import type { WholeCall, Writer } from '../../server/store/write.ts';
import { sampleCall, sampleDetails, temporaryStore } from './temporary-store.ts';
import { onPostgres } from '../support/database.ts';

const hourMs = 3_600_000;
const firstMs = Date.UTC(2026, 9, 24);
const metrics: readonly Metric[] = [
  'calls',
  'errors',
  'input_tokens',
  'output_tokens',
  'thinking_tokens',
  'cache_read_tokens',
  'cache_write_5m_tokens',
  'cache_write_1h_tokens',
  'total_tokens',
  'web_search_requests',
  'cost_nano_usd',
  'reported_cost_nano_usd',
  'computed_cost_nano_usd',
  'cost_difference_nano_usd',
  'estimated_cost_nano_usd',
  'unpriced_calls',
  'cache_hit_rate',
  'cache_saved_nano_usd',
  'cache_missed_calls',
  'cache_lost_tokens',
  'cache_lost_nano_usd',
  'output_tokens_per_second',
];

const known = (max: number) => fc.option(fc.nat(max), { nil: null });
const oneOf = (...values: (string | null)[]) => fc.constantFrom(...values);
const columns = fc.record({
  started_ms: fc.integer({ min: firstMs, max: firstMs + 80 * hourMs }),
  state: oneOf('completed', 'completed', 'failed', 'aborted', 'open').map((state) => state ?? ''),
  error_kind: oneOf(null, 'dns'),
  message_state: oneOf(null, 'complete', 'error_event'),
  status: fc.constantFrom(null, 200, 200, 429, 529),
  stream: fc.constantFrom(null, 0, 1),
  model: oneOf(null, 'opus', 'haiku', 'Zürich'),
  requested_model: oneOf('opus', 'haiku'),
  stop_reason: oneOf(null, 'end_turn', 'tool_use'),
  user_id: oneOf(null, 'ada', 'bob'),
  team: oneOf(null, 'research'),
  key_id: oneOf('k_1', 'k_2'),
  replay_of: oneOf(null, null, null, 'first', 'second'),
  demo: fc.constantFrom(0, 0, 1),
  input_tokens: known(5000),
  output_tokens: known(500),
  cache_read_tokens: known(100_000),
  cache_write_5m_tokens: known(1000),
  cache_write_1h_tokens: known(10),
  web_search_requests: known(2),
  cost_nano_usd: known(10_000_000),
  computed_cost_nano_usd: known(10_000_000),
  reported_cost_nano_usd: known(10_000_000),
  cache_saved_nano_usd: fc.option(fc.integer({ min: -9000, max: 9000 }), { nil: null }),
  cache_miss_cause: oneOf(null, null, 'tools_changed', 'unknown'),
  cache_lost_tokens: known(50_000),
  cache_lost_nano_usd: known(10_000_000),
  cost_source: oneOf(null, 'computed', 'estimated'),
  ttfb_us: known(2_000_000),
  ttft_us: known(2_000_000),
  duration_us: known(9_000_000),
});

const question = fc.record({
  metrics: fc.subarray([...metrics], { minLength: 1 }),
  groupBy: fc.subarray(
    [
      'model',
      'requested_model',
      'status',
      'state',
      'stop_reason',
      'user_id',
      'team',
      'key_id',
      'cache_miss_cause',
    ],
    {
      maxLength: 2,
    },
  ),
  bucket: fc.constantFrom('hour', 'day', 'week', 'minute', null, 'auto'),
  tz: fc.constantFrom('UTC', 'Europe/Berlin', 'Asia/Kolkata', 'America/New_York'),
  filters: fc.record(
    {
      fromMs: fc.integer({ min: firstMs - hourMs, max: firstMs + 30 * hourMs }),
      toMs: fc.integer({ min: firstMs + 20 * hourMs, max: firstMs + 90 * hourMs }),
      model: fc.constantFrom(['opus'], ['o*'], ['haiku', 'Z*'], [''], ['', 'opus']),
      status: fc.constantFrom(['4xx'], ['>=400'], ['200'], ['']),
      user: fc.constantFrom(['ada'], ['']),
      error: fc.boolean(),
      demo: fc.boolean(),
      replay: fc.boolean(),
      stream: fc.boolean(),
    },
    { requiredKeys: [] },
  ),
  comparePrevious: fc.boolean(),
}) as fc.Arbitrary<StatsRequest>;

/** Every call has at least 0 tokens: a filter that lets all of them pass, and that rollups know nothing of. */
function fromRows(request: StatsRequest): StatsRequest {
  return { ...request, filters: { ...request.filters, minTokens: 0 } };
}

function isRolled(store: Store, { metrics: asked, groupBy, filters }: StatsRequest): boolean {
  const { fromMs = firstMs, toMs = firstMs + 90 * hourMs } = filters;
  const range = { fromMs, toMs, periods: null };
  return (
    askRollups(store, {
      filters,
      metrics: asked,
      groupBy,
      ...range,
      rowCondition: matchingCalls(filters),
    }) !== null
  );
}

function finish(writer: Writer, { id, ...row }: WholeCall): void {
  writer.transaction(() => writer.finishCall(id, row, sampleDetails, []));
}

function rollupRows(store: Store): unknown {
  const sums = store.sqlite.prepare('SELECT * FROM rollups WHERE calls > 0 ORDER BY id').all();
  const buckets = store.sqlite.prepare('SELECT * FROM rollup_latencies WHERE calls <> 0 ORDER BY 1, 2').all();
  return { sums, buckets };
}

function problems(store: Store): string[] {
  return [...eachHour(store)].flatMap(({ problem }) => (problem === null ? [] : [problem]));
}

describe('rollups', () => {
  test('answer every question as the rows do, after endings, corrections and replays of both', () => {
    // Fewer where each statement goes to a server.
    const numRuns = onPostgres ? 3 : 50;
    let rolled = 0;
    fc.assert(
      fc.property(
        fc.array(columns, { minLength: 1, maxLength: 60 }),
        fc.array(question, { minLength: 8, maxLength: 8 }),
        (calls, questions) => {
          const { store, writer } = temporaryStore({ durability: 'normal' });
          const rows = calls.map((call) => sampleCall(call));
          for (const [index, row] of rows.entries()) {
            if (index % 2 === 0) writer.openCall({ ...row, state: 'open' }, sampleDetails);
            // Some end twice, and the second time otherwise.
            if (index % 3 === 0)
              finish(writer, { ...row, model: 'opus', status: 200, duration_us: 5, started_ms: firstMs });
            finish(writer, row);
            if (index % 4 === 0) finish(writer, row);
            if (index % 5 === 0) revise(store, row.id, index);
          }
          for (const request of questions) {
            if (isRolled(store, request)) rolled += 1;
            expect(readStats(store, request)).toEqual(readStats(store, fromRows(request)));
          }
          expect(problems(store)).toEqual([]);
        },
      ),
      { numRuns },
    );
    // Of a few only it is chance how many were.
    if (!onPostgres) expect(rolled).toBeGreaterThan(numRuns / 2);
  });

  test('answer what was lost to the cache by cause, model and person, also of one cause alone', () => {
    const { store, writer } = temporaryStore();
    const lost = {
      started_ms: firstMs,
      user_id: 'ada',
      cache_miss_cause: 'tools_changed',
      cache_lost_tokens: 7,
    };
    finish(writer, sampleCall({ ...lost, cache_lost_nano_usd: 20 }));
    finish(writer, sampleCall({ ...lost, cache_lost_nano_usd: null, cache_miss_cause: 'unknown' }));
    finish(writer, sampleCall({ started_ms: firstMs, user_id: 'ada' }));
    const asked: StatsRequest = {
      filters: { fromMs: firstMs, toMs: firstMs + hourMs, cache_miss_cause: ['*'] },
      metrics: ['calls', 'cache_missed_calls', 'cache_lost_tokens', 'cache_lost_nano_usd'],
      groupBy: ['cache_miss_cause', 'model', 'user_id'],
      bucket: null,
      tz: 'UTC',
      comparePrevious: false,
    };
    expect(isRolled(store, asked)).toBe(true);
    expect(readStats(store, asked).totals).toEqual({
      calls: 2,
      cache_missed_calls: 2,
      cache_lost_tokens: 14,
      cache_lost_nano_usd: 20,
    });
    expect(readStats(store, asked)).toEqual(readStats(store, fromRows(asked)));
    const without = readStats(store, { ...asked, filters: { ...asked.filters, cache_miss_cause: [''] } });
    expect(without.totals).toMatchObject({ calls: 1, cache_missed_calls: 0, cache_lost_nano_usd: null });
  });

  test('are the same whether a record is applied once or again and again', () => {
    const rows = fc
      .sample(columns, { numRuns: 30, seed: 3 })
      .map((row, index) => sampleCall({ ...row, id: `same-${index}` }));
    const [once, often] = [temporaryStore(), temporaryStore()];
    for (const row of rows) finish(once.writer, row);
    for (const row of [...rows, ...rows, ...rows.toReversed()]) finish(often.writer, row);
    expect(rollupRows(often.store)).toEqual(rollupRows(once.store));
  });

  test('count a call that was left open from when it is interrupted', () => {
    const { store, writer } = temporaryStore();
    for (const id of ['a', 'b'])
      writer.openCall(sampleCall({ id, state: 'open', started_ms: firstMs }), sampleDetails);
    expect(rollupRows(store)).toMatchObject({ sums: [] });
    for (const id of ['a', 'b']) interruptBlindly(store, id, 'no');
    const [model] = store.sqlite
      .prepare('SELECT sum(calls) AS calls, sum(errors) AS errors FROM rollups GROUP BY id')
      .all();
    expect(model).toEqual({ calls: 2, errors: 2 });
  });

  test('a write that is rolled back leaves no trace, and spoils nothing after it', () => {
    const { store, writer } = temporaryStore();
    const row = sampleCall({ started_ms: firstMs, model: 'opus' });
    const fail = (): void => {
      writer.finishCall(row.id, row, sampleDetails, []);
      throw new Error('no');
    };
    expect(() => writer.transaction(fail)).toThrow('no');
    finish(writer, row);
    const request: StatsRequest = {
      metrics: ['calls'],
      groupBy: ['model'],
      bucket: null,
      tz: 'UTC',
      filters: { fromMs: firstMs, toMs: firstMs + hourMs },
      comparePrevious: false,
    };
    expect(readStats(store, request).rows).toEqual([{ model: 'opus', calls: 1 }]);
  });

  test('say what the rows say also of texts that a database changes, and of sums beyond exact numbers', () => {
    const { store, writer } = temporaryStore();
    const most = Number.MAX_SAFE_INTEGER;
    const odd: Partial<WholeCall>[] = [
      { model: 'a\0b' },
      { model: 'lone \ud800' },
      { model: 'tab\t"' },
      // From a server a check takes exact numbers only.
      ...(onPostgres ? [] : [{ input_tokens: most }, { input_tokens: most, output_tokens: most }]),
      { input_tokens: 1.5, output_tokens: -1, cost_nano_usd: 2 ** 60 },
    ];
    writer.transaction(() => {
      for (const columns of odd) {
        const { id, ...row } = sampleCall({ started_ms: firstMs, ...columns });
        writer.finishCall(id, row, sampleDetails, []);
      }
    });
    expect([...eachHour(store)]).toEqual([{ hourMs: firstMs, problem: null }]);
  });

  test('that are wrong are found by a recount, and put right by it', () => {
    const { store, writer } = temporaryStore();
    for (let hour = 0; hour < 5; hour += 1) {
      finish(
        writer,
        sampleCall({
          started_ms: firstMs + hour * hourMs + 1,
          model: 'opus',
          duration_us: 70,
          output_tokens: 5,
        }),
      );
    }
    expect(problems(store)).toEqual([]);
    for (const damage of [
      'UPDATE rollups SET output_tokens = 6 WHERE id = (SELECT max(id) FROM rollups)',
      'UPDATE rollup_latencies SET calls = 2 WHERE rollup = (SELECT max(rollup) FROM rollup_latencies)',
      'DELETE FROM rollups WHERE id = (SELECT max(id) FROM rollups)',
    ]) {
      const before = rollupRows(store);
      store.sqlite.exec(damage);
      expect(problems(store)).toHaveLength(1);
      writer.transaction(() => recountHour(store, Math.floor(firstMs / hourMs) + 4));
      expect(rollupRows(store)).toEqual(before);
    }
  });

  test('what they are not kept by is asked of the rows', () => {
    const { store } = temporaryStore();
    const ask = (change: Partial<StatsRequest>, filters: Filters = {}): boolean =>
      isRolled(store, {
        metrics: ['calls'],
        groupBy: [],
        bucket: null,
        tz: 'UTC',
        comparePrevious: false,
        filters,
        ...change,
      });
    expect(ask({})).toBe(true);
    expect(ask({ groupBy: ['user_id', 'team'] })).toBe(true);
    expect(ask({ groupBy: ['user_id', 'status'] })).toBe(false);
    expect(ask({ groupBy: ['session_id'] })).toBe(false);
    expect(ask({ groupBy: ['tag:project'] })).toBe(false);
    expect(ask({}, { session: ['s'] })).toBe(false);
    expect(ask({}, { minTokens: 1 })).toBe(false);
    expect(ask({}, { unpriced: true })).toBe(false);
    expect(ask({}, { cost_source: [''] })).toBe(false);
    expect(ask({}, { error: true, status: [''] })).toBe(true);
    expect(ask({}, { error: true, user: ['ada'] })).toBe(false);
    expect(ask({}, { q: ['river'] })).toBe(false);
    expect(ask({ metrics: ['ttft_us_p50'] })).toBe(false);
  });
});

function revise(store: Store, id: string, amount: number): void {
  const revised = {
    costNanoUsd: amount,
    costSource: 'computed',
    computedCostNanoUsd: amount,
    cacheSavedNanoUsd: null,
    cacheLostNanoUsd: null,
    costLines: '[]',
    notes: [],
    bookVersion: 'test',
  };
  reviseCost(store, id, revised, { reason: 'test', nowMs: firstMs });
}

describe('the histogram of durations', () => {
  const durations = fc.array(fc.integer({ min: 0, max: 600_000_000 }), { minLength: 1, maxLength: 300 });

  test('gives percentiles within a tenth of a duration that there was', () => {
    fc.assert(
      fc.property(durations, fc.constantFrom(0.5, 0.9, 0.99), (all, fraction) => {
        const counts = new Map<number, number>();
        for (const us of all)
          counts.set(bucketOf('duration_us', us), (counts.get(bucketOf('duration_us', us)) ?? 0) + 1);
        const sorted = all.toSorted((a, b) => a - b);
        const exact = sorted[Math.floor(fraction * (sorted.length - 1))] ?? 0;
        const told = percentileOf(counts, fraction) ?? -1;
        expect(told).toBeGreaterThanOrEqual(Math.floor(exact / 1.1) - 1);
        expect(told).toBeLessThanOrEqual(Math.ceil(exact * 1.1) + 1);
      }),
    );
  });

  test('is what long ranges are answered from', () => {
    const { store, writer } = temporaryStore();
    for (let index = 0; index < 200; index += 1) {
      finish(
        writer,
        sampleCall({
          started_ms: firstMs + index * 60_000,
          model: index % 2 === 0 ? 'a' : 'b',
          duration_us: 1000 + index,
          ttft_us: null,
        }),
      );
    }
    const answer = askRollups(store, {
      filters: {},
      metrics: ['duration_us_p50', 'ttft_us_p50', 'calls'],
      groupBy: ['model'],
      fromMs: firstMs + 30 * 60_000,
      toMs: firstMs + 4 * hourMs,
      periods: null,
      rowCondition: matchingCalls({ fromMs: firstMs + 30 * 60_000, toMs: firstMs + 4 * hourMs }),
      exactCalls: 0,
    });
    expect(answer?.totals).toMatchObject({ calls: 170, ttft_us_p50: null });
    expect(answer?.rows).toMatchObject([
      { group_0: 'a', calls: 85 },
      { group_0: 'b', calls: 85 },
    ]);
    const median = Number(answer?.totals['duration_us_p50']);
    expect(Math.abs(median - 1114.5)).toBeLessThan(60);
  });
});
