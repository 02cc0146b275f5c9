import { afterEach, expect, it } from 'vitest';
import { connectRaw } from '../support/client.ts';
import type { RawAnswer } from '../support/client.ts';
import { startProxy } from '../support/proxy.ts';
import type { TestProxy } from '../support/proxy.ts';
import { startUpstream } from '../support/upstream.ts';
import type { Upstream, UpstreamRequest } from '../support/upstream.ts';

const open: { close(): Promise<void> }[] = [];
afterEach(async () => {
  for (const each of open.splice(0).reverse()) await each.close();
});

async function setUp(prefix = ''): Promise<{ upstream: Upstream; proxy: TestProxy }> {
  const upstream = await startUpstream(async (request, reply) => {
    await request.body;
    reply.raw('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok');
  });
  open.push(upstream);
  const proxy = await startProxy(new URL(`${upstream.url.origin}${prefix}`));
  open.push(proxy);
  return { upstream, proxy };
}

async function exchange(
  bytes: string | Buffer,
  prefix = '',
): Promise<{ request: UpstreamRequest; answer: RawAnswer; proxy: TestProxy; host: string }> {
  const { upstream, proxy } = await setUp(prefix);
  const client = await connectRaw(proxy.port);
  const answer = await client.send(typeof bytes === 'string' ? bytes : new Uint8Array(bytes)).answer();
  client.leave();
  return { request: await upstream.request(0), answer, proxy, host: `127.0.0.1:${upstream.port}` };
}

it('sends header lines on with their case, order, duplicates and bytes', async () => {
  const lines = [
    'x-Dup: 1',
    'Host: client.example',
    'ACCEPT: */*',
    'X-DUP: 2',
    'anthropic-beta: a,b',
    'Anthropic-Beta: c',
    'x-bytes: caf\u00c3\u00a9 \u00ff',
    'x-empty:',
    'Cookie: a=1; b=2',
    'Content-Length: 3',
    'x-dup: 3',
  ];
  const { request, host } = await exchange(`POST /v1/messages HTTP/1.1\r\n${lines.join('\r\n')}\r\n\r\nabc`);
  const expected = lines.map((line) =>
    line.startsWith('Host') ? `Host: ${host}` : line.replace(/:$/, ': '),
  );
  expect(request.head.split('\r\n')).toEqual([
    'POST /v1/messages HTTP/1.1',
    ...expected,
    'Connection: keep-alive',
  ]);
  expect(await request.body).toEqual(Buffer.from('abc'));
});

it('removes connection-level headers, those that Connection names, and its own', async () => {
  const { request } = await exchange(
    'GET /a HTTP/1.1\r\nHost: w\r\nConnection: x-Hop, close, content-length , host\r\nX-Hop: 1\r\nKeep-Alive: timeout=5\r\n' +
      'TE: trailers\r\nProxy-Connection: keep-alive\r\nProxy-Authorization: Basic eA==\r\nUpgrade: h2c\r\nHTTP2-Settings: x\r\n' +
      'X-Weir-User: u\r\nx-weir-tags: a=b\r\nX-Weir-Unknown: 1\r\nX-Kept: 1\r\n\r\n',
  );
  expect(request.rawHeaders.filter((_, i) => i % 2 === 0)).toEqual([
    'Host',
    'HTTP2-Settings',
    'X-Kept',
    'Connection',
  ]);
});

it.each([
  ['/'],
  ['//'],
  ['/v1/messages?'],
  ['/V1/Messages/'],
  ['/v1//messages/../%2e%2E/x;y=1?a=b?c&&d=%zz+ '.trim()],
  ['/x/../-/api/v1/calls'],
  ['/-x'],
  ['/%2d/'],
  ['/http://elsewhere.example/'],
  ['/p?url=http://elsewhere.example/%0d%0a'],
  ['/a|b\\c^d`e{f}"g<h>\''],
  [`/${'a'.repeat(6000)}?${'b'.repeat(6000)}`],
])('sends the target %s on byte for byte', async (target) => {
  const { request, proxy } = await exchange(`GET ${target} HTTP/1.1\r\nHost: w\r\n\r\n`);
  expect(request.target).toBe(target);
  const [path, ...query] = target.split('?');
  expect(proxy.sink.exchanges[0]?.open).toMatchObject({
    path,
    query: target.includes('?') ? query.join('?') : null,
  });
});

it.each([
  ['/v1/messages?beta=true', '/anthropic/v1/messages?beta=true'],
  ['/', '/anthropic/'],
  ['/?a', '/anthropic/?a'],
])("keeps the upstream's path prefix in front of %s", async (target, expected) => {
  const { request, proxy } = await exchange(`GET ${target} HTTP/1.1\r\nHost: w\r\n\r\n`, '/anthropic/');
  expect(request.target).toBe(expected);
  expect(proxy.sink.exchanges[0]?.open.upstream).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/anthropic$/);
});

