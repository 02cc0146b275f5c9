import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Bucket, Metric, StatsRow } from '../../server/api/wire.ts';
import { BadQuestion } from '../../server/store/errors.ts';
import type { Filters } from '../../server/store/filters.ts';
import type { Store } from '../../server/store/open.ts';
import { readStats, type StatsRequest } from '../../server/store/stats.ts';
import type { WholeCall } from '../../server/store/write.ts';
import { bruteForce } from './brute-force.ts';
import { sampleCall, storeCalls, temporaryStore } from './temporary-store.ts';

const everyMetric = Object.keys(bruteForce([])) as Metric[];
const at = (text: string): number => Date.parse(text);

function ask(store: Store, request: Partial<StatsRequest> = {}) {
  return readStats(store, {
    filters: {},
    metrics: everyMetric,
    groupBy: [],
    bucket: null,
    tz: 'UTC',
    comparePrevious: false,
    ...request,
  });
}

function figures(row: Readonly<Record<string, unknown>> | undefined): Record<string, unknown> {
  return Object.fromEntries(everyMetric.map((metric) => [metric, row?.[metric]]));
}

/** As `bruteForce`, to a few digits where it is a quotient. */
function expected(calls: readonly WholeCall[]): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(bruteForce(calls)).map(([metric, value]) => [
      metric,
      value !== null && !Number.isInteger(value) ? (expect.closeTo(value, 9) as unknown) : value,
    ]),
  );
}

const maybe = (max: number) => fc.oneof(fc.nat(max), fc.constant(null), fc.constant(0));

/** Random calls between two moments; the seed is fixed so that a failure can be seen again. */
function randomCalls(fromMs: number, toMs: number, count = 300): WholeCall[] {
  const columns = fc.record({
    started_ms: fc.integer({ min: fromMs, max: toMs - 1 }),
    state: fc.constantFrom('completed', 'completed', 'completed', 'failed', 'aborted', 'open'),
    status: fc.constantFrom(200, 200, 200, 400, 529, null),
    message_state: fc.constantFrom('complete', 'error_event', null),
    model: fc.constantFrom('claude-a', 'claude-b', null),
    user_id: fc.constantFrom('ada', 'bob', null),
    tags: fc.constantFrom('{"feature":"search"}', '{"feature":"chat","n":1}', '{"feature":', null),
    cost_source: fc.constantFrom('computed', 'estimated', null),
    input_tokens: maybe(5000),
    output_tokens: maybe(3000),
    thinking_tokens: maybe(500),
    cache_read_tokens: maybe(90_000),
    cache_write_5m_tokens: maybe(9000),
    cache_write_1h_tokens: maybe(9000),
    web_search_requests: maybe(3),
    cost_nano_usd: maybe(2_000_000_000),
    reported_cost_nano_usd: maybe(2_000_000_000),
    cache_saved_nano_usd: fc.oneof(fc.integer({ min: -1e6, max: 1e9 }), fc.constant(null)),
    cache_miss_cause: fc.constantFrom(null, null, 'tools_changed'),
    cache_lost_tokens: maybe(90_000),
    cache_lost_nano_usd: maybe(1e9),
    ttfb_us: maybe(3_000_000),
    ttft_us: maybe(3_000_000),
    duration_us: maybe(90_000_000),
    replay_of: fc.constantFrom(null, null, null, 'another'),
  });
  return fc.sample(columns, { numRuns: count, seed: 20_260 }).map((each) => sampleCall(each));
}

/** What a wall clock in the zone shows, down to the bucket; two hours of the same name differ by their offset. */
function clockKey(bucket: Bucket, tz: string, ms: number): string {
  const name = (options: Intl.DateTimeFormatOptions): string =>
    new Intl.DateTimeFormat('en-CA', { timeZone: tz, hourCycle: 'h23', ...options }).format(ms);
  const day = { year: 'numeric', month: '2-digit', day: '2-digit' } as const;
  switch (bucket) {
    case 'minute':
      return name({ ...day, hour: '2-digit', minute: '2-digit', timeZoneName: 'longOffset' });
    case 'hour':
      return name({ ...day, hour: '2-digit', timeZoneName: 'longOffset' });
    case 'day':
      return name(day);
    case 'week': {
      const days = Math.floor(at(`${name(day)}T00:00Z`) / 86_400_000);
      // 1970-01-05 was a Monday.
      return String(Math.floor((days - 4) / 7));
    }
    case 'month':
      return name({ year: 'numeric', month: '2-digit' });
    default:
      return bucket satisfies never;
  }
}

