import { describe, expect, test } from 'vitest';
import { listCalls, selectCalls } from '../../../server/store/calls.ts';
import type { Filters } from '../../../server/store/filters.ts';
import { selectReplays } from '../../../server/store/replays.ts';
import { firstCallsSql } from '../../../server/store/sessions.ts';
import { planOf, sampleCall, storeCalls, temporaryStore } from '../temporary-store.ts';

describe('50,000 calls', () => {
  test('every page is read from an index in its order, never by scanning or sorting the table', () => {
    const { store } = temporaryStore();
    store.sqlite.exec(`
      WITH RECURSIVE n (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 49999)
      INSERT INTO calls (id, state, method, path, started_ms, bodies, session_id)
      SELECT printf('call-%06d', i), CASE WHEN i % 97 = 0 THEN 'open' WHEN i % 13 = 0 THEN 'failed' ELSE 'completed' END,
        'POST', '/v1/messages', 1750000000000 + i, 'full', 's' || (i % 500) FROM n`);
    store.sqlite.exec('ANALYZE');
    const plan = (filters: Filters, after: { startedMs: number; id: string } | null): string => {
      const { sql, params } = selectCalls(store, filters, 51, after).toSQL();
      const rows: unknown[] = store.sqlite.prepare(`EXPLAIN QUERY PLAN ${sql}`).all(params);
      return rows.map((row) => String((row as { detail: unknown }).detail)).join('; ');
    };
    const middle = { startedMs: 1_750_000_025_000, id: 'x' };
    expect(plan({}, null)).toBe('SCAN calls USING INDEX calls_started');
    expect(plan({}, middle)).toMatch(/^SEARCH calls USING INDEX calls_started \(\(?started_ms/);
    expect(plan({ fromMs: 5, toMs: 9e12 }, middle)).toMatch(/^SEARCH calls USING INDEX calls_started/);
    expect(plan({ session: ['s7'] }, middle)).toMatch(
      /^SEARCH calls USING INDEX calls_session \(session_id=\?/,
    );
    for (const filters of [{}, { state: ['completed'] }, { model: ['m*'] }, { session: ['s7'] }]) {
      expect(plan(filters, middle)).not.toMatch(/TEMP B-TREE/);
    }
    const page = listCalls(store, {}, 50, null);
    expect(listCalls(store, {}, 50, page.next_cursor).items[0]?.id).toBe('call-049949');
  });
});

test('replays are read from the index of replays, with or without one that they repeat', () => {
  const { store, writer } = temporaryStore();
  const rows = Array.from({ length: 3000 }, (_, at) =>
    sampleCall({ started_ms: 1000 + at, replay_of: at % 100 === 0 ? 'x' : null }),
  );
  storeCalls(writer, rows);
  for (const analyzed of [false, true]) {
    if (analyzed) store.sqlite.exec('ANALYZE');
    for (const filters of [{}, { batch: 'b' }, { of: 'x' }]) {
      for (const after of [null, { startedMs: 2000, id: 'x' }]) {
        const plan = planOf(store, selectReplays(store, filters, 51, after).getSQL());
        expect(plan).toContain('INDEX calls_replays');
        expect(plan).not.toMatch(/calls_started|SCAN calls$/m);
      }
    }
  }
});

describe('sessions', () => {
  test('the walk along the starts sorts nothing, and looks for earlier calls by session', () => {
    const { store, writer } = temporaryStore();
    storeCalls(
      writer,
      Array.from({ length: 300 }, (_, at) =>
        sampleCall({
          session_id: `s${at % 9}`,
          user_id: at % 2 === 0 ? 'ada' : 'ben',
          started_ms: 1000 + at,
        }),
      ),
    );
    store.sqlite.exec('ANALYZE');
    const plans = [
      planOf(store, firstCallsSql({}, 50, null)),
      planOf(store, firstCallsSql({ user: ['ada'], fromMs: 1010 }, 50, { startedMs: 1030, id: 'x' })),
    ];
    for (const plan of plans) {
      expect(plan).toMatch(/(SCAN|SEARCH) calls USING INDEX calls_started/);
      expect(plan).toMatch(/SEARCH calls USING (COVERING )?INDEX calls_session \(session_id=\?/);
      expect(plan).not.toContain('TEMP B-TREE');
    }
  });
});

describe('a search', () => {
  test('uses the index of words, and that of the calls', () => {
    const { store, writer } = temporaryStore();
    const ids = storeCalls(
      writer,
      Array.from({ length: 500 }, () => sampleCall()),
    );
    writer.transaction(() => {
      for (const [at, id] of ids.entries()) writer.setText(id, `word${at % 50} river`);
    });
    store.sqlite.exec('ANALYZE');
    const plan = planOf(store, selectCalls(store, { q: ['word7'] }, 50, null).getSQL());
    expect(plan).toContain('SCAN call_text VIRTUAL TABLE INDEX');
    expect(plan).toContain('SEARCH call_docs USING INTEGER PRIMARY KEY');
    expect(plan).not.toMatch(/SCAN calls$/m);
  });
});
