import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import Database from 'better-sqlite3';
import { generateDrizzleJson, generateMigration } from 'drizzle-kit/api';
import { expect, onTestFinished, test } from 'vitest';
import { openStore } from '../../../server/store/open.ts';
import { migrateStore } from '../../../server/store/schema.ts';
import { temporaryDatabase } from '../../support/database.ts';
import { toPostgres } from '../../../server/store/postgres/tables.ts';
import * as tables from '../../../server/store/tables.ts';
import * as view from '../../../server/store/view.ts';

type Snapshot = Parameters<typeof generateMigration>[0];

const folder = fileURLToPath(new URL('../../../migrations/', import.meta.url));

function newestSnapshot(): Snapshot {
  const meta = join(folder, 'postgres/meta');
  const newest = readdirSync(meta)
    .filter((name) => name.endsWith('_snapshot.json'))
    .sort()
    .at(-1);
  return JSON.parse(readFileSync(join(meta, newest ?? ''), 'utf8')) as Snapshot;
}

test('every change of the tables and the view has its migration for PostgreSQL too', async () => {
  const now = generateDrizzleJson(toPostgres({ ...tables, ...view }));
  expect(await generateMigration(newestSnapshot(), now)).toEqual([]);
});

test('the migrations of both engines are the same ones', () => {
  const journal = (engine: string): unknown => {
    const text = readFileSync(join(folder, engine, 'meta/_journal.json'), 'utf8');
    const { entries } = JSON.parse(text) as { entries: { tag: string; when: number }[] };
    return entries.map(({ tag, when }) => ({ tag, when }));
  };
  expect(journal('postgres')).toEqual(journal('sqlite'));
});

test('both engines have the same tables, columns and indexes, and the view', () => {
  const file = new Database(':memory:');
  onTestFinished(() => void file.close());
  migrateStore(file);
  const own = /^(sqlite_|__drizzle|call_text|call_words|call_docs|weir_migrations)/;
  const shapeOf = (rows: unknown[]): string[] =>
    rows
      .map(String)
      .filter((line) => !own.test(line))
      .sort();
  const server = openStore(temporaryDatabase(), 'read');
  onTestFinished(() => server.close());
  const columns = (sql: string, of: Database.Database): string[] => shapeOf(of.prepare(sql).pluck().all());
  expect(
    columns(
      "SELECT table_name || '.' || column_name FROM information_schema.columns WHERE table_schema = current_schema()",
      server.sqlite,
    ),
  ).toEqual(
    columns(
      "SELECT t.name || '.' || c.name FROM sqlite_schema AS t JOIN pragma_table_info(t.name) AS c WHERE t.type IN ('table', 'view')",
      file,
    ),
  );
  expect(
    columns(
      `SELECT tablename || '.' || indexname FROM pg_indexes WHERE schemaname = current_schema() AND indexname !~ '(_pk|_pkey|_unique|_key)$'`,
      server.sqlite,
    ),
  ).toEqual(
    columns(
      "SELECT tbl_name || '.' || name FROM sqlite_schema WHERE type = 'index' AND sql IS NOT NULL AND name NOT LIKE '%_unique'",
      file,
    ),
  );
});
