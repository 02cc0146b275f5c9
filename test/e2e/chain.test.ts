import Database from 'better-sqlite3';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { runToEnd, startProgram, type Program } from '../support/program.ts';
import { startUpstream } from '../support/upstream.ts';

const answer = JSON.stringify({
  type: 'message',
  role: 'assistant',
  model: 'claude-opus-5-5',
  content: [{ type: 'text', text: 'hello' }],
  stop_reason: 'end_turn',
  usage: { input_tokens: 3, output_tokens: 5 },
});

async function callOnce({ proxyUrl }: Program): Promise<void> {
  const body = JSON.stringify({ model: 'claude-opus-5-5', messages: [{ role: 'user', content: 'hi' }] });
  await (await fetch(`${proxyUrl}/v1/messages`, { method: 'POST', body })).text();
}

interface Checked {
  readonly code: number | null;
  readonly chain: {
    readonly writers: { readonly head: string; readonly entries: number }[];
    readonly findings: unknown[];
  };
}

async function check(dataDir: string, ...options: string[]): Promise<Checked> {
  const { code, stdout } = await runToEnd(['check', '--chain', '--json', '--data-dir', dataDir, ...options]);
  return { code, chain: JSON.parse(stdout) };
}

it('a program that records keeps a chain that holds, notes its head, and an altered call shows', async () => {
  const upstream = await startUpstream((_request, reply) => {
    reply.head(200, { 'content-type': 'application/json' }).chunk(answer).end();
  });
  onTestFinished(() => upstream.close());
  const program = await startProgram({
    args: ['--upstream', upstream.url.href, '--retain-bodies', '1d'],
    env: { LOG_LEVEL: 'info' },
  });
  onTestFinished(async () => void (await program.stop('SIGKILL')));
  const { dataDir } = program;
  for (let round = 0; round < 5; round++)
    await Promise.all(Array.from({ length: 6 }, () => callOnce(program)));
  const going = Promise.all(Array.from({ length: 30 }, () => callOnce(program)));
  // Beside the calls.
  const during = await check(dataDir);
  expect(during).toMatchObject({ code: 0, chain: { findings: [], writers: [{ seal: 'valid' }] } });
  await going;
  await expect
    .poll(() => program.api('health'), { timeout: 15_000 })
    .toMatchObject({ store: { chain: [{ entries: expect.any(Number) }] } });
  program.process.kill('SIGTERM');
  await new Promise((resolve) => program.process.once('close', resolve));

  const noted = /"chain":\[\{"writer":"w_[\da-f]+","entries":(\d+),"head":"([\da-f]{64})"\}\]/g;
  const [, entries, head = ''] = [...program.stderr().matchAll(noted)].at(-1) ?? [];
  // The beginning, and sixty calls.
  expect(entries).toBe('61');
  const after = await check(dataDir, '--expect', head);
  expect(after).toMatchObject({ code: 0, chain: { findings: [], writers: [{ head }] } });

  const database = new Database(join(dataDir, 'weir.db'));
  database.exec('UPDATE calls SET output_tokens = 6 WHERE id = (SELECT min(id) FROM calls)');
  database.close();
  expect(await check(dataDir)).toMatchObject({ code: 1, chain: { findings: [{ kind: 'altered' }] } });
}, 60_000);
