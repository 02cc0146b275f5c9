/** The program that sends calls again for the command: the one that records the store, or the same program for as long as the command runs. */
import { randomBytes } from 'node:crypto';
import { statSync } from 'node:fs';
import { z } from 'zod';
import { healthSchema } from '../api/schemas/program.ts';
import { problemSchema } from '../api/schemas/shape.ts';
import type { Config } from '../config.ts';
import { createLog } from '../log.ts';
import { findRunning } from '../running-program.ts';
import { isPostgresAddress } from '../store/postgres/address.ts';
import { NoAnswer, requestProgram, type ProgramAddress } from './ask-program.ts';
import type { Running } from './serve.ts';

export interface ReplayHost {
  /** GET below `/-/api/v1/`. @throws HostRefused, NoAnswer */
  get<Schema extends z.ZodType>(path: string, schema: Schema): Promise<z.output<Schema>>;
  /** POST of JSON. @throws HostRefused, NoAnswer */
  post<Schema extends z.ZodType>(path: string, body: object, schema: Schema): Promise<z.output<Schema>>;
  /** The answer as it is, such as CSV. @throws HostRefused, NoAnswer */
  text(path: string): Promise<string>;
  close(): Promise<void>;
}

/** The program would not do that; one sentence. */
export class HostRefused extends Error {
  override readonly name = 'HostRefused';
  /** Last part of the problem's type: `not_found`, `conflict`, … */
  readonly code: string;

  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }
}

/** There is no store. */
export class NoStore extends Error {
  override readonly name = 'NoStore';
}

/** @throws NoStore, NoAnswer, and what starting the program throws (RecorderRefused where another one holds the store) */
export async function openReplayHost(config: Config): Promise<ReplayHost> {
  const running = findRunning(config.dataDir);
  if (running !== null) {
    const host = hostAt(running, config, () => Promise.resolve());
    try {
      const health = await host.get('health', z.looseObject({ store: healthSchema.shape.store }));
      if (health.store.target === config.store) return host;
    } catch (error) {
      if (!(error instanceof NoAnswer && error.isGone)) throw error;
    }
  }
  return startOwn(config);
}

async function startOwn(config: Config): Promise<ReplayHost> {
  if (!isPostgresAddress(config.store) && statSync(config.store, { throwIfNoEntry: false }) === undefined) {
    throw new NoStore(`There is no store at ${config.store}.`);
  }
  const { serve } = await import('./serve.ts');
  const own: Config = {
    ...config,
    host: '127.0.0.1',
    port: 0,
    auth: true,
    token: randomBytes(24).toString('base64url'),
    // What is sent again is no occasion to remove anything.
    retention: { bodiesMs: null, callsMs: null, storeBytes: null },
  };
  const log = createLog('error');
  const program: Running = await serve(own, [], log, () => undefined);
  return hostAt({ pid: process.pid, url: program.proxyUrl }, own, () => program.stop());
}

function hostAt(program: ProgramAddress, config: Config, close: () => Promise<void>): ReplayHost {
  const ask = async (path: string, body?: object): Promise<string> => {
    const answer = await requestProgram(program, config, path, body);
    const text = await answer.text();
    if (answer.ok) return text;
    const problem = problemSchema.safeParse(parsed(text));
    if (!problem.success) throw unusable(program);
    throw new HostRefused(problem.data.type.split(':').at(-1) ?? '', problem.data.detail);
  };
  const narrowed = <Schema extends z.ZodType>(text: string, schema: Schema): z.output<Schema> => {
    const value = schema.safeParse(parsed(text));
    if (value.success) return value.data;
    throw unusable(program);
  };
  return {
    get: async (path, schema) => narrowed(await ask(path), schema),
    post: async (path, body, schema) => narrowed(await ask(path, body), schema),
    text: (path) => ask(path),
    close,
  };
}

function unusable({ url }: ProgramAddress): NoAnswer {
  return new NoAnswer(
    `What answers at ${url} is not weir, or another version of it than this command.`,
    false,
  );
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    throw error;
  }
}
