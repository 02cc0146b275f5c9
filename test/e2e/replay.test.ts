/** Recorded calls sent again over the API of the real program. */
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { startProgram, type Program } from '../support/program.ts';
import { message, post, read, record, words } from '../support/replaying.ts';
import { startUpstream, type Upstream } from '../support/upstream.ts';

const key = 'sk-ant-typed-for-this-once-0002';

let upstream: Upstream;
let other: Upstream;
let program: Program;

beforeAll(async () => {
  upstream = await startUpstream((_, reply) => void reply.json(200, message('Two metres.')));
  other = await startUpstream((_, reply) => void reply.json(200, message('Three metres.')));
  program = await startProgram({
    args: ['--upstream', upstream.url.href, '--upstreams', `other=${other.url.href}base`],
  });
});
beforeEach(() => {
  upstream.script((_, reply) => void reply.json(200, message('Two metres.')));
  upstream.requests.length = 0;
  other.requests.length = 0;
});
afterAll(async () => {
  await program.stop();
  await upstream.close();
  await other.close();
});

describe('what goes out', () => {
  test('is the stored bytes with the headers that make sense again and the typed key', async () => {
    const body = gzipSync(Buffer.from(`  ${words}\n`));
    const id = await record(program, body, {
      'content-encoding': 'gzip',
      'anthropic-version': '2023-06-01',
      'anthropic-beta': 'context-1m-2025-08-07',
      'x-stainless-retry-count': '1',
      'x-stainless-lang': 'js',
      traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
      cookie: 'session=abc',
      'x-custom-token': 'secret-of-a-gateway',
      'x-weir-user': 'ada',
      'x-weir-tags': 'project=river',
    });
    const answer = await post(program, `calls/${id}/replay`, { key });
    expect(answer.status).toBe(201);
    const sent = await upstream.request(1);
    expect(await sent.body).toEqual(body);
    expect(sent.target).toBe('/v1/messages');
    const names = sent.rawHeaders.filter((_, at) => at % 2 === 0).map((name) => name.toLowerCase());
    expect(sent.header('x-api-key')).toBe(key);
    expect(sent.header('content-encoding')).toBe('gzip');
    expect(sent.header('anthropic-version')).toBe('2023-06-01');
    expect(sent.header('anthropic-beta')).toBe('context-1m-2025-08-07');
    expect(sent.header('x-stainless-lang')).toBe('js');
    expect(sent.header('host')).toBe(upstream.url.host);
    for (const gone of [
      'traceparent',
      'cookie',
      'x-stainless-retry-count',
      'x-custom-token',
      'authorization',
    ]) {
      expect(names).not.toContain(gone);
    }
    expect(new Set(names).size).toBe(names.length);
    const replay = answer.call();
    expect(replay).toMatchObject({
      state: 'completed',
      replay_of: id,
      attempt_of: null,
      user_id: 'ada',
      tags: { project: 'river' },
      key_hint: '0002',
    });
    expect(replay.request_sha256).toBe((await read(program, id))?.request_sha256);
    expect(answer.headers.get('location')).toBe(`/-/api/v1/calls/${replay.id}`);
  });
});
