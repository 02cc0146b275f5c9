import { afterAll, beforeAll, expect, test } from 'vitest';
import { parquetReadObjects, parquetSchema, parquetMetadata } from 'hyparquet';
import { callsPageSchema } from '../../../server/api/schemas/call.ts';
import type { Call } from '../../../server/api/wire.ts';
import { recordedCall, serveRecorded, startMs } from '../recorded.ts';
import type { Served } from '../served.ts';

const api = '/-/api/v1';
const mostNano = Number.MAX_SAFE_INTEGER;

const recorded = Array.from({ length: 1234 }, (_, index) => ({
  call: recordedCall(index, {
    user_id: index % 3 === 0 ? 'ada' : null,
    model: index % 2 === 0 ? 'claude-a' : null,
    cost_nano_usd: index === 7 ? mostNano : index % 5 === 0 ? null : index * 1001,
    tags: index === 3 ? '{"project":"río"}' : null,
    preview: index === 4 ? 'zeile\nmit "Wörtern" 🌊' : null,
    stream: index % 2,
    ended_ms: index === 5 ? null : startMs + index,
  }),
}));
let served: Served;
let calls: Call[];
beforeAll(async () => {
  served = await serveRecorded(recorded);
  calls = [];
  for (let cursor: string | null = ''; cursor !== null;) {
    const query = `limit=500${cursor === '' ? '' : `&cursor=${cursor}`}`;
    const page = callsPageSchema.parse(await served.json(`${api}/calls?${query}`));
    calls.push(...page.items);
    cursor = page.next_cursor;
  }
});
afterAll(() => served.close());

function bufferOf(bytes: Buffer): ArrayBuffer {
  return new Uint8Array(bytes).buffer;
}

test('Parquet holds every call in order, whole numbers exactly, the unknown as null', async () => {
  const answer = await served.ask(`${api}/export?format=parquet`);
  expect(answer.headers).toMatchObject({
    'content-type': 'application/vnd.apache.parquet',
    'content-disposition': 'attachment; filename="weir-calls.parquet"',
  });
  const rows = await parquetReadObjects({ file: bufferOf(answer.bytes) });
  const told = rows.map((row) =>
    Object.fromEntries(
      Object.entries(row).map(([name, value]) => [
        name,
        value instanceof Date
          ? value.toISOString()
          : typeof value === 'bigint'
            ? Number(value)
            : (value ?? null),
      ]),
    ),
  );
  expect(told).toEqual(calls);
  expect(rows.find((row) => row['cost_nano_usd'] === BigInt(mostNano))).toBeDefined();
});

test('Parquet columns have types that readers understand', async () => {
  const { bytes } = await served.ask(`${api}/export?format=parquet&user=nobody`);
  const { children } = parquetSchema(parquetMetadata(bufferOf(bytes)));
  const types = Object.fromEntries(
    children.map(({ element }) => [element.name, element.converted_type ?? element.type]),
  );
  expect(types).toMatchObject({
    id: 'UTF8',
    cost_nano_usd: 'INT64',
    started: 'TIMESTAMP_MILLIS',
    started_ms: 'INT64',
    tags: 'JSON',
    demo: 'INT32',
    preview: 'UTF8',
  });
  expect(await parquetReadObjects({ file: bufferOf(bytes) })).toEqual([]);
});

test('filters choose what is exported, in every format alike', async () => {
  const wanted = calls.filter((call) => call.user_id === 'ada').map((call) => call.id);
  const csv = await served.ask(`${api}/export?format=csv&user=ada`);
  const ndjson = await served.ask(`${api}/export?format=ndjson&user=ada`);
  const parquet = await served.ask(`${api}/export?format=parquet&user=ada`);
  const lines = csv.text.trimEnd().split('\r\n').slice(1);
  expect(lines.map((line) => line.split(',')[0])).toEqual(wanted);
  const items = ndjson.text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Call);
  expect(items).toEqual(calls.filter((call) => call.user_id === 'ada'));
  const rows = await parquetReadObjects({ file: bufferOf(parquet.bytes), columns: ['id'] });
  expect(rows.map((row) => row['id'])).toEqual(wanted);
});

test('a reader that leaves in the middle ends the export, and the next one is served', async () => {
  const incoming = await served.start(`${api}/export?format=parquet`);
  incoming.destroy();
  const { bytes } = await served.ask(`${api}/export?format=parquet&user=ada`);
  expect(bytes.subarray(-4).toString()).toBe('PAR1');
});

test('a format must be named, and be one of the three', async () => {
  for (const query of ['', '?format=xlsx']) {
    const answer = await served.ask(`${api}/export${query}`);
    expect(answer.status).toBe(400);
    expect(answer.text).toContain('must be one of csv, ndjson, parquet');
  }
});
