/** `weir export --cassette` and `weir playback` as a user runs them. */
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest';
import { openStore } from '../../server/store/open.ts';
import { temporaryFolder } from '../store/temporary-store.ts';
import { callsWhen } from '../support/calls.ts';
import { runToEnd, startListening, startProgram, type Listening } from '../support/program.ts';

// Each starts the program several times.
vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

let upstream: Server;
let upstreamUrl: string;
let reached = 0;
let dataDir: string;
let cassette: string;

const post = async (url: string, body: string): Promise<string> =>
  (await fetch(`${url}/v1/messages`, { method: 'POST', body })).text();

async function playing(...args: string[]): Promise<Listening> {
  const playback = await startListening(['playback', '--port', '0', '--data-dir', dataDir, ...args]);
  onTestFinished(() => void playback.stop());
  return playback;
}

beforeAll(async () => {
  upstream = createServer((request, response) => {
    reached += 1;
    request.resume().on('end', () => response.end(`answer ${reached}`));
  });
  await new Promise<void>((resolve) => upstream.listen(0, '127.0.0.1', resolve));
  upstreamUrl = `http://127.0.0.1:${(upstream.address() as AddressInfo).port}`;
  dataDir = mkdtempSync(join(tmpdir(), 'weir-playback-'));
  const program = await startProgram({ args: ['--upstream', upstreamUrl], dataDir });
  for (const [path, body] of [
    ['/-/as/ada/v1/messages', 'one'],
    ['/-/as/ada/v1/messages', 'two'],
    ['/-/as/bob/v1/messages', 'three'],
    ['/api/event_logging/batch', 'telemetry'],
  ]) {
    await (await fetch(program.proxyUrl + path, { method: 'POST', body: body ?? '' })).text();
  }
  await callsWhen(program, (all) => all.filter(({ state }) => state !== 'open').slice(3));
  cassette = join(dataDir, 'ada.weir');
  const exported = await runToEnd(['export', '--data-dir', dataDir, '--cassette', cassette, '--user', 'ada']);
  expect(exported).toMatchObject({ code: 0, stdout: '' });
  expect(exported.stderr).toMatch(/^2 calls exported to .*ada\.weir \(\d+\.\d kB\)\n$/);
  await program.stop();
});

afterAll(() => {
  upstream.close();
  rmSync(dataDir, { recursive: true, force: true });
});

describe('weir playback', () => {
  it('answers from the record, says what it left out, and ends with a signal', async () => {
    const playback = await playing('--speed', '0');
    expect(playback.stderr()).toMatch(
      /recordings +3 in 1 session\n +left out +1 whose answers were not kept/,
    );
    expect([await post(playback.url, 'three'), await post(playback.url, 'one')]).toEqual([
      'answer 3',
      'answer 1',
    ]);
    expect(await post(playback.url, 'four')).toContain('The nearest is ');
    expect(playback.stderr()).toContain('weir: No recording answers POST /v1/messages. The nearest is ');
    expect(await playback.stop()).toBe(0);
  });

  it('answers from a cassette, or a part of it, and changes nothing in it', async () => {
    const before = statSync(cassette).mtimeMs;
    const playback = await playing(cassette, '--speed', '2x', '--match', 'body');
    expect(playback.stderr()).toMatch(/recordings +2 in 1 session\n +matching +body; .*\n +pauses .* by 2\n/);
    expect(await post(playback.url, 'two')).toBe('answer 2');
    expect(await post(playback.url, 'three')).toContain('No recording answers');
    expect(await playback.stop('SIGINT')).toBe(0);
    expect(statSync(cassette).mtimeMs).toBe(before);
    const part = await playing('--user', 'bob', '--speed', '0');
    expect([await post(part.url, 'three'), await post(part.url, 'one')]).toEqual([
      'answer 3',
      expect.stringContaining('No recording answers'),
    ]);
  });

  it('answers from lines of an export too', async () => {
    const lines = join(temporaryFolder(), 'ada.ndjson');
    await runToEnd(['export', '--store', cassette, '--bodies', '--out', lines]);
    const playback = await playing(lines, '--speed', '0');
    expect([await post(playback.url, 'one'), await post(playback.url, 'two')]).toEqual([
      'answer 1',
      'answer 2',
    ]);
  });

  it('forwards what it misses, and records it where that is wanted', async () => {
    const forwarding = await playing(cassette, '--on-miss', 'forward', '--upstream', upstreamUrl);
    const first = reached;
    expect([await post(forwarding.url, 'new'), await post(forwarding.url, 'new')]).toEqual([
      `answer ${first + 1}`,
      `answer ${first + 2}`,
    ]);
    await forwarding.stop();
    const grown = join(temporaryFolder(), 'grown.weir');
    const recording = await playing(grown, '--on-miss', 'record', '--upstream', upstreamUrl);
    expect(await post(recording.url, 'new')).toBe(`answer ${first + 3}`);
    await expect.poll(() => post(recording.url, 'new')).toBe(`answer ${first + 3}`);
    expect(await recording.stop()).toBe(0);
    expect([existsSync(`${grown}-wal`), existsSync(`${grown}.lock`)]).toEqual([false, false]);
    const again = await playing(grown);
    expect(await post(again.url, 'new')).toBe(`answer ${first + 3}`);
  });
});

