/** Who is compared: each is started as its users start it, on a port of loopback, on the core of the proxies. */
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { valueOf, parseMetrics } from '../../test/support/prometheus.ts';

export interface Contender {
  readonly name: string;
  readonly port: number;
  /** Null: there is nothing in between. */
  readonly pid: number | null;
  /** How its record stands; null for one that keeps none. */
  readonly record: (() => Promise<RecordState>) | null;
  stop(): Promise<void>;
}

export interface RecordState {
  readonly queueBytes: number;
  readonly lagSeconds: number;
  /** On the disk and not in the store yet. */
  readonly spilledBytes: number;
  /** Rows and bodies. */
  readonly lost: number;
  /** That have ended. */
  readonly calls: number;
  readonly activeCalls: number;
}

export type Starter = (upstreamPort: number) => Promise<Contender>;

const file = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
const startLimitMs = 20_000;

/** Pins to a core where that can be done: 0 for proxies, 1 for the bench itself. */
export const canPin = spawnSync('taskset', ['-c', '1', 'true']).status === 0;

function start(command: string, args: readonly string[]): ChildProcess {
  const [first, rest] = canPin ? ['taskset', ['-c', '0', command, ...args]] : [command, [...args]];
  return spawn(first, rest, { stdio: ['ignore', 'pipe', 'pipe'] });
}

export const direct: Starter = async (port) => ({
  name: 'direct',
  port,
  pid: null,
  record: null,
  stop: async () => undefined,
});

function nodeContender(name: string, script: string): Starter {
  return async (upstreamPort) => {
    const child = start(process.execPath, [
      file(`../contenders/${script}`),
      `http://127.0.0.1:${upstreamPort}`,
    ]);
    const port = Number(await said(child, /^(\d+)$/m));
    return running(name, port, child, null);
  };
}

export const stock = nodeContender('HPM stock', 'stock.ts');
export const floor = nodeContender('node:http floor', 'floor.ts');
export const forgetful = nodeContender('Weir, no record', 'forgetful.ts');

/** Weir as `npm start` starts it, with a store of its own; `keptDir`: a data directory that is there and stays. */
export function weir(name: string, args: readonly string[] = [], keptDir: string | null = null): Starter {
  return async (upstreamPort) => {
    const dataDir = keptDir ?? mkdtempSync(join(tmpdir(), 'weir-bench-'));
    const own = ['--port', '0', '--data-dir', dataDir, '--upstream', `http://127.0.0.1:${upstreamPort}`];
    const child = start(process.execPath, [
      '--max-semi-space-size=4',
      file('../../server/weir.js'),
      ...own,
      ...args,
    ]);
    const url = await said(child, /ANTHROPIC_BASE_URL=(\S+)/);
    const record = async (): Promise<RecordState> => {
      const samples = parseMetrics(await (await fetch(`${url}/-/metrics`)).text());
      const value = (metric: string): number => valueOf(samples, metric) ?? 0;
      return {
        queueBytes: value('weir_record_queue_bytes'),
        lagSeconds: value('weir_record_lag_seconds'),
        spilledBytes: value('weir_record_spilled_bytes'),
        activeCalls: value('weir_active_calls'),
        lost: value('weir_rows_lost_total') + value('weir_bodies_lost_total'),
        calls: samples
          .filter((sample) => sample.name === 'weir_requests_total')
          .reduce((sum, sample) => sum + sample.value, 0),
      };
    };
    return running(name, Number(new URL(url).port), child, record, keptDir === null ? dataDir : null);
  };
}

