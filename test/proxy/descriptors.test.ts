import net from 'node:net';
import { afterEach, expect, it } from 'vitest';
import { connectionLimits, connectionsWithin } from '../../server/proxy/descriptors.ts';
import { connectRaw } from '../support/client.ts';
import { startProxy } from '../support/proxy.ts';
import { startUpstream } from '../support/upstream.ts';

const open: { close(): Promise<void> }[] = [];
afterEach(async () => {
  for (const each of open.splice(0).reverse()) await each.close();
});

it.each([0, 10, 64, 66, 200, 1024, 4096, 65_536, 1_048_576])(
  'with %i descriptors, each client has one for its upstream',
  (openFiles) => {
    const { clients, idle } = connectionsWithin(openFiles);
    expect(clients).toBeGreaterThan(0);
    if (openFiles > 65) expect(2 * clients + idle + 64).toBeLessThanOrEqual(openFiles);
  },
);

it('deals out most of what there is', () => {
  expect(connectionsWithin(1024)).toEqual({ clients: 360, idle: 240 });
  expect(connectionsWithin(Number.POSITIVE_INFINITY).clients).toBe(Number.POSITIVE_INFINITY);
  expect(connectionLimits().clients).toBeGreaterThan(1);
});

it('closes a connection above the limit at once, and takes one again when another has left', async () => {
  const upstream = await startUpstream((request, reply) => void reply.json(200, { target: request.target }));
  const proxy = await startProxy(upstream.url, { limits: { clients: 1, idle: 0 } });
  open.push(upstream, proxy);
  const first = await connectRaw(proxy.port);
  await first.send('GET /1 HTTP/1.1\r\nHost: w\r\n\r\n').answer();
  const second = net.connect(proxy.port, '127.0.0.1').on('error', () => undefined);
  await new Promise((resolve) => second.once('close', resolve));
  expect(proxy.refused).toEqual(['connections']);
  const answer = await first.send('GET /2 HTTP/1.1\r\nHost: w\r\n\r\n').answer();
  expect(answer.body.toString()).toBe('{"target":"/2"}');
  first.leave();
  await expect
    .poll(() => new Promise((resolve) => proxy.server.getConnections((_error, n) => resolve(n))))
    .toBe(0);
  const third = await connectRaw(proxy.port);
  expect((await third.send('GET /3 HTTP/1.1\r\nHost: w\r\n\r\n').answer()).status).toBe(200);
  third.leave();
});

it('keeps no more idle connections to the upstream than it may', async () => {
  const upstream = await startUpstream(
    (_request, reply) => void reply.json(200, {}, { 'keep-alive': 'timeout=60' }),
  );
  const proxy = await startProxy(upstream.url, { limits: { clients: 100, idle: 2 } });
  open.push(upstream, proxy);
  const clients = await Promise.all(Array.from({ length: 8 }, () => connectRaw(proxy.port)));
  await Promise.all(clients.map((client) => client.send('GET / HTTP/1.1\r\nHost: w\r\n\r\n').answer()));
  await expect.poll(() => upstream.sockets.size).toBe(2);
  for (const client of clients) client.leave();
});
