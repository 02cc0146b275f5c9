import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  callDetailSchema,
  callSchema,
  callsPageSchema,
  conversationSchema,
  eventsPageSchema,
  messageAnswerSchema,
} from '../../../server/api/schemas/call.ts';
import type { CallsPage } from '../../../server/api/wire.ts';
import { recordedCall, serveRecorded, startMs, type Recorded } from '../recorded.ts';
import type { Served } from '../served.ts';

const api = '/-/api/v1';

async function pageOf(query: string): Promise<CallsPage> {
  return callsPageSchema.parse(await served.json(`${api}/calls${query}`));
}

const request = {
  model: 'claude-opus-4-5',
  max_tokens: 10,
  system: [{ type: 'text', text: 'Be brief.', cache_control: { type: 'ephemeral' } }],
  messages: [{ role: 'user', content: 'Hello' }],
};
const message = {
  id: 'msg_1',
  type: 'message',
  role: 'assistant',
  model: 'claude-opus-4-5',
  content: [{ type: 'text', text: 'Hi' }],
  stop_reason: 'end_turn',
  usage: { input_tokens: 3, output_tokens: 1 },
};
const events = [
  { type: 'message_start', message: { ...message, content: [], stop_reason: null } },
  { type: 'content_block_start', index: 0, content_block: { type: 'text', text: '' } },
  { type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text: 'Hi' } },
  { type: 'content_block_stop', index: 0 },
  { type: 'message_delta', delta: { stop_reason: 'end_turn' }, usage: { output_tokens: 1 } },
  { type: 'message_stop' },
];
const frames = events.map((event) => `event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`);

const streamed: Recorded = {
  call: recordedCall(1, { user_id: 'few', stream: 1, message_state: 'complete', model: 'claude-opus-4-5' }),
  details: {
    request_headers: '["Content-Type","application/json"]',
    response_headers: '["content-type","text/event-stream; charset=utf-8"]',
  },
  request: JSON.stringify(request),
  response: frames,
};
const plain: Recorded = {
  call: recordedCall(2, {
    user_id: 'few',
    stream: 0,
    message_state: 'complete',
    tags: '{"env":"prod"}',
    cost_nano_usd: 4_200_000,
  }),
  details: {
    request_headers: '["Content-Type","application/json","X-Twice","a","x-twice","b"]',
    response_headers: '["content-type","application/json","x-odd","\\u0000"]',
    notes: '["something unusual"]',
  },
  request: JSON.stringify(request),
  response: [JSON.stringify(message)],
};
const bare: Recorded = {
  call: recordedCall(3, {
    user_id: 'few',
    bodies: 'metadata',
    state: 'failed',
    error_kind: 'dns',
    status: null,
  }),
};

const everyByte = Buffer.from(Array.from({ length: 1000 }, (_, index) => index % 256));
const binary: Recorded = {
  call: recordedCall(4),
  details: {
    response_headers: '["Content-Type","text/html; charset=\\u0001\\n☃x","Content-Encoding","gzip"]',
  },
  request: '<script>alert(1)</script>',
  response: [everyByte],
};
const firstOfMany = 10_000;
const many = Array.from({ length: 1100 }, (_, index) => ({
  call: recordedCall(firstOfMany + index, { user_id: 'many' }),
}));
const hostile: Recorded = {
  call: recordedCall(20_000, {
    user_id: 'hostile',
    preview: '=HYPERLINK("http://evil.example")',
    cost_nano_usd: 1,
    tags: '{"a":"b"}',
  }),
};

let served: Served;
beforeAll(async () => {
  served = await serveRecorded([streamed, plain, bare, binary, ...many, hostile]);
});
afterAll(() => served.close());

