/** `weir calls`, `weir show` and `weir tail` as a user runs them, beside a running program. */
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { callsPageSchema } from '../../server/api/schemas/call.ts';
import { callsWhen } from '../support/calls.ts';
import { sampleAnswer, sampleRequest } from '../support/exchanges.ts';
import { runToEnd, startProgram, type Program } from '../support/program.ts';
import { startUpstream, type Upstream } from '../support/upstream.ts';

let upstream: Upstream;
let program: Program;
let id: string;

async function call(user: string, body = sampleRequest): Promise<string> {
  const answer = await fetch(`${program.proxyUrl}/v1/messages`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'x-weir-user': user },
    body,
  });
  await answer.text();
  return answer.headers.get('x-weir-call-id') ?? '';
}

async function weir(...args: string[]) {
  return runToEnd([...args, '--data-dir', program.dataDir]);
}

beforeAll(async () => {
  upstream = await startUpstream(async (request, reply) => {
    await request.body;
    reply.json(200, JSON.parse(sampleAnswer));
  });
  program = await startProgram({ args: ['--upstream', upstream.url.href] });
  id = await call('ada');
  await call('bob', sampleRequest.replace('How', String.raw`\u001b[31mHow`));
  await callsWhen(program, (calls) =>
    calls.filter(({ state }) => state === 'completed').length === 2 ? calls : [],
  );
});
afterAll(async () => {
  await program.stop();
  await upstream.close();
});

test('calls are listed as the API lists them, with the place that a search found', async () => {
  const json = await weir('calls', '--json', '--user', 'ada', '--q', 'metres');
  expect(JSON.parse(json.stdout)).toEqual(await program.api('calls?user=ada&q=metres'));
  expect(callsPageSchema.parse(JSON.parse(json.stdout)).items).toMatchObject([
    { id, snippet: { text: 'Two metres.' } },
  ]);
  const table = await weir('calls', '--user', 'ada');
  expect(table.stdout).toMatch(
    /^began \(UTC\) +model .*\n\d{4}-\d\d-\d\d .*claude-sonnet-5 .*end_turn .*ada .*How deep is the river\?\n$/,
  );
});

test('an empty value stands for calls that have none', async () => {
  const list = async (...options: string[]) => {
    const { items } = callsPageSchema.parse(JSON.parse((await weir('calls', '--json', ...options)).stdout));
    return items.map(({ user_id: user }) => user);
  };
  expect(await list('--user', '')).toEqual([]);
  expect(await list('--team', '', '--user', 'ada')).toEqual(['ada']);
  expect(await list('--tag', 'env=', '--unpriced', 'false', '--error', 'false')).toHaveLength(2);
});

test('nothing that was logged reaches the terminal as a command', async () => {
  const table = await weir('calls');
  expect(table.stdout).toContain('[31mHow deep');
  expect(table.stdout).not.toContain('\u001b');
});

test('a call is shown with its cost and what was said, or as JSON, or byte for byte', async () => {
  const text = await weir('show', id);
  expect(text.stdout).toMatch(/^call +[\w-]+ {2}end_turn$/m);
  expect(text.stdout).toMatch(/^total +\$0\.00\d+$/m);
  expect(text.stdout).toContain('asked:\n  How deep is the river?\n');
  expect(text.stdout).toContain('answered:\n  Two metres.\n');
  const json = await weir('show', id, '--json');
  expect(JSON.parse(json.stdout)).toEqual(await program.api(`calls/${id}`));
  const body = await weir('show', id, '--body', 'request');
  expect(createHash('sha256').update(body.stdout).digest('hex')).toBe(
    createHash('sha256').update(sampleRequest).digest('hex'),
  );
  expect(await weir('show', 'nobody')).toMatchObject({ code: 4, stdout: '' });
});

test('wrong options are refused in their own words', async () => {
  expect(await weir('calls', '--limit', '0')).toMatchObject({ code: 2 });
  const search = await weir('calls', '--q', '"open');
  expect(search).toMatchObject({ code: 2, stdout: '' });
  expect(search.stderr).toContain('has a quotation mark that is not closed');
  expect(await weir('tail', '--q', 'river')).toMatchObject({ code: 2 });
});

test('tail tells of each call as it ends, by the filters, until the program ends', async () => {
  const entry = fileURLToPath(new URL('../../server/weir.js', import.meta.url));
  const tail = spawn(process.execPath, [
    entry,
    'tail',
    '--data-dir',
    program.dataDir,
    '--user',
    'cy',
    '--json',
  ]);
  onTestFinished(() => void tail.kill());
  let heard = '';
  const ended = new Promise<void>((resolve) => {
    tail.stdout.on('data', (chunk: Buffer) => {
      heard += chunk.toString();
      if (heard.includes('"event":"end"')) resolve();
    });
  });
  // Nobody is told when the feed has begun: call until it answers.
  const calling = setInterval(() => void call('cy').catch(() => undefined), 200);
  await ended.finally(() => clearInterval(calling));
  expect(heard).toContain('"user_id":"cy"');
  await call('dan');
  const exited = once(tail, 'close');
  await program.stop();
  const [code] = (await exited) as [number];
  expect(code).toBe(69);
  expect(heard).not.toContain('"user_id":"dan"');
  expect(await weir('tail')).toMatchObject({ code: 69 });
});
