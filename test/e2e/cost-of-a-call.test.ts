/**
 * Guards what a call costs by what can be counted, because times say little on a machine that does other things too: system calls of the
 * main thread, bytes allocated by it and by the recorder, and what one hands to the other. The figures are of November 2026, Node 24; a change that doubles
 * one of them fails here, and one that halves it should write the new figure down.
 */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Batcher } from '../../server/recorder/batcher.ts';
import { spanFields, type Batch } from '../../server/recorder/protocol.ts';
import { connectRaw, type RawClient } from '../support/client.ts';
import { startProgram, type Program } from '../support/program.ts';
import { parseMetrics } from '../support/prometheus.ts';
import { startProxy } from '../support/proxy.ts';
import { startUpstream, type Upstream } from '../support/upstream.ts';

const recorded = { systemCalls: 8, allocatedBytes: 22_000, recorderAllocatedBytes: 80_000 };

const body = JSON.stringify({
  model: 'm',
  max_tokens: 1,
  messages: [{ role: 'user', content: 'x'.repeat(900) }],
});
const call = `POST /v1/messages HTTP/1.1\r\nHost: w\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
const answer = { type: 'message', content: [], usage: { input_tokens: 1, output_tokens: 1 } };

let upstream: Upstream;
beforeAll(async () => {
  upstream = await startUpstream((_request, reply) => void reply.json(200, answer));
});
afterAll(() => upstream.close());

let sentCalls = 0;
const digestLimit = { timeout: 20_000, interval: 250 };

async function callTimes(client: RawClient, count: number): Promise<void> {
  for (let made = 0; made < count; made++) expect((await client.send(call).answer()).status).toBe(200);
  sentCalls += count;
}

describe('a call', () => {
  let program: Program;
  let client: RawClient;
  let collections = '';
  let startedMs = 0;

  beforeAll(async () => {
    const nodeArgs = ['--trace-gc', '--max-semi-space-size=1'];
    startedMs = Date.now();
    program = await startProgram({ nodeArgs, args: ['--upstream', upstream.url.href] });
    program.process.stdout?.on('data', (chunk: Buffer) => (collections += chunk.toString()));
    client = await connectRaw(Number(new URL(program.proxyUrl).port));
    await callTimes(client, 200);
  });
  afterAll(async () => {
    client.leave();
    await program.stop();
  });

  it.skipIf(!canTrace())(
    'takes the main thread no more than twice as many system calls as it did',
    async () => {
      const calls = 300;
      const strace = spawn('strace', ['-c', '-p', String(program.process.pid)], {
        stdio: ['ignore', 'ignore', 'pipe'],
      });
      let table = '';
      strace.stderr.on('data', (chunk: Buffer) => (table += chunk.toString()));
      await expect.poll(() => table).toContain('attached');
      await callTimes(client, calls);
      const exited = once(strace, 'exit');
      strace.kill('SIGINT');
      await exited;
      const total = Number(/100\.00\s+\S+\s+(?:\d+\s+)?(\d+)(?:\s+\d+)?\s+total/.exec(table)?.[1]);
      expect(total / calls).toBeGreaterThan(3);
      expect(total / calls).toBeLessThan(recorded.systemCalls * 2);
    },
  );

  it('allocates no more than twice what it did', async () => {
    const calls = 1000;
    await expect.poll(() => digestedCalls(program), digestLimit).toBe(sentCalls);
    const fromMs = Date.now() - startedMs;
    await callTimes(client, calls);
    // The recorder may be behind.
    await expect.poll(() => digestedCalls(program), digestLimit).toBe(sentCalls);
    const toMs = Date.now() - startedMs;
    // What is traced stays in a buffer of the process until it ends.
    await program.stop();
    // Either thread may be the first to collect; the main one allocates less, and if it did not, too much.
    const [main = 0, recorder = 0] = allocatedBytes(collections, fromMs, toMs)
      .map((bytes) => bytes / calls)
      .filter((bytes) => bytes > 0)
      .toSorted((one, other) => one - other);
    expect(main).toBeGreaterThan(recorded.allocatedBytes / 10);
    expect(main).toBeLessThan(recorded.allocatedBytes * 2);
    expect(recorder).toBeLessThan(recorded.recorderAllocatedBytes * 2);
  });
});

async function digestedCalls({ proxyUrl }: Program): Promise<number> {
  const samples = parseMetrics(await (await fetch(`${proxyUrl}/-/metrics`)).text());
  const counts = samples.filter(({ name }) => name === 'weir_requests_total');
  return counts.reduce((sum, { value }) => sum + value, 0);
}

it('a call crosses to the recorder in few messages, each of its bytes copied once into shared slabs', async () => {
  const batches: Batch[] = [];
  const batcher = new Batcher({ queueBytes: 64 * 1024 * 1024, send: (batch) => batches.push(batch) });
  const proxy = await startProxy(upstream.url, { sink: batcher });
  const clients = await Promise.all(Array.from({ length: 50 }, () => connectRaw(proxy.port)));
  await Promise.all(clients.map((each) => callTimes(each, 4)));
  batcher.flush();
  for (const each of clients) each.leave();
  await proxy.close();
  const spans = batches.flatMap((batch) => [...batch.spans]);
  const copiedBytes = spans.filter((_, i) => i % spanFields === 3).reduce((sum, bytes) => sum + bytes, 0);
  const calls = 200;
  expect(copiedBytes).toBe(calls * (body.length + JSON.stringify(answer).length));
  expect(spans.length / spanFields / calls).toBeLessThanOrEqual(2);
  expect(batches.length).toBeLessThan(calls);
  expect(new Set(batches.map(({ slab }) => slab)).size).toBeLessThanOrEqual(
    1 + Math.ceil((2 * copiedBytes) / (256 * 1024)),
  );
});

/**
 * `[pid:isolate]  1545 ms: Scavenge 12.3 (20.1) -> 11.9 (20.1) MB …`: what was allocated is what had come since the collection before. By isolate.
 */
function allocatedBytes(trace: string, fromMs: number, toMs: number): number[] {
  const byIsolate = new Map<string, { sumMb: number; afterMb: number | null }>();
  for (const line of trace.split('\n')) {
    const [, isolate = '', atMs = '', before = '', after = ''] =
      /^\[\d+:(0x[0-9a-f]+)\]\s+(\d+) ms: .*?(\d+\.\d) \(\d+\.\d\) -> (\d+\.\d) \(/.exec(line) ?? [];
    if (isolate === '') continue;
    const one = byIsolate.get(isolate) ?? { sumMb: 0, afterMb: null };
    byIsolate.set(isolate, one);
    if (Number(atMs) < fromMs || Number(atMs) > toMs) continue;
    if (one.afterMb !== null) one.sumMb += Math.max(0, Number(before) - one.afterMb);
    one.afterMb = Number(after);
  }
  return [...byIsolate.values()].map(({ sumMb }) => sumMb * 1024 * 1024);
}

function canTrace(): boolean {
  return spawnSync('strace', ['-c', '-o', '/dev/null', 'true']).status === 0;
}
