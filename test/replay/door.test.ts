/** The client inside the process, before the real forwarder and a scripted upstream. */
import { describe, expect, onTestFinished, test } from 'vitest';
import type { ForwarderOptions } from '../../server/proxy/forward.ts';
import { sendThrough, type DoorRequest } from '../../server/replay/door.ts';
import { markedSink } from '../../server/replay/marked.ts';
import { startProxy } from '../support/proxy.ts';
import { startUpstream, type Script } from '../support/upstream.ts';

async function standing(script: Script, overrides: Partial<ForwarderOptions> = {}) {
  const upstream = await startUpstream(script);
  const proxy = await startProxy(upstream.url, overrides);
  onTestFinished(async () => {
    await proxy.close();
    await upstream.close();
  });
  const ids: string[] = [];
  const attribution = { userId: 'ada', team: null, sessionId: 's', tags: { a: 'b' } };
  const sink = markedSink(proxy.sink, { replayOf: 'original', attribution }, (id) => ids.push(id));
  const send = (request: Partial<DoorRequest> = {}): Promise<void> =>
    sendThrough(
      proxy.forwarder,
      { method: 'POST', target: '/v1/messages?beta=true', headers: [], body: new Uint8Array(), ...request },
      sink,
      64 * 1024,
    );
  return { upstream, proxy, ids, send };
}

describe('a request through the door', () => {
  test('arrives as it was written and is recorded as what it repeats', async () => {
    const { upstream, proxy, ids, send } = await standing((_, reply) => void reply.json(200, { ok: true }));
    const headers = ['X-One', '1', 'accept', 'b', 'x-one', '2', 'x-api-key', 'sk-ant-0123456789abcdef'];
    await send({ headers, body: Buffer.from('{"a": 1}') });
    const sent = await upstream.request(0);
    expect(sent.target).toBe('/v1/messages?beta=true');
    expect(sent.rawHeaders.slice(2)).toEqual([...headers, 'Content-Length', '8', 'Connection', 'keep-alive']);
    expect((await sent.body).toString()).toBe('{"a": 1}');
    const [recorded] = proxy.sink.exchanges;
    expect(recorded?.open).toMatchObject({
      id: ids[0],
      replayOf: 'original',
      attribution: { userId: 'ada', sessionId: 's', tags: { a: 'b' }, keyHint: 'cdef' },
    });
    expect(recorded?.end).toMatchObject({ state: 'completed', requestBytes: 8, requestComplete: true });
    expect(recorded?.open.requestHeaders.join()).not.toContain('sk-ant-0123');
  });

  test('may be large, and so may its answer', async () => {
    const body = Buffer.alloc(24 * 1024 * 1024, 'x');
    const answer = Buffer.alloc(12 * 1024 * 1024, 'y');
    const { upstream, proxy, send } = await standing(async (request, reply) => {
      await request.body;
      reply.raw(`HTTP/1.1 200 OK\r\ncontent-length: ${answer.length}\r\n\r\n`).raw(answer);
    });
    await send({ body });
    expect((await (await upstream.request(0)).body).equals(body)).toBe(true);
    expect(proxy.sink.exchanges[0]?.end).toMatchObject({
      state: 'completed',
      requestBytes: body.length,
      responseBytes: answer.length,
    });
  });

  test('has no body where there was none', async () => {
    const { upstream, send } = await standing((_, reply) => void reply.json(200, {}));
    await send({ method: 'GET', target: '/v1/models' });
    expect((await upstream.request(0)).header('content-length')).toBeUndefined();
    await send({ method: 'POST' });
    expect((await upstream.request(1)).header('content-length')).toBe('0');
  });

  test.each(['normal', 'audit'] as const)('ends as every call does, in mode %s', async (logMode) => {
    const { upstream, proxy, send } = await standing(
      (_, reply) => void reply.sse(['data: 1\n\n', 'data: 2\n\n']),
      { logMode },
    );
    await send();
    upstream.script((_, reply) => reply.reset());
    await send();
    upstream.script((_, reply) => reply.head(200, {}).chunk('cut').reset());
    await send();
    upstream.script((_, reply) => reply.raw('HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nfour').fin());
    await send();
    expect(proxy.sink.exchanges.map(({ end }) => [end?.state, end?.errorKind])).toEqual([
      ['completed', null],
      ['failed', 'upstream_reset'],
      ['failed', 'upstream_reset'],
      ['failed', 'upstream_truncated'],
    ]);
  });

  test('is interrupted with the program, and refused while it stops', async () => {
    const { upstream, proxy, ids, send } = await standing(() => undefined);
    const running = send();
    await upstream.request(0);
    await proxy.forwarder.drain(1);
    await running;
    expect(proxy.sink.exchanges[0]?.end).toMatchObject({ state: 'interrupted', errorKind: 'shutdown' });
    await send();
    expect([ids.length, proxy.refused]).toEqual([1, ['shutting_down']]);
  });
});