function groupCalls(
  calls: readonly WholeCall[],
  keyOf: (call: WholeCall) => string,
): Map<string, WholeCall[]> {
  return Map.groupBy(calls, keyOf);
}

describe('readStats equals a sum over the rows', () => {
  const ranges = [
    ['Europe/Berlin', '2026-03-27T05:00Z', '2026-03-31T17:00Z'],
    ['Europe/Berlin', '2026-10-23T05:00Z', '2026-10-27T17:00Z'],
    ['America/New_York', '2026-03-06T05:00Z', '2026-03-10T17:00Z'],
    ['America/New_York', '2026-10-30T05:00Z', '2026-11-03T17:00Z'],
    ['Asia/Kathmandu', '2026-01-29T05:00Z', '2026-02-03T17:00Z'],
  ] as const;

  test.for(ranges)('in %s from %s, for every bucket, over a change of the clocks', ([tz, from, to]) => {
    const { store, writer } = temporaryStore();
    const calls = randomCalls(at(from), at(to));
    storeCalls(writer, calls);
    const counted = calls.filter((call) => call.replay_of === null);
    for (const bucket of ['minute', 'hour', 'day', 'week', 'month'] as const) {
      const stats = ask(store, { bucket, tz, filters: { fromMs: at(from), toMs: at(to) } });
      const byClock = groupCalls(counted, (call) => clockKey(bucket, tz, call.started_ms));
      const withCalls = stats.rows.filter((row) => row['calls'] !== 0);
      expect(withCalls.length).toBe(byClock.size);
      for (const row of withCalls) {
        const mine = byClock.get(clockKey(bucket, tz, Number(row.start_ms))) ?? [];
        expect(figures(row), `${bucket} ${row.start}`).toEqual(expected(mine));
      }
      expect(figures(stats.totals)).toEqual(expected(counted));
    }
  });

  test('by groups and slices together, tags and the unknown included', () => {
    const { store, writer } = temporaryStore();
    const [from, to] = [at('2026-10-23T05:00Z'), at('2026-10-27T17:00Z')];
    const calls = randomCalls(from, to);
    storeCalls(writer, calls);
    const counted = calls.filter((call) => call.replay_of === null);
    const feature = (call: WholeCall): string | null =>
      call.tags?.includes('search') ? 'search' : call.tags?.includes('chat') ? 'chat' : null;
    const stats = ask(store, {
      bucket: 'day',
      tz: 'Europe/Berlin',
      groupBy: ['model', 'status', 'tag:feature'],
    });
    const key = (day: string, ...parts: unknown[]): string => JSON.stringify([day, ...parts]);
    const byKey = groupCalls(counted, (call) =>
      key(clockKey('day', 'Europe/Berlin', call.started_ms), call.model, call.status, feature(call)),
    );
    expect(stats.rows.length).toBe(byKey.size);
    for (const row of stats.rows) {
      const day = clockKey('day', 'Europe/Berlin', Number(row.start_ms));
      const mine = byKey.get(key(day, row['model'], row['status'], row['tag:feature'])) ?? [];
      expect(figures(row)).toEqual(expected(mine));
    }
  });

  test('by groups alone the largest comes first and rows have no start', () => {
    const { store, writer } = temporaryStore();
    const calls = randomCalls(0, 1e9);
    storeCalls(writer, calls);
    const stats = ask(store, { groupBy: ['user_id'] });
    const counts = stats.rows.map((row) => Number(row['calls']));
    expect(counts).toEqual([...counts].sort((a, b) => b - a));
    expect(new Set(stats.rows.map((row) => row['user_id']))).toEqual(new Set(['ada', 'bob', null]));
    expect(stats.rows[0]).not.toHaveProperty('start');
  });

  test('filters narrow it, and replays count only when they are asked for', () => {
    const { store, writer } = temporaryStore();
    const calls = randomCalls(0, 1e9);
    storeCalls(writer, calls);
    const totals = (filters: Filters): unknown => ask(store, { filters, metrics: ['calls'] }).totals['calls'];
    const count = (keep: (call: WholeCall) => boolean): number => calls.filter(keep).length;
    expect(totals({ user: ['ada'] })).toBe(
      count((call) => call.user_id === 'ada' && call.replay_of === null),
    );
    expect(totals({ replay: true })).toBe(count((call) => call.replay_of !== null));
    expect(totals({ replay: false })).toBe(count((call) => call.replay_of === null));
  });
});

