import { afterEach, describe, expect, it } from 'vitest';
import { connectRaw } from '../support/client.ts';
import type { RawClient } from '../support/client.ts';
import { startProxy } from '../support/proxy.ts';
import type { TestProxy } from '../support/proxy.ts';
import { startUpstream } from '../support/upstream.ts';
import type { Script } from '../support/upstream.ts';

const open: { close(): Promise<void> }[] = [];
afterEach(async () => {
  for (const each of open.splice(0).reverse()) await each.close();
});

async function setUp(script: Script): Promise<{ proxy: TestProxy; client: RawClient }> {
  const upstream = await startUpstream(script);
  const proxy = await startProxy(upstream.url);
  const client = await connectRaw(proxy.port);
  open.push(upstream, proxy, { close: async () => client.leave() });
  return { proxy, client };
}

/** Messages are sent on bare connections, the rest through http-proxy-middleware: answers are the same on both ways. */
const WAYS = [
  ['messages', 'POST /v1/messages HTTP/1.1\r\nHost: w\r\nContent-Length: 2\r\n\r\n{}'],
  ['the rest', 'GET /x HTTP/1.1\r\nHost: w\r\n\r\n'],
] as const;

describe.each(WAYS)('%s', (_way, request) => {
  it('hands header lines on with their case, order, duplicates and bytes, and adds one', async () => {
    const lines = [
      'request-id: req_1',
      'Content-Type: application/json',
      'Set-Cookie: a=1',
      'X-Dup: 1',
      'SET-COOKIE: b=2',
      'x-dup: 2',
      'x-bytes: caf\u00c3\u00a9 \u00ff',
      'Content-Length: 2',
      'x-empty: ',
    ];
    const { client, proxy } = await setUp(
      (_seen, reply) => void reply.raw(`HTTP/1.1 200 Fine \u00e9\r\n${lines.join('\r\n')}\r\n\r\n{}`),
    );
    const text = await client.send(request).until((received) => received.endsWith('{}'));
    const id = proxy.sink.exchanges[0]?.open.id;
    expect(text).toBe(`HTTP/1.1 200 Fine \u00e9\r\n${lines.join('\r\n')}\r\nx-weir-call-id: ${id}\r\n\r\n{}`);
  });

  it('removes connection-level headers and those that Connection names', async () => {
    const { client } = await setUp(
      (_seen, reply) =>
        void reply.raw(
          'HTTP/1.1 200 OK\r\nConnection: X-Hop\r\nX-Hop: 1\r\nKeep-Alive: timeout=5\r\nUpgrade: h2c\r\nProxy-Authenticate: x\r\nx-weir-call-id: other\r\nContent-Length: 0\r\n\r\n',
        ),
    );
    const answer = await client.send(request).answer();
    expect(answer.rawHeaders.filter((_, i) => i % 2 === 0)).toEqual(['Content-Length', 'x-weir-call-id']);
    expect(answer.header('x-weir-call-id')).not.toBe('other');
  });

  it.each([
    ['an empty reason', '200 ', '200 '],
    ['an unknown status', '299 Something New', '299 Something New'],
    ['status 999', '999 Odd', '999 Odd'],
  ])('keeps %s', async (_name, sent, expected) => {
    const { client } = await setUp(
      (_seen, reply) => void reply.raw(`HTTP/1.1 ${sent}\r\nContent-Length: 0\r\n\r\n`),
    );
    expect((await client.send(request).answer()).statusLine).toBe(`HTTP/1.1 ${expected}`);
  });

  it('keeps chunked framing and trailers', async () => {
    const { client } = await setUp(
      (_seen, reply) =>
        void reply.raw(
          'HTTP/1.1 200 OK\r\nTrailer: X-Sum\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\nX-Sum: 3\r\nx-sum: 4\r\n\r\n',
        ),
    );
    const answer = await client.send(request).answer();
    expect(answer.rawHeaders.slice(0, 2)).toEqual(['Trailer', 'X-Sum']);
    expect(answer.header('transfer-encoding')).toBe('chunked');
    expect(answer.header('connection')).toBeUndefined();
    expect(answer.body.toString()).toBe('abc');
    expect(answer.rawTrailers).toEqual(['X-Sum', '3', 'x-sum', '4']);
  });

  it('relays interim answers as they come', async () => {
    const { client } = await setUp(
      (_seen, reply) =>
        void reply
          .raw('HTTP/1.1 103 Early Hints\r\nLink: </a>; rel=preload\r\nLink: </b>; rel=preload\r\n\r\n')
          .raw('HTTP/1.1 102 Processing\r\n\r\n')
          .raw('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n'),
    );
    const answer = await client.send(request).answer();
    expect(answer.interim).toEqual([
      'HTTP/1.1 103 Early Hints\r\nLink: </a>; rel=preload\r\nLink: </b>; rel=preload',
      'HTTP/1.1 102 Processing',
    ]);
  });

  it('hands on a head whose body is late, byte for byte', async () => {
    const head = 'HTTP/1.1 200 OK\r\nx-bytes: \u00e9\u00ff\r\nContent-Length: 2\r\n';
    const { client, proxy } = await setUp((_seen, reply) => void reply.raw(`${head}\r\n`));
    const text = await client.send(request).until((received) => received.endsWith('\r\n\r\n'));
    expect(text).toBe(`${head}x-weir-call-id: ${proxy.sink.exchanges[0]?.open.id}\r\n\r\n`);
  });

  it('hands each event on before the next one exists', async () => {
    const { client } = await setUp((seen, reply) => {
      reply.head(200, { 'content-type': 'text/event-stream' });
      seen.socket.on('data', () => undefined);
      steps.set('head', () => reply.chunk('data: 1\n\n'));
      steps.set('1', () => reply.chunk('data: 2\n\n'));
      steps.set('2', () => reply.end());
    });
    const steps = new Map<string, () => void>();
    await client.send(request).until((received) => received.endsWith('\r\n\r\n'));
    steps.get('head')?.();
    await client.until((received) => received.endsWith('9\r\ndata: 1\n\n\r\n'));
    steps.get('1')?.();
    await client.until((received) => received.endsWith('9\r\ndata: 2\n\n\r\n'));
    steps.get('2')?.();
    expect((await client.answer()).body.toString()).toBe('data: 1\n\ndata: 2\n\n');
  });
});

