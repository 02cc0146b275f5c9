/** `weir status`: whether a program runs, how its recording is doing, and where it is. */
import { healthSchema } from '../api/schemas/program.ts';
import type { Health } from '../api/wire.ts';
import type { Config } from '../config.ts';
import { findRunning, type RunningProgram } from '../running-program.ts';
import { StoreError } from '../store/errors.ts';
import { surveyCalls } from '../store/inspect.ts';
import { openStore } from '../store/open.ts';
import { askProgram, NoAnswer } from './ask-program.ts';
import type { CommandIo } from './command-io.ts';
import { durationText, sizeText } from './size-text.ts';
import { exitCodes, storeBytes, targetConfig, type StoreTargetOptions } from './store-target.ts';

export interface StatusOptions extends StoreTargetOptions {
  readonly json?: boolean;
}

/** What a store file tells when nobody runs who could be asked. */
interface RestingStore {
  readonly target: string;
  readonly bytes: number | null;
  /** Null when it cannot be read; `problem` says why. */
  readonly calls: number | null;
  readonly problem: string | null;
}

/** 0 when a program runs and answers, else 69. @throws ConfigError */
export async function runStatus(options: StatusOptions, io: CommandIo): Promise<number> {
  const config = targetConfig(options);
  const running = findRunning(config.dataDir);
  try {
    if (running !== null) {
      const health = await askHealth(running, config);
      const shown = { running: true, ...running, health };
      io.stdout(options.json === true ? `${JSON.stringify(shown, null, 2)}\n` : runningText(running, health));
      return exitCodes.ok;
    }
  } catch (error) {
    if (!(error instanceof NoAnswer)) throw error;
    if (!error.isGone) {
      io.stderr(`weir: ${error.message}\n`);
      return exitCodes.unreachable;
    }
  }
  const store = restingStore(config.store);
  io.stderr(`weir: no program runs with the data directory ${config.dataDir}.\n`);
  io.stdout(
    options.json === true ? `${JSON.stringify({ running: false, store }, null, 2)}\n` : restingText(store),
  );
  return exitCodes.unreachable;
}

async function askHealth(running: RunningProgram, config: Config): Promise<Health> {
  const answer = healthSchema.safeParse(await askProgram(running, config, 'health'));
  if (answer.success) return answer.data;
  throw new NoAnswer(
    `The program at ${running.url} is version ${running.version} and tells its health otherwise than this one reads it.`,
    false,
    { cause: answer.error },
  );
}

function restingStore(target: string): RestingStore {
  const bytes = storeBytes(target);
  try {
    const store = openStore(target, 'read');
    try {
      return { target, bytes, calls: surveyCalls(store).calls, problem: null };
    } finally {
      store.close();
    }
  } catch (error) {
    if (!(error instanceof StoreError)) throw error;
    return { target, bytes, calls: null, problem: error.message };
  }
}

function runningText(running: RunningProgram, health: Health): string {
  const { rows_lost: rows, bodies_lost: bodies } = health;
  return [
    `weir ${health.version} has run for ${durationText(health.uptime_ms)} (process ${running.pid})`,
    ...health.reasons.map((reason) => `  degraded   ${reason}`),
    `  proxy      ${health.proxy_url}`,
    `  upstream   ${health.upstream}`,
    `  store      ${health.store.target}${health.store.bytes === null ? '' : ` (${sizeText(health.store.bytes)})`}`,
    `  calls      ${health.active_calls} under way`,
    `  recording  ${durationText(health.lag_ms)} behind, ${sizeText(health.queue_bytes)} waiting, ${sizeText(health.spilled_bytes)} spilled`,
    ...(health.undigested_bytes === 0
      ? []
      : [
          `             catching up: ${sizeText(health.undigested_bytes)} of calls show up as there is time for them`,
        ]),
    `  lost       ${rows === 0 && bodies === 0 ? 'nothing' : `${rows} calls, ${bodies} bodies`}`,
    '',
  ].join('\n');
}

function restingText({ target, bytes, calls, problem }: RestingStore): string {
  const facts = [
    ...(bytes === null ? [] : [sizeText(bytes)]),
    ...(calls === null ? [] : [`${calls} calls`]),
    ...(problem === null ? [] : [problem]),
  ];
  return `  store      ${target}: ${facts.join(', ')}\n`;
}