describe('weir playback says in a sentence', () => {
  const refused = async (...args: string[]): Promise<[number | null, string]> => {
    const { code, stderr } = await runToEnd(['playback', '--port', '0', '--data-dir', dataDir, ...args]);
    return [code, stderr];
  };

  it('that the file is missing, no store, or holds nothing', async () => {
    const folder = temporaryFolder();
    const missing = join(folder, 'missing.weir');
    expect(await refused(missing)).toEqual([
      4,
      `weir: There is no file ${missing}: weir export --cassette makes one.\n`,
    ]);
    const text = join(folder, 'notes.txt');
    writeFileSync(text, 'no database at all');
    expect(await refused(text)).toEqual([
      1,
      expect.stringMatching(/^weir: .*notes\.txt is neither an export of weir, nor .* archive\.\n$/),
    ]);
    const damaged = join(folder, 'damaged.weir');
    writeFileSync(damaged, Buffer.concat([readFileSync(cassette).subarray(0, 2000), Buffer.alloc(500)]));
    expect(await refused(damaged)).toEqual([
      1,
      `weir: ${damaged} is no cassette, or is damaged: weir export --cassette makes one.\n`,
    ]);
    const empty = join(folder, 'empty.weir');
    openStore(empty, 'write').close();
    expect(await refused(empty)).toEqual([
      4,
      `weir: ${empty} holds no call that passes the filters: there is nothing to answer with.\n`,
    ]);
  });

  it('what it finds in a file of an older version, and leaves that as it is', async () => {
    const older = join(temporaryFolder(), 'older.weir');
    const database = new Database(older);
    database.exec(
      'CREATE TABLE __drizzle_migrations (id INTEGER PRIMARY KEY, hash text, created_at numeric)',
    );
    database.close();
    const before = readFileSync(older);
    expect(await refused(older)).toEqual([
      4,
      expect.stringContaining('holds no call that passes the filters'),
    ]);
    expect(readFileSync(older)).toEqual(before);
  });

  it('that no answer was kept', async () => {
    const [code, stderr] = await refused('--path', '/api/*');
    expect([code, stderr]).toEqual([4, expect.stringContaining('kept none of its 1 answers')]);
  });

  it('that the port is taken, that an option does not fit, that the store is being written', async () => {
    const { port } = upstream.address() as AddressInfo;
    expect(await refused(cassette, '--port', String(port))).toEqual([
      1,
      expect.stringMatching(/^weir: Port \d+ on 127\.0\.0\.1 is already in use; choose another with --port/),
    ]);
    expect(await refused('--speed', 'fast')).toEqual([2, expect.stringContaining('--speed takes 1,')]);
    expect(await refused('--match', 'near')).toEqual([2, expect.stringContaining('exact, body, session')]);
    expect(await refused(cassette, '--store', cassette)).toEqual([2, expect.stringContaining('leave one')]);
    const writer = openStore(cassette, 'write');
    onTestFinished(() => writer.close());
    expect(await refused(cassette, '--on-miss', 'record')).toEqual([
      75,
      expect.stringContaining('is already recording into'),
    ]);
  });
});

describe('weir export --cassette', () => {
  it('refuses an empty slice, a file that is no cassette, and other formats', async () => {
    const exported = (...args: string[]) => runToEnd(['export', '--data-dir', dataDir, ...args]);
    const file = join(temporaryFolder(), 'slice.weir');
    expect(await exported('--cassette', file, '--user', 'nobody')).toMatchObject({ code: 4 });
    expect(existsSync(file)).toBe(false);
    expect(await exported('--cassette', join(dataDir, 'weir.db'))).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('exists and is no cassette'),
    });
    expect(await exported('--cassette', file, '--bodies')).toMatchObject({ code: 2 });
  });

  it('counts what cannot be played back', async () => {
    const file = join(temporaryFolder(), 'slice.weir');
    const { stderr } = await runToEnd(['export', '--data-dir', dataDir, '--cassette', file]);
    expect(stderr).toContain('; 1 of them without bodies, which cannot be played back');
  });
});
