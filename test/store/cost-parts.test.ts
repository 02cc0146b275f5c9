import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Metric } from '../../server/api/wire.ts';
import { costPartsOf } from '../../server/store/cost-parts.ts';
import { eachHour } from '../../server/store/inspect-rollups.ts';
import { reviseCost } from '../../server/store/revisions.ts';
import { askRollups } from '../../server/store/rollup-stats.ts';
import { readStats } from '../../server/store/stats.ts';
import type { WholeCall, Writer } from '../../server/store/write.ts';
import { sampleCall, sampleDetails, temporaryStore } from './temporary-store.ts';

const parts: readonly Metric[] = [
  'cost_input_nano_usd',
  'cost_output_nano_usd',
  'cost_cache_read_nano_usd',
  'cost_cache_write_5m_nano_usd',
  'cost_cache_write_1h_nano_usd',
  'cost_tools_nano_usd',
];

type Amounts = Readonly<Record<string, string>>;

function store(writer: Writer, columns: Partial<WholeCall>, amounts: Amounts | null): void {
  const { id, ...row } = sampleCall(columns);
  const lines =
    amounts &&
    Object.entries(amounts).map(([name, amount]) => ({
      class: name.replace(/ .*/, ''),
      amount_nano_usd: amount,
    }));
  const details = { ...sampleDetails, cost_lines: lines && JSON.stringify(lines) };
  writer.transaction(() => writer.finishCall(id, row, details, []));
}

function ask(of: ReturnType<typeof temporaryStore>['store'], groupBy: readonly string[] = []) {
  return readStats(of, {
    filters: {},
    metrics: parts,
    groupBy,
    bucket: null,
    tz: 'UTC',
    comparePrevious: false,
  });
}

test('the cost is split into what its lines were for, and the parts add up to it', () => {
  const { store: held, writer } = temporaryStore();
  const priced = (cost_nano_usd: number) => ({ cost_nano_usd, cost_source: 'computed' });
  store(writer, { ...priced(1025), model: 'a' }, { input: '1000.4', output: '20.1', 'output 2': '4.9' });
  store(
    writer,
    { ...priced(1018), model: 'a' },
    { input: '1000.6', cache_read: '7.7', cache_write_1h: '9.6' },
  );
  const estimated = { ...priced(13), cost_source: 'estimated' };
  store(writer, { ...estimated, model: 'b' }, { web_search: '10', container: '3' });
  expect(ask(held).totals).toEqual({
    cost_input_nano_usd: 2000,
    cost_output_nano_usd: 25,
    cost_cache_read_nano_usd: 8,
    cost_cache_write_5m_nano_usd: null,
    cost_cache_write_1h_nano_usd: 10,
    cost_tools_nano_usd: 13,
  });
  const [first, second] = ask(held, ['model']).rows;
  expect(first).toMatchObject({ model: 'a', cost_input_nano_usd: 2000, cost_tools_nano_usd: null });
  expect(second).toMatchObject({ model: 'b', cost_input_nano_usd: null, cost_tools_nano_usd: 13 });
});

test('whatever the lines are, what rounding leaves over is in one part', () => {
  const amount = fc.integer({ min: 0, max: 10 ** 9 });
  const classes = ['input', 'output', 'cache_read', 'cache_write_5m', 'cache_write_1h', 'web_search'];
  const lines = fc.array(fc.record({ class: fc.constantFrom(...classes), thousandths: amount }), {
    minLength: 1,
  });
  fc.assert(
    fc.property(lines, (some) => {
      const cost = Math.round(some.reduce((sum, { thousandths }) => sum + thousandths, 0) / 1000);
      const json = JSON.stringify(
        some.map(({ class: name, thousandths }) => ({
          class: name,
          amount_nano_usd: (thousandths / 1000).toFixed(3),
        })),
      );
      const parts = Object.values(costPartsOf({ cost_nano_usd: cost, cost_source: 'computed' }, json));
      expect(parts.reduce((sum: number, part) => sum + (part ?? 0), 0)).toBe(cost);
    }),
  );
});

test('parts come out of the sums by the hour, whatever endings and corrections there were', () => {
  const { store: held, writer } = temporaryStore();
  const priced = { id: 'one', cost_nano_usd: 25, cost_source: 'computed', started_ms: 3_600_000 };
  for (const amounts of [
    { input: '20', output: '5' },
    { input: '1', web_search: '24' },
  ]) {
    store(writer, priced, amounts);
  }
  const question = { filters: {}, metrics: parts, groupBy: ['model'], fromMs: 0, toMs: 4 * 3_600_000 };
  const rolled = () => askRollups(held, { ...question, periods: null, rowCondition: undefined })?.totals;
  expect(rolled()).toMatchObject({
    cost_input_nano_usd: 1,
    cost_output_nano_usd: null,
    cost_tools_nano_usd: 24,
  });
  const costLines = JSON.stringify([{ class: 'cache_read', amount_nano_usd: '7' }]);
  reviseCost(
    held,
    'one',
    {
      costNanoUsd: 7,
      costSource: 'computed',
      computedCostNanoUsd: 7,
      cacheSavedNanoUsd: null,
      cacheLostNanoUsd: null,
      costLines,
      notes: [],
      bookVersion: 'b',
    },
    { reason: 'because', nowMs: 1 },
  );
  expect(rolled()).toMatchObject({ cost_input_nano_usd: null, cost_cache_read_nano_usd: 7 });
  expect([...eachHour(held)].filter(({ problem }) => problem !== null)).toEqual([]);
  held.sqlite.exec('UPDATE rollups SET cost_cache_read_nano_usd = 8 WHERE cost_cache_read_nano_usd = 7');
  expect([...eachHour(held)].map(({ problem }) => problem)).toEqual([
    expect.stringContaining('cost_cache_read_nano_usd'),
  ]);
});

test('lines that are not the cost of their call are not counted', () => {
  const { store: held, writer } = temporaryStore();
  store(writer, { cost_nano_usd: 5, cost_source: 'reported' }, { input: '7' });
  store(writer, { cost_nano_usd: null, cost_source: null }, { input: '7' });
  store(writer, { cost_nano_usd: 0, cost_source: 'computed' }, null);
  expect(ask(held).totals['cost_input_nano_usd']).toBeNull();
});
