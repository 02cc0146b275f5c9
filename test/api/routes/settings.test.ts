import { afterAll, beforeAll, expect, test } from 'vitest';
import { pricesSchema, retentionSchema, settingsSchema } from '../../../server/api/schemas/program.ts';
import type { EffectiveRate, Prices } from '../../../server/api/wire.ts';
import { recordedCall, serveRecorded, startMs, type Recorded } from '../recorded.ts';
import type { Served } from '../served.ts';

const api = '/-/api/v1';
const dayMs = 86_400_000;
const old = (days: number): Partial<Recorded['call']> => ({ started_ms: startMs - days * dayMs });

const recorded: Recorded[] = [
  { call: recordedCall(0, { model: 'claude-sonnet-4-5', cost_nano_usd: 1 }) },
  { call: recordedCall(1, { model: 'claude-sonnet-4-5', cost_nano_usd: 1, ...old(3) }), request: '{}' },
  { call: recordedCall(2, { model: 'claude-sonnet-4-5', cost_nano_usd: 2, ...old(40) }), request: '{}' },
  { call: recordedCall(3, { model: 'nobody-knows-7', cost_nano_usd: null }) },
  { call: recordedCall(4, { model: null, cost_nano_usd: null }) },
];

const priceFile = {
  'claude-sonnet-4-5': { effective_from: '2026-01-05', input_cost_per_token: 1.5e-6 },
  'gateway/*': [
    { output_cost_per_token: 2e-6, replace: true },
    { effective_from: '2027-01-01', output_cost_per_token: 3e-6 },
  ],
};

let served: Served;
beforeAll(async () => {
  served = await serveRecorded(recorded, {
    prices: { text: JSON.stringify(priceFile), name: 'prices.json' },
    retention: {
      policy: { bodiesMs: 2 * dayMs, callsMs: 30 * dayMs, storeBytes: null },
      doneMs: () => startMs - 1000,
    },
  });
});
afterAll(() => served.close());

function rateOf({ models }: Prices, model: string, key: string): EffectiveRate | undefined {
  return models.find((one) => one.model === model)?.rates.find((rate) => rate.key === key);
}

test('prices are those in effect, the user’s over the book’s, each with its source', async () => {
  const prices = pricesSchema.parse(await served.json(`${api}/prices`));
  expect(prices.models.map(({ model, calls, unpriced_calls }) => [model, calls, unpriced_calls])).toEqual([
    ['claude-sonnet-4-5', 3, 0],
    ['nobody-knows-7', 1, 1],
  ]);
  expect(rateOf(prices, 'claude-sonnet-4-5', 'input_cost_per_token')).toMatchObject({
    class: 'input',
    usd_per_unit: '0.0000015',
    source: 'override',
    effective_from: '2026-01-05',
  });
  expect(rateOf(prices, 'claude-sonnet-4-5', 'output_cost_per_token')).toMatchObject({ source: 'book' });
  expect(prices.models[1]?.rates).toEqual([]);
  expect(prices.book_version).toMatch(/^\d{4}-\d{2}-\d{2}\+prices\.json@/);
});

test('prices of another moment can be asked for', async () => {
  const prices = pricesSchema.parse(await served.json(`${api}/prices?at=2026-01-04`));
  expect(prices.at).toBe('2026-01-04T00:00:00.000Z');
  expect(rateOf(prices, 'claude-sonnet-4-5', 'input_cost_per_token')).not.toMatchObject({
    source: 'override',
  });
  expect(await served.ask(`${api}/prices?at=soon`)).toMatchObject({ status: 400 });
});

test('what the price file sets is told entry by entry', async () => {
  const { overrides } = pricesSchema.parse(await served.json(`${api}/prices`));
  expect(overrides).toMatchObject([
    { model: 'claude-sonnet-4-5', effective_from: '2026-01-05', replace: false },
    { model: 'gateway/*', effective_from: null, replace: true, rates: [{ usd_per_unit: '0.000002' }] },
    { model: 'gateway/*', effective_from: '2027-01-01', rates: [{ usd_per_unit: '0.000003' }] },
  ]);
});

test('retention tells the policy, what would go now, and what there is', async () => {
  expect(retentionSchema.parse(await served.json(`${api}/retention`))).toMatchObject({
    policy: { bodies_ms: 2 * dayMs, calls_ms: 30 * dayMs, store_bytes: null },
    plan: { calls: 1, bodies: 2, doubt: null },
    last_run_ms: startMs - 1000,
    sizes: { calls: 5, calls_with_bodies: 5 },
  });
});

test('settings are told as the program has them', async () => {
  expect(settingsSchema.parse(await served.json(`${api}/settings`))).toMatchObject({ data_dir: '/data' });
});
