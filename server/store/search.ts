/**
 * The full-text index over what calls said: writing it, and asking it. Its tables: search-tables.ts.
 */
import { sql, type SQL } from 'drizzle-orm';
import { foldedWords, parseSearch, type SearchTerm } from '../messages/search-terms.ts';
import { BadQuestion } from './errors.ts';
import type { Store } from './open.ts';
import { onIndex } from './search-damage.ts';
import { calls } from './tables.ts';

export interface TextWriter {
  /** Makes a call found by these words, and by no others. Belongs into the transaction that writes the call. @throws SearchDamaged */
  set(callId: string, text: string | null): void;
}

export function createTextWriter({ sqlite, engine }: Store): TextWriter {
  return engine === 'sqlite' ? ofSqlite(sqlite) : ofPostgres(sqlite);
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
  };
}

function ofSqlite(sqlite: Store['sqlite']): TextWriter {
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
  return { set: (callId, text) => onIndex(() => set(callId, text)) };
}

/** Calls that hold what any of these searches asks for. Throws `BadQuestion` for one that cannot be understood. */
export function callsSaying(searches: readonly string[]): SQL {
  return sql`${calls.id} IN (SELECT call_id FROM call_docs WHERE doc IN (SELECT rowid FROM call_text(${queryOf(searches)})))`;
}

/**
 * The same condition for what many calls hold, where they are walked in an order of their own until a page is full: to seek each of
 * them would take longer than to look whether the ones on the way are among them.
 */
export function callsSayingOften(searches: readonly string[]): SQL {
  return sql`(SELECT doc FROM call_docs WHERE call_id = ${calls.id}) IN (SELECT rowid FROM call_text(${queryOf(searches)}))`;
}

/** Whether more than `most` calls hold it. Throws `BadQuestion`. */
export function isSaidOften({ db, engine }: Store, searches: readonly string[], most: number): boolean {
  // PostgreSQL has statistics to choose by.
  if (engine !== 'sqlite') return false;
  const found = db.get<{ calls: number }>(
    sql`SELECT count(*) AS calls FROM (SELECT rowid FROM call_text(${queryOf(searches)}) LIMIT ${most + 1}) AS found`,
  );
  return found.calls > most;
}

function queryOf(searches: readonly string[]): string {
  return searches.map((search) => `(${matchOf(termsOf(search))})`).join(' OR ');
}

function termsOf(search: string): readonly SearchTerm[] {
  const parsed = parseSearch(search);
  if (typeof parsed === 'string') throw new BadQuestion(`The parameter "q" ${parsed}.`);
  return parsed;
}

/** Words hold letters and digits only, so nothing of them can be taken for FTS5's own syntax within the quotes. */
function matchOf(terms: readonly SearchTerm[]): string {
  return terms.map(({ words, isPrefix }) => `"${words.join(' ')}"${isPrefix ? ' *' : ''}`).join(' AND ');
}
