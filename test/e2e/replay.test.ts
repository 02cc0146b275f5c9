/** Recorded calls sent again over the API of the real program. */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { comparisonSchema, replayPlanSchema, replaysPageSchema } from '../../server/api/schemas/replay.ts';
import { problemSchema } from '../../server/api/schemas/shape.ts';
import { statsSchema } from '../../server/api/schemas/stats.ts';
import type { Call } from '../../server/api/wire.ts';
import { callsWhen } from '../support/calls.ts';
import { connectRaw } from '../support/client.ts';
import { startProgram, type Program } from '../support/program.ts';
import { message, post, read, record, words, type Posted } from '../support/replaying.ts';
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

describe('a change', () => {
  test('touches only what it names, and a coded body goes out plain', async () => {
    const text = `{\n  "model" : "claude-opus-5-5",\n  "max_tokens": 2e2, "metadata": {"user_id": "u", "extra": [1.0, 2]},\n  "messages": [{"role":"user","content":"H\\u00f6he?"}]\n}\n`;
    const id = await record(program, gzipSync(Buffer.from(text)), { 'content-encoding': 'gzip' });
    const set = { system: 'Be brief.', metadata: { user_id: 'v' }, max_tokens: 50 };
    const answer = await post(program, `calls/${id}/replay`, {
      key,
      set,
      model: 'claude-haiku-4-5',
      stream: true,
    });
    expect(answer.status).toBe(201);
    const sent = await upstream.request(1);
    expect((await sent.body).toString()).toBe(
      `{\n  "model" : "claude-haiku-4-5",\n  "max_tokens": 50, "metadata": {"user_id": "v", "extra": [1.0, 2]},\n  "messages": [{"role":"user","content":"H\\u00f6he?"}],\n  "system" : "Be brief.",\n  "stream" : true\n}\n`,
    );
    expect(sent.header('content-encoding')).toBeUndefined();
    expect(answer.call()).toMatchObject({ requested_model: 'claude-haiku-4-5', replay_of: id });
  });

  test('switches the stream on, and the answer is read as one', async () => {
    const id = await record(program);
    upstream.script((_, reply) => void reply.sse(streamed('Two', ' metres.')));
    const replay = (await post(program, `calls/${id}/replay`, { key, stream: true })).call();
    expect(replay).toMatchObject({
      stream: 1,
      message_state: 'complete',
      stop_reason: 'end_turn',
      output_tokens: 7,
    });
    upstream.script((_, reply) => void reply.json(200, message('Two metres.')));
    const back = (await post(program, `calls/${replay.id}/replay`, { key, stream: false })).call();
    expect(back).toMatchObject({ stream: 0, replay_of: replay.id });
    expect((await (await upstream.request(2)).body).toString()).toContain('"stream":false');
  });

  test('without a patch leaves what is not JSON as it is, with one refuses it', async () => {
    const id = await record(program, '{"model": ');
    expect((await post(program, `calls/${id}/replay`, { key })).status).toBe(201);
    expect((await (await upstream.request(1)).body).toString()).toBe('{"model": ');
    const refused = await post(program, `calls/${id}/replay`, { key, model: 'm' });
    expect([refused.status, detail(refused)]).toEqual([
      409,
      `The request of call ${id} is no JSON object: it can be sent again only as it is.`,
    ]);
  });
});

describe('where it goes', () => {
  test('are the upstreams of the configuration, by name or address', async () => {
    expect(await program.api('upstreams')).toEqual({
      items: [
        { name: 'default', url: upstream.url.origin, is_default: true, has_key: false },
        { name: 'other', url: `${other.url.href}base`, is_default: false, has_key: false },
      ],
    });
    const id = await record(program);
    for (const name of ['other', `${other.url.href}base`]) {
      const replay = (await post(program, `calls/${id}/replay`, { key, upstream: name })).call();
      expect(replay).toMatchObject({
        replay_of: id,
        upstream: `${other.url.href}base`,
        path: '/v1/messages',
      });
    }
    expect(other.requests.map(({ target }) => target)).toEqual(['/base/v1/messages', '/base/v1/messages']);
    expect(upstream.requests).toHaveLength(1);
  });

  test('is nowhere else', async () => {
    const id = await record(program);
    for (const name of [`http://127.0.0.1:${other.port}`, 'http://evil.example', 'Other', '//evil.example']) {
      const refused = await post(program, `calls/${id}/replay`, { key, upstream: name });
      expect([name, refused.status, type(refused)]).toEqual([name, 400, 'unknown_upstream']);
      expect(detail(refused)).toContain('there are default, other');
    }
    expect([upstream.requests.length, other.requests.length]).toEqual([1, 0]);
  });

  test('is not where a redirect points', async () => {
    const id = await record(program);
    upstream.script((_, reply) => void reply.json(307, {}, { location: `${other.url.href}v1/messages` }));
    const replay = (await post(program, `calls/${id}/replay`, { key })).call();
    expect(replay).toMatchObject({ state: 'completed', status: 307 });
    expect(other.requests).toHaveLength(0);
  });

  test('an upstream that breaks off is a failed call, and no call of a client is another attempt of it', async () => {
    const session = { 'x-claude-code-session-id': 'attempts' };
    const id = await record(program, words, session);
    upstream.script((_, reply) => reply.reset());
    const answer = await post(program, `calls/${id}/replay`, { key });
    expect(answer.status).toBe(201);
    expect(answer.call()).toMatchObject({
      state: 'failed',
      error_kind: 'upstream_reset',
      replay_of: id,
      session_id: 'attempts',
    });
    upstream.script((_, reply) => void reply.json(200, message('Two metres.')));
    expect((await read(program, await record(program, words, session)))?.attempt_of).toBeNull();
  });
});