describe('the list', () => {
  test('is newest first, fifty at a time, and its pages hold every call once', async () => {
    const seen: string[] = [];
    const sizes: number[] = [];
    let cursor: string | null = null;
    const query = `?user=many&to=${startMs + (firstOfMany + 120) * 1000}`;
    do {
      const after: string = cursor === null ? '' : `&cursor=${encodeURIComponent(cursor)}`;
      const page = await pageOf(`${query}${after}`);
      seen.push(...page.items.map((call) => call.id));
      sizes.push(page.items.length);
      cursor = page.next_cursor;
    } while (cursor !== null);
    expect(sizes).toEqual([50, 50, 20]);
    expect(seen).toEqual(
      many
        .slice(0, 120)
        .map(({ call }) => call.id)
        .reverse(),
    );
  });

  test('takes a limit, times and filters', async () => {
    const idsOf = async (query: string) =>
      (await pageOf(`?user=few&${query}`)).items.map((call) => call.id.at(-1));
    expect(await idsOf('limit=2')).toEqual(['3', '2']);
    expect(await idsOf('limit=500')).toEqual(['3', '2', '1']);
    expect(await idsOf(`from=${startMs + 2000}`)).toEqual(['3', '2']);
    expect(await idsOf(`to=${encodeURIComponent(new Date(startMs + 2000).toISOString())}`)).toEqual(['1']);
    expect(await idsOf('from=1h')).toEqual(['3', '2', '1']);
    expect(await idsOf('state=failed&state=aborted')).toEqual(['3']);
    expect(await idsOf('stream=true')).toEqual(['1']);
    expect(await idsOf('tag=env=pr*')).toEqual(['2']);
    expect(await idsOf('min_cost=0.0042')).toEqual(['2']);
    expect(await idsOf('min_cost=0.004200001')).toEqual([]);
    expect(await idsOf('status=2xx&model=claude-*')).toEqual(['1']);
  });

  test('refuses a cursor that is not its own', async () => {
    const answer = await served.ask(`${api}/calls?cursor=abc`);
    expect([answer.status, JSON.parse(answer.text).type]).toEqual([400, 'urn:weir:problem:bad_cursor']);
  });

  test('is whole as CSV and NDJSON, over more than one page', async () => {
    const csv = await served.ask(`${api}/calls.csv?user=many&user=hostile`);
    expect(csv.headers['content-disposition']).toBe('attachment; filename="weir-calls.csv"');
    const lines = csv.text.split('\r\n');
    expect(lines).toHaveLength(1 + 1101 + 1);
    const expectedHead = Object.keys(callSchema.shape).map((name) => name.replace('_nano_usd', '_usd'));
    expect(lines[0]?.split(',')).toEqual(expectedHead);
    expect(lines[1]).toContain(',0.000000001,');
    expect(lines[1]).toContain(`"'=HYPERLINK(""http://evil.example"")"`);
    expect(lines[1]).toContain('"{""a"":""b""}"');
    const ndjson = await served.ask(
      `${api}/calls.ndjson?user=many&to=${startMs + (firstOfMany + 1000) * 1000}`,
    );
    const calls = ndjson.text
      .trimEnd()
      .split('\n')
      .map((line) => callSchema.parse(JSON.parse(line)));
    expect(new Set(calls.map((call) => call.id)).size).toBe(1000);
  });

  test('as CSV with a limit is one page, with the next cursor in a header', async () => {
    const first = await served.ask(`${api}/calls.ndjson?user=few&limit=2`);
    expect(first.text.trimEnd().split('\n')).toHaveLength(2);
    const cursor = String(first.headers['x-weir-next-cursor']);
    const second = await served.ask(
      `${api}/calls.ndjson?user=few&limit=2&cursor=${encodeURIComponent(cursor)}`,
    );
    expect(second.text.trimEnd().split('\n')).toHaveLength(1);
    expect(second.headers['x-weir-next-cursor']).toBeUndefined();
  });

  test('of nothing is empty in every form', async () => {
    expect(await pageOf('?user=nobody')).toEqual({ items: [], next_cursor: null });
    expect((await served.ask(`${api}/calls.csv?user=nobody`)).text.split('\r\n')).toHaveLength(2);
    const ndjson = await served.ask(`${api}/calls.ndjson?user=nobody`);
    expect([ndjson.status, ndjson.text]).toEqual([200, '']);
  });
});

