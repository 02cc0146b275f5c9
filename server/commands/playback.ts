/** `weir playback`: answers from the record as an upstream, until it is interrupted. */
import { once } from 'node:events';
import { statSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Config } from '../config.ts';
import { Library, openLibrary, TooManyRecordings } from '../playback/library.ts';
import type { Match } from '../playback/matching.ts';
import { createPlayback } from '../playback/upstream.ts';
import type { Reader } from '../reader/questions.ts';
import { startReader } from '../reader/reader.ts';
import { BadQuestion, StoreError, Unsupported } from '../store/errors.ts';
import { isPostgresAddress } from '../store/postgres/address.ts';
import type { CommandIo } from './command-io.ts';
import { readFilters } from './filter-flags.ts';
import { listen, urlHost } from './listen.ts';
import { forwardTo, recordInto, unrecorded, type Forward } from './playback-misses.ts';
import { openPlaybackSource, type PlaybackSource } from './playback-source.ts';
import { createProgress } from './progress.ts';
import { BadOption, type QueryOptions } from './query-flags.ts';
import { exitCodes, storeExitCode, targetConfig, type StoreTargetOptions } from './store-target.ts';

export interface PlaybackOptions extends StoreTargetOptions {
  readonly host?: string;
  readonly port?: string;
  readonly upstream?: string;
  readonly speed: string;
  readonly match: Match;
  readonly onMiss: 'error' | 'forward' | 'record';
}

const defaultPort = '8788';
const questionLimitMs = 60_000;

/** What the command is about, read from its options. */
interface Plan {
  readonly config: Config;
  /** What is read, and written to by `record`. */
  readonly target: string;
  readonly isCassette: boolean;
  readonly speed: number;
  readonly options: PlaybackOptions & QueryOptions;
}

/**
 * 0 when a signal ended it, 2 for options that do not fit, 4 when there is nothing to answer with, 75 when it is to record into a store
 * that is recorded into, 1 otherwise.
 * @throws ConfigError, DataDirError
 */
export async function runPlayback(
  file: string | undefined,
  options: PlaybackOptions & QueryOptions,
  io: CommandIo,
): Promise<number> {
  const plan = planOf(file, options);
  const closing: (() => Promise<void>)[] = [];
  try {
    assertFits(file, plan);
    return await run(plan, closing, io);
  } catch (error) {
    io.stderr(`weir: ${sentenceOf(error, plan)}\n`);
    if (error instanceof BadOption || error instanceof BadQuestion || error instanceof Unsupported)
      return exitCodes.usage;
    if (error instanceof TooManyRecordings) return exitCodes.usage;
    if (plan.isCassette && !exists(plan.target)) return exitCodes.notFound;
    return error instanceof StoreError ? storeExitCode(error, plan.target) : exitCodes.failure;
  } finally {
    for (const step of closing.splice(0).reverse()) await step();
  }
}

function planOf(file: string | undefined, options: PlaybackOptions & QueryOptions): Plan {
  const { host, port = defaultPort, upstream } = options;
  const config = targetConfig(options, {
    port,
    ...(host === undefined ? {} : { host }),
    ...(upstream === undefined ? {} : { upstream }),
  });
  const speed = /^(\d+(?:\.\d+)?)[x×]?$/.exec(options.speed)?.[1];
  return {
    config,
    target: file === undefined ? config.store : resolve(file),
    isCassette: file !== undefined,
    speed: Number(speed),
    options,
  };
}

/** @throws BadOption */
function assertFits(file: string | undefined, { speed, options }: Plan): void {
  if (Number.isNaN(speed))
    throw new BadOption(`--speed takes 1, a factor such as 10, or 0 for no pauses, not "${options.speed}".`);
  if (file !== undefined && options.store !== undefined)
    throw new BadOption('--store and a file both say what to play: leave one away.');
  if (file !== undefined && isPostgresAddress(file))
    throw new BadOption('A database is no file: name it with --store or WEIR_STORE.');
}