describe('readStats', () => {
  test('slices without calls have a row without groups, with zero calls and unknown sums', () => {
    const { store, writer } = temporaryStore();
    storeCalls(writer, [
      sampleCall({ started_ms: at('2026-05-01T10:00Z'), output_tokens: 1 }),
      sampleCall({ started_ms: at('2026-05-03T10:00Z'), output_tokens: 0 }),
    ]);
    const stats = ask(store, { bucket: 'day', metrics: ['calls', 'output_tokens', 'errors'] });
    expect(stats.rows).toEqual([
      {
        start_ms: at('2026-05-01T00:00Z'),
        start: '2026-05-01T00:00:00.000Z',
        calls: 1,
        output_tokens: 1,
        errors: 0,
      },
      {
        start_ms: at('2026-05-02T00:00Z'),
        start: '2026-05-02T00:00:00.000Z',
        calls: 0,
        output_tokens: null,
        errors: 0,
      },
      {
        start_ms: at('2026-05-03T00:00Z'),
        start: '2026-05-03T00:00:00.000Z',
        calls: 1,
        output_tokens: 0,
        errors: 0,
      },
    ]);
  });

  test('previous is the same length just before, cut into the same buckets', () => {
    const { store, writer } = temporaryStore();
    const hour = 3_600_000;
    storeCalls(
      writer,
      [1, 5, 9, 10, 11, 19, 20].map((offset) => sampleCall({ started_ms: 1000 * hour + offset * hour })),
    );
    const filters = { fromMs: 1010 * hour, toMs: 1020 * hour };
    const stats = ask(store, { filters, bucket: 'auto', metrics: ['calls'], comparePrevious: true });
    expect(stats).toMatchObject({
      bucket: 'hour',
      from_ms: filters.fromMs,
      to_ms: filters.toMs,
      totals: { calls: 3 },
    });
    expect(stats.previous?.totals).toEqual({ calls: 3 });
    const starts = (rows: readonly StatsRow[]): unknown[] =>
      rows.filter((row) => row['calls'] !== 0).map((row) => Number(row.start_ms) / hour - 1000);
    expect(starts(stats.previous?.rows ?? [])).toEqual([1, 5, 9]);
    expect(starts(stats.rows)).toEqual([10, 11, 19]);
  });

  test('without from and to the range is that of the calls that pass the filters', () => {
    const { store, writer } = temporaryStore();
    storeCalls(writer, [
      sampleCall({ started_ms: 5, team: 'a' }),
      sampleCall({ started_ms: 70_000, team: 'a' }),
      sampleCall({ started_ms: 9e9, team: 'b' }),
    ]);
    expect(ask(store, { filters: { team: ['a'] } })).toMatchObject({ from_ms: 5, to_ms: 70_001 });
    expect(ask(store, { filters: { team: ['a'], fromMs: 6 } })).toMatchObject({ from_ms: 6, to_ms: 70_001 });
  });

  test('an empty store has no rows, no range, and knows no sums', () => {
    const { store } = temporaryStore();
    const stats = ask(store, { bucket: 'auto', comparePrevious: true });
    expect(stats).toMatchObject({ from_ms: null, to_ms: null, rows: [] });
    expect(stats).not.toHaveProperty('previous');
    expect(figures(stats.totals)).toEqual(expected([]));
  });

  test('sums beyond what an integer of the database holds do not fail', () => {
    const { store, writer } = temporaryStore();
    const huge = {
      cost_nano_usd: Number.MAX_SAFE_INTEGER,
      output_tokens: Number.MAX_SAFE_INTEGER,
      ttft_us: 0,
      duration_us: 1,
    };
    storeCalls(
      writer,
      Array.from({ length: 1100 }, () => sampleCall(huge)),
    );
    const { cost_nano_usd: cost, output_tokens_per_second: rate } = ask(store).totals;
    expect((cost ?? 0) / Number.MAX_SAFE_INTEGER).toBeCloseTo(1100, 9);
    expect((rate ?? 0) / Number.MAX_SAFE_INTEGER).toBeCloseTo(1e6, 3);
  });

  test('what it does not know is a bad question', () => {
    const { store } = temporaryStore();
    expect(() => ask(store, { groupBy: ['preview'] })).toThrow(BadQuestion);
    expect(() => ask(store, { groupBy: ['__proto__'] })).toThrow(BadQuestion);
    expect(() => ask(store, { groupBy: ['tag:'] })).toThrow(BadQuestion);
    expect(() => ask(store, { metrics: ['toString' as Metric] })).toThrow(BadQuestion);
    expect(() => ask(store, { bucket: 'day', tz: "UTC'" })).toThrow(BadQuestion);
    expect(() => ask(store, { bucket: 'minute', filters: { fromMs: 0, toMs: 1e12 } })).toThrow(BadQuestion);
  });
});
