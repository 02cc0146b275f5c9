import http from 'node:http';
import express from 'express';
import { afterEach, expect, it, vi } from 'vitest';
import { createServerClasses } from '../../server/proxy/server.ts';
import { connectRaw } from '../support/client.ts';
import { createMemorySink } from '../support/memory-sink.ts';
import { startProxy } from '../support/proxy.ts';
import type { TestProxy } from '../support/proxy.ts';
import { startUpstream } from '../support/upstream.ts';
import type { Script, Upstream } from '../support/upstream.ts';

const open: { close(): Promise<void> }[] = [];
afterEach(async () => {
  for (const each of open.splice(0).reverse()) await each.close();
});

async function setUp(
  script: Script,
  options: Parameters<typeof startProxy>[1] = {},
): Promise<{ upstream: Upstream; proxy: TestProxy }> {
  const upstream = await startUpstream(script);
  const proxy = await startProxy(upstream.url, options);
  open.push(upstream, proxy);
  return { upstream, proxy };
}

const POST = 'POST /v1/messages HTTP/1.1\r\nHost: w\r\nContent-Length: 2\r\n\r\n{}';
const STREAM = { 'content-type': 'text/event-stream' };

it('opens the record before the upstream has a byte, and masks what it keeps', async () => {
  const key = 'sk-ant-api03-abcdefghijklmnopqrstuvwxyz';
  const { proxy, upstream } = await setUp((request, reply) => {
    expect(proxy.sink.exchanges).toHaveLength(1);
    reply.json(200, {}, { 'set-cookie': 'session=secret', 'anthropic-ratelimit-tokens-remaining': '7' });
    expect(request.header('x-api-key')).toBe(key);
  });
  const client = await connectRaw(proxy.port);
  const answer = await client
    .send(
      `GET /v1/models?api_key=${key}&limit=1 HTTP/1.1\r\nHost: w\r\nx-api-key: ${key}\r\nAuthorization: Bearer ${key}\r\n` +
        'Cookie: c=secret\r\nX-Weir-Team: red\r\nX-Weir-Session: s1\r\nX-Weir-Tags: env=ci, a=b\r\n\r\n',
    )
    .answer();
  const kept = await proxy.sink.ended(0);
  expect(answer.header('x-weir-call-id')).toBe(kept.open.id);
  expect(answer.header('set-cookie')).toBe('session=secret');
  expect(JSON.stringify(kept.open) + JSON.stringify(kept.head)).not.toMatch(/sk-ant|secret/);
  expect(kept.open).toMatchObject({
    query: 'api_key=***&limit=1',
    attribution: {
      team: 'red',
      sessionId: 's1',
      tags: { env: 'ci', a: 'b' },
      keyHint: 'wxyz',
      keyId: expect.stringMatching(/^k_[0-9a-f]{16}$/),
    },
  });
  expect(kept.head?.responseHeaders).toContain('7');
  expect(upstream.requests[0]?.target).toBe(`/v1/models?api_key=${key}&limit=1`);
  client.leave();
});

it.each([
  ['/api/event_logging/batch', 'POST', 'metadata'],
  ['/api/event_logging/v2/batch', 'POST', 'metadata'],
  ['/v1/messages', 'TRACE', 'metadata'],
  ['/api/event_loggings', 'GET', 'full'],
])('records %s by %s as %s', async (path, method, bodies) => {
  const { proxy } = await setUp((_request, reply) => void reply.json(200, {}));
  const client = await connectRaw(proxy.port);
  await client.send(`${method} ${path} HTTP/1.1\r\nHost: w\r\n\r\n`).answer();
  expect(proxy.sink.exchanges[0]?.open.bodies).toBe(bodies);
  client.leave();
});

