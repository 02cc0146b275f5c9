import { expect, test } from 'vitest';
import { listCalls } from '../../server/store/calls.ts';
import type { Store } from '../../server/store/open.ts';
import { createLevels } from '../../server/store/search-levels.ts';
import { mergeIndex } from '../../server/store/search-merge.ts';
import { onPostgres } from '../support/database.ts';
import { sampleCall, storeCalls, temporaryStore } from './temporary-store.ts';

const found = (store: Store, q: string): string[] =>
  listCalls(store, { q: [q] }, 500, null).items.map(({ id }) => id);

test.skipIf(onPostgres)(
  'the index of words is joined by the commits that write it, and finds all of them',
  () => {
    const { store, writer } = temporaryStore({ durability: 'normal' });
    const ids = storeCalls(
      writer,
      Array.from({ length: 400 }, () => sampleCall()),
    );
    const levels = createLevels(store.sqlite);
    let most = 0;
    for (const [at, id] of ids.entries()) {
      writer.transaction(() => writer.setText(id, `river stone${at} bank${at % 7}`));
      most = Math.max(most, levels().flatMap(({ segments }) => segments).length);
    }
    // One for each commit otherwise.
    expect(most).toBeLessThan(60);
    const segments = levels().flatMap((level) => level.segments);
    const told = store.sqlite.prepare('SELECT count(DISTINCT segid) FROM call_text_idx').pluck().get();
    expect(segments.length).toBe(told);
    expect(segments.reduce((sum, { calls }) => sum + calls, 0)).toBe(ids.length);
    expect(found(store, 'river')).toHaveLength(ids.length);
    expect(found(store, 'stone7')).toEqual([ids[7]]);
    expect(() =>
      store.sqlite.exec("INSERT INTO call_text (call_text) VALUES ('integrity-check')"),
    ).not.toThrow();
  },
);

test.skipIf(onPostgres)('what is removed counts, and is taken out until there is nothing to gain', () => {
  const { store, writer } = temporaryStore({ durability: 'normal' });
  const ids = storeCalls(
    writer,
    Array.from({ length: 100 }, () => sampleCall()),
  );
  writer.transaction(() => ids.forEach((id) => writer.setText(id, `river ${id}`)));
  const total = (count: 'calls' | 'removed'): number =>
    createLevels(store.sqlite)()
      .flatMap(({ segments }) => segments)
      .reduce((sum, segment) => sum + segment[count], 0);
  expect(mergeIndex(store, 100)).toBe(0);
  writer.transaction(() => ids.slice(0, 40).forEach((id) => writer.setText(id, null)));
  expect([total('calls'), total('removed')]).toEqual([100, 40]);
  let steps = 0;
  while (writer.transaction(() => mergeIndex(store, 16)) > 0) steps += 1;
  expect(steps).toBeGreaterThan(0);
  expect([total('calls'), total('removed')]).toEqual([60, 0]);
  expect(found(store, 'river')).toHaveLength(60);
});
