/**
 * What else runs must not be felt by calls: 50 paced streams alone, and beside the heaviest question of the dashboard, an export of every call,
 * a backup, and the removal of old calls: `node bench/beside.ts [--rows 1000000] [--rounds 3]`. Exits with 5 when the delay of events grows by more
 * than 5 ms for 99 of 100 of them.
 */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { fileURLToPath } from 'node:url';
import { openStore } from '../server/store/open.ts';
import { canPin, weir, type Contender } from './overhead/contenders.ts';
import { runStreams } from './overhead/driver.ts';
import { requestBody } from './overhead/payload.ts';
import { medianOf } from './overhead/results.ts';
import { startUpstream } from './overhead/upstream.ts';
import { fillRollups, fillRows } from './rows.ts';

const { values } = parseArgs({
  options: { rows: { type: 'string', default: '1000000' }, rounds: { type: 'string', default: '3' } },
});
const rounds = Number(values.rounds);
const mostAddedMs = 5;
/** Nothing is removed in the first seconds of a program, of which the streams before the first look take half. */
const removalAfterMs = 4000;
const days = 90;
const plan = { streams: 50, events: 100, everyMs: 20, spreadMs: 500 };
const program = fileURLToPath(new URL('../server/weir.js', import.meta.url));

if (canPin) spawnSync('taskset', ['-a', '-cp', '1', String(process.pid)]);
const dir = mkdtempSync(join(tmpdir(), 'weir-beside-'));
const target = join(dir, 'weir.db');
process.stdout.write(`filling a store with ${values.rows} calls\n`);
const store = openStore(target, 'write');
fillRows(store, { calls: Number(values.rows), days, endMs: Date.now() });
fillRollups(store);
store.close();

const body = requestBody(20_000, true);
const upstream = await startUpstream([body]);
const start = async (args: readonly string[]): Promise<Contender> => {
  const started = await weir('Weir', ['--store', target, ...args], dir)(upstream.port);
  // Calls of a program that has just begun wait for its sources to be compiled.
  await runStreams({ port: started.port, upstream, body, ...plan });
  return started;
};
let running = await start([]);
const base = `http://127.0.0.1:${running.port}/-/api/v1`;
const headers = { authorization: `Bearer ${readFileSync(join(dir, 'token'), 'utf8').trim()}` };

const asking = `
  import { setPriority } from 'node:os';
  setPriority(10);
  const [url, authorization] = process.argv.slice(1);
  for (;;) {
    const answer = await fetch(url, { headers: { authorization } });
    if (!answer.ok) throw new Error(answer.status + ' ' + (await answer.text()));
    for await (const _bytes of answer.body ?? []);
  }`;

/** Each begins something, and returns what stops waiting for it. */
const works: Readonly<Record<string, (signal: AbortSignal) => Promise<void>>> = {
  alone: () => Promise.resolve(),
  'a question of 90 days by user and model, again and again': (signal) =>
    again(
      signal,
      `${base}/stats?from=90d&metric=calls,cost_nano_usd,duration_us_p99&group_by=user_id,model,team&bucket=hour`,
    ),
  'an export of every call': (signal) => again(signal, `${base}/export?format=csv`),
  'a backup': async (signal) => {
    const child = spawn(
      process.execPath,
      [program, 'backup', join(dir, `${performance.now()}.db`), '--store', target],
      {
        stdio: 'ignore',
        signal,
      },
    );
    child.on('error', () => undefined);
    await once(child, 'exit');
  },
};
const delaysMs = new Map<string, number[]>();
let missed = 0;
try {
  for (let round = 0; round < rounds; round++) {
    for (const [name, begin] of Object.entries(works)) {
      const stop = new AbortController();
      const work = begin(stop.signal).catch(() => undefined);
      await measure(name);
      stop.abort();
      await work;
    }
  }
  await running.stop();
  running = await start(['--retain-calls', `${days - 10}d`]);
  const before = callsKept();
  await setTimeout(removalAfterMs);
  for (let round = 0; round < rounds; round++) await measure('the removal of old calls');
  await running.stop();
  const removed = before - callsKept();
  process.stdout.write(`${removed} calls were removed\n`);
  if (removed === 0) missed++;
} finally {
  await running.stop();
  await upstream.close();
  rmSync(dir, { recursive: true, force: true });
}
const aloneMs = medianOf(delaysMs.get('alone') ?? []) ?? 0;
for (const [name, all] of delaysMs) {
  const addedMs = (medianOf(all) ?? 0) - aloneMs;
  process.stdout.write(
    `${name}: p99 of the delay ${(medianOf(all) ?? 0).toFixed(1)} ms, ${addedMs.toFixed(1)} more\n`,
  );
  if (addedMs > mostAddedMs) missed++;
}
process.exitCode = missed === 0 ? 0 : 5;

/** Asks in a process of its own: to read hundreds of megabytes here would delay what is measured here. */
async function again(signal: AbortSignal, url: string): Promise<void> {
  const child = spawn(
    process.execPath,
    ['--input-type=module', '--eval', asking, url, headers.authorization],
    {
      stdio: ['ignore', 'ignore', 'inherit'],
      signal,
    },
  );
  child.on('error', () => undefined);
  await once(child, 'exit');
}

async function measure(name: string): Promise<void> {
  const run = await runStreams({ port: running.port, upstream, body, ...plan });
  missed += run.damaged;
  const sorted = Float64Array.from(run.delaysUs).sort();
  const p99Ms = (sorted[Math.floor(sorted.length * 0.99)] ?? 0) / 1000;
  delaysMs.set(name, [...(delaysMs.get(name) ?? []), p99Ms]);
  process.stdout.write(`${name}: ${p99Ms.toFixed(1)} ms\n`);
}

function callsKept(): number {
  const kept = openStore(target, 'read');
  try {
    return Number(kept.sqlite.prepare('SELECT count(*) FROM calls').pluck().get());
  } finally {
    kept.close();
  }
}