it('reads the answer on for the record when the client has left and draining is asked for', async () => {
  const steps = new Map<string, () => void>();
  const { proxy } = await setUp(
    (_request, reply) => {
      reply.head(200, STREAM).chunk('data: 1\n\n');
      steps.set('go on', () => reply.chunk('data: 2\n\n').end());
    },
    { onClientAbort: 'drain' },
  );
  const client = await connectRaw(proxy.port);
  await client.send(POST).until((received) => received.includes('data: 1'));
  client.reset();
  await vi.waitUntil(async () => (await connectionCount(proxy.server)) === 0);
  expect(proxy.forwarder.activeCalls()).toBe(1);
  steps.get('go on')?.();
  const { end, response } = await proxy.sink.ended(0);
  expect(end).toMatchObject({ state: 'aborted', errorKind: 'client_abort' });
  expect(Buffer.concat(response).toString()).toBe('data: 1\n\ndata: 2\n\n');
});

it('cancels the upstream at once when the client leaves', async () => {
  const { proxy, upstream } = await setUp(
    (_request, reply) => void reply.head(200, STREAM).chunk('data: 1\n\n'),
  );
  const client = await connectRaw(proxy.port);
  await client.send(POST).until((received) => received.includes('data: 1'));
  const [socket] = upstream.sockets;
  const closed = new Promise((resolve) => socket?.once('close', resolve));
  client.reset();
  await closed;
  expect((await proxy.sink.ended(0)).end).toMatchObject({ state: 'aborted', errorKind: 'client_abort' });
});

it('refuses new calls while it shuts down, lets running ones finish, and interrupts the rest', async () => {
  const finish = new Map<string, () => void>();
  const { proxy } = await setUp((request, reply) => {
    reply.head(200, STREAM).chunk('data: 1\n\n');
    finish.set(request.target, () => reply.end());
  });
  const [quick, slow, late] = await Promise.all([
    connectRaw(proxy.port),
    connectRaw(proxy.port),
    connectRaw(proxy.port),
  ]);
  await quick.send(POST.replace('/v1/messages', '/quick')).until((received) => received.includes('data: 1'));
  await slow.send(POST.replace('/v1/messages', '/slow')).until((received) => received.includes('data: 1'));
  const drained = proxy.forwarder.drain(300);
  const refused = await late.send(POST).answer();
  expect(refused.status).toBe(503);
  expect(refused.header('x-weir-error')).toBe('shutting_down');
  expect(refused.header('retry-after')).toMatch(/^\d+$/);
  expect(JSON.parse(refused.body.toString())).toMatchObject({ error: { type: 'overloaded_error' } });
  finish.get('/quick')?.();
  expect((await quick.answer()).body.toString()).toBe('data: 1\n\n');
  await drained;
  await slow.ended;
  expect((await proxy.sink.ended(0)).end.state).toBe('completed');
  expect((await proxy.sink.ended(1)).end).toMatchObject({ state: 'interrupted', errorKind: 'shutdown' });
  expect(proxy.refused).toEqual(['shutting_down']);
});

it('gives an early answer to a client whose upstream stops reading', async () => {
  const { proxy } = await setUp((_request, reply) => {
    reply.json(413, { type: 'error' }, { connection: 'close' }).fin();
  });
  const client = await connectRaw(proxy.port);
  client.send('POST /v1/messages HTTP/1.1\r\nHost: w\r\nContent-Length: 20000000\r\n\r\n');
  const piece = 'x'.repeat(1_000_000);
  for (let i = 0; i < 20; i += 1) client.send(piece);
  expect((await client.answer()).status).toBe(413);
  expect((await proxy.sink.ended(0)).end).toMatchObject({ state: 'completed', requestComplete: false });
  client.leave();
});

it.each(['fin', 'destroySoon'] as const)(
  'hands on an early 413 of an upstream that closes by %s with the upload unread',
  async (how) => {
    const { proxy } = await setUp((request, reply) => {
      reply.json(413, { type: 'error' }, { connection: 'close' });
      if (how === 'fin') reply.fin();
      else request.socket.destroySoon();
    });
    let early = 0;
    for (let round = 0; round < 20; round += 1) {
      const client = await connectRaw(proxy.port);
      client
        .send('POST /v1/messages HTTP/1.1\r\nHost: w\r\nContent-Length: 4000000\r\n\r\n')
        .send('x'.repeat(3_999_999));
      const answer = await client.answer();
      if (answer.status === 413) early += 1;
      client.leave();
    }
    expect(early).toBe(20);
  },
);

