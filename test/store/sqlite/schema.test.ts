import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { generateSQLiteDrizzleJson, generateSQLiteMigration } from 'drizzle-kit/api';
import { expect, test } from 'vitest';
import config from '../../../server/store/drizzle.sqlite.ts';
import * as tables from '../../../server/store/tables.ts';
import * as view from '../../../server/store/view.ts';
import { temporaryStore } from '../temporary-store.ts';

const root = fileURLToPath(new URL('../../..', import.meta.url));

/** What drizzle-kit wrote down of the tables with the newest migration. */
function newestSnapshot(): Parameters<typeof generateSQLiteMigration>[0] {
  const folder = join(root, String(config.out), 'meta');
  const newest = readdirSync(folder)
    .filter((name) => name.endsWith('_snapshot.json'))
    .sort()
    .at(-1);
  return JSON.parse(readFileSync(join(folder, newest ?? ''), 'utf8')) as Parameters<
    typeof generateSQLiteMigration
  >[0];
}

test('every change of the tables and the view has its migration', async () => {
  const now = await generateSQLiteDrizzleJson({ ...tables, ...view });
  expect(await generateSQLiteMigration(newestSnapshot(), now)).toEqual([]);
});

test('a fresh store has the tables of the schema', () => {
  const { store } = temporaryStore();
  const names = store.sqlite
    .prepare("SELECT name FROM sqlite_schema WHERE type IN ('table', 'view')")
    .pluck()
    .all();
  expect(names).toEqual(expect.arrayContaining(['calls', 'call_details', 'bodies', 'meta', 'calls_v1']));
});

test('what is only reached by its key has no index beside it', () => {
  const { store } = temporaryStore();
  const indexed = store.sqlite
    .prepare("SELECT tbl_name FROM sqlite_schema WHERE type = 'index' AND name LIKE 'sqlite_autoindex_%'")
    .pluck()
    .all();
  expect(indexed).not.toEqual(expect.arrayContaining(['bodies']));
  expect(indexed).not.toEqual(expect.arrayContaining(['call_details']));
});
