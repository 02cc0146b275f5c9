import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { connectRaw } from '../support/client.ts';
import { ask, playing, type SampleRecording } from './playing.ts';

const said = (content: string) => ({ model: 'claude-opus-5-5', messages: [{ role: 'user', content }] });
const recorded: SampleRecording = {
  request: said('How deep is the river?'),
  responseHeaders: ['content-type', 'text/plain'],
  response: [['2 m', 0]],
};

describe('a request that no recording answers', () => {
  it('hears in the shape of the API which one is nearest and how it differs', async () => {
    const playback = await playing([{ ...recorded, request: 'no JSON' }, recorded]);
    const { status, headers, text } = await ask(playback, said('How deep is the lake?'));
    const message = `No recording answers POST /v1/messages. The nearest is ${playback.ids[1]}: messages.0.content differs at character 17: recorded "How deep is the river?", sent "How deep is the lake?".`;
    expect(JSON.parse(text)).toEqual({
      type: 'error',
      error: { type: 'not_found_error', message },
      request_id: null,
    });
    expect([status, headers.get('x-weir-error'), headers.get('x-weir-nearest-call-id')]).toEqual([
      404,
      'playback_miss',
      playback.ids[1],
    ]);
    expect(playback.misses).toEqual([message]);
  });

  it('hears that only the way it is written differs', async () => {
    const playback = await playing([recorded]);
    const { text } = await ask(playback, JSON.stringify(recorded.request, null, 1));
    expect(text).toContain(`The nearest is ${playback.ids[0]}: only in the order of keys, white space,`);
  });

  it('is compared without its content encoding', async () => {
    const playback = await playing([recorded]);
    const answer = await fetch(`${playback.url}/v1/messages`, {
      method: 'POST',
      headers: { 'content-encoding': 'gzip' },
      body: gzipSync(JSON.stringify(said('How deep is the sea?'))),
    });
    expect(await answer.text()).toContain('sent \\"How deep is the sea?\\"');
  });

  it('hears that its query differs, or what else is recorded', async () => {
    const playback = await playing([recorded]);
    const post = async (target: string): Promise<string> =>
      (await fetch(playback.url + target, { method: 'POST', body: JSON.stringify(recorded.request) })).text();
    expect(await post('/v1/messages?beta=true')).toContain(
      'recorded with no query, sent with \\"?beta=true\\"',
    );
    expect(await post('/v1/other')).toContain(
      'No recording answers POST /v1/other. Recorded are POST /v1/messages (1).',
    );
  });

  it('hears that the answer to the same request was not kept', async () => {
    const { text } = await ask(
      await playing([recorded, { ...recorded, request: said('x'), columns: { bodies: 'expired' } }]),
      said('x'),
    );
    expect(text).toContain('Its answer was not kept.');
  });

  it('is forwarded with its bytes where that is wanted', async () => {
    const bodies: string[] = [];
    const playback = await playing([recorded], {
      forward: (request, response) => {
        request.setEncoding('utf8').on('data', (text: string) => bodies.push(text));
        request.on('end', () => response.end(`${request.method} ${request.url} ${request.complete}`));
      },
    });
    const answer = await fetch(`${playback.url}/v1/other?a=b`, { method: 'POST', body: 'anything' });
    expect([await answer.text(), bodies.join('')]).toEqual(['POST /v1/other?a=b true', 'anything']);
    expect((await ask(playback, recorded.request)).text).toBe('2 m');
    expect(playback.misses).toEqual(['No recording answers POST /v1/other: it goes to the upstream.']);
  });
});

describe('the playback', () => {
  it('answers who asks whether it is there', async () => {
    const { url } = await playing([recorded]);
    expect((await fetch(`${url}/-/readyz`)).status).toBe(200);
    expect((await fetch(`${url}/-/`)).status).toBe(404);
  });

  it('takes calls in a name, and such that wait to be told to go on', async () => {
    const { port } = await playing([recorded]);
    const body = JSON.stringify(recorded.request);
    const client = await connectRaw(port);
    client.send(
      `POST /-/as/ada@research/v1/messages HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: ${body.length}\r\n\r\n`,
    );
    await client.until((received) => received.startsWith('HTTP/1.1 100 Continue'));
    expect((await client.send(body).answer()).body.toString()).toBe('2 m');
  });

  it('refuses what two readers could understand differently', async () => {
    const { port } = await playing([recorded]);
    const client = await connectRaw(port);
    const answer = await client.send('GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n').answer();
    expect([answer.status, answer.header('x-weir-error')]).toEqual([400, 'bad_request']);
  });

  it('plays what was recorded while it runs', async () => {
    const playback = await playing([recorded, { ...recorded, request: said('x') }]);
    const [, second = ''] = playback.ids;
    const before = playback.library.entries.length;
    await playback.library.learn(second);
    await playback.library.learn('nobody');
    expect(playback.library.entries).toHaveLength(before + 1);
  });
});
