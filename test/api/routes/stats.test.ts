import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { facetsSchema, statsSchema } from '../../../server/api/schemas/stats.ts';
import type { Stats } from '../../../server/api/wire.ts';
import { recordedCall, serveRecorded, startMs, type Recorded } from '../recorded.ts';
import type { Served } from '../served.ts';

const api = '/-/api/v1';
const hour = 3600;

const recorded: Recorded[] = [
  { call: recordedCall(0, { model: 'opus', cost_nano_usd: 1_000_000_000, input_tokens: 10, team: '=red' }) },
  { call: recordedCall(10, { model: 'opus', cost_nano_usd: 500_000_000, input_tokens: 5, team: '=red' }) },
  { call: recordedCall(hour, { model: 'haiku', cost_nano_usd: 1, input_tokens: null, status: 429 }) },
  { call: recordedCall(2 * hour, { model: 'haiku', cost_nano_usd: null, input_tokens: 7 }) },
];

let served: Served;
beforeAll(async () => {
  served = await serveRecorded(recorded);
});
afterAll(() => served.close());

async function statsOf(query: string): Promise<Stats> {
  return statsSchema.parse(await served.json(`${api}/stats?${query}`));
}

describe('stats', () => {
  test('without anything are totals of the usual metrics', async () => {
    const stats = await statsOf('');
    expect(stats).toMatchObject({ tz: 'UTC', bucket: null, group_by: [] });
    expect(stats.totals).toMatchObject({
      calls: 4,
      input_tokens: 22,
      output_tokens: null,
      cost_nano_usd: 1_500_000_001,
    });
    expect(Object.keys(stats.totals).sort()).toEqual([
      'calls',
      'cost_nano_usd',
      'errors',
      'estimated_cost_nano_usd',
      'input_tokens',
      'output_tokens',
      'unpriced_calls',
    ]);
  });

  test('take metrics and groups repeated or separated by commas', async () => {
    const byComma = await statsOf('metric=calls,cost_nano_usd&group_by=model,status');
    const repeated = await statsOf('metric=calls&metric=cost_nano_usd&group_by=model&group_by=status');
    expect(byComma).toEqual(repeated);
    expect(byComma.group_by).toEqual(['model', 'status']);
    expect(byComma.rows).toContainEqual({
      model: 'opus',
      status: 200,
      calls: 2,
      cost_nano_usd: 1_500_000_000,
    });
    expect(byComma.rows).toHaveLength(3);
  });

  test('are cut into slices that begin in the given zone', async () => {
    const range = `from=${startMs}&to=${startMs + 3 * hour * 1000}`;
    const stats = await statsOf(`${range}&bucket=hour&metric=calls&tz=Asia/Kathmandu`);
    expect(stats).toMatchObject({ tz: 'Asia/Kathmandu', bucket: 'hour', from_ms: startMs });
    // Kathmandu is 5:45 ahead, so its hours begin at a quarter past in UTC.
    expect(stats.rows.every((row) => Number(row.start_ms) % 3_600_000 === 15 * 60_000)).toBe(true);
    expect(stats.rows.reduce((sum, row) => sum + Number(row['calls']), 0)).toBe(4);
  });

  test('compare with the time just before', async () => {
    const range = `from=${startMs + hour * 1000}&to=${startMs + 2 * hour * 1000}`;
    const stats = await statsOf(`${range}&metric=calls&compare=previous`);
    expect([stats.totals, stats.previous?.totals]).toEqual([{ calls: 1 }, { calls: 2 }]);
  });

  test('are a table as CSV and NDJSON', async () => {
    const csv = await served.ask(`${api}/stats.csv?group_by=team,model&metric=calls,cost_nano_usd&team==red`);
    expect(csv.text).toBe("team,model,calls,cost_usd\r\n'=red,opus,2,1.5\r\n");
    const range = `from=${startMs + hour * 1000}&to=${startMs + 2 * hour * 1000}`;
    const compared = await served.ask(
      `${api}/stats.csv?${range}&metric=calls&group_by=model&compare=previous`,
    );
    expect(compared.text).toBe('period,model,calls\r\ncurrent,haiku,1\r\nprevious,opus,2\r\n');
    const ndjson = await served.ask(`${api}/stats.ndjson?group_by=model&metric=calls&model=opus`);
    expect(JSON.parse(ndjson.text)).toEqual({ model: 'opus', calls: 2 });
  });

  test('and a question that the store cannot understand says so', async () => {
    const answer = await served.ask(`${api}/stats?q=%22hello`);
    expect([answer.status, JSON.parse(answer.text).type]).toEqual([400, 'urn:weir:problem:bad_parameter']);
  });
});

describe('facets', () => {
  test('are the values of the filters with their counts', async () => {
    const facets = facetsSchema.parse(await served.json(`${api}/facets`));
    expect(facets['model']).toEqual(
      expect.arrayContaining([
        { value: 'opus', count: 2 },
        { value: 'haiku', count: 2 },
      ]),
    );
  });

  test('are a table as CSV and NDJSON', async () => {
    const csv = (await served.ask(`${api}/facets.csv?model=opus`)).text.split('\r\n');
    expect(csv[0]).toBe('filter,value,count');
    expect(csv).toContain("team,'=red,2");
    const ndjson = (await served.ask(`${api}/facets.ndjson?model=opus`)).text.trimEnd().split('\n');
    expect(ndjson.map((line) => JSON.parse(line))).toContainEqual({
      filter: 'team',
      value: '=red',
      count: 2,
    });
  });
});
