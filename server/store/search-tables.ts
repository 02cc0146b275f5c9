/**
 * The tables of the full-text index over what calls said: FTS5 without content, as the words can be read from the bodies. Rows go with their
 * calls and with the bodies of their calls, by triggers, so that nobody who removes has to think of it.
 */
import type Database from 'better-sqlite3';

/** A number for each call with words: rowids of `calls` do not survive a VACUUM. */
const tables = `
  CREATE TABLE IF NOT EXISTS call_docs (doc INTEGER PRIMARY KEY, call_id TEXT NOT NULL UNIQUE);
  CREATE VIRTUAL TABLE IF NOT EXISTS call_text USING fts5(
    words, tokenize = 'unicode61 remove_diacritics 2', content = '', contentless_delete = 1
  );
  CREATE TRIGGER IF NOT EXISTS call_text_with_call AFTER DELETE ON calls BEGIN
    DELETE FROM call_text WHERE rowid = (SELECT doc FROM call_docs WHERE call_id = old.id);
    DELETE FROM call_docs WHERE call_id = old.id;
  END;
  CREATE TRIGGER IF NOT EXISTS call_text_with_bodies AFTER UPDATE OF bodies ON calls WHEN new.bodies = 'expired' BEGIN
    DELETE FROM call_text WHERE rowid = (SELECT doc FROM call_docs WHERE call_id = new.id);
    DELETE FROM call_docs WHERE call_id = new.id;
  END;
`;

/**
 * Makes the index where it is missing; true when it was. Virtual tables and triggers are beyond what the migrations are generated
 * from.
 */
export function createSearchTables(sqlite: Database.Database): boolean {
  const before = sqlite.prepare("SELECT name FROM sqlite_schema WHERE name = 'call_text'").get();
  sqlite.exec(tables);
  if (before === undefined) configure(sqlite);
  return before === undefined;
}

/** So many segments of a level are joined: four take a fifth more of the processor's time, and of more the longest commit is longer. */
export const mergedSegments = 8;
/** Of a level of which so much has been removed, the rest is written anew. */
export const shrinkFromPercent = 20;
const never = 0;
/** Nobody is to get there; without it an index is full at 2000 segments. */
const tooManySegments = 1000;

/** Nothing is joined by itself: search-merge.ts. */
function configure(sqlite: Database.Database): void {
  const settings = {
    automerge: never,
    crisismerge: tooManySegments,
    usermerge: mergedSegments,
    deletemerge: shrinkFromPercent,
  };
  // Written out, as numbers are bound as floating ones.
  for (const [name, value] of Object.entries(settings))
    sqlite.exec(`INSERT INTO call_text (call_text, rank) VALUES ('${name}', ${value})`);
}
