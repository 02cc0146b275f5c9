/**
 * The full-text index over what calls said: writing it, and asking it. Its tables: search-tables.ts.
 */
import { sql, type SQL } from 'drizzle-orm';
import { foldedWords } from '../messages/search-terms.ts';
import type { Store } from './open.ts';
import { onIndex } from './search-damage.ts';
import { createMerging } from './search-merge.ts';
import { wholeMatch } from './search-query.ts';
import { calls } from './tables.ts';

export interface TextWriter {
  /** Makes a call found by these words, and by no others. Belongs into the transaction that writes the call. @throws SearchDamaged */
  set(callId: string, text: string | null): void;
  /** To be called behind the last words of a transaction. @throws SearchDamaged */
  settle(): void;
}

export function createTextWriter(store: Store): TextWriter {
  const { sqlite, engine } = store;
  return engine === 'sqlite' ? ofSqlite(store) : ofPostgres(sqlite);
}

/** The words by themselves, and without a way to the server that anybody has to wait for. */
function ofPostgres(connection: Store['sqlite']): TextWriter {
  const drop = connection.prepare(
    'DELETE FROM call_words WHERE doc IN (SELECT doc FROM call_docs WHERE call_id = ?)',
  );
  const set = connection.prepare(`
    WITH known AS (
      INSERT INTO call_docs (call_id) VALUES (?)
      ON CONFLICT (call_id) DO UPDATE SET call_id = excluded.call_id RETURNING doc
    )
    INSERT INTO call_words (doc, words) SELECT doc, ? FROM known ON CONFLICT (doc) DO UPDATE SET words = excluded.words`);
  return {
    set(callId, text) {
      if (text === null) drop.run(callId);
      else set.run(callId, ` ${foldedWords(text).join(' ')} `);
    },
    settle: () => undefined,
  };
}

function ofSqlite(store: Store): TextWriter {
  const { sqlite } = store;
  const merging = createMerging(store);
  const prepare = () => ({
    docOf: sqlite.prepare('SELECT doc FROM call_docs WHERE call_id = ?').pluck(),
    addDoc: sqlite.prepare('INSERT INTO call_docs (call_id) VALUES (?)'),
    addText: sqlite.prepare('INSERT INTO call_text (rowid, words) VALUES (?, ?)'),
    dropText: sqlite.prepare('DELETE FROM call_text WHERE rowid = ?'),
  });
  // Not before they are needed: with a damaged index none can be made.
  let statements: ReturnType<typeof prepare> | null = null;
  const set = (callId: string, text: string | null): void => {
    const { docOf, addDoc, addText, dropText } = (statements ??= prepare());
    const known: unknown = docOf.get(callId);
    if (known !== undefined) dropText.run(known);
    if (text === null) return;
    addText.run(known ?? addDoc.run(callId).lastInsertRowid, text);
  };
  return {
    set: (callId, text) => onIndex(() => set(callId, text)),
    settle: () => merging.afterWords(),
  };
}

/** Calls that hold what any of these searches asks for. Throws `BadQuestion` for one that cannot be understood. */
export function callsSaying(searches: readonly string[]): SQL {
  return callsHolding(wholeMatch(searches));
}

/** @param match as FTS5 reads it */
export function callsHolding(match: string): SQL {
  return sql`${calls.id} IN (SELECT call_id FROM call_docs WHERE doc IN (SELECT rowid FROM call_text(${match})))`;
}