describe('one call', () => {
  test('comes with headers, notes and neighbours', async () => {
    const detail = callDetailSchema.parse(await served.json(`${api}/calls/${plain.call.id}`));
    expect(detail).toMatchObject({
      id: plain.call.id,
      started_ms: startMs + 2000,
      started: new Date(startMs + 2000).toISOString(),
      tags: { env: 'prod' },
      cost_nano_usd: 4_200_000,
      input_tokens: null,
      request_headers: [
        ['Content-Type', 'application/json'],
        ['X-Twice', 'a'],
        ['x-twice', 'b'],
      ],
      notes: ['something unusual'],
      previous_id: bare.call.id,
      next_id: streamed.call.id,
    });
  });

  test('that is not there is 404, whatever is asked of it', async () => {
    const ids = ['0197c0de-0000-7000-8000-00000000dead', 'x', '..%2f..%2fetc', '%00', "a'b", 'x'.repeat(200)];
    for (const id of ids) {
      for (const part of [
        '',
        '/request',
        '/response',
        '/message',
        '/conversation',
        '/events',
        '/events.csv',
      ]) {
        const answer = await served.ask(`${api}/calls/${id}${part}`);
        expect([id, part, answer.status]).toEqual([id, part, 404]);
        expect(answer.headers['content-type']).toBe('application/problem+json');
      }
    }
    expect((await served.ask(`${api}/calls/%zz`)).status).toBe(400);
    expect(served.logged).toEqual([]);
  });
});

describe('a body', () => {
  test('is the exact bytes, never to be shown by a browser', async () => {
    const target = `${api}/calls/${binary.call.id}/response`;
    const answer = await served.ask(target);
    expect(answer.status).toBe(200);
    expect(answer.bytes.equals(everyByte)).toBe(true);
    expect(answer.headers).toMatchObject({
      'content-type': 'application/octet-stream',
      'content-disposition': `attachment; filename="${binary.call.id}-response.bin"`,
      'content-length': '1000',
      'x-weir-content-type': 'text/html; charset=x',
      'x-weir-content-encoding': 'gzip',
      'x-content-type-options': 'nosniff',
      'cache-control': 'no-store',
    });
    const head = await served.ask(target, { method: 'HEAD' });
    expect([head.status, head.headers['content-length'], head.text]).toEqual([200, '1000', '']);
    const sent = await served.ask(`${api}/calls/${binary.call.id}/request`);
    expect(sent.text).toBe('<script>alert(1)</script>');
    expect(sent.headers['x-weir-content-encoding']).toBeUndefined();
  });

  test('that was not kept is 404', async () => {
    const answer = await served.ask(`${api}/calls/${bare.call.id}/response`);
    expect(answer.status).toBe(404);
    expect(JSON.parse(answer.text).detail).toBe('There is no such call, or its response was not kept.');
  });
});

describe('what was said', () => {
  test('is the message, streamed or not', async () => {
    for (const { call } of [streamed, plain]) {
      const answer = messageAnswerSchema.parse(await served.json(`${api}/calls/${call.id}/message`));
      expect(answer).toMatchObject({
        message: { id: 'msg_1', content: [{ type: 'text', text: 'Hi' }], stop_reason: 'end_turn' },
        message_state: 'complete',
      });
    }
  });

  test('is the conversation, with the places where the cache was asked for', async () => {
    const conversation = conversationSchema.parse(
      await served.json(`${api}/calls/${plain.call.id}/conversation`),
    );
    expect(conversation.system).toEqual(request.system);
    expect(conversation.messages).toEqual(request.messages);
    expect(conversation.answer).toMatchObject({ id: 'msg_1' });
    expect(conversation.breakpoints.map(({ at }) => at)).toEqual(['system.0']);
  });

  test('is the events with their times, in pages, as CSV too', async () => {
    const target = `${api}/calls/${streamed.call.id}/events`;
    const all = eventsPageSchema.parse(await served.json(target));
    expect(all.next_cursor).toBeNull();
    expect(all.items.map(({ index, type, offset_us, bytes }) => ({ index, type, offset_us, bytes }))).toEqual(
      events.map(({ type }, index) => ({
        index,
        type,
        offset_us: 1000 * (index + 1),
        bytes: Buffer.byteLength(frames[index] ?? ''),
      })),
    );
    expect(all.items[2]).toMatchObject({ block: 0, data: events[2] });
    const first = eventsPageSchema.parse(await served.json(`${target}?limit=4`));
    const rest = eventsPageSchema.parse(
      await served.json(`${target}?limit=4&cursor=${encodeURIComponent(first.next_cursor ?? '')}`),
    );
    expect([...first.items, ...rest.items]).toEqual(all.items);
    const csv = (await served.ask(`${target}.csv`)).text.split('\r\n');
    expect(csv[0]).toBe('index,offset_us,type,block,data,bytes');
    expect(csv).toHaveLength(1 + events.length + 1);
  });
});
