/** `weir replay` as a user runs it: beside a running program, and alone. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { z } from 'zod';
import { callsPageSchema } from '../../server/api/schemas/call.ts';
import { replayRowSchema } from '../../server/api/schemas/replay.ts';
import { openStore } from '../../server/store/open.ts';
import { runToEnd, startProgram, type Program } from '../support/program.ts';
import { message, record, words } from '../support/replaying.ts';
import { startUpstream, type Upstream } from '../support/upstream.ts';

const key = 'sk-ant-of-the-environment-0001';
const resultSchema = z.looseObject({
  batch: z.string(),
  done_before: z.number(),
  sent: z.number(),
  not_sent: z.number(),
  failed: z.array(z.object({ id: z.string(), error: z.string() })),
  replays: z.array(replayRowSchema),
});

let upstream: Upstream;
let program: Program;

beforeAll(async () => {
  upstream = await startUpstream((_, reply) => void reply.json(200, message('Two metres.')));
  program = await startProgram({ args: ['--upstream', upstream.url.href] });
});
beforeEach(() => {
  upstream.script((_, reply) => void reply.json(200, message('Two metres.')));
  upstream.requests.length = 0;
});
afterAll(async () => {
  await program.stop();
  await upstream.close();
});

async function weir(
  args: readonly string[],
  env: Readonly<Record<string, string>> = { ANTHROPIC_API_KEY: key },
) {
  const { code, stdout, stderr } = await runToEnd(['replay', '--data-dir', program.dataDir, ...args], env);
  return { code, stdout, stderr, result: () => resultSchema.parse(JSON.parse(stdout)) };
}

describe('beside a running program', () => {
  test('a call goes to another model with the key of the command, and both answers are shown', async () => {
    const id = await record(program);
    upstream.script(
      (_, reply) => void reply.json(200, message('Three metres.', { model: 'claude-haiku-4-5' })),
    );
    const { code, stdout, stderr } = await weir([id, '--model', 'claude-haiku-4-5']);
    expect({ code, stderr }).toMatchObject({ code: 0 });
    const sent = await upstream.request(1);
    expect(sent.header('x-api-key')).toBe(key);
    expect((await sent.body).toString()).toBe(words.replace('claude-opus-5-5', 'claude-haiku-4-5'));
    expect(stderr).toContain('1 call to default');
    expect(stderr).toMatch(/estimated cost: \$0\.\d+ to \$0\.\d+, \$0\.\d+ at the most/);
    expect(stdout).toContain('claude-opus-5-5 → claude-haiku-4-5');
    expect(stdout).toContain('50 % alike');
    expect(stdout).toContain('1 of 1 answered');
    expect(stdout + stderr).not.toContain(key);
    const replay = callsPageSchema
      .parse(await program.api('calls?replay=true&limit=1'))
      .items.map((call) => call.id);
    const diff = await runToEnd(['diff', ...replay, '--data-dir', program.dataDir]);
    expect(diff).toMatchObject({ code: 0, stderr: '' });
    expect(diff.stdout).toContain(`against  ${id}`);
    expect(diff.stdout).toContain('model: "claude-opus-5-5" -> "claude-haiku-4-5"');
    expect(diff.stdout).toContain('~ text\n    [-Two-]{+Three+} metres.\n');
    expect(diff.stdout).toMatch(/cost +\$0\.\d{6} +\$0\.\d{6}/);
  });

  test('a dry run says what it would cost and sends nothing', async () => {
    const id = await record(program);
    const { code, stdout, stderr } = await weir([id, '--dry-run', '--set', '{"max_tokens":5}'], {});
    expect([code, stdout]).toEqual([0, '']);
    expect(stderr).toMatch(/1 call to default .*dry run/);
    expect(upstream.requests).toHaveLength(1);
  });

  test('nothing goes that could cost more than it may', async () => {
    const id = await record(program);
    const dear = await weir([id, '--max-cost', '0.000001']);
    expect(dear.code).toBe(5);
    expect(dear.stderr).toContain('more than --max-cost $0.000001');
    const unknown = await weir([id, '--model', 'nobody-knows-1', '--max-cost', '5']);
    expect(unknown.code).toBe(5);
    expect(unknown.stderr).toContain('No price is known for nobody-knows-1');
    expect(upstream.requests).toHaveLength(1);
    expect((await weir([id, '--max-cost', '1'])).code).toBe(0);
  });

  test('a batch goes on where it was broken off', async () => {
    const ids: string[] = [];
    for (let at = 0; at < 4; at += 1)
      ids.push(await record(program, words, { 'x-claude-code-session-id': 'resumed' }));
    upstream.requests.length = 0;
    upstream.script((_, reply) => {
      if (upstream.requests.length === 2)
        reply.json(529, { type: 'error', error: { type: 'overloaded_error' } });
      else reply.json(200, message('Two metres.'));
    });
    const args = ['--session', 'resumed', '--concurrency', '1', '--json'];
    const first = await weir(args);
    expect([first.code, first.result().sent, first.result().failed.map(({ id }) => id)]).toEqual([
      3,
      4,
      [ids[1]],
    ]);
    expect(first.result().failed[0]?.error).toContain('status 529');
    const second = await weir(args);
    expect(second.code).toBe(0);
    expect(second.result()).toMatchObject({ batch: first.result().batch, done_before: 3, sent: 1 });
    expect(upstream.requests).toHaveLength(5);
    const third = await weir([...args, '--model', 'claude-haiku-4-5', '--dry-run']);
    expect(third.result()).toMatchObject({ done_before: 0, sent: 0 });
    expect(third.result().batch).not.toBe(first.result().batch);
    expect(second.result().replays).toHaveLength(5);
  });

  test('two runs at the same time send each call once', async () => {
    const ids = [await record(program), await record(program), await record(program)];
    upstream.requests.length = 0;
    const [one, two] = await Promise.all([weir([...ids, '--json']), weir([...ids, '--json'])]);
    expect([one.code, two.code]).toEqual([0, 0]);
    expect(upstream.requests).toHaveLength(3);
    expect(one.result().batch).toBe(two.result().batch);
  });

  test('the others go on when one of a batch cannot be sent', async () => {
    const good = await record(program);
    const bad = await record(program, '{}', {}, '/v1/messages/batches');
    const missing = '0197c0de-0000-7000-8000-000000000000';
    const out = join(folder(), 'replays.csv');
    const { code, stderr, stdout } = await weir([bad, missing, good, '--out', out]);
    expect({ code, stderr }).toMatchObject({ code: 3 });
    expect(stderr).toContain(`Call ${bad} is not sent again: POST /v1/messages/batches may create`);
    expect(stderr).toContain(`There is no call ${missing}.`);
    expect(stdout).toContain(good);
    const [head = '', ...lines] = readFileSync(out, 'utf8').trimEnd().split('\r\n');
    expect(head).toContain('replay_of,id,batch');
    expect(lines).toHaveLength(1);
  });

  test('a call and an upstream that are not there are said', async () => {
    const unknown = await weir(['0197c0de-0000-7000-8000-000000000000']);
    expect(unknown).toMatchObject({
      code: 4,
      stdout: '',
      stderr: expect.stringContaining('There is no call') as unknown,
    });
    const id = await record(program);
    const elsewhere = await weir([id, '--upstream', 'http://evil.example']);
    expect(elsewhere).toMatchObject({ code: 2, stdout: '' });
    expect(elsewhere.stderr).toContain('No upstream of the configuration is called "http://evil.example"');
    expect(upstream.requests).toHaveLength(1);
  });

  test('a key that is missing is said before anything is sent', async () => {
    const id = await record(program);
    const { code, stderr } = await weir([id], {});
    expect(code).toBe(1);
    expect(stderr).toContain('There is no key for the upstream "default": set ANTHROPIC_API_KEY');
    expect(upstream.requests).toHaveLength(1);
  });
});

describe('alone', () => {
  test('it records into the store itself, and says when the upstream cannot be reached', async () => {
    const dataDir = folder();
    const earlier = await startProgram({ args: ['--upstream', upstream.url.href], dataDir });
    const id = await record(earlier);
    await earlier.stop();
    const run = async (args: readonly string[], to: string) =>
      runToEnd(['replay', id, '--data-dir', dataDir, ...args], {
        ANTHROPIC_AUTH_TOKEN: 'token-0001',
        WEIR_UPSTREAM: to,
      });
    const sent = await run(['--stream'], upstream.url.href);
    expect(sent).toMatchObject({ code: 0 });
    expect((await upstream.request(1)).header('authorization')).toBe('Bearer token-0001');
    expect(sent.stdout).toContain('1 of 1 answered');
    const closed = await startUpstream(() => undefined);
    await closed.close();
    const refused = await run([], closed.url.href);
    expect(refused.code).toBe(69);
    expect(refused.stderr).toContain(`${closed.url.origin} cannot be reached (connect_refused)`);
    const listed = await runToEnd(['calls', '--replay', 'true', '--json', '--data-dir', dataDir]);
    expect(
      callsPageSchema.parse(JSON.parse(listed.stdout)).items.map(({ replay_of: of, state }) => [of, state]),
    ).toEqual([
      [id, 'failed'],
      [id, 'completed'],
    ]);
    expect(await runToEnd(['replay', id, '--data-dir', folder()])).toMatchObject({ code: 4 });
  });

  test('it sends nothing while another program writes into the store and cannot be asked', async () => {
    const dataDir = folder();
    const store = openStore(join(dataDir, 'weir.db'), 'write');
    onTestFinished(() => store.close());
    const { code, stdout, stderr } = await runToEnd(['replay', 'any', '--data-dir', dataDir]);
    expect([code, stdout]).toEqual([75, '']);
    expect(stderr).toMatch(/weir: Another Weir \(process \d+\) is/);
  });
});

function folder(): string {
  const made = mkdtempSync(join(tmpdir(), 'weir-replay-'));
  onTestFinished(() => rmSync(made, { recursive: true, force: true }));
  return made;
}