export const nginx: Starter = async (upstreamPort) => {
  const dir = mkdtempSync(join(tmpdir(), 'weir-bench-'));
  const port = await freePort();
  const config = join(dir, 'nginx.conf');
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
    (kind) => `${kind}_temp_path ${dir}/${kind};`,
  );
  writeFileSync(
    config,
    `daemon off; master_process off; pid ${dir}/pid; error_log ${dir}/error.log;
    worker_rlimit_nofile 16384; events { worker_connections 8192; }
    http {
      access_log off; ${temporary.join(' ')}
      upstream bench { server 127.0.0.1:${upstreamPort}; keepalive 1024; }
      server {
        listen 127.0.0.1:${port} backlog=4096; client_max_body_size 0; keepalive_requests 100000000;
        location / {
          proxy_pass http://bench; proxy_http_version 1.1; proxy_set_header Connection "";
          proxy_buffering off; proxy_request_buffering off;
        }
      }
    }`,
  );
  const child = start('nginx', ['-p', dir, '-c', config, '-e', join(dir, 'error.log')]);
  await accepting(port, child);
  return running('nginx', port, child, null, dir);
};

export const haproxy: Starter = async (upstreamPort) => {
  const dir = mkdtempSync(join(tmpdir(), 'weir-bench-'));
  const port = await freePort();
  const config = join(dir, 'haproxy.cfg');
  writeFileSync(
    config,
    `global
  nbthread 1
  maxconn 8192
defaults
  mode http
  http-reuse safe
  option http-no-delay
  timeout connect 10s
  timeout client 10m
  timeout server 10m
listen bench
  bind 127.0.0.1:${port} backlog 4096
  server upstream 127.0.0.1:${upstreamPort} pool-max-conn 1024
`,
  );
  const child = start('haproxy', ['-db', '-f', config]);
  await accepting(port, child);
  return running('haproxy', port, child, null, dir);
};

export const mitmproxy: Starter = async (upstreamPort) => {
  const port = await freePort();
  const mode = `reverse:http://127.0.0.1:${upstreamPort}`;
  const child = start('mitmdump', [
    '-q',
    '--mode',
    mode,
    '--listen-host',
    '127.0.0.1',
    '-p',
    String(port),
    '--set',
    'stream_large_bodies=1',
  ]);
  await accepting(port, child);
  return running('mitmproxy', port, child, null);
};

export function isInstalled(command: string): boolean {
  return spawnSync('sh', ['-c', `command -v ${command}`]).status === 0;
}

function running(
  name: string,
  port: number,
  child: ChildProcess,
  record: Contender['record'],
  dir: string | null = null,
): Contender {
  if (child.pid === undefined) throw new Error(`${name} has no process`);
  child.stdout?.resume();
  child.stderr?.resume();
  return {
    name,
    port,
    pid: child.pid,
    record,
    async stop() {
      const exited = once(child, 'exit');
      if (child.exitCode === null && child.signalCode === null) {
        child.kill('SIGTERM');
        const patience = new AbortController();
        await Promise.race([exited, setTimeout(30_000, null, { signal: patience.signal })]);
        patience.abort();
        child.kill('SIGKILL');
      }
      if (dir !== null) rmSync(dir, { recursive: true, force: true });
    },
  };
}

/** What a program says about where it can be found. */
async function said(child: ChildProcess, pattern: RegExp): Promise<string> {
  const found = Promise.withResolvers<string>();
  let text = '';
  const listen = (chunk: Buffer): void => {
    text += chunk.toString();
    const match = pattern.exec(text)?.[1];
    if (match !== undefined) found.resolve(match);
  };
  child.stdout?.on('data', listen);
  child.stderr?.on('data', listen);
  child.once('exit', () => found.reject(new Error(`it ended before it was ready: ${text}`)));
  const result = await found.promise;
  child.stdout?.off('data', listen);
  child.stderr?.off('data', listen);
  return result;
}

async function accepting(port: number, child: ChildProcess): Promise<void> {
  let complaint = '';
  child.stderr?.on('data', (chunk: Buffer) => (complaint += chunk.toString()));
  for (const untilMs = performance.now() + startLimitMs; performance.now() < untilMs; await setTimeout(50)) {
    const socket = connect(port, '127.0.0.1');
    const isOpen = await once(socket, 'connect').then(
      () => true,
      () => false,
    );
    socket.destroy();
    if (isOpen) return;
    if (child.exitCode !== null) break;
  }
  throw new Error(`nobody listens on ${port}: ${complaint}`);
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  return typeof address === 'object' && address !== null ? address.port : 0;
}
