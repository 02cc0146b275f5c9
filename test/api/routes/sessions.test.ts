import { afterAll, beforeAll, expect, test } from 'vitest';
import { sessionDetailSchema, sessionsPageSchema } from '../../../server/api/schemas/sessions.ts';
import { recordedCall, serveRecorded, type Recorded } from '../recorded.ts';
import type { Served } from '../served.ts';

const api = '/-/api/v1';
const oddId = 'río / 100 % "x"?#';

const recorded: readonly Recorded[] = [
  {
    call: recordedCall(1, { session_id: 'one', user_id: 'ada', model: 'claude-a', cost_nano_usd: 1_500_000 }),
  },
  { call: recordedCall(2, { session_id: 'two', user_id: 'bob', preview: '=1+1' }) },
  { call: recordedCall(3, { session_id: 'one', model: 'claude-b', agent_id: 'a1', cost_nano_usd: 500_000 }) },
  { call: recordedCall(4, { session_id: oddId, input_tokens: 5 }) },
  { call: recordedCall(5) },
];
let served: Served;
beforeAll(async () => {
  served = await serveRecorded(recorded);
});
afterAll(() => served.close());

test('sessions come in pages, the one that began last first', async () => {
  const first = sessionsPageSchema.parse(await served.json(`${api}/sessions?limit=2`));
  expect(first.items.map((session) => session.session_id)).toEqual([oddId, 'two']);
  const rest = sessionsPageSchema.parse(
    await served.json(`${api}/sessions?limit=2&cursor=${first.next_cursor}`),
  );
  expect(rest).toMatchObject({
    items: [{ session_id: 'one', calls: 2, agents: 2, totals: { cost_nano_usd: 2_000_000 } }],
    next_cursor: null,
  });
});

test('filters of the API choose the calls', async () => {
  const page = sessionsPageSchema.parse(await served.json(`${api}/sessions?model=claude-b`));
  expect(page.items).toMatchObject([{ session_id: 'one', calls: 1, models: ['claude-b'] }]);
});

test('CSV has a column for each total and money in dollars, NDJSON the items themselves', async () => {
  const csv = await served.ask(`${api}/sessions.csv?session=one`);
  expect(csv.headers['content-type']).toContain('text/csv');
  const [head = '', line = ''] = csv.text.split('\r\n');
  const cells = Object.fromEntries(head.split(',').map((name, at) => [name, line.split(',')[at]]));
  expect(cells).toMatchObject({
    session_id: 'one',
    calls: '2',
    agents: '2',
    models: 'claude-a claude-b',
    cost_usd: '0.002',
    user_id: 'ada',
    input_tokens: '',
  });
  const ndjson = await served.ask(`${api}/sessions.ndjson`);
  const page = sessionsPageSchema.parse(await served.json(`${api}/sessions`));
  expect(
    ndjson.text
      .trimEnd()
      .split('\n')
      .map((each) => JSON.parse(each) as unknown),
  ).toEqual(page.items);
});

test('one session is served by its id, whatever characters the client chose', async () => {
  const detail = sessionDetailSchema.parse(await served.json(`${api}/sessions/${encodeURIComponent(oddId)}`));
  expect(detail).toMatchObject({ session_id: oddId, agents: [{ agent_id: null, depth: 0 }] });
  expect(detail.calls.map(({ context_tokens: tokens }) => tokens)).toEqual([5]);
});

test('the calls of a session come in pages of their own', async () => {
  const first = sessionDetailSchema.parse(await served.json(`${api}/sessions/one?limit=1`));
  const second = sessionDetailSchema.parse(
    await served.json(`${api}/sessions/one?limit=1&cursor=${first.next_cursor}`),
  );
  expect([...first.calls, ...second.calls].map(({ agent_id: agent }) => agent)).toEqual([null, 'a1']);
  expect(second).toMatchObject({ next_cursor: null, totals: { calls: 2 } });
});

test('a session that nobody had is 404, a cursor that nobody gave 400', async () => {
  expect((await served.ask(`${api}/sessions/three`)).status).toBe(404);
  expect((await served.ask(`${api}/sessions/one?cursor=x`)).status).toBe(400);
  expect((await served.ask(`${api}/sessions/one?user=ada`)).status).toBe(400);
});
