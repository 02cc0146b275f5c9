import { randomBytes } from 'node:crypto';
import { expect, test } from 'vitest';
import { createPackAdder, createPackFinder } from '../../../server/store/pack-rows.ts';
import { temporaryStore } from '../temporary-store.ts';

test('a pack of some kilobytes lies in small rows, any other in one, and each is found whole', () => {
  const { store } = temporaryStore();
  const [add, find] = [createPackAdder(store), createPackFinder(store.sqlite)];
  const columns = { packing: 'raw', raw_bytes: 1, base: null, depth: 0 };
  const packs = [0, 1, 768, 769, 2000, 8192, 8193, 100_000].map((length, at) => ({
    id: 100 * at,
    bytes: randomBytes(length),
  }));
  for (const pack of packs) add({ ...columns, ...pack });
  for (const { id, bytes } of packs) expect(find(id)?.bytes.equals(bytes)).toBe(true);
  const rows = packs.map(({ id }) =>
    store.sqlite
      .prepare('SELECT count(*) FROM packs WHERE id >= ? AND id < ?')
      .pluck()
      .get(id, id + 100),
  );
  expect(rows).toEqual([1, 1, 1, 2, 3, 11, 1, 1]);
});

test('what lies behind a pack is no part of it', () => {
  const { store } = temporaryStore();
  const [add, find] = [createPackAdder(store), createPackFinder(store.sqlite)];
  const columns = { packing: 'raw', raw_bytes: 1, base: null, depth: 0 };
  add({ ...columns, id: 1, bytes: randomBytes(1500) });
  add({ ...columns, id: 3, bytes: Buffer.from('next') });
  store.sqlite.exec('DELETE FROM packs WHERE id = 2; UPDATE packs SET id = 2 WHERE id = 3');
  expect(find(1)?.bytes.byteLength).toBe(750);
});
