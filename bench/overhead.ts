/**
 * What Weir costs beside others, in one command, on loopback, from outside: `npm run bench -- [--quick] [--only 'NAME;…']
 * [--scenarios 'NAME;…'] [--rounds 3]`. Proxies run on one core, the upstream and the clients on another; the contenders take turns
 * in every round, and each figure is the median of its rounds. Prints tables and, when everything was run, writes bench/results.md.
 * Exits with 1 when a byte was changed or a record lost.
 */
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { cpus, loadavg } from 'node:os';
import { setTimeout } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import {
  canPin,
  direct,
  floor,
  forgetful,
  haproxy,
  isInstalled,
  mitmproxy,
  nginx,
  stock,
  weir,
  type Contender,
  type Starter,
} from './overhead/contenders.ts';
import { runJson, runStreams } from './overhead/driver.ts';
import { requestBody } from './overhead/payload.ts';
import { RecordWatch } from './overhead/record-watch.ts';
import { cpuSeconds, forgetPeak, peakMb, residentMb } from './overhead/process-figures.ts';
import { resultsPage, type Figures, type Measured } from './overhead/results.ts';
import { startUpstream } from './overhead/upstream.ts';

const { values } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    only: { type: 'string' },
    scenarios: { type: 'string' },
    rounds: { type: 'string' },
  },
});
const rounds = Number(values.rounds ?? (values.quick ? 1 : 3));
const seconds = values.quick ? 1 : 2;
if (canPin) spawnSync('taskset', ['-a', '-cp', '1', String(process.pid)]);

const starters: readonly (readonly [name: string, starter: Starter, isThere: boolean])[] = [
  ['direct', direct, true],
  ['nginx', nginx, isInstalled('nginx')],
  ['haproxy', haproxy, isInstalled('haproxy')],
  ['mitmproxy', mitmproxy, isInstalled('mitmdump')],
  ['stock', stock, true],
  ['floor', floor, true],
  ['forgetful', forgetful, true],
  ['weir', weir('Weir'), true],
  ['metadata', weir('Weir, metadata', ['--bodies', 'metadata']), true],
  ['audit', weir('Weir, audit', ['--log-mode', 'audit']), true],
];

/** `isFresh`: in programs that have done nothing before, as what earlier scenarios took counts as memory of this one. */
type Scenario = { readonly name: string; readonly isFresh?: true } & (
  | { readonly kind: 'json'; readonly bytes: number; readonly connections: number }
  | { readonly kind: 'streams'; readonly streams: number; readonly spreadMs: number }
);
const scenarios: readonly Scenario[] = [
  { name: '1 kB, c=32', kind: 'json', bytes: 1000, connections: 32 },
  { name: '1 kB, c=1', kind: 'json', bytes: 1000, connections: 1 },
  { name: '300 kB, c=8', kind: 'json', bytes: 300_000, connections: 8 },
  { name: '300 kB, c=1', kind: 'json', bytes: 300_000, connections: 1 },
  { name: '5 MB, c=4', kind: 'json', bytes: 5_000_000, connections: 4 },
  { name: '1 stream', kind: 'streams', streams: 1, spreadMs: 0 },
  { name: '50 streams', kind: 'streams', streams: 50, spreadMs: 1000 },
  { name: '200 streams', kind: 'streams', streams: 200, spreadMs: 1000, isFresh: true },
  { name: '1000 streams at once', kind: 'streams', streams: 1000, spreadMs: 0 },
];
const pacing = { events: 100, everyMs: 20 };
const streamBody = requestBody(20_000, true);
const jsonBodies = new Map([1000, 300_000, 5_000_000].map((bytes) => [bytes, requestBody(bytes, false)]));

const wanted = (list: string | undefined, name: string): boolean =>
  list === undefined || list.split(';').includes(name);
const chosen = scenarios.filter(({ name }) => wanted(values.scenarios, name));
const upstream = await startUpstream([streamBody, ...jsonBodies.values()]);
const contenders: Contender[] = [];
const startersOf = new Map<string, Starter>();
/** Of what else ran on the machine, before anything was started. */
const loadBefore = (loadavg()[0] ?? 0).toFixed(1);
const idleMb = new Map<string, number>();
const measured: Measured[] = [];
let broken = 0;
try {
  for (const [name, start, isThere] of starters) {
    if (!wanted(values.only, name)) continue;
    if (isThere) {
      const contender = await start(upstream.port);
      contenders.push(contender);
      startersOf.set(contender.name, start);
    } else process.stdout.write(`${name} is not installed: left out\n`);
  }
  await setTimeout(2000);
  for (const { name, pid } of contenders) if (pid !== null) idleMb.set(name, residentMb(pid));
  for (const contender of contenders) await warmUp(contender);
  for (const scenario of chosen) {
    if (scenario.isFresh === true) await startAnew();
    for (let round = 0; round < rounds; round++) {
      for (const contender of contenders) {
        if (!isAsked(contender, scenario)) continue;
        const figures = await measure(contender, scenario);
        measured.push({ scenario: scenario.name, contender: contender.name, figures });
        process.stdout.write(`${scenario.name}, ${contender.name}: ${JSON.stringify(figures)}\n`);
      }
    }
  }
} finally {
  for (const contender of contenders) await contender.stop();
  await upstream.close();
}
if (upstream.seen.damaged > 0) {
  broken++;
  process.stdout.write(`${upstream.seen.damaged} of ${upstream.seen.requests} requests arrived changed\n`);
}
const page = resultsPage({
  measured,
  idleMb,
  scenarios: chosen.map(({ name }) => name),
  contenders: contenders.map(({ name }) => name),
  about:
    `${new Date().toISOString().slice(0, 16).replace('T', ' ')} UTC, Node ${process.versions.node}, ${cpus().length} cores of ` +
    `${cpus()[0]?.model ?? 'an unknown model'}${canPin ? '' : ', not pinned'}, load ${loadBefore} before the start; ${rounds} rounds of ${seconds} s${values.quick ? ' (--quick)' : ''}; ` +
    `${upstream.seen.requests} requests, ${upstream.seen.damaged} changed on their way, ${broken === 0 ? 'nothing lost' : 'SOMETHING LOST'}.`,
});
process.stdout.write(page);
if (!values.quick && values.only === undefined && values.scenarios === undefined) {
  writeFileSync(fileURLToPath(new URL('results.md', import.meta.url)), page);
}
process.exitCode = broken === 0 ? 0 : 1;

