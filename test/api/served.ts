/** Our own side on a real socket, and requests to it that a polite client would not send. */
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import {
  createServer,
  request as startRequest,
  type IncomingHttpHeaders,
  type IncomingMessage,
} from 'node:http';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import express from 'express';
import { onTestFinished } from 'vitest';
import { createLiveFeed, type LiveFeed, type LiveLimits } from '../../server/api/live.ts';
import { createApi, type ApiDeps } from '../../server/api/router.ts';
import type { Health, Settings } from '../../server/api/wire.ts';
import type { Reader } from '../../server/reader/questions.ts';
import type { Replayer } from '../../server/replay/replayer.ts';

export const token = 'correct-horse-battery-staple';

interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly bytes: Buffer;
  readonly text: string;
}

interface Asked {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** The token goes along unless this is false. */
  readonly withToken?: boolean;
}

export interface Served {
  readonly port: number;
  readonly live: LiveFeed;
  readonly logged: { fields: object; message: string }[];
  /** Sends exactly this target, with `Host: 127.0.0.1:PORT` unless the headers have another. */
  ask(target: string, asked?: Asked): Promise<Answer>;
  json(target: string): Promise<unknown>;
  /** As `ask`, but as soon as the head is there, with the body still to be read. */
  start(target: string, asked?: Asked): Promise<IncomingMessage>;
  /** Writes these lines to a socket of its own and gives back all that comes until it is closed. */
  raw(...lines: string[]): Promise<string>;
  close(): Promise<void>;
}

/** For what never gets as far as the store. */
export const noReader: Reader = {
  ask: (name) => Promise.reject(new Error(`nobody should have asked for ${name}`)),
  askJson: (name) => Promise.reject(new Error(`nobody should have asked for ${name}`)),
  close: () => Promise.resolve(),
};

/** Nothing can be sent again. */
export const noReplayer: Replayer = {
  upstreams: () => [],
  plan: () => Promise.reject(new Error('nobody should have asked for a plan')),
  send: () => Promise.reject(new Error('nobody should have sent anything')),
};

const health: Health = {
  status: 'ok',
  reasons: [],
  version: '1.2.3',
  upstream: 'https://api.example.test',
  proxy_url: 'http://127.0.0.1:8787',
  demo: false,
  auth: true,
  store: { target: '/data/weir.db', bytes: 4096, calls: null, chain: null },
  queue_bytes: 0,
  spilled_bytes: 0,
  undigested_bytes: 0,
  lag_ms: 0,
  active_calls: 0,
  rows_lost: 0,
  bodies_lost: 0,
  uptime_ms: 5,
};

const settings: Settings = {
  settings: [{ key: 'port', value: '8787', source: 'default' }],
  data_dir: '/data',
  prices_file: { path: '/data/prices.json', is_there: false },
  access: { auth: 'token', token_from: 'data_dir', allowed_hosts: [] },
};

/** As `startApi`; goes with the test. */
export async function serveApi(
  deps: Partial<ApiDeps> = {},
  limits: Partial<LiveLimits> = {},
  address = '127.0.0.1',
): Promise<Served> {
  const served = await startApi(deps, limits, address);
  onTestFinished(() => served.close());
  return served;
}

/** @param address to listen on and to connect to */
export async function startApi(
  deps: Partial<ApiDeps> = {},
  limits: Partial<LiveLimits> = {},
  address = '127.0.0.1',
): Promise<Served> {
  const live = deps.live ?? createLiveFeed(limits);
  const logged: Served['logged'] = [];
  const app = express();
  app.use(
    '/-',
    createApi({
      reader: noReader,
      live,
      replayer: noReplayer,
      token,
      allowedHosts: ['weir.example'],
      health: () => health,
      settings: () => settings,
      retention: {
        policy: { bodiesMs: null, callsMs: null, storeBytes: null },
        doneMs: () => null,
      },
      ready: () => ({ ready: true, reasons: [] }),
      dashboardDir: '/nowhere',
      version: '1.2.3',
      log: { error: (fields, message) => logged.push({ fields, message }) },
      ...deps,
    }),
  );
  const server = createServer({ maxHeaderSize: 65_536 }, app);
  server.listen(0, address);
  await once(server, 'listening');
  const bound = server.address();
  const port = typeof bound === 'object' && bound !== null ? bound.port : 0;
  const start: Served['start'] = async (target, { method = 'GET', headers = {}, withToken = true } = {}) => {
    const authorization = withToken ? { authorization: `Bearer ${token}` } : {};
    const sent = startRequest({
      port,
      host: address,
      path: target,
      method,
      agent: false,
      headers: { host: `${address}:${port}`, ...authorization, ...headers },
    });
    const arrived = Promise.withResolvers<IncomingMessage>();
    sent.on('response', arrived.resolve).on('error', arrived.reject).end();
    return arrived.promise;
  };
  const ask: Served['ask'] = async (target, asked) => readAnswer(await start(target, asked));
  return {
    port,
    live,
    logged,
    start,
    ask,
    async json(target) {
      const { text } = await ask(target);
      return JSON.parse(text);
    },
    raw: async (...lines) => readRaw(port, lines),
    async close() {
      live.close();
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

async function readAnswer(incoming: IncomingMessage): Promise<Answer> {
  const chunks: Buffer[] = [];
  for await (const chunk of incoming) chunks.push(chunk);
  const bytes = Buffer.concat(chunks);
  return { status: incoming.statusCode ?? 0, headers: incoming.headers, bytes, text: bytes.toString('utf8') };
}

async function readRaw(port: number, lines: readonly string[]): Promise<string> {
  const socket = connect(port, '127.0.0.1');
  await once(socket, 'connect');
  socket.write(`${lines.join('\r\n')}\r\nConnection: close\r\n\r\n`);
  let received = '';
  for await (const chunk of socket) received += String(chunk);
  return received;
}

/** A folder like a build of the dashboard; goes with the test. Next to it lies a file that must never be served. */
export function builtDashboard(): string {
  const folder = mkdtempSync(join(tmpdir(), 'weir-dashboard-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const dist = join(folder, 'dist');
  mkdirSync(join(dist, 'assets'), { recursive: true });
  writeFileSync(join(dist, 'index.html'), '<!doctype html><title>The dashboard</title>');
  writeFileSync(join(dist, 'assets', 'app-4f3c2b1a.js'), 'export {};');
  writeFileSync(join(dist, 'icon.svg'), '<svg xmlns="http://www.w3.org/2000/svg"/>');
  writeFileSync(join(folder, 'package.json'), '{"secret":true}');
  return dist;
}
