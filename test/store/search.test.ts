import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { findTerms, parseSearch } from '../../server/messages/search-terms.ts';
import { listCalls } from '../../server/store/calls.ts';
import { BadQuestion } from '../../server/store/errors.ts';
import { readFacets } from '../../server/store/facets.ts';
import { settleSearch } from '../../server/store/search-hits.ts';
import { frequentWords, pagesOfBeginning } from '../../server/store/search-vocabulary.ts';
import { readStats } from '../../server/store/stats.ts';
import { onPostgres } from '../support/database.ts';
import type { Store } from '../../server/store/open.ts';
import type { Writer } from '../../server/store/write.ts';
import { sampleCall, storeCalls, temporaryStore } from './temporary-store.ts';

/** Everything is held by many. */
const manyHits = {
  soughtHits: 0,
  latelySoughtHits: 0,
  shortMs: Infinity,
  longMs: Infinity,
  countedHits: 0,
  countingMs: Infinity,
};

function found(store: Store, ...q: string[]): string[] {
  const sorted = (rows: readonly { id: string }[]): string[] =>
    rows.map(({ id }) => id).sort((a, b) => (a < b ? -1 : 1));
  const ids = sorted(listCalls(store, { q }, 500, null).items);
  // What many calls hold is found by another way.
  expect(sorted(listCalls(store, { q }, 500, null, manyHits).items)).toEqual(ids);
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

describe('a search that finds many calls', () => {
  const dayMs = 86_400_000;

  /** `count` calls, a minute apart; every third says river, every one a word of its own and one of seven. */
  function storeMany(writer: Writer, count: number): void {
    const ids = storeCalls(
      writer,
      Array.from({ length: count }, (_, at) =>
        sampleCall({ started_ms: dayMs + at * 60_000, model: at % 2 === 0 ? 'even' : 'odd' }),
      ),
    );
    writer.transaction(() => {
      // Not in the order of the list, as calls end and are imported in any.
      for (const [at, id] of [...ids.entries()].reverse())
        writer.setText(id, `${at % 3 === 0 ? 'river' : 'wall'} weir${at} bank${'x'.repeat(at % 7)}`);
    });
  }

  const impatient = { ...manyHits, shortMs: -1, longMs: -1 };

  test('goes on from its cursor where time was up, and leaves nothing out', () => {
    const { store, writer } = temporaryStore({ durability: 'normal' });
    storeMany(writer, 700);
    const filters = { q: ['river'], model: ['odd'] };
    const all = listCalls(store, filters, 500, null).items.map(({ id }) => id);
    const seen: string[] = [];
    let [cursor, pages]: [string | null, number] = [null, 0];
    do {
      const page = listCalls(store, filters, 30, cursor, impatient);
      seen.push(...page.items.map(({ id }) => id));
      [cursor, pages] = [page.next_cursor, pages + 1];
    } while (cursor !== null);
    expect(all).toHaveLength(117);
    expect(seen).toEqual(all);
    expect(pages).toBeGreaterThan(3);
  });

  test.skipIf(onPostgres)('looks at no more calls at once where a filter lets none of them pass', () => {
    const { store, writer } = temporaryStore({ durability: 'normal' });
    storeMany(writer, 1000);
    const filters = { q: ['river'], model: ['neither'] };
    let [cursor, pages]: [string | null, number] = [null, 0];
    do {
      const page = listCalls(store, filters, 30, cursor, impatient);
      expect(page.items).toEqual([]);
      [cursor, pages] = [page.next_cursor, pages + 1];
    } while (cursor !== null);
    expect(pages).toBeGreaterThan(2);
    expect(listCalls(store, filters, 30, null, manyHits)).toEqual({ items: [], next_cursor: null });
  });

  test('is looked for one by one after all, where a walk comes upon few of them', () => {
    const { store, writer } = temporaryStore({ durability: 'normal' });
    storeMany(writer, 700);
    const filters = { q: ['bankxxxxx'] };
    const all = listCalls(store, filters, 500, null);
    expect(listCalls(store, filters, 500, null, { ...impatient, latelySoughtHits: 500 })).toEqual(all);
  });

  test.skipIf(onPostgres)('has figures of its newest calls, and says since when', () => {
    const { store, writer } = temporaryStore({ durability: 'normal' });
    storeMany(writer, 300);
    const filters = { q: ['river'], fromMs: dayMs, toMs: 3 * dayMs };
    const whole = settleSearch(store, filters);
    expect([whole.filters.ids?.length, whole.isCut, whole.incomplete]).toEqual([100, false, null]);
    const cut = settleSearch(store, filters, { ...manyHits, countedHits: 10 });
    const since = cut.filters.fromMs ?? 0;
    expect(cut).toMatchObject({
      isCut: true,
      incomplete: `More calls hold this than can be counted in time: only those since ${new Date(since).toISOString()} are.`,
    });
    const counted = listCalls(store, { ...filters, fromMs: since }, 500, null).items.map(({ id }) => id);
    expect(counted).toHaveLength(9);
    expect(cut.filters.ids).toEqual(counted);
  });

  test('has the same figures as its calls', () => {
    const { store, writer } = temporaryStore({ durability: 'normal' });
    storeMany(writer, 300);
    const request = {
      filters: { q: ['river'], fromMs: dayMs + 3_600_000, toMs: dayMs + 3 * 3_600_000 },
      metrics: ['calls'],
      groupBy: [],
      bucket: 'hour',
      tz: 'UTC',
      comparePrevious: true,
    } as const;
    const { totals, rows, previous } = readStats(store, request);
    expect([totals, rows.map((row) => row['calls'])]).toEqual([{ calls: 40 }, [20, 20]]);
    // The hour before the first call had none.
    expect(previous?.rows.map((row) => row['calls'])).toEqual([0, 20]);
  });

  test.skipIf(onPostgres)('takes the most frequent words for a beginning of too many, and says so', () => {
    const { store, writer } = temporaryStore({ durability: 'normal' });
    storeMany(writer, 2000);
    const few = { ...manyHits, pages: 1 };
    const { items, incomplete } = listCalls(store, { q: ['ban*', 'river'] }, 500, null, few);
    expect(items.length).toBeGreaterThan(300);
    expect(incomplete).toBe(
      'Too many words begin with ban*: the 16 that take most room were looked for. Another letter finds them all.',
    );
    expect(listCalls(store, { q: ['weir19*'] }, 500, null, { ...manyHits, pages: 500 })).toMatchObject({
      items: { length: 111 },
    });
  });
});

describe('the vocabulary of the index', () => {
  test.skipIf(onPostgres)(
    'tells how much there is of a beginning, and the words that there is most of',
    () => {
      const { store, writer } = temporaryStore({ durability: 'normal' });
      const ids = storeCalls(
        writer,
        Array.from({ length: 8000 }, () => sampleCall()),
      );
      for (const part of [ids.slice(0, 4500), ids.slice(4500)]) {
        writer.transaction(() => {
          for (const [at, id] of part.entries())
            writer.setText(id, `always rare${at}a ${at % 2 === 0 ? 'alternate' : 'alpine'} b${at % 50}`);
        });
      }
      const { sqlite } = store;
      expect(new Set(frequentWords(sqlite, 'al', 3))).toEqual(new Set(['always', 'alternate', 'alpine']));
      expect(frequentWords(sqlite, 'al', 1)).toEqual(['always']);
      const pages = ['', 'rare', 'al', 'always', 'nothing'].map((word) => pagesOfBeginning(sqlite, word));
      expect(pages).toEqual(pages.toSorted((a, b) => b - a));
      const segments = sqlite.prepare('SELECT count(DISTINCT segid) FROM call_text_idx').pluck().get();
      expect(pages.at(-1)).toBe(segments);
      expect(pages[0]).toBeGreaterThan(5 + Number(segments));
      const words = frequentWords(sqlite, '', 5000);
      expect(words.every((word) => /^(always|al\w+|rare\d+a|b\d+)$/.test(word))).toBe(true);
    },
  );
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
