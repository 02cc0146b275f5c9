import { describe, expect, onTestFinished, test } from 'vitest';
import { packBody, unpackBody } from '../../server/store/bodies.ts';
import { readBody, readCall } from '../../server/store/calls.ts';
import { openStore, type Store } from '../../server/store/open.ts';
import { onPostgres } from '../support/database.ts';
import { sampleCall, sampleDetails, storeCalls, temporaryStore } from './temporary-store.ts';

const body = (part: 'request' | 'response', text: string) => ({
  part,
  ...packBody([{ bytes: Buffer.from(text), atUs: 5 }]),
});

function stored(store: Store, id: string, part: 'request' | 'response'): string[] {
  return readBody(store, id, part).map((row) => unpackBody(row).bytes.toString());
}

function dump(store: Store): unknown[] {
  return ['calls', 'call_details', 'bodies'].map((table) =>
    store.sqlite.prepare(`SELECT * FROM ${table}`).all(),
  );
}

describe('createWriter', () => {
  test('a call that is opened and finished is one row, and a replay of both changes nothing', () => {
    const { store, writer } = temporaryStore();
    const { id, ...final } = sampleCall({ output_tokens: 7, bodies: 'full' });
    const record = (): void => {
      writer.openCall(sampleCall({ id, state: 'open' }), { request_headers: '[]' });
      writer.finishCall(id, final, sampleDetails, [body('request', 'ask'), body('response', 'answer')]);
    };
    writer.transaction(record);
    const before = dump(store);
    writer.transaction(record);
    expect(dump(store)).toEqual(before);
    expect(readCall(store, id)).toMatchObject({ state: 'completed', output_tokens: 7 });
  });

  test('a finish replaces the whole row: what it does not know is null again', () => {
    const { store, writer } = temporaryStore();
    const { id, ...open } = sampleCall({ state: 'open', team: 'guess', error_kind: 'process_killed' });
    writer.openCall({ id, ...open }, sampleDetails);
    writer.finishCall(id, { ...sampleCall(), started_ms: 9 }, { request_headers: '["a","b"]' }, []);
    expect(readCall(store, id)).toMatchObject({
      team: null,
      error_kind: null,
      started_ms: 9,
      response_headers: null,
    });
  });

  test('what is learnt while a call runs is kept, and comes too late once it has ended', () => {
    const { store, writer } = temporaryStore();
    const { id, ...open } = sampleCall({ state: 'open', status: null });
    writer.openCall({ id, ...open }, sampleDetails);
    writer.updateCall(id, { model: 'm', status: 200 }, { response_headers: '["a","b"]' });
    writer.updateCall(id, {});
    expect(readCall(store, id)).toMatchObject({
      state: 'open',
      model: 'm',
      status: 200,
      response_headers: [['a', 'b']],
    });
    writer.finishCall(id, { ...open, state: 'aborted' }, sampleDetails, []);
    writer.updateCall(id, { model: 'late' });
    writer.appendBody(id, 0, body('response', 'late'));
    expect(readCall(store, id)).toMatchObject({ state: 'aborted', model: null });
    expect(stored(store, id, 'response')).toEqual([]);
  });

  test('the segments of a running body are read in order, and give way to the final one', () => {
    const { store, writer } = temporaryStore();
    const { id, ...open } = sampleCall({ state: 'open' });
    writer.openCall({ id, ...open }, sampleDetails);
    for (const segment of [0, 2, 1, 1]) writer.appendBody(id, segment, body('response', `part ${segment}`));
    writer.appendBody(id, 0, body('request', 'ask'));
    expect(stored(store, id, 'response')).toEqual(['part 0', 'part 1', 'part 2']);
    writer.finishCall(id, { ...open, state: 'completed' }, sampleDetails, [body('response', 'whole')]);
    expect(stored(store, id, 'response')).toEqual(['whole']);
    expect(stored(store, id, 'request')).toEqual(['ask']);
  });

  test('a transaction that throws leaves nothing behind', () => {
    const { store, writer } = temporaryStore();
    const fail = (): void => {
      writer.openCall(sampleCall({ id: 'lost', state: 'open' }), sampleDetails);
      throw new Error('no');
    };
    expect(() => writer.transaction(fail)).toThrow('no');
    expect(readCall(store, 'lost')).toBeNull();
    storeCalls(writer, [sampleCall({ id: 'kept' })]);
    expect(readCall(store, 'kept')).not.toBeNull();
  });

  test('numbers that cannot be counted with are unknown, large exact ones are kept', () => {
    const { store, writer } = temporaryStore();
    const [id = ''] = storeCalls(writer, [
      sampleCall({
        input_tokens: 2 ** 53,
        output_tokens: Number.NaN,
        cache_read_tokens: 1.5,
        cost_nano_usd: Number.MAX_SAFE_INTEGER,
        thinking_tokens: -1,
      }),
    ]);
    expect(readCall(store, id)).toMatchObject({
      input_tokens: null,
      output_tokens: null,
      cache_read_tokens: null,
      cost_nano_usd: Number.MAX_SAFE_INTEGER,
      thinking_tokens: -1,
    });
  });

  test('text of any kind is stored as it is', () => {
    const { store, writer } = temporaryStore();
    const preview = 'NUL \0 in the middle, "quotes", 漢字 🏞';
    const [id = ''] = storeCalls(writer, [sampleCall({ preview })]);
    const kept = onPostgres ? preview.replace('\0', '\u{fffd}') : preview;
    expect(readCall(store, id)?.preview).toBe(kept);
  });

  test('a store opened for reading has no writer', async () => {
    const { path } = temporaryStore();
    const reader = openStore(path, 'read');
    onTestFinished(() => reader.close());
    const { createWriter } = await import('../../server/store/write.ts');
    expect(() => createWriter(reader)).toThrow(/for reading/);
  });
});
