import http from 'node:http';
import { afterEach, expect, it } from 'vitest';
import {
  IDLE_LIMIT_MS,
  IdleRules,
  PROBATION_MS,
  QUARANTINE_MS,
} from '../../server/proxy/idle-connections.ts';
import { connectRaw } from '../support/client.ts';
import { startProxy } from '../support/proxy.ts';
import { startUpstream } from '../support/upstream.ts';

const open: { close(): Promise<void> }[] = [];
afterEach(async () => {
  for (const each of open.splice(0).reverse()) await each.close();
});

/** Makes calls one after the other on one client connection; returns the statuses with their counts. */
async function callInSequence(
  port: number,
  calls: number,
  gapMs: (call: number) => number,
): Promise<Record<string, number>> {
  const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
  const statuses: Record<string, number> = {};
  for (let i = 0; i < calls; i += 1) {
    const status = await new Promise<number>((resolve, reject) => {
      const request = http.get({ port, host: '127.0.0.1', agent, path: '/v1/models' }, (answer) => {
        answer.resume();
        answer.on('end', () => resolve(answer.statusCode ?? 0));
      });
      request.on('error', reject);
    });
    statuses[status] = (statuses[status] ?? 0) + 1;
    const ms = gapMs(i);
    if (ms > 0) await new Promise((resolve) => setTimeout(resolve, ms));
  }
  agent.destroy();
  return statuses;
}

it.each([0, 1, 2, 3, 5])(
  'no call fails on an upstream that closes %i ms after answering, without announcing it',
  async (closeMs) => {
    const upstream = await startUpstream((_request, reply) => {
      reply.json(200, {});
      if (closeMs === 0) setImmediate(() => reply.fin());
      else setTimeout(() => reply.fin(), closeMs);
    });
    const proxy = await startProxy(upstream.url);
    open.push(upstream, proxy);
    // Gaps around the moment of closing, where reuse would fail.
    expect(await callInSequence(proxy.port, 150, (call) => call % (closeMs + 2))).toEqual({ 200: 150 });
  },
);

it('no call fails on an upstream that closes within 50 ms, at random', async () => {
  const upstream = await startUpstream((_request, reply) => {
    reply.json(200, {});
    setTimeout(() => reply.fin(), Math.random() * 50);
  });
  const proxy = await startProxy(upstream.url);
  open.push(upstream, proxy);
  expect(await callInSequence(proxy.port, 80, () => 15)).toEqual({ 200: 80 });
});

it('reuses connections of an upstream that announces how long it keeps them', async () => {
  const upstream = await startUpstream(
    (_request, reply) => void reply.json(200, {}, { 'keep-alive': 'timeout=60' }),
  );
  const proxy = await startProxy(upstream.url);
  open.push(upstream, proxy);
  expect(await callInSequence(proxy.port, 30, () => 15)).toEqual({ 200: 30 });
  expect(upstream.connectionCount()).toBeLessThan(5);
});

it('reuses connections once an idle one has stayed open', async () => {
  const upstream = await startUpstream((_request, reply) => void reply.json(200, {}));
  const proxy = await startProxy(upstream.url);
  open.push(upstream, proxy);
  // Three calls on connections of their own, a pause, then calls that need no new one.
  await callInSequence(proxy.port, 3, (call) => (call === 2 ? PROBATION_MS + 100 : 0));
  expect(upstream.connectionCount()).toBe(3);
  await callInSequence(proxy.port, 20, () => 15);
  expect(upstream.connectionCount()).toBe(3);
});

it.each([
  ['that announces less than it takes to be sure', { 'keep-alive': 'timeout=1' }],
  ['that closes', { connection: 'close' }],
])('does not reuse a connection %s', async (_name, headers) => {
  const upstream = await startUpstream((_request, reply) => void reply.json(200, {}, headers));
  const proxy = await startProxy(upstream.url);
  open.push(upstream, proxy);
  await callInSequence(proxy.port, 5, () => 20);
  expect(upstream.connectionCount()).toBe(5);
});

it('does not take bytes that an upstream sends unasked for the next answer', async () => {
  const upstream = await startUpstream((request, reply) => {
    reply.json(200, { target: request.target });
    setTimeout(() => reply.raw('HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nforged'), 2);
  });
  const proxy = await startProxy(upstream.url);
  open.push(upstream, proxy);
  const client = await connectRaw(proxy.port);
  for (let i = 0; i < 20; i += 1) {
    const answer = await client.send(`GET /${i} HTTP/1.1\r\nHost: w\r\n\r\n`).answer();
    expect(answer.body.toString()).toBe(`{"target":"/${i}"}`);
    await new Promise((resolve) => setTimeout(resolve, 10 + (i % 5)));
  }
  client.leave();
});

it('learns from idle connections that the upstream closes, and forgets after a minute', () => {
  let nowUs = 0;
  const rules = new IdleRules({ now: () => 0, monotonicUs: () => nowUs });
  expect([rules.limitMs(), rules.holdBackMs()]).toEqual([IDLE_LIMIT_MS, PROBATION_MS]);
  rules.survived(PROBATION_MS);
  expect(rules.holdBackMs()).toBe(QUARANTINE_MS);
  rules.closedByUpstream(900);
  expect([rules.limitMs(), rules.holdBackMs()]).toEqual([450, QUARANTINE_MS]);
  rules.closedByUpstream(3000);
  expect(rules.limitMs()).toBe(450);
  rules.closedByUpstream(5);
  expect([rules.limitMs(), rules.holdBackMs()]).toEqual([0, PROBATION_MS]);
  nowUs += 61_000_000;
  expect(rules.limitMs()).toBe(IDLE_LIMIT_MS);
});
