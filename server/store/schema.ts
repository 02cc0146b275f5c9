import type Database from 'better-sqlite3';
import { drizzle } from 'drizzle-orm/better-sqlite3';
import { migrate } from 'drizzle-orm/better-sqlite3/migrator';
import { readMigrationFiles } from 'drizzle-orm/migrator';
import { fileURLToPath } from 'node:url';
import { StoreError } from './errors.ts';
import { beginBacklog } from './search-backlog.ts';
import { createSearchTables } from './search-tables.ts';

const migrationsFolder = fileURLToPath(new URL('../../migrations/sqlite', import.meta.url));

/** What the tables in a file are, seen from this version. */
export type SchemaState = 'empty' | 'foreign' | 'older' | 'current' | 'newer';

/** Compares the migrations a file has had with those of this version. */
export function schemaState(sqlite: Database.Database): SchemaState {
  const tables = sqlite.prepare("SELECT name FROM sqlite_schema WHERE type = 'table'").pluck().all();
  if (tables.length === 0) return 'empty';
  if (!tables.includes('__drizzle_migrations')) return 'foreign';
  const applied = sqlite.prepare('SELECT hash FROM __drizzle_migrations').pluck().all();
  const known = readMigrationFiles({ migrationsFolder }).map((migration) => migration.hash);
  // The count stands in the file's header too, where any program can read it without knowing our tables.
  if (Number(sqlite.pragma('user_version', { simple: true })) > known.length) return 'newer';
  if (applied.some((hash) => typeof hash !== 'string' || !known.includes(hash))) return 'newer';
  return known.every((hash) => applied.includes(hash)) ? 'current' : 'older';
}

/** Brings an empty or older file to this version, in one transaction. */
export function migrateStore(sqlite: Database.Database): void {
  const db = drizzle({ client: sqlite });
  migrate(db, { migrationsFolder });
  const isNewIndex = createSearchTables(sqlite);
  if (isNewIndex && sqlite.prepare('SELECT 1 FROM calls LIMIT 1').get() !== undefined) beginBacklog({ db });
  sqlite.pragma(`user_version = ${readMigrationFiles({ migrationsFolder }).length}`);
}

/** Throws unless this version can write into (`write`) or read from (`read`) a file in this state. */
export function assertUsable(state: SchemaState, mode: 'write' | 'read', path: string): void {
  switch (state) {
    case 'current':
      return;
    case 'foreign':
      throw new StoreError(
        'wrong_path',
        `${path} is a SQLite database of another program: give Weir a file of its own with --store.`,
      );
    case 'newer':
      throw new StoreError(
        'newer_version',
        `${path} was written by a newer version of Weir: upgrade Weir, or give it another file with --store.`,
      );
    case 'empty':
    case 'older':
      if (mode === 'write') return;
      throw new StoreError(
        'older_version',
        state === 'empty'
          ? `${path} holds no calls yet: start weir once, it prepares the file.`
          : `${path} was written by an older version of Weir: start weir once, it upgrades the file.`,
      );
    default:
      state satisfies never;
  }
}