it.each(['upstream_reset', 'ttfb_timeout'])(
  'answers %s to a client that reads only when it has sent all',
  async (kind) => {
    const { proxy } = await setUp(
      (request, reply) => {
        if (kind === 'upstream_reset') reply.reset();
        else request.socket.pause();
      },
      { timeouts: { connectMs: 5000, firstByteMs: 100, idleMs: 5000 } },
    );
    const client = await connectRaw(proxy.port);
    client.socket.pause();
    const body = 'x'.repeat(30_000_000);
    const sent = new Promise((resolve) => client.socket.once('drain', resolve));
    client.send(`POST /v1/messages HTTP/1.1\r\nHost: w\r\nContent-Length: ${body.length}\r\n\r\n`).send(body);
    await sent;
    client.socket.resume();
    expect((await client.answer()).header('x-weir-error')).toBe(kind);
    expect((await client.send(POST).answer()).header('x-weir-error')).toBe(kind);
    client.leave();
  },
);

it('gives up on a body that only trickles in, but not on one that waits for the upstream', async () => {
  let nowUs = 0;
  // Only the interval at which uploads are looked at.
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
  const clock = { now: () => Date.now(), monotonicUs: () => nowUs };
  const { proxy, upstream } = await setUp(() => undefined, { clock });
  const look = (): void => {
    nowUs += 31_000_000;
    vi.advanceTimersByTime(10_000);
  };
  const [slow, waiting] = await Promise.all([connectRaw(proxy.port), connectRaw(proxy.port)]);
  waiting.send('POST /a HTTP/1.1\r\nHost: w\r\nContent-Length: 9\r\nExpect: 100-continue\r\n\r\n');
  await upstream.request(0);
  slow.send('POST /b HTTP/1.1\r\nHost: w\r\nContent-Length: 9999\r\n\r\nx');
  const request = await upstream.request(1);
  look();
  slow.send('y');
  await vi.waitUntil(() => request.receivedBytes() === 2);
  expect(proxy.forwarder.activeCalls()).toBe(2);
  look();
  expect((await slow.answer()).status).toBe(408);
  expect((await proxy.sink.ended(1)).end).toMatchObject({
    state: 'aborted',
    errorKind: 'client_abort_upload',
  });
  expect(proxy.forwarder.activeCalls()).toBe(1);
  vi.useRealTimers();
  slow.leave();
  waiting.leave();
});

it.each([POST, POST.replace('/v1/messages', '/v1/models')])(
  'tells for how long a call was in its own hands, the time of the upstream left out',
  async (request) => {
    let atUs = 0;
    const held: number[] = [];
    const sink = createMemorySink();
    const { proxy } = await setUp(
      (_request, reply) => {
        atUs += 1_000_000;
        reply.json(200, {});
      },
      {
        clock: { now: () => 0, monotonicUs: () => atUs },
        sink: {
          open(open) {
            atUs += 700;
            return sink.open(open);
          },
        },
        onAnswered: (overheadUs) => held.push(overheadUs),
      },
    );
    const client = await connectRaw(proxy.port);
    await client.send(request).answer();
    expect(held).toEqual([700]);
    expect((await sink.ended(0)).end.durationUs).toBe(1_000_700);
    client.leave();
  },
);

it('makes requests and responses with the prototypes that Express would give them', async () => {
  const app = express();
  const { IncomingMessage, ServerResponse } = createServerClasses(app);
  let isSame = false;
  app.use((req, res) => void res.json({ host: req.hostname }));
  const server = http.createServer({ IncomingMessage, ServerResponse }, (req, res) => {
    isSame = Object.getPrototypeOf(req) === app.request && Object.getPrototypeOf(res) === app.response;
    app(req, res);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const client = await connectRaw(typeof address === 'object' && address !== null ? address.port : 0);
  expect((await client.send('GET / HTTP/1.1\r\nHost: weir\r\n\r\n').answer()).body.toString()).toBe(
    '{"host":"weir"}',
  );
  expect(isSame).toBe(true);
  client.leave();
  server.close();
});

function connectionCount(server: http.Server): Promise<number> {
  return new Promise((resolve, reject) =>
    server.getConnections((error, count) => (error === null ? resolve(count) : reject(error))),
  );
}