async function startAnew(): Promise<void> {
  for (const [at, contender] of contenders.entries()) {
    const start = startersOf.get(contender.name);
    if (start === undefined || contender.pid === null) continue;
    await contender.stop();
    const anew = await start(upstream.port);
    contenders[at] = anew;
    const watch = new RecordWatch(anew.record);
    await runStreams({ port: anew.port, upstream, body: streamBody, streams: 50, spreadMs: 500, ...pacing });
    await watch.stop();
  }
}

/** Other modes of Weir differ in the wait of a single call. */
function isAsked({ name }: Contender, scenario: Scenario): boolean {
  if (!name.startsWith('Weir, ') || name === 'Weir, no record') return true;
  return scenario.kind === 'json' ? scenario.connections === 1 : scenario.streams === 50;
}

async function warmUp({ port, record }: Contender): Promise<void> {
  const watch = new RecordWatch(record);
  for (const bytes of [1000, 300_000]) {
    const body = jsonBodies.get(bytes);
    if (body !== undefined)
      await runJson({ port, body, connections: 8, seconds: values.quick ? 0.5 : 1, mayCall: () => true });
  }
  // Else its last calls count as some of the first scenario.
  await watch.stop();
}

async function measure(contender: Contender, scenario: Scenario): Promise<Figures> {
  const { pid, record } = contender;
  const before = await record?.();
  if (pid !== null) forgetPeak(pid);
  const cpuBefore = pid === null ? null : cpuSeconds(pid);
  const watch = new RecordWatch(record);
  const startMs = performance.now();
  const run =
    scenario.kind === 'json'
      ? await measureJson(contender, scenario, watch)
      : await measureStreams(contender, scenario);
  const lagSeconds = await watch.stop();
  const wholeSeconds = (performance.now() - startMs) / 1000;
  const after = await record?.();
  const lost = (after?.lost ?? 0) - (before?.lost ?? 0);
  const uncounted = record === null ? 0 : run.calls - ((after?.calls ?? 0) - (before?.calls ?? 0));
  if (run.damaged + lost !== 0 || uncounted !== 0) {
    broken++;
    process.stdout.write(
      `${contender.name}, ${scenario.name}: ${run.damaged} damaged, ${lost} lost, ${uncounted} not counted\n`,
    );
  }
  const cpu = pid === null ? null : cpuSeconds(pid);
  return {
    ...run.figures,
    ...(cpu !== null &&
      cpuBefore !== null &&
      pid !== null && {
        cpuMsPerCall: ((cpu.total - cpuBefore.total) * 1000) / run.calls,
        mainCpuMsPerCall: ((cpu.main - cpuBefore.main) * 1000) / run.calls,
        peakMb: peakMb(pid),
      }),
    ...(record !== null && {
      lagSeconds,
      ...(scenario.kind === 'json' && { keptPerSecond: run.calls / wholeSeconds }),
    }),
  };
}

interface Run {
  readonly calls: number;
  readonly damaged: number;
  readonly figures: Figures;
}

async function measureJson(
  { port }: Contender,
  { bytes, connections }: { readonly bytes: number; readonly connections: number },
  { mayCall }: RecordWatch,
): Promise<Run> {
  const body = jsonBodies.get(bytes);
  if (body === undefined) throw new Error(`no body of ${bytes} bytes`);
  const run = await runJson({ port, body, connections, seconds, mayCall });
  const figures = {
    perSecond: run.calls / run.seconds,
    p50Us: quantile(run.latenciesUs, 0.5),
    p99Us: quantile(run.latenciesUs, 0.99),
  };
  return { calls: run.calls, damaged: run.damaged, figures };
}

async function measureStreams(
  { port, pid }: Contender,
  { streams, spreadMs }: { readonly streams: number; readonly spreadMs: number },
): Promise<Run> {
  let openMb = 0;
  const halfway = (): void => {
    if (pid !== null) openMb = residentMb(pid);
  };
  const run = await runStreams({ port, upstream, body: streamBody, streams, spreadMs, ...pacing, halfway });
  const figures = {
    firstByteP50Us: quantile(run.firstBytesUs, 0.5),
    firstByteP99Us: quantile(run.firstBytesUs, 0.99),
    delayP50Us: quantile(run.delaysUs, 0.5),
    delayP99Us: quantile(run.delaysUs, 0.99),
    ...(pid !== null && { openMb }),
  };
  return { calls: run.streams, damaged: run.damaged, figures };
}

function quantile(numbers: readonly number[], q: number): number {
  const sorted = Float64Array.from(numbers).sort();
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * q))] ?? Number.NaN;
}
