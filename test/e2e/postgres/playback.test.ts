import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { callsWhen } from '../../support/calls.ts';
import { temporaryDatabase } from '../../support/database.ts';
import { runToEnd, startListening, startProgram, type Listening } from '../../support/program.ts';
import { temporaryFolder } from '../../store/temporary-store.ts';

const post = async (url: string, body: string): Promise<string> =>
  (await fetch(`${url}/v1/messages`, { method: 'POST', body })).text();

async function playing(env: Record<string, string>, ...args: string[]): Promise<Listening> {
  const playback = await startListening(['playback', '--port', '0', '--speed', '0', ...args], { env });
  onTestFinished(() => void playback.stop());
  return playback;
}

test('a record in PostgreSQL is played back, carried away as a cassette, and added to', async () => {
  let asked = 0;
  const upstream = createServer((request, response) => {
    asked += 1;
    request.resume().on('end', () => response.end(`answer ${asked}`));
  }).listen(0, '127.0.0.1');
  onTestFinished(() => void upstream.close());
  await new Promise((resolve) => upstream.once('listening', resolve));
  const upstreamUrl = `http://127.0.0.1:${(upstream.address() as AddressInfo).port}`;
  const folder = temporaryFolder();
  const env = { WEIR_STORE: temporaryDatabase(), WEIR_DATA_DIR: folder };
  const program = await startProgram({ args: ['--upstream', upstreamUrl], env, dataDir: folder });
  for (const body of ['one', 'two']) await post(program.proxyUrl, body);
  await callsWhen(program, (all) => all.filter(({ state }) => state !== 'open').slice(1));
  await program.stop();

  const cassette = join(folder, 'two.weir');
  expect(await runToEnd(['export', '--cassette', cassette], env)).toMatchObject({ code: 0 });
  const carried = await playing({ WEIR_DATA_DIR: folder }, cassette);
  expect([await post(carried.url, 'two'), await post(carried.url, 'one')]).toEqual(['answer 2', 'answer 1']);

  const adding = await playing(env, '--on-miss', 'record', '--upstream', upstreamUrl);
  expect([await post(adding.url, 'one'), await post(adding.url, 'three')]).toEqual(['answer 1', 'answer 3']);
  expect(await adding.stop()).toBe(0);
  const there = await playing(env, '--match', 'body');
  expect(await post(there.url, 'three')).toBe('answer 3');
  expect(await runToEnd(['playback', env.WEIR_STORE], env)).toMatchObject({
    code: 2,
    stderr: expect.stringContaining('name it with --store or WEIR_STORE'),
  });
}, 120_000);
