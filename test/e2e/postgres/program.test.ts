import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, inject, onTestFinished, test } from 'vitest';
import { PostgresConnection } from '../../../server/store/postgres/connection.ts';
import { temporaryDatabase } from '../../support/database.ts';
import { runToEnd, startProgram, type Program } from '../../support/program.ts';
import { startFaultUpstream, type FaultUpstream } from '../../faults/upstream.ts';
import { makeCall, type MadeCall } from '../../faults/load.ts';
import { freshDir, started } from '../../faults/stage.ts';
import { well } from '../../faults/weir.ts';

let upstream: FaultUpstream;

beforeAll(async () => {
  upstream = await startFaultUpstream();
});
afterAll(() => upstream.close());

/** What may differ between two programs that are given the same calls: names of their own, and time. */
const own =
  /^(id|call_id|previous_id|next_id|key_id|started|ended|started_ms|ended_ms|from_ms|to_ms|start|start_ms|.*_us|.*_us_p\d+|output_tokens_per_second|upstream.*|next_cursor)$/;

function comparable(value: unknown): unknown {
  if (typeof value === 'string') return value.replaceAll(/127\.0\.0\.1:\d+/g, 'HOST');
  // The header of an answer: the two programs may ask in different seconds.
  if (Array.isArray(value) && value[0] === 'Date') return ['Date'];
  if (Array.isArray(value)) return value.map(comparable);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([name]) => !own.test(name))
      .map(([name, each]) => [name, comparable(each)]),
  );
}

const questions = [
  'calls?limit=50',
  'calls?model=claude*&min_tokens=1',
  'calls?q=weir',
  'calls?state=completed&status=2xx',
  'sessions',
  'facets',
  'stats?metric=calls&metric=cost_nano_usd&metric=total_tokens&metric=errors&group_by=model',
  'stats?metric=calls&metric=input_tokens&metric=cache_hit_rate&bucket=day&tz=Europe/Berlin',
  'stats?metric=calls&group_by=status&group_by=tag:place&compare=previous',
  'export?format=ndjson',
];

async function answersOf(program: Program): Promise<unknown[]> {
  const ledger: MadeCall[] = [];
  for (const [at, kind] of (['json', 'short', 'upload', 'json', 'short'] as const).entries()) {
    await makeCall(program.proxyUrl, at + 1, kind, undefined, ledger);
  }
  await well(program);
  const text = async (path: string): Promise<string> => {
    const answer = await fetch(`${program.proxyUrl}/-/api/v1/${path}`, {
      headers: { authorization: `Bearer ${program.token}` },
    });
    return `${answer.status} ${await answer.text()}`;
  };
  const { items } = (await program.api('calls?limit=50')) as { items: { id: string }[] };
  const ofCalls = items.flatMap(({ id }) =>
    ['', '/message', '/events', '/conversation'].map((part) => `calls/${id}${part}`),
  );
  const answers: unknown[] = [];
  for (const path of [...questions, ...ofCalls]) {
    const [status, ...rest] = (await text(path)).split(' ');
    const lines = rest.join(' ').trim().split('\n');
    answers.push([
      path.replace(/[0-9a-f-]{36}/, 'ID'),
      status,
      ...lines.map((line) => comparable(JSON.parse(line))),
    ]);
  }
  return answers;
}

const commands = [
  ['calls', '--json', '--limit', '500'],
  ['sessions', '--json'],
  ['stats', '--json', '--group-by', 'model', '--group-by', 'user_id', '--metric', 'cost_nano_usd'],
  ['stats', '--json', '--bucket', 'day', '--metric', 'ttft_us_p90', '--metric', 'output_tokens_per_second'],
  ['cache', '--json'],
  ['reprice', '--dry-run', '--json'],
];

