/** Load, kill, start again, compare; as often as wanted, always on the same store. */
import { setTimeout } from 'node:timers/promises';
import type { Program } from '../support/program.ts';
import type { Kind } from './exchange-script.ts';
import { Load, type MadeCall } from './load.ts';
import { compareRows, comparePrefixes, storedCalls } from './verdict.ts';
import { readiness, until, well } from './weir.ts';

export interface KillOptions {
  start(): Promise<Program>;
  readonly dataDir: string;
  /** The store, when it is not the file in there. */
  readonly store?: string;
  readonly rounds: number;
  readonly clients: number;
  readonly pauseMs: number;
  /** The kill comes after a random time between the two. */
  readonly leastMs: number;
  readonly mostMs: number;
}

export interface KillReport {
  readonly findings: string[];
  readonly calls: number;
  readonly interrupted: number;
  readonly lostCalls: number;
  readonly duplicates: number;
  /** Longest time from starting the program again until it was ready. */
  readonly readyWithinMs: number;
}

const kinds: readonly Kind[] = ['json', 'short', 'long', 'upload', 'short'];

export async function killRounds(options: KillOptions): Promise<KillReport> {
  const findings: string[] = [];
  let [calls, interrupted, lostCalls, duplicates, readyWithinMs, firstMarker] = [0, 0, 0, 0, 0, 1];
  let program = await options.start();
  const earlier: MadeCall[] = [];
  for (let round = 1; round <= options.rounds; round++) {
    const load = new Load({
      proxyUrl: program.proxyUrl,
      clients: options.clients,
      kinds,
      pauseMs: options.pauseMs,
      firstMarker,
    });
    await setTimeout(options.leastMs + Math.random() * (options.mostMs - options.leastMs));
    const killedMs = Date.now();
    await program.stop('SIGKILL');
    const made = await load.stop();
    firstMarker = load.nextMarker;
    const startedMs = Date.now();
    program = await options.start();
    await until(
      () => readiness(program),
      ({ status }) => status === 200,
    );
    readyWithinMs = Math.max(readyWithinMs, Date.now() - startedMs);
    await well(program);
    const stored = storedCalls(options.dataDir, options.store);
    const verdict = compareRows(
      made,
      stored.filter(({ marker }) => marker >= (made[0]?.marker ?? 0)),
      killedMs,
    );
    const prefixes = await comparePrefixes(program, made, stored, killedMs);
    findings.push(...[...verdict.findings, ...prefixes].map((finding) => `round ${round}: ${finding}`));
    // Calls of earlier rounds stay as they were.
    const stays = compareRows(
      earlier.filter(({ marker }) => stored.some((row) => row.marker === marker)),
      stored.filter(({ marker }) => marker < (made[0]?.marker ?? 0)),
      0,
    );
    findings.push(...stays.findings.map((finding) => `after round ${round}: ${finding}`));
    earlier.push(...made);
    calls += made.length;
    interrupted += stored.filter(
      ({ marker, state }) => state === 'interrupted' && marker >= (made[0]?.marker ?? 0),
    ).length;
    lostCalls += verdict.lostCalls;
    duplicates += verdict.duplicates;
  }
  await program.stop();
  return { findings, calls, interrupted, lostCalls, duplicates, readyWithinMs };
}
