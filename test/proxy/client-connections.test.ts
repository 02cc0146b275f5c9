import { afterEach, describe, expect, it, vi } from 'vitest';
import { PlainRequest } from '../../server/proxy/plain-request.ts';
import { connectRaw } from '../support/client.ts';
import type { RawClient } from '../support/client.ts';
import { startProxy } from '../support/proxy.ts';
import type { TestProxy } from '../support/proxy.ts';
import { startUpstream } from '../support/upstream.ts';
import type { Script, Upstream } from '../support/upstream.ts';

const open: { close(): Promise<void> }[] = [];
afterEach(async () => {
  vi.restoreAllMocks();
  for (const each of open.splice(0).reverse()) await each.close();
});

async function setUp(script: Script): Promise<{ proxy: TestProxy; upstream: Upstream; client: RawClient }> {
  const upstream = await startUpstream(script);
  const proxy = await startProxy(upstream.url);
  const client = await connectRaw(proxy.port);
  open.push(upstream, proxy, { close: async () => client.leave() });
  return { proxy, upstream, client };
}

const echo: Script = async (request, reply) => {
  reply.json(200, { target: request.target, body: (await request.body).toString() });
};

const message = (body: string, more = '', target = '/v1/messages'): string =>
  `POST ${target} HTTP/1.1\r\nHost: w\r\n${more}Content-Length: ${body.length}\r\n\r\n${body}`;

/** How many requests were read without Node's parser. */
function plainRequests(): () => number {
  const take = vi.spyOn(PlainRequest.prototype, 'take');
  return () => new Set(take.mock.contexts).size;
}

async function echoed(client: RawClient): Promise<unknown> {
  return JSON.parse((await client.answer()).body.toString());
}

describe('a connection with plain requests', () => {
  it('carries one after another, and goes over to Node for good at the first other one', async () => {
    const plain = plainRequests();
    const { client, proxy } = await setUp(echo);
    for (const body of ['{"n":1}', '{"n":2}']) {
      expect(await echoed(client.send(message(body)))).toEqual({ target: '/v1/messages', body });
    }
    expect(plain()).toBe(2);
    client.send('GET /v1/models HTTP/1.1\r\nHost: w\r\n\r\n');
    expect(await echoed(client)).toEqual({ target: '/v1/models', body: '' });
    expect(await echoed(client.send(message('{"n":3}')))).toEqual({
      target: '/v1/messages',
      body: '{"n":3}',
    });
    expect(plain()).toBe(2);
    expect(proxy.sink.exchanges).toHaveLength(4);
  });

  it('reads a head and a body that come in pieces', async () => {
    const plain = plainRequests();
    const { client, proxy } = await setUp(echo);
    const bytes = message('x'.repeat(100_000));
    const headEnd = bytes.indexOf('\r\n\r\n') + 4;
    client.send(bytes.slice(0, headEnd + 10));
    await vi.waitUntil(() => proxy.sink.exchanges.length === 1);
    client.send(bytes.slice(headEnd + 10));
    expect(await echoed(client)).toMatchObject({ body: 'x'.repeat(100_000) });
    expect(plain()).toBe(1);
    client.send(bytes.slice(0, 20));
    await new Promise((resolve) => client.socket.write('', resolve));
    client.send(bytes.slice(20));
    expect(await echoed(client)).toMatchObject({ body: 'x'.repeat(100_000) });
  });

  it('answers pipelined requests in their order, of whatever kind', async () => {
    const { client, proxy } = await setUp(echo);
    client.send(
      `${message('1')}${message('22', '', '/v1/messages?beta=true')}GET /a HTTP/1.1\r\nHost: w\r\n\r\n${message('333')}`,
    );
    const answers = [await echoed(client), await echoed(client), await echoed(client), await echoed(client)];
    expect(answers).toEqual([
      { target: '/v1/messages', body: '1' },
      { target: '/v1/messages?beta=true', body: '22' },
      { target: '/a', body: '' },
      { target: '/v1/messages', body: '333' },
    ]);
    expect(proxy.sink.exchanges).toHaveLength(4);
  });

  it('is closed when the client asks for it, after the whole answer', async () => {
    const { client } = await setUp(echo);
    client.send(message('{}', 'Connection: close\r\n'));
    const answer = await client.answer();
    expect(answer.header('connection')).toBe('close');
    expect(await client.ended).toBe('fin');
  });

  it('is closed when the client closes its side between two requests', async () => {
    const { client } = await setUp(echo);
    await client.send(message('{}')).answer();
    client.halfClose();
    expect(await client.ended).toBe('fin');
  });

  it('ends with the program', async () => {
    const { client, proxy } = await setUp(echo);
    await client.send(message('{}')).answer();
    await proxy.forwarder.close();
    await client.ended;
    expect(client.socket.destroyed || client.socket.readableEnded).toBe(true);
  });

  it('is answered with shutting_down, and then goes on, while the program waits for its calls', async () => {
    const { client, proxy } = await setUp(() => undefined);
    void proxy.forwarder.drain(5000);
    const answer = await client.send(message('{}')).answer();
    expect(answer).toMatchObject({ status: 503 });
    expect(answer.header('x-weir-error')).toBe('shutting_down');
    expect(proxy.refused).toEqual(['shutting_down']);
    expect(proxy.sink.exchanges).toHaveLength(0);
  });
});

it('keeps the connections to the upstream, and uses the last first', async () => {
  const { client, upstream, proxy } = await setUp(
    (_request, reply) => void reply.json(200, {}, { 'keep-alive': 'timeout=60' }),
  );
  const others = await Promise.all([connectRaw(proxy.port), connectRaw(proxy.port)]);
  open.push({ close: async () => others.forEach((each) => each.leave()) });
  await Promise.all([client, ...others].map((each) => each.send(message('{}')).answer()));
  const connections = upstream.connectionCount();
  for (let n = 0; n < 3; n += 1) {
    // Held back for 10 ms: a connection that the upstream is just closing would show it by then.
    await new Promise((resolve) => setTimeout(resolve, 50));
    await client.send(message('{}')).answer();
  }
  expect(upstream.connectionCount()).toBe(connections);
});