it('takes the name out of a base path', async () => {
  const { request, proxy } = await exchange(
    'GET /-/as/ann%20b@blue/v1/models?limit=1 HTTP/1.1\r\nHost: w\r\n\r\n',
  );
  expect(request.target).toBe('/v1/models?limit=1');
  expect(proxy.sink.exchanges[0]?.open).toMatchObject({
    path: '/v1/models',
    attribution: { userId: 'ann b', team: 'blue' },
  });
});

it('keeps our own side to itself', async () => {
  const { proxy } = await setUp();
  for (const target of ['/-', '/-/', '/-/x', '/-?a']) {
    const client = await connectRaw(proxy.port);
    const answer = await client
      .send(`GET ${target} HTTP/1.1\r\nHost: w\r\nExpect: 100-continue\r\n\r\n`)
      .answer();
    expect(answer.body.toString()).toBe('ours');
    expect(answer.interim).toEqual(['HTTP/1.1 100 Continue']);
    client.leave();
  }
  expect(proxy.sink.exchanges).toHaveLength(0);
});

/** Of the way that calls take; other methods take the other one. */
const targetOf = (method: string): string => (method === 'POST' ? '/v1/messages' : '/x');

it.each(['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'PROPFIND', 'TRACE'])(
  'adds no framing to a %s without a body',
  async (method) => {
    const { request } = await exchange(`${method} ${targetOf(method)} HTTP/1.1\r\nHost: w\r\n\r\n`);
    expect(request.method).toBe(method);
    expect(request.rawHeaders.filter((_, i) => i % 2 === 0)).toEqual(['Host', 'Connection']);
  },
);

it.each(['GET', 'POST', 'DELETE', 'OPTIONS'])(
  'keeps a chunked %s chunked, with its trailers, on a kept connection',
  async (method) => {
    const { request, proxy } = await exchange(
      `${method} ${targetOf(method)} HTTP/1.1\r\nHost: w\r\nTrailer: X-Sum\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2;ext=1\r\nde\r\n0\r\nX-Sum: 5\r\nx-sum: 6\r\n\r\n`,
    );
    expect((await request.body).toString()).toBe('abcde');
    expect(request.rawTrailers).toEqual(['X-Sum', '5', 'x-sum', '6']);
    expect(request.header('transfer-encoding')).toBe('chunked');
    expect(request.header('content-length')).toBeUndefined();
    expect(request.header('connection')).toBe('keep-alive');
    expect(Buffer.concat(proxy.sink.exchanges[0]?.request ?? []).toString()).toBe('abcde');
  },
);

it.each(['GET', 'DELETE', 'OPTIONS', 'POST'])('keeps the length of a %s with a body', async (method) => {
  const { request } = await exchange(
    `${method} ${targetOf(method)} HTTP/1.1\r\nHost: w\r\nContent-Length: 4\r\n\r\nbody`,
  );
  expect(request.header('content-length')).toBe('4');
  expect((await request.body).toString()).toBe('body');
});

it('keeps an explicit length of 0', async () => {
  const { request } = await exchange('POST /x HTTP/1.1\r\nHost: w\r\ncontent-length: 0\r\n\r\n');
  expect(request.rawHeaders.slice(2, 4)).toEqual(['content-length', '0']);
});

it('forwards a request to switch protocols as an ordinary one', async () => {
  const { request, answer } = await exchange(
    'GET /ws HTTP/1.1\r\nHost: w\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: eA==\r\n\r\n',
  );
  expect(answer.status).toBe(200);
  expect(request.header('upgrade')).toBeUndefined();
  expect(request.header('sec-websocket-key')).toBe('eA==');
});

it('serves a client that speaks HTTP/1.0', async () => {
  const { request, answer } = await exchange('GET /old HTTP/1.0\r\nX-A: 1\r\n\r\n');
  expect(request.head).toMatch(/^GET \/old HTTP\/1\.1\r\nHost: 127/);
  expect(answer.body.toString()).toBe('ok');
  expect(answer.header('connection')).toBe('close');
});

it('takes an absolute target of its own host, and OPTIONS *', async () => {
  const absolute = await exchange('GET http://w.example/v1/models?a HTTP/1.1\r\nHost: w.example\r\n\r\n');
  expect(absolute.request.target).toBe('/v1/models?a');
  const star = await exchange('OPTIONS * HTTP/1.1\r\nHost: w.example\r\n\r\n');
  expect(star.request.target).toBe('*');
});
