/** A search index that is damaged: no reason to give up the store, as all of it can be made again from the bodies. */
import { SearchDamaged } from './errors.ts';
import { beginBacklog } from './search-backlog.ts';
import type { Store } from './open.ts';
import { createSearchTables } from './search-tables.ts';
import { isSqliteCode, sqliteCodeOf } from './sqlite-code.ts';

export { SearchDamaged };

/** What the disk or another program refuses, whatever is written. */
const notItsFault = ['FULL', 'IOERR', 'BUSY', 'LOCKED', 'READONLY', 'NOMEM', 'INTERRUPT'];

/** Runs a statement on the index alone. @throws SearchDamaged for what an intact index would have taken */
export function onIndex<Result>(run: () => Result): Result {
  try {
    return run();
  } catch (error) {
    if (sqliteCodeOf(error) === null || notItsFault.some((code) => isSqliteCode(error, `SQLITE_${code}`)))
      throw error;
    throw new SearchDamaged(error instanceof Error ? error.message : String(error), { cause: error });
  }
}

/** Also of a statement that only led to the index by a trigger, and of the commit, with which the index writes what it had put off. */
export function isSearchDamage({ sqlite, engine }: Store, error: unknown): boolean {
  if (engine !== 'sqlite') return false;
  if (error instanceof SearchDamaged || isSqliteCode(error, 'SQLITE_CORRUPT_VTAB')) return true;
  // A constraint of our own tables is named.
  if (isSqliteCode(error, 'SQLITE_CONSTRAINT') && messagesOf(error).startsWith('constraint failed'))
    return true;
  if (isSqliteCode(error, 'SQLITE_ERROR')) return /fts5|call_text|call_docs/.test(messagesOf(error));
  if (!isSqliteCode(error, 'SQLITE_CORRUPT')) return false;
  const isThere = sqlite.prepare('SELECT 1 FROM sqlite_schema WHERE name = ?').pluck();
  return shadowTables.some((name) => isThere.get(name) === undefined);
}

function messagesOf(error: unknown): string {
  return error instanceof Error ? `${error.message} ${messagesOf(error.cause)}` : '';
}

const shadowTables = ['data', 'idx', 'docsize', 'config'].map((name) => `call_text_${name}`);

/**
 * Begins the index anew; what the store already holds is indexed again little by little (search-backlog.ts). Outside of any transaction.
 * Throws what SQLite throws when more than the index is damaged.
 */
export function rebuildSearch(store: Store): void {
  const { sqlite } = store;
  // Of a table that cannot even be opened nothing can be dropped by its own means.
  sqlite.unsafeMode(true);
  try {
    dropIndex(store);
    sqlite
      .transaction(() => {
        for (const name of shadowTables) sqlite.exec(`DROP TABLE IF EXISTS ${name}`);
        sqlite.exec('DROP TABLE IF EXISTS call_docs');
        createSearchTables(sqlite);
        beginBacklog(store);
      })
      .immediate();
  } finally {
    sqlite.unsafeMode(false);
  }
}

function dropIndex({ sqlite }: Store): void {
  try {
    sqlite.exec('DROP TABLE IF EXISTS call_text');
  } catch (error) {
    if (!isSqliteCode(error, 'SQLITE_ERROR') && !isSqliteCode(error, 'SQLITE_CORRUPT')) throw error;
    sqlite.pragma('writable_schema = ON');
    try {
      sqlite.exec("DELETE FROM sqlite_schema WHERE name = 'call_text'");
    } finally {
      sqlite.pragma('writable_schema = RESET');
    }
  }
}