describe('the program on PostgreSQL', () => {
  test('answers every question as it does on SQLite', async () => {
    const [there, here] = await Promise.all([
      started(upstream.url, freshDir(), [], { WEIR_STORE: temporaryDatabase() }),
      started(upstream.url, freshDir()),
    ]);
    const [onServer, onFile] = await Promise.all([answersOf(there), answersOf(here)]);
    expect(onServer).toEqual(onFile);
    expect(onServer.length).toBe(questions.length + 20);
  });

  test('its password is shown, logged, stored and passed on nowhere', async () => {
    const dataDir = freshDir();
    const store = temporaryDatabase();
    const { host, password } = new URL(store);
    expect(password.length).toBeGreaterThan(5);
    const program = await started(upstream.url, dataDir, [], { WEIR_STORE: store });
    await makeCall(program.proxyUrl, 1, 'json', undefined, []);
    await well(program);
    const answers = await Promise.all(['health', 'settings', 'calls'].map((path) => program.api(path)));
    const config = await runToEnd(['config', 'print', '--origin', '--data-dir', dataDir], {
      WEIR_STORE: store,
    });
    const status = await runToEnd(['status', '--data-dir', dataDir], { WEIR_STORE: store });
    const shown = JSON.stringify([answers, config, status, program.stderr()]);
    expect(shown).toContain(new URL(store).pathname);
    expect(shown).not.toContain(password);
    for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
      expect(argumentsOf(pid)).not.toContain(`:${password}@${host}`);
    }
    const files = readdirSync(dataDir, { recursive: true, encoding: 'utf8' });
    expect(files.join(' ')).not.toContain(password);
    for (const file of files.map((name) => join(dataDir, name)).filter((path) => statSync(path).isFile())) {
      expect(readFileSync(file, 'latin1'), file).not.toContain(password);
    }
  });

  test.for([
    [
      'a password on the command line',
      (url: string) => ['--store', url],
      {},
      78,
      /holds a password for all to see/,
    ],
    [
      'nobody there',
      () => [],
      { WEIR_STORE: 'postgres://u:secret@127.0.0.1:1/weir' },
      69,
      /cannot be reached/,
    ],
    [
      'another host',
      () => [],
      { WEIR_STORE: 'postgres://u@no-such-host.invalid/weir' },
      69,
      /The host of .* is unknown|cannot be reached/,
    ],
    [
      'an address of another kind',
      () => ['--store', 'mysql://localhost/x'],
      {},
      78,
      /takes a file or an address/,
    ],
  ] as const)('%s is one sentence', async ([, args, env, code, sentence]) => {
    const ended = await runToEnd(
      ['--port', '0', '--data-dir', freshDir(), ...args(`${inject('postgresUrl')}/x`)],
      env,
    );
    expect(ended.stderr).toMatch(/^weir: [^\n]+\.\n$/);
    expect(ended.stderr).toMatch(sentence);
    expect(ended.stderr).not.toContain('secret');
    expect(ended.code).toBe(code);
  });

  test('a wrong password, a missing database and a missing right are told apart', async () => {
    const url = new URL(temporaryDatabase('template1'));
    const admin = new PostgresConnection({ url: url.href });
    onTestFinished(() => admin.close());
    const role = `guest_${url.pathname.slice(1)}`;
    admin.exec(`CREATE ROLE ${role} LOGIN PASSWORD 'guest'; REVOKE CREATE ON SCHEMA public FROM PUBLIC`);
    onTestFinished(() => void admin.exec(`DROP ROLE ${role}`));
    const refusal = async (change: (wrong: URL) => void): Promise<unknown> => {
      const wrong = new URL(url);
      change(wrong);
      const { code, stderr } = await runToEnd(['--port', '0', '--data-dir', freshDir()], {
        WEIR_STORE: wrong.href,
      });
      expect(stderr).toMatch(/^weir: [^\n]+\.\n$/);
      return [code, /refuses this user|does not exist|does not let this user/.exec(stderr)?.[0]];
    };
    expect(await refusal((wrong) => (wrong.password = 'other'))).toEqual([78, 'refuses this user']);
    expect(await refusal((wrong) => (wrong.pathname = '/nowhere'))).toEqual([78, 'does not exist']);
    const asGuest = (wrong: URL): void => {
      wrong.username = role;
      wrong.password = 'guest';
    };
    expect(await refusal(asGuest)).toEqual([78, 'does not let this user']);
  });

  test('a second program with the same data directory is refused, backup says what to take, and compact works beside it', async () => {
    const dataDir = freshDir();
    const env = { WEIR_STORE: temporaryDatabase() };
    await started(upstream.url, dataDir, [], env);
    const second = await runToEnd(['import', '--data-dir', dataDir, '/dev/null'], env);
    expect([second.code, second.stderr]).toEqual([75, expect.stringContaining('is being recorded into')]);
    const backup = await runToEnd(['backup', '--data-dir', dataDir, join(freshDir(), 'copy.db')], env);
    expect([backup.code, backup.stderr]).toEqual([78, expect.stringContaining('pg_dump')]);
    const compact = await runToEnd(['compact', '--data-dir', dataDir, '--json'], env);
    expect(compact).toMatchObject({ code: 0, stdout: expect.stringContaining('"bytes_after"') });
  });

  test('a record moves from a file by export and import, and every command says the same of it', async () => {
    const [from, to] = [freshDir(), freshDir()];
    const program = await startProgram({ args: ['--demo'], dataDir: from });
    await well(program);
    await program.stop();
    const file = join(to, 'calls.ndjson');
    const env = { WEIR_STORE: temporaryDatabase() };
    const exported = await runToEnd(['export', '--data-dir', from, '--bodies', '--out', file]);
    expect(exported).toMatchObject({ code: 0 });
    expect(await runToEnd(['import', '--data-dir', to, file], env)).toMatchObject({ code: 0 });
    for (const command of commands) {
      const there = await runToEnd([...command, '--data-dir', to], env);
      const here = await runToEnd([...command, '--data-dir', from]);
      expect(there, command.join(' ')).toEqual(here);
      expect(there.stdout.length).toBeGreaterThan(100);
    }
    for (const check of [['check'], ['check', '--chain']]) {
      const { code, stdout } = await runToEnd([...check, '--json', '--data-dir', to], env);
      expect([code, JSON.parse(stdout)]).toMatchObject([0, { findings: [] }]);
    }
  }, 180_000);
});

function argumentsOf(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'latin1');
  } catch {
    // It has ended meanwhile.
    return '';
  }
}
