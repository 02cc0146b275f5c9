import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { generateDrizzleJson, generateMigration } from 'drizzle-kit/api';
import { expect, test } from 'vitest';
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