it('gives a client of HTTP/1.0 a chunked answer without chunks, and a broken one with a reset', async () => {
  const { client } = await setUp(
    (_seen, reply) => void reply.head(200, { trailer: 'x' }).chunk('abc').chunk('de').end(),
  );
  const answer = await client.send('GET / HTTP/1.0\r\n\r\n').answer();
  expect(answer.body.toString()).toBe('abcde');
  expect(answer.header('transfer-encoding')).toBeUndefined();

  const cut = await setUp((_seen, reply) => reply.head(200, {}).chunk('abc').fin());
  cut.client.send('GET / HTTP/1.0\r\n\r\n');
  expect(await cut.client.ended).toBe('reset');
});

it.each([
  ['HEAD', 'HTTP/1.1 200 OK\r\nContent-Length: 1234\r\n\r\n'],
  ['HEAD', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: x\r\n\r\n'],
  ['GET', 'HTTP/1.1 204 No Content\r\n\r\n'],
  ['GET', 'HTTP/1.1 304 Not Modified\r\nContent-Length: 77\r\nETag: "x"\r\n\r\n'],
  ['GET', 'HTTP/1.1 205 Reset Content\r\nContent-Length: 0\r\n\r\n'],
])('adds no body and no length to the answer to %s %j, and goes on', async (method, bytes) => {
  const { client, proxy } = await setUp((_seen, reply) => void reply.raw(bytes));
  const answer = await client.send(`${method} /x HTTP/1.1\r\nHost: w\r\n\r\n`).answer(method);
  expect(answer.header('content-length')).toBe(/Content-Length: (\d+)/.exec(bytes)?.[1]);
  expect(answer.header('transfer-encoding')).toBeUndefined();
  expect((await proxy.sink.ended(0)).end).toMatchObject({ state: 'completed', responseBytes: 0 });
  expect((await client.send(`${method} /x HTTP/1.1\r\nHost: w\r\n\r\n`).answer(method)).status).toBe(
    answer.status,
  );
});

it('lets the upstream decide about 100-continue', async () => {
  const { client } = await setUp(async (request, reply) => {
    if (request.target === '/refused') {
      reply.raw('HTTP/1.1 417 Expectation Failed\r\nContent-Length: 0\r\n\r\n');
      return;
    }
    reply.raw('HTTP/1.1 100 Continue\r\n\r\n');
    reply.json(200, { got: (await request.body).toString(), expected: request.header('expect') });
  });
  const head = 'POST /x HTTP/1.1\r\nHost: w\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\n';
  await client.send(head).until((received) => received === 'HTTP/1.1 100 Continue\r\n\r\n');
  const answer = await client.send('body').answer();
  expect(JSON.parse(answer.body.toString())).toEqual({ got: 'body', expected: '100-continue' });
  const refused = await client.send(head.replace('/x', '/refused')).answer();
  expect(refused).toMatchObject({ status: 417, interim: [] });
  expect(refused.header('connection')).toBe('close');
});

it('forwards an expectation that it does not know', async () => {
  const { client } = await setUp(
    (request, reply) => void reply.json(200, { expect: request.header('expect') }),
  );
  const answer = await client.send('GET /x HTTP/1.1\r\nHost: w\r\nExpect: the-best\r\n\r\n').answer();
  expect(answer.body.toString()).toBe('{"expect":"the-best"}');
});

it('answers pipelined requests in their order', async () => {
  const waiting = new Map<string, () => void>();
  const { client, proxy } = await setUp((request, reply) => {
    const answer = (): void => void reply.json(200, { target: request.target });
    if (request.target === '/3') {
      answer();
      for (const target of ['/2', '/1']) waiting.get(target)?.();
    } else waiting.set(request.target, answer);
  });
  client.send(['/1', '/2', '/3'].map((target) => `GET ${target} HTTP/1.1\r\nHost: w\r\n\r\n`).join(''));
  for (const target of ['/1', '/2', '/3'])
    expect((await client.answer()).body.toString()).toBe(JSON.stringify({ target }));
  expect(proxy.sink.exchanges).toHaveLength(3);
});