describe('a click', () => {
  test('that comes twice sends once, and gets the same call', async () => {
    const id = await record(program);
    const [one, two] = await Promise.all([
      post(program, `calls/${id}/replay`, { key }, { 'idempotency-key': 'click-1' }),
      post(program, `calls/${id}/replay`, { key, idempotency_key: 'click-1' }),
    ]);
    expect(new Set([one.status, two.status])).toEqual(new Set([200, 201]));
    expect(one.call().id).toBe(two.call().id);
    expect(upstream.requests).toHaveLength(2);
    const changed = await post(program, `calls/${id}/replay`, {
      key,
      model: 'm',
      idempotency_key: 'click-1',
    });
    expect([changed.status, type(changed)]).toEqual([409, 'conflict']);
    const next = await post(program, `calls/${id}/replay`, { key, idempotency_key: 'click-2' });
    expect(next.call().id).not.toBe(one.call().id);
  });

  test('can be answered as soon as the call has begun', async () => {
    const id = await record(program);
    const arrived = Promise.withResolvers<() => void>();
    upstream.script((_, reply) => arrived.resolve(() => void reply.json(200, message('At last.'))));
    const begun = await post(program, `calls/${id}/replay`, { key, wait: false });
    expect([begun.status, begun.call().state, begun.call().replay_of]).toEqual([202, 'open', id]);
    (await arrived.promise)();
    await expect.poll(async () => (await read(program, begun.call().id))?.state).toBe('completed');
  });
});

describe('a key', () => {
  test('is needed, and a token goes as one', async () => {
    const id = await record(program);
    const refused = await post(program, `calls/${id}/replay`);
    expect([refused.status, type(refused)]).toEqual([409, 'key_missing']);
    expect(detail(refused)).toContain('ANTHROPIC_API_KEY');
    expect(upstream.requests).toHaveLength(1);
    await post(program, `calls/${id}/replay`, { key: 'Bearer sk-ant-oat-0003' });
    const sent = await upstream.request(1);
    expect([sent.header('authorization'), sent.header('x-api-key')]).toEqual([
      'Bearer sk-ant-oat-0003',
      undefined,
    ]);
  });

  test('that is none is refused without being shown', async () => {
    const id = await record(program);
    for (const bad of ['two words', 'line\r\nhost: evil.example', 'k\u00e4y', '']) {
      const refused = await post(program, `calls/${id}/replay`, { key: bad });
      expect([refused.status, detail(refused)]).toEqual([
        400,
        'The field "key" must be an API key, or "Bearer " and a token.',
      ]);
    }
  });

  test('stands nowhere afterwards', async () => {
    const id = await record(program);
    const secret = 'sk-ant-api03-nobody-may-ever-find-this';
    await post(program, `calls/${id}/replay`, { key: secret, set: { stop_sequences: ['x'] } });
    expect((await upstream.request(1)).header('x-api-key')).toBe(secret);
    await expect.poll(() => program.stderr()).not.toContain(secret);
    expect(filesHolding(program.dataDir, secret)).toEqual([]);
    expect(filesHolding(program.dataDir, 'How deep')).not.toEqual([]);
  });
});

