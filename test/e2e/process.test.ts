import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import net from 'node:net';
import { getPriority, tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { afterEach, describe, expect, it } from 'vitest';
import { callsWhen } from '../support/calls.ts';
import { startProgram, type Program, type ProgramOptions } from '../support/program.ts';
import { startUpstream, type Reply, type Upstream } from '../support/upstream.ts';

const dataDirs: string[] = [];
let upstream: Upstream;
let program: Program;

afterEach(async () => {
  program.process.kill('SIGKILL');
  await upstream.close();
});

interface Stream {
  readonly program: Program;
  /** The upstream's side of a stream that has begun. */
  readonly reply: Reply;
  readonly answer: Promise<string>;
}

/** A program with one stream under way. */
async function withStream(options: ProgramOptions = {}): Promise<Stream> {
  const begun = Promise.withResolvers<Reply>();
  upstream = await startUpstream((_request, reply) => {
    reply.head(200, { 'content-type': 'text/event-stream' }).chunk('event: ping\ndata: {"type":"ping"}\n\n');
    begun.resolve(reply);
  });
  const dataDir = mkdtempSync(join(tmpdir(), 'weir-process-'));
  dataDirs.push(dataDir);
  program = await startProgram({
    ...options,
    dataDir,
    args: ['--upstream', upstream.url.href, ...(options.args ?? [])],
  });
  const answer = fetch(`${program.proxyUrl}/v1/messages`, { method: 'POST', body: '{}' }).then((each) =>
    each.text(),
  );
  // It may break before a test comes to look at it.
  answer.catch(() => undefined);
  return { program, reply: await begun.promise, answer };
}

function rows(): unknown[] {
  const database = new Database(join(program.dataDir, 'weir.db'), { readonly: true });
  try {
    return database.prepare('select state, error_kind from calls_v1').all();
  } finally {
    database.close();
  }
}

function exitCode(): Promise<number | null> {
  return new Promise((resolve) => program.process.once('exit', (code) => resolve(code)));
}

describe('the life of the process', () => {
  it('SIGTERM lets running calls end, takes no new ones, commits, and exits with 0', async () => {
    const { reply, answer } = await withStream();
    const exited = exitCode();
    program.process.kill('SIGTERM');
    await expect.poll(() => program.stderr()).toContain('waiting for running calls');
    const refused = await fetch(`${program.proxyUrl}/v1/messages`, { method: 'POST', body: '{}' });
    expect([refused.status, refused.headers.get('x-weir-error')]).toEqual([503, 'shutting_down']);
    reply.chunk('event: message_stop\ndata: {"type":"message_stop"}\n\n').end();
    expect(await answer).toContain('message_stop');
    expect(await exited).toBe(0);
    expect(rows()).toEqual([{ state: 'completed', error_kind: null }]);
  });

  it('SIGTERM waits no longer than it was told to, and exits with 0 all the same', async () => {
    const { answer } = await withStream({ args: ['--drain-timeout', '200ms'] });
    const exited = exitCode();
    program.process.kill('SIGTERM');
    await expect(answer).rejects.toThrow();
    expect(await exited).toBe(0);
    expect(rows()).toEqual([{ state: 'interrupted', error_kind: 'shutdown' }]);
  });

  it('a second SIGTERM leaves at once', async () => {
    const { answer } = await withStream();
    const exited = exitCode();
    program.process.kill('SIGTERM');
    await expect.poll(() => program.stderr()).toContain('waiting for running calls');
    program.process.kill('SIGTERM');
    expect(await exited).toBe(143);
    await expect(answer).rejects.toThrow();
  });

  it('goes on when nobody reads its console any more', async () => {
    const { reply, answer } = await withStream();
    program.process.stderr?.destroy();
    program.process.stdout?.destroy();
    // Each refused request is a line on the console.
    for (let round = 0; round < 5; round++) {
      const socket = net.connect(Number(new URL(program.proxyUrl).port), '127.0.0.1');
      socket.end('GET /x HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n');
      await new Promise((resolve) => socket.resume().once('close', resolve));
    }
    reply.end();
    await answer;
    expect(
      await callsWhen(program, (calls) => calls.filter(({ state }) => state === 'completed')),
    ).toHaveLength(1);
  });

  it('an error that nobody caught ends the process in order: the call is recorded, the exit code is 1', async () => {
    const bomb = join(mkdtempSync(join(tmpdir(), 'weir-bomb-')), 'bomb.mjs');
    writeFileSync(
      bomb,
      "import { isMainThread } from 'node:worker_threads';\nif (isMainThread) process.on('SIGUSR2', () => { throw new Error('unforeseen'); });\n",
    );
    const { reply, answer } = await withStream({ env: { NODE_OPTIONS: `--import=${bomb}` } });
    const exited = exitCode();
    program.process.kill('SIGUSR2');
    await expect.poll(() => program.stderr()).toContain('unforeseen');
    reply.end();
    await answer;
    expect(await exited).toBe(1);
    expect(rows()).toEqual([{ state: 'completed', error_kind: null }]);
  });

  it('without a file descriptor left it sheds new connections and keeps the calls that run', async () => {
    const { reply, answer } = await withStream();
    // The process that reads the store is there before descriptors run out.
    await callsWhen(program, (calls) => calls);
    const { pid } = program.process;
    await new Promise((resolve) =>
      spawn('prlimit', ['--pid', String(pid), '--nofile=60:60']).once('exit', resolve),
    );
    const { port } = new URL(program.proxyUrl);
    const sockets = Array.from({ length: 100 }, () =>
      net.connect(Number(port), '127.0.0.1').on('error', () => undefined),
    );
    await Promise.all(
      sockets.map(
        (socket) => new Promise((resolve) => socket.once('connect', resolve).once('close', resolve)),
      ),
    );
    reply.end();
    expect(await answer).toContain('ping');
    for (const socket of sockets) socket.destroy();
    await expect
      .poll(async () => (await fetch(`${program.proxyUrl}/-/healthz`).catch(() => null))?.status, {
        timeout: 10_000,
      })
      .toBe(200);
    expect(
      await callsWhen(program, (calls) => calls.filter(({ state }) => state === 'completed')),
    ).toHaveLength(1);
  });

  it.runIf(process.platform === 'linux')('questions give way to calls', async () => {
    const { reply } = await withStream();
    await program.api('calls');
    const { pid = 0 } = program.process;
    const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ').map(Number);
    expect(children).toHaveLength(1);
    for (const child of children) expect(getPriority(child)).toBeGreaterThan(getPriority(pid));
    reply.end();
  });

  it('admits only as many connections as there are descriptors for, and each of their calls succeeds', async () => {
    const { reply, answer } = await withStream({ openFiles: 220 });
    upstream.script((_request, each) => void each.json(200, {}));
    const { port } = new URL(program.proxyUrl);
    const statuses = await Promise.all(
      Array.from({ length: 200 }, async () => {
        const agent = new http.Agent({ keepAlive: true });
        const status = await statusOf({ port, host: '127.0.0.1', agent, path: '/v1/models' });
        return { agent, status };
      }),
    );
    const admitted = statuses.filter(({ status }) => status !== null);
    expect(admitted.length).toBeGreaterThan(30);
    expect(admitted.length).toBeLessThan(100);
    expect(new Set(admitted.map(({ status }) => status))).toEqual(new Set([200]));
    reply.end();
    expect(await answer).toContain('ping');
    for (const { agent } of statuses) agent.destroy();
    await expect
      .poll(() => statusOf({ port, host: '127.0.0.1', path: '/v1/models' }), { timeout: 10_000 })
      .toBe(200);
    // With the stream and the call of the last client.
    const made = admitted.length + 2;
    const calls = await callsWhen(program, (all) => {
      const completed = all.filter(({ state }) => state === 'completed');
      return completed.length < made ? [] : completed;
    });
    expect(calls).toHaveLength(made);
  });
});

/** The status of an answer to a GET; null when the connection was closed before one. */
function statusOf(options: http.RequestOptions): Promise<number | null> {
  return new Promise((resolve) => {
    http
      .get(options, (answer) => {
        answer.resume().on('end', () => resolve(answer.statusCode ?? 0));
      })
      .on('error', () => resolve(null));
  });
}
