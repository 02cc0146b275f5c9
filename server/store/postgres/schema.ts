/** Brings a database to this version, one program at a time, and tells what it is at. */
import { createHash } from 'node:crypto';
import { readMigrationFiles } from 'drizzle-orm/migrator';
import { fileURLToPath } from 'node:url';
import type { SchemaState } from '../schema.ts';
import type { PostgresConnection } from './connection.ts';
import { functions } from './functions.ts';

const migrationsFolder = fileURLToPath(new URL('../../../migrations/postgres', import.meta.url));
const functionsHash = createHash('sha256').update(functions).digest('hex');

/** Compares the migrations a database has had with those of this version. */
export function postgresSchemaState(connection: PostgresConnection): SchemaState {
  const has = (table: string): boolean =>
    connection.prepare('SELECT to_regclass(?) IS NOT NULL').pluck().get(table) === 1;
  if (!has('weir_migrations')) return has('calls') || has('meta') ? 'foreign' : 'empty';
  const applied = connection.prepare('SELECT hash FROM weir_migrations WHERE created_ms > 0').pluck().all();
  const known = knownHashes();
  if (applied.some((hash) => typeof hash !== 'string' || !known.includes(hash))) return 'newer';
  if (!known.every((hash) => applied.includes(hash))) return 'older';
  const current = connection.prepare('SELECT 1 FROM weir_migrations WHERE created_ms = 0 AND hash = ?');
  return current.get(functionsHash) === undefined ? 'older' : 'current';
}

/** In one transaction. Another program that does the same meanwhile is waited for, and then there is nothing left to do. */
export function migratePostgres(connection: PostgresConnection): void {
  connection.transaction(() => {
    connection.exec(`SELECT pg_advisory_xact_lock(hashtextextended('weir migrations', 0))`);
    connection.exec(
      'CREATE TABLE IF NOT EXISTS weir_migrations (hash text PRIMARY KEY, created_ms bigint NOT NULL)',
    );
    const note = connection.prepare('INSERT INTO weir_migrations VALUES (?, ?)');
    const applied = new Set(connection.prepare('SELECT hash FROM weir_migrations').pluck().all());
    for (const { sql, hash, folderMillis } of readMigrationFiles({ migrationsFolder })) {
      if (applied.has(hash)) continue;
      for (const statement of sql) connection.exec(statement);
      note.run(hash, folderMillis);
    }
    if (applied.has(functionsHash)) return;
    connection.exec(functions);
    connection.exec('DELETE FROM weir_migrations WHERE created_ms = 0');
    note.run(functionsHash, 0);
  })();
}

function knownHashes(): readonly string[] {
  return readMigrationFiles({ migrationsFolder }).map(({ hash }) => hash);
}