describe('a call that cannot be sent again', () => {
  test('is unknown, running, or would do more than cost money', async () => {
    const unknown = await post(program, 'calls/0197c0de-0000-7000-8000-000000000000/replay', { key });
    expect([unknown.status, detail(unknown)]).toEqual([
      404,
      'There is no call 0197c0de-0000-7000-8000-000000000000.',
    ]);
    const batch = await record(program, '{"requests": []}', {}, '/v1/messages/batches');
    const refused = await post(program, `calls/${batch}/replay`, { key });
    expect([refused.status, type(refused)]).toEqual([409, 'conflict']);
    expect(detail(refused)).toContain('POST /v1/messages/batches may create');
    upstream.script(() => undefined);
    const leaving = new AbortController();
    const open = fetch(`${program.proxyUrl}/v1/messages`, {
      method: 'POST',
      body: words,
      signal: leaving.signal,
    });
    await upstream.request(1);
    const running = await post(program, `calls/${await callThat(({ state }) => state === 'open')}/replay`, {
      key,
    });
    expect(detail(running)).toContain('is still running');
    leaving.abort();
    await expect(open).rejects.toThrow('aborted');
  });

  test('never arrived whole', async () => {
    upstream.script(() => undefined);
    const client = await connectRaw(Number(new URL(program.proxyUrl).port));
    client.send(`POST /v1/messages HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{"model":`);
    await upstream.request(0);
    client.reset();
    const id = await callThat(({ error_kind }) => error_kind === 'client_abort_upload');
    const refused = await post(program, `calls/${id}/replay`, { key });
    expect([refused.status, detail(refused)]).toEqual([409, expect.stringContaining('never arrived whole')]);
  });
});

describe('the estimate', () => {
  test('is the same call for an answer as long as the one before, and sends nothing', async () => {
    const id = await record(program);
    const plan = replayPlanSchema.parse(
      (await post(program, `calls/${id}/replay/plan`, { stream: false })).body,
    );
    const { cost_nano_usd: cost } = (await read(program, id)) ?? {};
    expect(plan).toMatchObject({
      id,
      upstream: 'default',
      model: 'claude-opus-5-5',
      stream: false,
      is_changed: true,
      credential: null,
      assumptions: expect.arrayContaining(['an answer as long as the one before']) as unknown,
    });
    expect(cost).toBeGreaterThan(0);
    expect(plan.low_nano_usd).toBeGreaterThan((cost ?? 0) * 0.9);
    expect(plan.high_nano_usd).toBeLessThan((cost ?? 0) * 1.2);
    expect(plan.most_nano_usd).toBeGreaterThan(plan.high_nano_usd ?? 0);
    expect(upstream.requests).toHaveLength(1);
  });
});

describe('a comparison', () => {
  test('sets the answer of a call beside those of its replays', async () => {
    const id = await record(program);
    await post(program, `calls/${id}/replay`, { key });
    await post(program, `calls/${id}/replay`, { key, upstream: 'other' });
    const { call, items } = comparisonSchema.parse(await program.api(`calls/${id}/compare`));
    expect(call.id).toBe(id);
    expect(items.map((item) => [item.call.upstream, item.is_same])).toEqual([
      [`${other.url.href}base`, false],
      [upstream.url.origin, true],
    ]);
    expect(items[0]?.blocks[0]?.text).toEqual([
      { kind: 'removed', text: 'Two' },
      { kind: 'added', text: 'Three' },
      { kind: 'same', text: ' metres.' },
    ]);
    expect(items[1]?.difference).toMatchObject({ cost_nano_usd: 0, output_tokens: 0 });
    const one = comparisonSchema.parse(
      await program.api(`calls/${id}/compare?with=${items[1]?.call.id ?? ''}`),
    );
    expect(one.items).toHaveLength(1);
  });

  test('of a batch is a table with sums', async () => {
    const ids = [await record(program), await record(program)];
    other.script(
      (_, reply) =>
        void reply.json(200, message('Three.', { usage: { input_tokens: 1000, output_tokens: 40 } })),
    );
    for (const id of ids)
      await post(program, `calls/${id}/replay`, { key, upstream: 'other', batch: 'deeper' });
    const page = replaysPageSchema.parse(await program.api('replays?batch=deeper'));
    expect(page.items.map(({ replay_of: of }) => of)).toEqual(ids.toReversed());
    expect(page.items[0]).toMatchObject({
      batch: 'deeper',
      original_output_tokens: 100,
      output_tokens: 40,
      is_same: false,
    });
    expect(page.totals).toMatchObject({
      replays: 2,
      succeeded: 2,
      output_tokens: { pairs: 2, original: 200, replay: 80, difference: -120 },
    });
    const spent = page.items.reduce((sum, { cost_difference_nano_usd: more }) => sum + (more ?? 0), 0);
    expect(page.totals?.cost_nano_usd.difference).toBe(spent);
    const csv = await fetch(`${program.proxyUrl}/-/api/v1/replays.csv?batch=deeper`, {
      headers: { authorization: `Bearer ${program.token}` },
    });
    const [head = '', ...lines] = (await csv.text()).trimEnd().split('\r\n');
    expect(head).toContain('original_cost_usd,cost_usd,cost_difference_usd');
    expect(lines).toHaveLength(2);
  });
});

