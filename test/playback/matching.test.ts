import { describe, expect, it } from 'vitest';
import { ask, playing, type Playing, type SampleRecording } from './playing.ts';

const said = (content: string, others: object = {}) => ({
  model: 'claude-opus-5-5',
  messages: [{ role: 'user', content }],
  ...others,
});

const answered = (text: string, request: unknown, columns: object = {}): SampleRecording => ({
  request,
  responseHeaders: ['content-type', 'text/plain'],
  response: [[text, 0]],
  columns,
});

async function texts(
  playback: Playing,
  requests: readonly unknown[],
  headers: Record<string, string> = {},
): Promise<string[]> {
  const seen: string[] = [];
  for (const request of requests) {
    const { status, text } = await ask(playback, request, headers);
    seen.push(status === 200 ? text : 'miss');
  }
  return seen;
}

describe('matching by bytes', () => {
  it('serves recordings of one request in turn, and then the first again', async () => {
    const playback = await playing([
      answered('first', said('a')),
      answered('other', said('b')),
      answered('second', said('a')),
    ]);
    const asked = [said('a'), said('a'), said('b'), said('a'), said('b')];
    expect(await texts(playback, asked)).toEqual(['first', 'second', 'other', 'first', 'other']);
  });

  it('tells method, path, query and each byte of the body apart', async () => {
    const playback = await playing([
      answered('post', 'x', { query: 'beta=true' }),
      answered('get', '', { method: 'GET', path: '/v1/models', query: 'limit=2' }),
    ]);
    const status = async (path: string, init: RequestInit): Promise<number> =>
      (await fetch(playback.url + path, init)).status;
    expect(await status('/v1/messages?beta=true', { method: 'POST', body: 'x' })).toBe(200);
    expect(await status('/v1/messages', { method: 'POST', body: 'x' })).toBe(404);
    expect(await status('/v1/messages?beta=true', { method: 'POST', body: 'x ' })).toBe(404);
    expect(await status('/v1/messages?beta=true', { method: 'PUT', body: 'x' })).toBe(404);
    expect(await status('/v1/models?limit=2', {})).toBe(200);
    expect(await status('/v1/models?limit=2', { method: 'HEAD' })).toBe(404);
  });

  it('knows a query again whose credentials the record masks', async () => {
    const playback = await playing([
      answered('one', '', { method: 'GET', path: '/v1/files', query: 'api_key=***&limit=1' }),
    ]);
    expect((await fetch(`${playback.url}/v1/files?api_key=hidden&limit=1`)).status).toBe(200);
    expect((await fetch(`${playback.url}/v1/files?api_key=hidden&limit=2`)).status).toBe(404);
  });

  it('leaves out what was recorded without its answer', async () => {
    const playback = await playing([
      answered('lost', said('a'), { bodies: 'metadata' }),
      answered('kept', said('a')),
    ]);
    expect(await texts(playback, [said('a'), said('a')])).toEqual(['kept', 'kept']);
  });
});

describe('matching by JSON', () => {
  it('passes over the order of keys and what clients make anew', async () => {
    const recorded = answered('one', said('a', { metadata: { user_id: 'ada' } }));
    const playback = await playing([recorded], { match: 'body' });
    const reordered = Object.fromEntries(Object.entries(said('a')).reverse());
    const spaced = JSON.stringify(said('a'), null, 2);
    expect(await texts(playback, [reordered, spaced, said('a ')])).toEqual(['one', 'one', 'miss']);
  });
});

describe('matching by place in the session', () => {
  const of = (session: string) => ({ 'x-claude-code-session-id': session });
  const recorded = (text: string, session: string | null, columns: object = {}): SampleRecording =>
    answered(text, said(`at ${text}`), { session_id: session, ...columns });
  const inTurn = { match: 'session' } as const;

  it('answers the n-th call of a session with the n-th, whatever it asks', async () => {
    const kind = { kind: 'auxiliary' };
    const playback = await playing(
      [recorded('A1', 'A', kind), recorded('B1', 'B', kind), recorded('A2', 'A', kind)],
      inTurn,
    );
    expect(await texts(playback, [said('now'), said('later')], of('new'))).toEqual(['A1', 'A2']);
    expect(await texts(playback, [said('now'), said('more')], of('newer'))).toEqual(['B1', 'miss']);
    expect(playback.misses[0]).toContain(
      'The recorded session B has 1 of POST /v1/messages (auxiliary), and this is number 2.',
    );
    // The third new session begins with the first recorded one again.
    expect(await texts(playback, [said('now')], of('newest'))).toEqual(['A1']);
  });

  it('answers a session under its own name with its own calls', async () => {
    const kind = { kind: 'auxiliary' };
    const playback = await playing([recorded('A1', 'A'), recorded('B1', 'B', kind)], inTurn);
    expect(await texts(playback, [said('x')], of('B'))).toEqual(['B1']);
    expect(await texts(playback, [said('x')], { 'x-weir-session': 'A' })).toEqual(['A1']);
  });

  it('counts calls without a session together', async () => {
    const playback = await playing([recorded('1', null), recorded('2', null)], inTurn);
    expect(await texts(playback, [said('x'), said('x'), said('x')])).toEqual(['1', '2', 'miss']);
  });

  it('names a call in its place whose answer was not kept', async () => {
    const lost = recorded('2', null, { bodies: 'expired' });
    const playback = await playing([recorded('1', null), lost, recorded('3', null)], inTurn);
    expect(await texts(playback, [said('x'), said('x'), said('x')])).toEqual(['1', 'miss', '3']);
    expect(playback.misses[0]).toContain(`is ${playback.ids[1]}, whose answer was not kept.`);
  });

  it('counts kinds and agents apart, and knows agents by their order', async () => {
    const playback = await playing(
      [
        recorded('main', 'A', { kind: 'main' }),
        recorded('title', 'A', { kind: 'title' }),
        recorded('first agent', 'A', { kind: 'subagent', agent_id: 'one' }),
        recorded('second agent', 'A', { kind: 'subagent', agent_id: 'two' }),
      ],
      inTurn,
    );
    const one = async (headers: Record<string, string>): Promise<string[]> =>
      texts(playback, [said('x')], { ...of('new'), ...headers });
    expect(await one({ 'x-claude-code-request-class': 'title' })).toEqual(['title']);
    expect(await one({ 'x-claude-code-agent-id': 'p' })).toEqual(['first agent']);
    expect(await one({ 'x-claude-code-request-class': 'main' })).toEqual(['main']);
    expect(await one({ 'x-claude-code-agent-id': 'q' })).toEqual(['second agent']);
  });
});
