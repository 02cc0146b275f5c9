/** What a check reads: each call with everything that belongs to it, what belongs to no call, and the file itself. */
import Database from 'better-sqlite3';
import {
  and,
  asc,
  count,
  eq,
  getTableColumns,
  getTableName,
  gt,
  is,
  lte,
  max,
  notInArray,
  sql,
} from 'drizzle-orm';
import { SQLiteTable } from 'drizzle-orm/sqlite-core';
import type { Store } from './open.ts';
import { createBodyReader } from './piece-reader.ts';
import { migrateStore } from './schema.ts';
import { postgresErrorOf } from './postgres/error.ts';
import { isSearchDamage } from './search-damage.ts';
import { isSqliteCode } from './sqlite-code.ts';
import * as tables from './tables.ts';
import { bodies, callDetails, calls, type BodyRow, type CallDetailsRow, type CallRow } from './tables.ts';

/** A call and everything that is stored of it, as it was at one moment. */
export interface StoredCall {
  readonly row: CallRow;
  readonly details: CallDetailsRow | null;
  /** By part, then by segment. */
  readonly bodies: readonly StoredBody[];
}

/** One segment of a body. */
export interface StoredBody {
  /** Put together from its pieces. */
  readonly row: BodyRow;
  /** Why that cannot be done; then the row is as it is stored. */
  readonly problem: string | null;
}

/** Rows that belong to a call that is not there. */
export interface Orphans {
  /** Ids that the details name. */
  readonly details: readonly string[];
  /** Ids that bodies name. */
  readonly bodies: readonly string[];
}

const pageIds = 500;

/** How many calls there are now. Those that begin later are not among them. */
export function surveyCalls({ db }: Store): { readonly calls: number; readonly lastId: string | null } {
  const found = db
    .select({ calls: count(), lastId: max(calls.id) })
    .from(calls)
    .get();
  return { calls: found?.calls ?? 0, lastId: found?.lastId ?? null };
}

/** Every call up to `lastId` by id. Each is read in a transaction of its own, so that a program that is recording is not held up. */
export function* eachCall(store: Store, lastId: string): Generator<StoredCall> {
  const read = createCallReader(store);
  for (let after = ''; ;) {
    const ids = store.db
      .select({ id: calls.id })
      .from(calls)
      .where(and(gt(calls.id, after), lte(calls.id, lastId)))
      .orderBy(asc(calls.id))
      .limit(pageIds)
      .all();
    for (const { id } of ids) {
      const stored = read(id);
      if (stored !== null) yield stored;
    }
    const last = ids.at(-1);
    if (last === undefined) return;
    after = last.id;
  }
}

/** What is returned answers null for a call that was removed in the meantime. */
function createCallReader(store: Store): (id: string) => StoredCall | null {
  const { db, sqlite } = store;
  const wanted = sql.placeholder('id');
  const ownRow = db.select().from(calls).where(eq(calls.id, wanted)).prepare();
  const ownDetails = db.select().from(callDetails).where(eq(callDetails.call_id, wanted)).prepare();
  const ownBodies = db
    .select()
    .from(bodies)
    .where(eq(bodies.call_id, wanted))
    .orderBy(asc(bodies.part), asc(bodies.segment))
    .prepare();
  const putTogether = createBodyReader(store);
  const storedBody = (row: BodyRow): StoredBody => {
    try {
      return { row: putTogether(row), problem: null };
    } catch (error) {
      if (!(error instanceof Error) || isSqliteCode(error, 'SQLITE') || postgresErrorOf(error) !== null)
        throw error;
      return { row, problem: error.message };
    }
  };
  return sqlite.transaction((id: string): StoredCall | null => {
    const row = ownRow.get({ id });
    if (row === undefined) return null;
    return { row, details: ownDetails.get({ id }) ?? null, bodies: ownBodies.all({ id }).map(storedBody) };
  });
}

export function findOrphans({ db }: Store): Orphans {
  const known = db.select({ id: calls.id }).from(calls);
  const ofDetails = db
    .select({ id: callDetails.call_id })
    .from(callDetails)
    .where(notInArray(callDetails.call_id, known))
    .all();
  const ofBodies = db
    .selectDistinct({ id: bodies.call_id })
    .from(bodies)
    .where(notInArray(bodies.call_id, known))
    .all();
  return { details: ofDetails.map(({ id }) => id), bodies: ofBodies.map(({ id }) => id) };
}

/**
 * Tables, columns, indexes and views that this version makes and that are missing in the file or are otherwise there; what
 * somebody added is no matter.
 */
export function findForeignShapes({ sqlite, engine }: Store): string[] {
  if (engine === 'postgres') return findMissingColumns(sqlite);
  const reference = new Database(':memory:');
  try {
    migrateStore(reference);
    const own = shapesOf(sqlite);
    return [...shapesOf(reference)].flatMap(([name, definition]) => {
      const found = own.get(name);
      if (found === definition) return [];
      return [found === undefined ? `${name} is missing` : `${name} is not as this version makes it`];
    });
  } finally {
    reference.close();
  }
}

/** PostgreSQL keeps no text of how a table was made: what is asked for has to be there. */
function findMissingColumns(sqlite: Database.Database): string[] {
  const find = sqlite.prepare<[string], string>(
    'SELECT column_name FROM information_schema.columns WHERE table_schema = current_schema() AND table_name = ?',
  );
  const shapes = Object.values(tables).filter((table) => is(table, SQLiteTable));
  return shapes.flatMap((table) => {
    const name = getTableName(table);
    const found = find.pluck().all(name);
    if (found.length === 0) return [`table ${name} is missing`];
    const missing = Object.keys(getTableColumns(table)).filter((column) => !found.includes(column));
    return missing.map((column) => `column ${column} of table ${name} is missing`);
  });
}

function shapesOf(sqlite: Database.Database): Map<string, string> {
  const rows = sqlite
    .prepare("SELECT type || ' ' || name AS name, sql AS definition FROM sqlite_schema WHERE sql IS NOT NULL")
    .all();
  // The two columns of the statement above, both texts.
  return new Map((rows as { name: string; definition: string }[]).map((row) => [row.name, row.definition]));
}

/** What SQLite's own `integrity_check` finds in the pages of the file; empty when all is well. Reads the whole file. */
export function findDamage(store: Store): string[] {
  const { sqlite, engine } = store;
  // A server checks its pages as it reads them.
  if (engine === 'postgres') return [];
  try {
    const rows: unknown = sqlite.pragma('integrity_check(100)');
    const lines = (rows as { integrity_check: string }[]).map((row) => row.integrity_check);
    return lines.filter((line) => line !== 'ok');
  } catch (error) {
    // It stops at an index that cannot even be opened.
    if (!isSearchDamage(store, error) || !(error instanceof Error)) throw error;
    return [`fts5: ${error.message}`];
  }
}

/** Whether a line of `findDamage` is about the full-text index alone. */
export function isAboutSearch(line: string): boolean {
  return /^fts5: |inverted index for FTS5 table/.test(line);
}
