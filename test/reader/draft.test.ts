/** Which recorded requests can go out again, and as what; on a real store. */
import { createHash } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { createPricer } from '../../server/pricing/engine.ts';
import { answerDraft, type Draft, type DraftChanges } from '../../server/reader/draft.ts';
import { packBody } from '../../server/store/bodies.ts';
import { createWriter, type WholeCall, type WholeDetails } from '../../server/store/write.ts';
import { sampleCall, temporaryStore } from '../store/temporary-store.ts';

const words = JSON.stringify({ model: 'claude-opus-5-5', max_tokens: 100, messages: [] });
const unchanged: DraftChanges = { model: null, set: null, stream: null };
const pricer = createPricer();

/** What the store says of a call with this request. */
async function draftOf(
  request: string | Buffer | null,
  columns: Partial<WholeCall> = {},
  details: Partial<WholeDetails> = {},
  changes: DraftChanges = unchanged,
): Promise<Draft | string | null> {
  const { store } = temporaryStore();
  const writer = createWriter(store);
  const id = 'draft-1';
  const bytes = Buffer.from(request ?? '');
  const whole = sampleCall({
    id,
    method: 'POST',
    path: '/v1/messages',
    state: 'completed',
    bodies: 'full',
    request_bytes: bytes.byteLength,
    request_sha256: createHash('sha256').update(bytes).digest('hex'),
    ...columns,
  });
  const { id: _id, ...row } = whole;
  const part = { part: 'request' as const, ...packBody([{ bytes, atUs: 0 }]) };
  writer.transaction(() =>
    writer.finishCall(id, row, { request_headers: '[]', ...details }, request === null ? [] : [part]),
  );
  const draft = await answerDraft(store, id, changes, () => pricer, Date.UTC(2026, 10, 22));
  return draft?.kind === 'impossible' ? draft.why.replace(id, 'ID') : draft;
}

describe('a request that is not whole', () => {
  test('was cut', async () => {
    expect(await draftOf(words, { request_bytes: 5000, bodies: 'truncated' })).toBe(
      `Only ${words.length} of the 5000 bytes of the request of call ID were kept: a cut request is not sent.`,
    );
  });

  test('was removed after its time', async () => {
    expect(await draftOf(null, { request_bytes: 50, bodies: 'expired' })).toContain(
      'was removed after its time; --retain-bodies',
    );
  });

  test('was recorded without content', async () => {
    expect(await draftOf(null, { request_bytes: 50, bodies: 'metadata' })).toContain(
      'was recorded without its content; calls recorded with --bodies full',
    );
  });

  test('never arrived whole', async () => {
    const announced = { request_headers: JSON.stringify(['Content-Length', '5000']) };
    expect(await draftOf(words, {}, announced)).toContain('never arrived whole');
    expect(await draftOf(words, { error_kind: 'client_abort_upload', state: 'aborted' })).toContain(
      'never arrived whole',
    );
  });

  test('is damaged', async () => {
    expect(await draftOf(words, { request_sha256: 'f'.repeat(64) })).toContain('is damaged; "weir check"');
  });
});

describe('a request that could do more than cost money', () => {
  test.each([
    ['POST', '/v1/messages/batches'],
    ['POST', '/v1/messages/batches/b_1/cancel'],
    ['DELETE', '/v1/files/f_1'],
    ['POST', '/v1/files'],
    ['PUT', '/v1/messages'],
    ['POST', '/v1/complete'],
  ])('%s %s is left', async (method, path) => {
    expect(await draftOf(words, { method, path })).toContain(
      `${method} ${path} may create, change or delete`,
    );
  });

  test.each([
    ['POST', '/v1/messages'],
    ['POST', '/anthropic/v1/messages/'],
    ['POST', '/v1/messages/count_tokens'],
    ['GET', '/v1/models'],
    ['HEAD', '/'],
  ])('%s %s is none', async (method, path) => {
    expect(await draftOf(method === 'POST' ? words : null, { method, path })).toMatchObject({
      kind: 'ready',
    });
  });

  test('needs the credential of its query', async () => {
    expect(await draftOf(words, { query: 'beta=true&key=***' })).toContain(
      'held a credential, which is not kept',
    );
    expect(await draftOf(words, { query: 'beta=true' })).toMatchObject({ kind: 'ready' });
  });
});

describe('a draft', () => {
  test('has the wire bytes unless something changes', async () => {
    const zipped = gzipSync(words);
    const headers = { request_headers: JSON.stringify(['content-encoding', 'gzip']) };
    expect(await draftOf(zipped, {}, headers)).toMatchObject({
      kind: 'ready',
      body: zipped,
      isChanged: false,
      model: 'claude-opus-5-5',
      stream: false,
    });
    const changed = await draftOf(zipped, {}, headers, { ...unchanged, stream: true });
    expect(changed).toMatchObject({ isChanged: true, stream: true });
    expect(typeof changed === 'object' ? Buffer.from(changed?.body ?? []).toString() : null).toBe(
      `${words.slice(0, -1)},"stream":true}`,
    );
  });

  test('is not made of what is no JSON in UTF-8', async () => {
    const change = { ...unchanged, model: 'm' };
    for (const body of ['[1]', 'no json', Buffer.from('{"a":"\xff"}', 'latin1')]) {
      expect(await draftOf(body, {}, {}, change)).toContain('can be sent again only as it is');
    }
  });

  test('says what may happen again at the provider', async () => {
    const request = {
      model: 'm',
      tools: [{ name: 'own' }, { type: 'web_search_20260209', name: 'web_search' }],
      mcp_servers: [{ url: 'https://mcp.example' }],
      thread: { type: 'continue', previous_message_id: 'msg_1' },
    };
    expect(await draftOf(JSON.stringify(request))).toMatchObject({
      warnings: [
        'The provider may call the MCP servers of this request again.',
        'Tools that run at the provider may run again: web_search_20260209.',
        'It goes on from something that the provider may have forgotten by now.',
      ],
    });
  });

  test('is null of a call that is not there', async () => {
    expect(await answerDraft(temporaryStore().store, 'nobody', unchanged, () => pricer, 0)).toBeNull();
  });
});
