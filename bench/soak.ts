/**
 * Many calls, 30 of 100 of them broken off by their client, and what stays behind: `npm run bench:soak -- [--calls 200000]`. Exits with 1 when
 * memory grows by more than 1 MB for 10,000 calls after the first fifth, or a socket, a buffer, a call or a record is left over or lost.
 */
import { readdirSync } from 'node:fs';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { setTimeout } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { weir } from './overhead/contenders.ts';
import { requestHead } from './overhead/driver.ts';
import { requestBody, serialText, serialDigits } from './overhead/payload.ts';
import { residentMb } from './overhead/process-figures.ts';
import { RecordWatch } from './overhead/record-watch.ts';
import { startUpstream } from './overhead/upstream.ts';

const { values } = parseArgs({ options: { calls: { type: 'string', default: '200000' } } });
const total = Number(values.calls);
const clients = 32;
const mostGrowthMb = 1;
/** Longer than idle connections to the upstream are kept. */
const restMs = 6000;

type Kind = 'json' | 'stream' | 'left in upload' | 'left in wait' | 'left in stream';
/** Three of ten leave. */
const kinds: readonly Kind[] = [
  'json',
  'stream',
  'left in upload',
  'json',
  'json',
  'left in stream',
  'json',
  'stream',
  'left in wait',
  'json',
];

const body = requestBody(20_000, true);
const upstream = await startUpstream([body]);
const contender = await weir('Weir')(upstream.port);
const { pid, record, port } = contender;
if (pid === null || record === null) throw new Error('Weir has a process and a record');
const samples: { readonly calls: number; readonly mb: number }[] = [];
const descriptors = (): number => readdirSync(`/proc/${pid}/fd`).length;
let made = 0;
const faults: string[] = [];
try {
  // The first look reads the sources of our own side.
  await record();
  await soak(Math.min(200, total));
  await setTimeout(restMs);
  const before = { descriptors: descriptors(), mb: residentMb(pid) };
  for (let done = made; done < total; done = made) {
    await soak(Math.min(Math.ceil(total / 40), total - done));
    samples.push({ calls: made, mb: residentMb(pid) });
    process.stdout.write(`${made} calls, ${residentMb(pid).toFixed(0)} MB, ${descriptors()} descriptors\n`);
  }
  await setTimeout(restMs);
  const after = await record();
  const growthMb = slope(samples.filter(({ calls }) => calls > total / 5)) * 10_000;
  process.stdout.write(
    `${made} calls: ${before.mb.toFixed(0)} MB before, ${residentMb(pid).toFixed(0)} MB at rest after, ${growthMb.toFixed(2)} MB for 10,000 calls; ` +
      `${before.descriptors} descriptors before, ${descriptors()} after; ${after.lost} lost\n`,
  );
  if (growthMb > mostGrowthMb) faults.push(`memory grew by ${growthMb.toFixed(2)} MB for 10,000 calls`);
  if (descriptors() > before.descriptors)
    faults.push(`${descriptors() - before.descriptors} descriptors were left open`);
  if (after.activeCalls !== 0) faults.push(`${after.activeCalls} calls never ended`);
  if (after.queueBytes !== 0) faults.push(`${after.queueBytes} bytes wait for ever`);
  if (after.lost !== 0) faults.push(`${after.lost} rows or bodies were lost`);
  if (after.calls !== made) faults.push(`${made} calls were made, ${after.calls} were counted`);
} finally {
  await contender.stop();
  await upstream.close();
}
for (const fault of faults) process.stdout.write(`${fault}\n`);
process.exitCode = faults.length === 0 ? 0 : 1;

async function soak(calls: number): Promise<void> {
  const watch = new RecordWatch(record);
  let left = calls;
  const loops = Array.from({ length: clients }, async () => {
    while (left > 0) {
      if (!watch.mayCall()) {
        await setTimeout(5);
        continue;
      }
      left--;
      made++;
      await one(made);
    }
  });
  await Promise.all(loops);
  await watch.stop();
}

async function one(serial: number): Promise<void> {
  const kind = kinds[serial % kinds.length] ?? 'json';
  const socket = connect({ port, host: '127.0.0.1', noDelay: true });
  socket.on('error', () => undefined);
  await once(socket, 'connect');
  const stream =
    kind === 'json' || kind === 'left in upload' ? null : kind === 'left in wait' ? '3x200' : '12x2';
  const bytes = Buffer.from(body.bytes);
  bytes.write(serialText(serial), body.serialAt, serialDigits, 'latin1');
  socket.write(requestHead(serial, body, stream));
  socket.write(kind === 'left in upload' ? bytes.subarray(0, 5000) : bytes);
  await until(socket, kind);
  socket.destroy();
  upstream.takeStream(serial);
}

/** When the client has what it waits for: the end of its answer, or the moment to leave. */
async function until(socket: Socket, kind: Kind): Promise<void> {
  if (kind === 'left in upload') {
    await setTimeout(5);
    return;
  }
  const reached = Promise.withResolvers<void>();
  let text = '';
  const end = kind === 'json' ? '"cache_read_input_tokens":0}}' : '\r\n0\r\n\r\n';
  socket.on('data', (chunk: Buffer) => {
    text = (text + chunk.toString('latin1')).slice(-200);
    if (kind.startsWith('left') || text.includes(end)) reached.resolve();
  });
  socket.once('close', () => reached.resolve());
  await reached.promise;
}

/** MB for each call, by least squares. */
function slope(points: readonly { readonly calls: number; readonly mb: number }[]): number {
  const mean = (of: (point: (typeof points)[number]) => number): number =>
    points.reduce((sum, point) => sum + of(point), 0) / points.length;
  const calls = mean((point) => point.calls);
  const mb = mean((point) => point.mb);
  const spread = mean((point) => (point.calls - calls) ** 2);
  return spread === 0 ? 0 : mean((point) => (point.calls - calls) * (point.mb - mb)) / spread;
}
