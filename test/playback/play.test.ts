import type { ServerResponse } from 'node:http';
import { describe, expect, it } from 'vitest';
import { connectRaw, type RawClient } from '../support/client.ts';
import { playing, type Playing, type SampleRecording } from './playing.ts';

const get = 'GET /v1/models HTTP/1.1\r\nHost: x\r\n\r\n';
const models = { method: 'GET', path: '/v1/models' };
const stream = ['content-type', 'text/event-stream', 'transfer-encoding', 'chunked'];

const flat = (pairs: readonly [string, string][]): string[] => pairs.flat();

/** Plays one recording of `GET /v1/models` to a client that has asked for it. */
async function played(
  recording: SampleRecording,
  request = get,
): Promise<{ client: RawClient; id: string | undefined }> {
  const { port, ids } = await playing([{ ...recording, columns: { ...models, ...recording.columns } }]);
  const client = await connectRaw(port);
  return { client: client.send(request), id: ids[0] };
}

describe('a recording is played', () => {
  it('with status, reason and header lines as they were, but for those of the connection', async () => {
    const kept: [string, string][] = [
      ['Date', 'Sat, 21 Nov 2026 15:02:38 GMT'],
      ['X-B', '2'],
      ['x-a', '1'],
      ['X-b', '3'],
      ['Set-Cookie', '***'],
      ['Content-Length', '4'],
    ];
    const { client, id } = await played({
      columns: { status: 529 },
      statusMessage: 'Rather Busy',
      responseHeaders: flat([
        ...kept,
        ['Connection', 'keep-alive, x-hop'],
        ['X-Hop', 'gone'],
        ['Keep-Alive', 'timeout=5'],
        ['Trailer', 'x-sum'],
      ]),
      response: [['busy', 0]],
    });
    const answer = await client.answer();
    expect(answer.statusLine).toBe('HTTP/1.1 529 Rather Busy');
    expect(answer.rawHeaders).toEqual([...flat(kept), 'x-weir-call-id', id]);
    expect(answer.body.toString()).toBe('busy');
  });

  it('in the pieces in which it came', async () => {
    const response = [
      ['event: message_start\nda', 100],
      ['ta: {}\n\n', 200],
      ['event: ping\ndata: {}\n\n', 300],
    ] as const;
    const { client } = await played({ responseHeaders: stream, response });
    const all = await client.until((received) => received.endsWith('\r\n0\r\n\r\n'));
    const chunks = response.map(([text]) => `${text.length.toString(16)}\r\n${text}\r\n`);
    expect(all.slice(all.indexOf('\r\n\r\n') + 4)).toBe(`${chunks.join('')}0\r\n\r\n`);
  });

  it('without a body where there is none, and the connection goes on', async () => {
    const { port } = await playing([
      { columns: { ...models, method: 'HEAD' }, responseHeaders: ['content-length', '1234'] },
      { columns: { ...models, method: 'DELETE', status: 204 }, statusMessage: 'No Content' },
    ]);
    const client = await connectRaw(port);
    const head = await client.send(get.replace('GET', 'HEAD')).answer('HEAD');
    expect(head.header('content-length')).toBe('1234');
    const removed = await client.send(get.replace('GET', 'DELETE')).answer();
    expect([removed.statusLine, removed.header('transfer-encoding')]).toEqual([
      'HTTP/1.1 204 No Content',
      undefined,
    ]);
  });

  it('not before its time, and never out of order', async () => {
    const response = Array.from({ length: 20 }, (_, index) => [`${index};`, index * 10_000] as const);
    const { port } = await playing([{ columns: models, responseHeaders: stream, response }], { speed: 1 });
    const begunMs = performance.now();
    const client = (await connectRaw(port)).send(get);
    await client.until((received) => received.includes('19;'));
    expect(performance.now() - begunMs).toBeGreaterThan(189);
    const { body } = await client.answer();
    expect(body.toString()).toBe(response.map(([text]) => text).join(''));
  });

  it('at the pace of a client that reads slowly', async () => {
    const piece = 'x'.repeat(100_000);
    const response = Array.from({ length: 200 }, () => [piece, 0] as const);
    const { port, server } = await playing([{ columns: models, responseHeaders: stream, response }]);
    const responses: ServerResponse[] = [];
    server.on('request', (_, response: ServerResponse) => responses.push(response));
    const client = await connectRaw(port);
    client.socket.pause();
    client.send(get);
    await expect.poll(() => responses[0]?.writableNeedDrain).toBe(true);
    expect(responses[0]?.writableLength).toBeLessThan(1_000_000);
    client.socket.resume();
    expect((await client.answer()).body.byteLength).toBe(20_000_000);
  });
});