test('a program that stops sends nothing more, and a replay that runs is interrupted', async () => {
  const dataDir = mkdtempSync(join(tmpdir(), 'weir-replay-'));
  onTestFinished(() => rmSync(dataDir, { recursive: true, force: true }));
  const args = ['--upstream', upstream.url.href, '--drain-timeout', '3s'];
  const stopping = await startProgram({ args, dataDir });
  const id = await record(stopping);
  upstream.script(() => undefined);
  const begun = (await post(stopping, `calls/${id}/replay`, { key, wait: false })).call();
  await upstream.request(1);
  const stopped = stopping.stop();
  const refused = await expect
    .poll(() => post(stopping, `calls/${id}/replay`, { key }), { timeout: 2500 })
    .toMatchObject({ status: 409 })
    .then(() => post(stopping, `calls/${id}/replay`, { key }));
  expect(detail(refused)).toBe('Weir takes no calls at the moment: it is shutting down.');
  expect(await stopped).toBe(0);
  expect(upstream.requests).toHaveLength(2);
  const again = await startProgram({ args, dataDir });
  expect(await read(again, begun.id)).toMatchObject({
    state: 'interrupted',
    error_kind: 'shutdown',
    replay_of: id,
  });
  await again.stop();
});

test('replays are left out of statistics unless asked for', async () => {
  const id = await record(program, words.replace('river', 'lake'), { 'x-weir-team': 'lakes' });
  await post(program, `calls/${id}/replay`, { key });
  const count = async (query: string) =>
    statsSchema.parse(await program.api(`stats?team=lakes&${query}`)).totals['calls'];
  expect([await count(''), await count('replay=true'), await count('replay=false')]).toEqual([1, 1, 1]);
});

test('a client cannot say that its call repeats another', async () => {
  const id = await record(program, words, { 'x-weir-replay-of': 'x', 'x-weir-tags': 'replay_batch=b' });
  expect(await read(program, id)).toMatchObject({ replay_of: null });
});

test('a page of another origin cannot send anything', async () => {
  const id = await record(program);
  const foreign = await post(program, `calls/${id}/replay`, { key }, { origin: 'http://evil.example' });
  expect([foreign.status, type(foreign)]).toEqual([403, 'foreign_origin']);
  const form = await post(program, `calls/${id}/replay`, { key }, { 'content-type': 'text/plain' });
  expect([form.status, type(form)]).toEqual([415, 'unsupported_media_type']);
  const misspelt = await post(program, `calls/${id}/replay`, { modle: 'm' });
  expect([misspelt.status, detail(misspelt)]).toEqual([
    400,
    'There is no field "modle"; did you mean "model"?',
  ]);
  expect(upstream.requests).toHaveLength(1);
});

function streamed(...texts: string[]): string[] {
  const event = (type: string, data: object) =>
    `event: ${type}\ndata: ${JSON.stringify({ type, ...data })}\n\n`;
  return [
    event('message_start', {
      message: {
        ...message(''),
        content: [],
        stop_reason: null,
        usage: { input_tokens: 1000, output_tokens: 1 },
      },
    }),
    event('content_block_start', { index: 0, content_block: { type: 'text', text: '' } }),
    ...texts.map((text) => event('content_block_delta', { index: 0, delta: { type: 'text_delta', text } })),
    event('content_block_stop', { index: 0 }),
    event('message_delta', { delta: { stop_reason: 'end_turn' }, usage: { output_tokens: 7 } }),
    event('message_stop', {}),
  ];
}

/** The id of the newest call that fits, once it is there. */
async function callThat(fits: (call: Call) => boolean): Promise<string> {
  const [found] = await callsWhen(program, (calls) => calls.filter(fits));
  return found?.id ?? '';
}

function detail({ body }: Posted): string {
  return problemSchema.parse(body).detail;
}

function type({ body }: Posted): string {
  return problemSchema.parse(body).type.replace('urn:weir:problem:', '');
}

/** Files below `folder` in which `text` stands as it is. */
function filesHolding(folder: string, text: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((path) => readFileSync(path).includes(text));
}
