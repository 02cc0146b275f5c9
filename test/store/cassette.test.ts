import { readdirSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { packBody, unpackChunks } from '../../server/store/bodies.ts';
import { listCalls, readBody, readCall } from '../../server/store/calls.ts';
import { createCassette, sealCassette } from '../../server/store/cassette.ts';
import { openStore } from '../../server/store/open.ts';
import { sampleCall, temporaryFolder, temporaryStore } from './temporary-store.ts';

const details = {
  request_headers: '["accept","*/*"]',
  response_headers: '["content-type","text/plain"]',
  notes: '["a note"]',
};

function storeWithCalls() {
  const { store, writer, path } = temporaryStore();
  const pieces = [
    { bytes: Buffer.from('one'), atUs: 10 },
    { bytes: Buffer.from('two'), atUs: 2000 },
  ];
  const ids = [0, 1].map(() => {
    // The same upstream's id twice: what was played back and recorded again.
    const { id, ...row } = sampleCall({ upstream_request_id: 'req_1', cost_nano_usd: 7, tags: '{"a":"b"}' });
    writer.transaction(() =>
      writer.finishCall(id, row, details, [
        { part: 'request', ...packBody([{ bytes: Buffer.from('asked'), atUs: 0 }]) },
        { part: 'response', ...packBody(pieces) },
      ]),
    );
    return id;
  });
  writer.openCall(sampleCall({ id: 'running', state: 'open' }), details);
  return { store, ids, file: join(dirname(path), 'slice.weir') };
}

describe('a cassette', () => {
  it('holds the calls it was given, whole, in one file for its owner', () => {
    const { store, ids, file } = storeWithCalls();
    const cassette = createCassette(store, file);
    const [first = '', second = ''] = ids;
    expect([
      cassette.add(first),
      cassette.add(second),
      cassette.add('running'),
      cassette.add('gone'),
    ]).toEqual([true, true, false, false]);
    const bytes = cassette.finish();
    cassette.close();
    expect([statSync(file).size, statSync(file).mode & 0o777]).toEqual([bytes, 0o600]);
    expect(bytes).toBeLessThan(100_000);
    expect(readdirSync(dirname(file)).filter((name) => name.startsWith('slice'))).toEqual(['slice.weir']);
    const copy = openStore(file, 'read');
    expect(listCalls(copy, {}, 10, null).items).toEqual(
      listCalls(store, {}, 10, null).items.filter(({ id }) => id !== 'running'),
    );
    for (const id of ids) {
      const { previous_id: _p, next_id: _n, ...whole } = readCall(store, id) ?? {};
      expect(readCall(copy, id)).toMatchObject(whole);
      for (const part of ['request', 'response'] as const) {
        expect(readBody(copy, id, part).flatMap(unpackChunks)).toEqual(
          readBody(store, id, part).flatMap(unpackChunks),
        );
      }
    }
    copy.close();
  });

  it('replaces another cassette, and nothing else', () => {
    const { store, ids, file } = storeWithCalls();
    for (const id of ids) {
      const cassette = createCassette(store, file);
      cassette.add(id);
      cassette.finish();
      cassette.close();
    }
    const copy = openStore(file, 'read');
    expect(listCalls(copy, {}, 10, null).items.map(({ id }) => id)).toEqual([ids[1]]);
    copy.close();
    expect(() => createCassette(store, store.path)).toThrow(
      'exists and is no cassette: choose another name.',
    );
    const text = join(temporaryFolder(), 'notes.txt');
    writeFileSync(text, 'mine');
    expect(() => createCassette(store, text)).toThrow('exists and is no cassette');
  });

  it('leaves nothing behind when it is not finished', () => {
    const { store, ids, file } = storeWithCalls();
    const cassette = createCassette(store, file);
    cassette.add(ids[0] ?? '');
    cassette.close();
    expect(readdirSync(dirname(file)).filter((name) => name.startsWith('slice'))).toEqual([]);
  });

  it('is one file again after it was written to', () => {
    const { store, ids, file } = storeWithCalls();
    const cassette = createCassette(store, file);
    cassette.add(ids[0] ?? '');
    cassette.finish();
    cassette.close();
    openStore(file, 'write').close();
    sealCassette(file);
    expect(readdirSync(dirname(file)).filter((name) => name.startsWith('slice'))).toEqual(['slice.weir']);
    const copy = openStore(file, 'read');
    expect(copy.sqlite.pragma('journal_mode', { simple: true })).toBe('delete');
    copy.close();
  });
});