describe('a recording that was cut ends as it did', () => {
  const cut = (errorKind: string, others: Partial<SampleRecording> = {}): SampleRecording => ({
    responseHeaders: stream,
    response: [['event: ping\n', 0]],
    columns: { state: 'failed', error_kind: errorKind },
    ...others,
  });
  const end = async (recording: SampleRecording) => {
    const { client } = await played(recording);
    return { how: await client.ended, received: client.received() };
  };

  it('closed without the terminator of its chunks', async () => {
    for (const kind of ['upstream_eof', 'upstream_stall', 'upstream_protocol']) {
      const { how, received } = await end(cut(kind));
      expect([how, received.slice(received.indexOf('\r\n\r\n') + 4)], kind).toEqual([
        'fin',
        'c\r\nevent: ping\n\r\n',
      ]);
    }
  });

  it('closed short of its length', async () => {
    const { how, received } = await end(
      cut('upstream_truncated', { responseHeaders: ['content-length', '100'] }),
    );
    expect(how).toBe('fin');
    expect(received).toMatch(/content-length: 100\r\n.*\r\n\r\nevent: ping\n$/s);
  });

  it('reset', async () => {
    expect(await end(cut('upstream_reset'))).toMatchObject({
      how: 'reset',
      received: expect.stringMatching(/event: ping\n\r\n$/),
    });
  });

  it('closed where the client had left, or the program had ended', async () => {
    for (const [state, error_kind] of [
      ['aborted', 'client_abort'],
      ['interrupted', 'process_killed'],
    ]) {
      const { how, received } = await end(cut('', { columns: { state: state ?? '', error_kind } }));
      expect([how, received.endsWith('event: ping\n\r\n')], state).toEqual(['fin', true]);
    }
  });
});

describe('a recording without an answer', () => {
  const kinds = ['connect_refused', 'dns', 'tls', 'connect_timeout', 'ttfb_timeout', 'upstream_protocol'];
  const failed = (kind: string, state = 'failed'): SampleRecording => ({
    columns: { method: 'GET', path: `/${kind}`, state, error_kind: kind, status: null, ttfb_us: null },
  });
  const asking = async ({ port }: Playing, kind: string): Promise<RawClient> =>
    (await connectRaw(port)).send(`GET /${kind} HTTP/1.1\r\nHost: x\r\n\r\n`);

  it('ends as the upstream ended it, where an upstream can do that', async () => {
    const playback = await playing([failed('upstream_reset'), failed('upstream_eof')]);
    for (const [kind, how] of [
      ['upstream_reset', 'reset'],
      ['upstream_eof', 'fin'],
    ] as const) {
      const client = await asking(playback, kind);
      expect([await client.ended, client.received()], kind).toEqual([how, '']);
    }
  });

  it('is what the client heard of everything else', async () => {
    const playback = await playing([...kinds, 'header_overflow', 'bad_request'].map((kind) => failed(kind)));
    const heard: [string | undefined, number][] = [];
    for (const [index, kind] of [...kinds, 'header_overflow', 'bad_request'].entries()) {
      const answer = await (await asking(playback, kind)).answer();
      expect(answer.header('x-weir-call-id')).toBe(playback.ids[index]);
      heard.push([answer.header('x-weir-error'), answer.status]);
    }
    expect(Object.fromEntries(heard)).toEqual({
      connect_refused: 502,
      dns: 502,
      tls: 502,
      connect_timeout: 504,
      ttfb_timeout: 504,
      upstream_protocol: 502,
      header_overflow: 502,
      bad_request: 400,
    });
  });

  it('is a closed connection where the client did not wait for one', async () => {
    const client = await asking(await playing([failed('client_abort', 'aborted')]), 'client_abort');
    expect([await client.ended, client.received()]).toEqual(['fin', '']);
  });
});