async function run(plan: Plan, closing: (() => Promise<void>)[], io: CommandIo): Promise<number> {
  const { config, target, options } = plan;
  const { upstream: _ofMisses, ...filterOptions } = options;
  const filters = readFilters(filterOptions, Date.now());
  let library: Library | null = null;
  const learn = (id: string): Promise<void> => library?.learn(id) ?? Promise.resolve();
  // Before the first question: recording makes the file where there is none, and brings an older one to this version.
  const upstream =
    options.onMiss === 'record' ? await recordInto(plan, learn, closing, io) : unrecorded(config);
  const source = await sourceOf(plan, io);
  closing.push(async () => source.close());
  const reader = startReader({ target: source.target, limitMs: questionLimitMs });
  closing.push(() => reader.close());
  const progress = createProgress(io.stderr, { isTerminal: process.stderr.isTTY });
  library = await openLibrary({
    reader,
    match: options.match,
    filters,
    onProgress: (calls) => progress.update(null, `${calls} calls`),
    onIncomplete: (sentence) => io.stderr(`weir: ${sentence}\n`),
  });
  progress.end();
  const playable = library.entries.filter((entry) => entry.is_playable).length;
  if (playable === 0 && options.onMiss !== 'record') {
    io.stderr(`weir: ${nothingToPlay(target, library)}\n`);
    return exitCodes.notFound;
  }
  const forward = options.onMiss === 'error' ? null : forwardTo(upstream, closing);
  const url = await serve(plan, { library, reader, forward }, closing, io);
  io.stderr(banner(plan, library, playable, url));
  await signalled();
  return exitCodes.ok;
}

/** The record itself and what is recorded into are read where they are. */
function sourceOf({ target, isCassette, options }: Plan, io: CommandIo): Promise<PlaybackSource> {
  if (!isCassette || options.onMiss === 'record') return Promise.resolve({ target, close: () => undefined });
  return openPlaybackSource(target, (sentence) => io.stderr(`weir: ${sentence}\n`));
}

async function serve(
  { config, speed }: Plan,
  parts: { readonly library: Library; readonly reader: Reader; readonly forward: Forward | null },
  closing: (() => Promise<void>)[],
  io: CommandIo,
): Promise<string> {
  const server = createPlayback({
    ...parts,
    speed,
    maxHeaderBytes: config.maxHeaderBytes,
    onMiss: (sentence) => io.stderr(`weir: ${sentence}\n`),
  });
  const port = await listen(server, config);
  closing.push(async () => {
    const closed = once(server, 'close');
    server.close();
    server.closeAllConnections();
    await closed;
  });
  return `http://${urlHost(config.host)}:${port}`;
}

function banner(
  { target, speed, options }: Plan,
  { entries }: Library,
  playable: number,
  url: string,
): string {
  const sessions = new Set(entries.map(({ session_id: id }) => id)).size;
  const left = entries.length - playable;
  const misses = {
    error: 'an error that names the nearest recording',
    forward: 'forwarded, and not recorded',
    record: 'forwarded, and recorded',
  };
  return [
    '',
    `  Weir playback of ${target}`,
    '',
    `  address     ${url}`,
    `  recordings  ${playable} in ${sessions} ${sessions === 1 ? 'session' : 'sessions'}`,
    ...(left === 0 ? [] : [`  left out    ${left} whose answers were not kept`]),
    `  matching    ${options.match}; a request without a recording is ${misses[options.onMiss]}`,
    `  pauses      ${speed === 0 ? 'none' : speed === 1 ? 'as recorded' : `as recorded, divided by ${speed}`}`,
    '',
    `  export ANTHROPIC_BASE_URL=${url}`,
    '',
    '',
  ].join('\n');
}

function nothingToPlay(target: string, { entries }: Library): string {
  const why =
    entries.length === 0
      ? 'holds no call that passes the filters'
      : `kept none of its ${entries.length} answers`;
  return `${target} ${why}: there is nothing to answer with.`;
}

/** The second signal ends the process as it always does. */
async function signalled(): Promise<void> {
  await new Promise<void>((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => resolve());
  });
}

function sentenceOf(error: unknown, { target, isCassette }: Plan): string {
  if (isCassette && !(error instanceof BadOption)) {
    if (!exists(target)) return `There is no file ${target}: weir export --cassette makes one.`;
    if (error instanceof StoreError && error.code === 'corrupt')
      return `${target} is no cassette, or is damaged: weir export --cassette makes one.`;
  }
  return error instanceof Error ? error.message : String(error);
}

function exists(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false }) !== undefined;
}
