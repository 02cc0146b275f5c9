import { createServer } from 'node:http';
import { createServer as createNetServer, type AddressInfo } from 'node:net';
import { chmodSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { afterEach, describe, expect, it } from 'vitest';
import { callsWhen } from '../support/calls.ts';
import { runToEnd, startProgram, type Program } from '../support/program.ts';

const opened: { close(): unknown }[] = [];
let program: Program | null = null;

afterEach(async () => {
  await program?.stop();
  program = null;
  for (const each of opened.splice(0)) each.close();
});

function freshDir(): string {
  return mkdtempSync(join(tmpdir(), 'weir-bad-'));
}

describe('bad input', () => {
  it('an unreachable upstream is a 502 in the shape of the API and a failed row', async () => {
    program = await startProgram({ args: ['--upstream', `http://127.0.0.1:${await closedPort()}`] });
    const answer = await fetch(`${program.proxyUrl}/v1/messages`, {
      method: 'POST',
      body: '{"model":"claude-opus-5"}',
    });
    expect(answer.status).toBe(502);
    expect(answer.headers.get('x-weir-error')).toBe('connect_refused');
    expect(answer.headers.get('content-type')).toBe('application/json');
    expect(await answer.json()).toMatchObject({
      type: 'error',
      error: { type: 'api_error' },
      request_id: null,
    });
    const [call] = await callsWhen(program, (calls) => calls.filter(({ state }) => state === 'failed'));
    expect(call).toMatchObject({
      error_kind: 'connect_refused',
      requested_model: 'claude-opus-5',
      cost_nano_usd: 0,
    });
    expect(call?.id).toBe(answer.headers.get('x-weir-call-id'));
  });

  it('a body that is not JSON is forwarded and stored as it came', async () => {
    let seen = '';
    const upstream = createServer((req, res) => {
      req.on('data', (chunk: Buffer) => (seen += chunk.toString('latin1')));
      req.on('end', () => res.writeHead(400, { 'content-type': 'application/json' }).end('{"type":"error"}'));
    });
    opened.push(upstream);
    await new Promise<void>((resolve) => upstream.listen(0, '127.0.0.1', resolve));
    const { port } = upstream.address() as AddressInfo;
    program = await startProgram({ args: ['--upstream', `http://127.0.0.1:${port}`] });
    const body = Buffer.from([0x7b, 0x22, 0xff, 0x00, 0x61, 0x0a]);
    const answer = await fetch(`${program.proxyUrl}/v1/messages`, { method: 'POST', body });
    expect(answer.status).toBe(400);
    expect(seen).toBe(body.toString('latin1'));
    const [call] = await callsWhen(program, (calls) => calls.filter(({ state }) => state === 'completed'));
    expect(call).toMatchObject({ status: 400, requested_model: null, request_bytes: 6, bodies: 'full' });
    const stored = await fetch(`${program.proxyUrl}/-/api/v1/calls/${call?.id}/request`, {
      headers: { authorization: `Bearer ${program.token}` },
    });
    expect(Buffer.from(await stored.arrayBuffer())).toEqual(body);
  });

  it('a port in use is one sentence, and nothing is left behind', async () => {
    const server = createNetServer();
    opened.push(server);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    const dataDir = join(freshDir(), 'data');
    const { code, stderr } = await runToEnd(['--port', String(port), '--data-dir', dataDir]);
    expect(code).toBe(1);
    expect(stderr).toBe(
      `weir: Port ${port} on 127.0.0.1 is already in use; choose another with --port, or 0 for any.\n`,
    );
    expect(() => chmodSync(dataDir, 0o700)).toThrow(/ENOENT/);
  });

  it.each([
    [
      ['--upstream', 'ftp://example.org'],
      /^weir: --upstream: "ftp:\/\/example.org" is not an http:\/\/ or https:\/\/ URL\.\n$/,
    ],
    [['--port', '99999'], /^weir: --port: "99999" is not a port from 0 to 65535\.\n$/],
    [['--idle-timeout', 'soon'], /^weir: --idle-timeout: "soon" is not a duration such as .+\.\n$/],
    [['--bodies', 'some'], /^weir: --bodies: "some" is not one of full, metadata\.\n$/],
    [['--no-auth', '--host', '0.0.0.0'], /^weir: --no-auth is refused on 0\.0\.0\.0: .+\.\n$/],
    [['--data-dir', '/proc/weir/x'], /^weir: The data directory \/proc\/weir\/x cannot be written: .+\.\n$/],
    [['--data-dir', '/dev/null/x'], /^weir: The data directory \/dev\/null\/x cannot be written: .+\.\n$/],
  ])('%j is one sentence and exit code 78', async (args, sentence) => {
    const { code, stdout, stderr } = await runToEnd([
      '--port',
      '0',
      '--data-dir',
      join(freshDir(), 'data'),
      ...args,
    ]);
    expect(stderr).toMatch(sentence);
    expect(code).toBe(78);
    expect(stdout).toBe('');
  });

  it('an unknown key in the file is one sentence with a suggestion', async () => {
    const file = join(freshDir(), 'weir.yaml');
    writeFileSync(file, 'upstrem: https://example.org\n');
    const { code, stderr } = await runToEnd(['--config', file]);
    expect(stderr).toBe(`weir: ${file}: unknown key "upstrem", did you mean "upstream"?\n`);
    expect(code).toBe(78);
  });

  it('an unknown command is exit code 2, with the one that was meant', async () => {
    const { code, stdout, stderr } = await runToEnd(['chekc']);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toContain("unknown command 'chekc' (did you mean check?)");
  });

  it('an unknown option is exit code 2', async () => {
    const { code, stderr } = await runToEnd(['--upsteam', 'https://example.org']);
    expect(stderr).toContain("unknown option '--upsteam'");
    expect(code).toBe(2);
  });

  it('a database from a newer version is one sentence, and it is left as it is', async () => {
    const dataDir = freshDir();
    program = await startProgram({ dataDir });
    await program.stop();
    const database = new Database(join(dataDir, 'weir.db'));
    database.pragma('user_version = 999999');
    database.close();
    const { code, stderr } = await runToEnd(['--port', '0', '--data-dir', dataDir]);
    expect(stderr).toMatch(/^weir: [^\n]*newer version[^\n]*\n$/);
    expect(code).toBe(1);
  });

  it('a file that is no database is one sentence, and it is left as it is', async () => {
    const dataDir = freshDir();
    writeFileSync(join(dataDir, 'weir.db'), 'This is no database, but a letter to a friend.\n'.repeat(100));
    const { code, stderr } = await runToEnd(['--port', '0', '--data-dir', dataDir]);
    expect(stderr).toMatch(/^weir: [^\n]+\n$/);
    expect(code).toBe(1);
  });

  it('a Node that is too old is one sentence instead of a crash', async () => {
    const pretend = join(freshDir(), 'pretend.mjs');
    writeFileSync(pretend, "Object.defineProperty(process.versions, 'node', { value: '20.20.2' });");
    const { code, stderr } = await runToEnd([], { NODE_OPTIONS: `--import=${pretend}` });
    expect(stderr).toMatch(/^weir needs Node 22\.18 or newer[^\n]+\n$/);
    expect(code).toBe(1);
  });
});

async function closedPort(): Promise<number> {
  const server = createNetServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}
