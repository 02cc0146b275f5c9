/** The real program, started as a user starts it, on a free port and a data directory of its own. */
import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const entry = fileURLToPath(new URL('../../server/weir.js', import.meta.url));

export interface Program {
  readonly proxyUrl: string;
  readonly dashboardUrl: string;
  readonly token: string;
  readonly dataDir: string;
  readonly process: ChildProcess;
  /** What it wrote to stderr so far. */
  stderr(): string;
  /** GET below `/-/api/v1/`, parsed. */
  api(path: string): Promise<unknown>;
  /** Sends a signal (SIGTERM) and returns the exit code. */
  stop(signal?: NodeJS.Signals): Promise<number | null>;
}

export interface ProgramOptions {
  readonly args?: readonly string[];
  /** For Node itself. */
  readonly nodeArgs?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** Kept when given, else made and removed by `stop`. */
  readonly dataDir?: string;
  /** Limit of file descriptors, soft and hard. */
  readonly openFiles?: number;
}

/** A child that exits on its own: its code and what it wrote. */
export async function runToEnd(
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<{ code: number | null; stdout: string; stderr: string }> {
  const child = spawn(process.execPath, [entry, ...args], { env: cleanEnvironment(env) });
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
  const code = await exitOf(child);
  return { code, stdout, stderr };
}

/** A command that runs until it is stopped. */
export interface Listening {
  /** Where clients are to be pointed. */
  readonly url: string;
  readonly process: ChildProcess;
  /** What it wrote to stderr so far. */
  stderr(): string;
  /** Sends a signal (SIGTERM) and returns the exit code. */
  stop(signal?: NodeJS.Signals): Promise<number | null>;
}

/** Starts a command and waits until it says where it listens; rejects when it ends before that. */
export async function startListening(
  own: readonly string[],
  { env, openFiles, nodeArgs }: Pick<ProgramOptions, 'env' | 'openFiles' | 'nodeArgs'> = {},
): Promise<Listening> {
  const limit = openFiles === undefined ? [] : ['prlimit', `--nofile=${openFiles}`];
  const [command = '', ...args] = [...limit, process.execPath, ...(nodeArgs ?? []), entry, ...own];
  const child = spawn(command, args, { env: cleanEnvironment(env ?? {}) });
  let stderr = '';
  const started = Promise.withResolvers<string>();
  child.stderr.on('data', (chunk: Buffer) => {
    stderr += chunk.toString();
    const url = /ANTHROPIC_BASE_URL=(\S+)/.exec(stderr)?.[1];
    if (url !== undefined) started.resolve(url);
  });
  child.once('exit', (code) => started.reject(new Error(`the program ended with ${code}: ${stderr}`)));
  return {
    url: await started.promise,
    process: child,
    stderr: () => stderr,
    stop: async (signal = 'SIGTERM') => {
      if (child.exitCode === null && child.signalCode === null) {
        const exited = exitOf(child);
        child.kill(signal);
        await exited;
      }
      return child.exitCode;
    },
  };
}

export async function startProgram(options: ProgramOptions = {}): Promise<Program> {
  const dataDir = options.dataDir ?? mkdtempSync(join(tmpdir(), 'weir-test-'));
  const args = ['--port', '0', '--data-dir', dataDir, ...(options.args ?? [])];
  const { url: proxyUrl, ...running } = await startListening(args, options);
  const dashboardUrl = /dashboard\s+(\S+)/.exec(running.stderr())?.[1] ?? '';
  const token = new URL(dashboardUrl).searchParams.get('token') ?? '';
  return {
    ...running,
    proxyUrl,
    dashboardUrl,
    token,
    dataDir,
    api: async (path) => {
      const answer = await fetch(`${proxyUrl}/-/api/v1/${path}`, {
        headers: { authorization: `Bearer ${token}` },
      });
      return answer.json();
    },
    stop: async (signal) => {
      const code = await running.stop(signal);
      if (options.dataDir === undefined) rmSync(dataDir, { recursive: true, force: true });
      return code;
    },
  };
}

function exitOf(child: ChildProcess): Promise<number | null> {
  return new Promise((resolve) => child.once('close', (code) => resolve(code)));
}

/** No setting of the machine that runs the tests may reach the program under test. */
function cleanEnvironment(env: Readonly<Record<string, string>>): NodeJS.ProcessEnv {
  const kept = Object.entries(process.env).filter(
    ([name]) => !/^(WEIR_|ANTHROPIC_|PORT$|LOG_LEVEL$)/.test(name),
  );
  return { ...Object.fromEntries(kept), ...env };
}
