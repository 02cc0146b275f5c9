import { createHash } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { sameRequestKey } from '../../server/messages/same-request.ts';
import { packBody, type BodyChunk } from '../../server/store/bodies.ts';
import type { WholeCall, WholeDetails, Writer } from '../../server/store/write.ts';
import { sampleCall, temporaryStore } from '../store/temporary-store.ts';
import { reading } from './reading.ts';

const asked = { model: 'claude-opus-5-5', messages: [{ role: 'user', content: 'How deep?' }] };
const body = Buffer.from(JSON.stringify(asked));
const pieces: BodyChunk[] = [
  { bytes: Buffer.from('event: ping\n'), atUs: 1500 },
  { bytes: Buffer.from('\n'), atUs: 90_000 },
];

function record(
  writer: Writer,
  columns: Partial<WholeCall> = {},
  bodies: { request?: Buffer; response?: readonly BodyChunk[] } = {},
  details: Partial<WholeDetails> = {},
): string {
  const { id, ...row } = sampleCall(columns);
  const { request = body, response = pieces } = bodies;
  writer.transaction(() =>
    writer.finishCall(id, row, { request_headers: '[]', ...details }, [
      { part: 'request', ...packBody([{ bytes: request, atUs: 0 }]) },
      { part: 'response', ...packBody(response) },
    ]),
  );
  return id;
}

describe('recordings', () => {
  it('come with what finds them and with whether they can be played', async () => {
    const { writer, path } = temporaryStore();
    const sha256 = createHash('sha256').update(body).digest('hex');
    const whole = record(writer, { request_sha256: sha256, session_id: 'S', query: 'beta=true' });
    const bare = record(writer, { bodies: 'metadata', response_bytes: 13 });
    const empty = record(writer, { bodies: 'metadata', response_bytes: 0 });
    const cut = record(writer, { bodies: 'truncated', response_bytes: 14 });
    const cutRequest = record(writer, { bodies: 'truncated', response_bytes: 13 });
    const imported = record(writer, { bodies: 'truncated', response_bytes: null });
    writer.openCall(sampleCall({ id: 'running', state: 'open', started_ms: 1 }), { request_headers: '[]' });
    const { items } = await reading(path).ask('recordings', { filters: {}, cursor: null, withKeys: false });
    expect(items.at(-2)).toMatchObject({
      id: whole,
      request_sha256: sha256,
      session_id: 'S',
      query: 'beta=true',
      same_key: null,
    });
    const playable = new Map(items.map(({ id, is_playable }) => [id, is_playable]));
    expect(Object.fromEntries(playable)).toEqual({
      [whole]: true,
      [bare]: false,
      [empty]: true,
      [cut]: false,
      [cutRequest]: true,
      [imported]: false,
      running: false,
    });
  });

  it('have a key of what was asked, content encoding undone, page by page', async () => {
    const { writer, path } = temporaryStore();
    record(writer, {}, { request: gzipSync(body) }, { request_headers: '["content-encoding","gzip"]' });
    for (let more = 0; more < 50; more++) record(writer);
    const reader = reading(path);
    const first = await reader.ask('recordings', { filters: {}, cursor: null, withKeys: true });
    expect(first.items).toHaveLength(50);
    const second = await reader.ask('recordings', {
      filters: {},
      cursor: first.next_cursor,
      withKeys: true,
    });
    expect(second).toMatchObject({ items: [{ same_key: sameRequestKey(body) }], next_cursor: null });
    const { id = '' } = second.items[0] ?? {};
    expect(await reader.ask('recordingEntry', { id, withKeys: true })).toEqual(second.items[0]);
    expect(await reader.ask('recordingEntry', { id: 'nobody', withKeys: true })).toBeNull();
  });

  it('answer with the bytes, the pieces and the ending', async () => {
    const { writer, path } = temporaryStore();
    const id = record(
      writer,
      { ttfb_us: 1200, duration_us: 95_000, state: 'failed', error_kind: 'upstream_reset' },
      {},
      {
        response_headers: '["Content-Type","text/event-stream","X-A","1","x-a","2"]',
        status_message: 'Fine',
      },
    );
    expect(await reading(path).ask('recording', { id })).toEqual({
      id,
      status: 200,
      statusMessage: 'Fine',
      responseHeaders: ['Content-Type', 'text/event-stream', 'X-A', '1', 'x-a', '2'],
      ttfbUs: 1200,
      durationUs: 95_000,
      state: 'failed',
      errorKind: 'upstream_reset',
      bytes: new Uint8Array(Buffer.from('event: ping\n\n')),
      marks: [
        [12, 1500],
        [1, 90_000],
      ],
    });
  });
});

describe('the nearest recording', () => {
  it('is the one that differs in the fewest parts, and says how', async () => {
    const { writer, path } = temporaryStore();
    const wider = { ...asked, max_tokens: 7, messages: [{ role: 'user', content: 'How wide?' }] };
    const ids = [
      record(writer, {}, { request: Buffer.from(JSON.stringify(wider)) }),
      record(writer),
      record(writer, {}, { request: Buffer.from('no JSON') }),
    ];
    const sent = Buffer.from(
      JSON.stringify({ ...asked, messages: [{ role: 'user', content: 'How warm?' }] }),
    );
    expect(await reading(path).ask('nearest', { body: gzipSync(sent), encoding: 'gzip', ids })).toEqual({
      id: ids[1],
      parts: 1,
      words: 'messages.0.content differs at character 5: recorded "How deep?", sent "How warm?"',
    });
  });
});
