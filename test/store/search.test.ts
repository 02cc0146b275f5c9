import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { findTerms, parseSearch } from '../../server/messages/search-terms.ts';
import { listCalls, selectCalls } from '../../server/store/calls.ts';
import { BadQuestion } from '../../server/store/errors.ts';
import { readFacets } from '../../server/store/facets.ts';
import type { Store } from '../../server/store/open.ts';
import type { Writer } from '../../server/store/write.ts';
import { sampleCall, storeCalls, temporaryStore } from './temporary-store.ts';

function found(store: Store, ...q: string[]): string[] {
  const sorted = (rows: readonly { id: string }[]): string[] =>
    rows.map(({ id }) => id).sort((a, b) => (a < b ? -1 : 1));
  const ids = sorted(listCalls(store, { q }, 500, null).items);
  // What many calls hold is found by another way.
  expect(sorted(selectCalls(store, { q }, 500, null, 0).all())).toEqual(ids);
  return ids;
}

function storeTexts(writer: Writer, texts: Readonly<Record<string, string | null>>): void {
  storeCalls(
    writer,
    Object.keys(texts).map((id) => sampleCall({ id })),
  );
  writer.transaction(() => {
    for (const [id, text] of Object.entries(texts)) writer.setText(id, text);
  });
}

describe('a search', () => {
  test('takes words, phrases and beginnings; all of one search, any of several', () => {
    const { store, writer } = temporaryStore();
    storeTexts(writer, {
      a: 'A weir is a low wall across a river',
      b: 'The wall is low. The RÍVER is weird',
      c: 'subprocess.run("ls")',
      d: null,
    });
    expect(found(store, 'river')).toEqual(['a', 'b']);
    expect(found(store, 'low wall')).toEqual(['a', 'b']);
    expect(found(store, '"low wall"')).toEqual(['a']);
    expect(found(store, 'weir')).toEqual(['a']);
    expect(found(store, 'weir*')).toEqual(['a', 'b']);
    expect(found(store, '"the wall" weir*')).toEqual(['b']);
    expect(found(store, 'subprocess.run')).toEqual(['c']);
    expect(found(store, 'weird', 'subprocess')).toEqual(['b', 'c']);
    expect(found(store, 'nothing')).toEqual([]);
  });

  test('finds what a look into every text finds', () => {
    const { store, writer } = temporaryStore();
    const word = fc.constantFrom(
      'weir',
      'weird',
      'river',
      'Río',
      'wall',
      'low-wall',
      'x_y',
      'l’eau',
      '日本',
      '2.5',
      'AND',
      '🌊',
    );
    const texts = fc.sample(fc.array(word, { maxLength: 12 }), { numRuns: 150, seed: 3 });
    const byId = Object.fromEntries(
      texts.map((words, at) => [`t${String(at).padStart(3, '0')}`, words.join(' ')]),
    );
    storeTexts(writer, byId);
    const term = fc.oneof(
      word,
      word.map((each) => `${each}*`),
      fc.tuple(word, word).map(([one, two]) => `"${one} ${two}"`),
    );
    let asked = 0;
    for (const search of fc.sample(fc.array(term, { minLength: 1, maxLength: 3 }), {
      numRuns: 300,
      seed: 4,
    })) {
      const terms = parseSearch(search.join(' '));
      if (typeof terms === 'string') continue;
      asked += 1;
      const expected = Object.entries(byId).filter(([, text]) =>
        terms.every((each) => findTerms(text, [each]).length > 0),
      );
      expect([search, found(store, search.join(' '))]).toEqual([search, expected.map(([id]) => id)]);
    }
    expect(asked).toBeGreaterThan(200);
  });

  test('goes together with other filters, and with facets', () => {
    const { store, writer } = temporaryStore();
    storeTexts(writer, { a: 'river', b: 'river', c: 'wall' });
    store.sqlite.exec("UPDATE calls SET user_id = 'ada' WHERE id <> 'b'");
    expect(listCalls(store, { q: ['river'], user: ['ada'] }, 10, null).items.map(({ id }) => id)).toEqual([
      'a',
    ]);
    expect(readFacets(store, { q: ['river'] }).facets['user']).toEqual([
      { value: null, count: 1 },
      { value: 'ada', count: 1 },
    ]);
  });

  test.for(['"open', '*', '->', 'river ""', '  '])('%j cannot be understood', (q) => {
    expect(() => found(temporaryStore().store, q)).toThrow(BadQuestion);
  });
});

describe('the index', () => {
  test('follows its call: written again it has the new words only, removed it has none', () => {
    const { store, writer } = temporaryStore();
    storeTexts(writer, { a: 'river', b: 'river' });
    writer.transaction(() => writer.setText('a', 'wall'));
    expect([found(store, 'river'), found(store, 'wall')]).toEqual([['b'], ['a']]);
    writer.transaction(() => writer.setText('a', 'wall'));
    store.sqlite.exec("DELETE FROM calls WHERE id = 'b'");
    expect(wordsOf(store)).toEqual(['wall']);
    writer.transaction(() => writer.setText('a', null));
    expect(wordsOf(store)).toEqual([]);
  });

  test('forgets the words of bodies that have expired', () => {
    const { store, writer } = temporaryStore();
    storeTexts(writer, { a: 'river', b: 'wall' });
    store.sqlite.exec("UPDATE calls SET bodies = 'expired' WHERE id = 'a'");
    expect(wordsOf(store)).toEqual(['wall']);
    expect(store.sqlite.prepare('SELECT call_id FROM call_docs').pluck().all()).toEqual(['b']);
  });
});

/** Every word that the index still holds, read from its own vocabulary. */
function wordsOf(store: Store): unknown[] {
  if (store.engine === 'postgres') {
    const texts = store.sqlite.prepare('SELECT words FROM call_words').pluck().all();
    return [...new Set(texts.flatMap((text) => String(text).trim().split(' ')))].sort();
  }
  store.sqlite.exec(
    "CREATE VIRTUAL TABLE IF NOT EXISTS temp.vocabulary USING fts5vocab('main', 'call_text', 'row')",
  );
  store.sqlite.exec("INSERT INTO call_text (call_text) VALUES ('optimize')");
  return store.sqlite.prepare('SELECT term FROM temp.vocabulary ORDER BY term').pluck().all();
}
