/**
 * For `npm run migrations`: compares the tables with the migrations that stand, and writes the one that is missing, for both
 * engines under the same name. Arguments are those of `drizzle-kit generate`.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { generateDrizzleJson, generateMigration } from 'drizzle-kit/api';
import { toPostgres } from './postgres/tables.ts';
import * as tables from './tables.ts';
import * as view from './view.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const folder = join(root, 'migrations/postgres');

interface Journal {
  readonly entries: readonly { readonly when: number; readonly tag: string }[];
}

/**
 * Tables whose rows are only reached by their keys: in SQLite they lie in the key's own order, instead of in that of a number which an index
 * of keys leads to. Not those with rows that many questions walk through, which such an order makes slower.
 */
const inOrderOfKeys = [
  'batch_results',
  'bodies',
  'call_details',
  'cost_revisions',
  'meta',
  'rollup_latencies',
];

/** As `hashTextOf` writes it; a text is text there. */
const bytesAsText = /CASE typeof\(("\w+")\) WHEN 'blob' THEN lower\(hex\(\1\)\) ELSE \1 END as \1/g;

type Snapshot = Parameters<typeof generateMigration>[0];

execFileSync(
  process.execPath,
  [
    join(root, 'node_modules/drizzle-kit/bin.cjs'),
    'generate',
    '--config',
    'server/store/drizzle.sqlite.ts',
    ...process.argv.slice(2),
  ],
  { cwd: root, stdio: 'inherit' },
);
putInOrderOfKeys();
await write();

/** What drizzle-kit has no word for. */
function putInOrderOfKeys(): void {
  for (const { tag } of readJournal(join(root, 'migrations/sqlite')).entries) {
    const path = join(root, 'migrations/sqlite', `${tag}.sql`);
    const made = new RegExp(
      `(CREATE TABLE \`(?:__new_)?(?:${inOrderOfKeys.join('|')})\` \\([^;]*\\n\\));`,
      'g',
    );
    writeFileSync(path, readFileSync(path, 'utf8').replaceAll(made, '$1 WITHOUT ROWID;'));
  }
}

/** A migration of SQLite that was made anew is made anew here too. */
async function write(): Promise<void> {
  const own = readJournal(folder);
  const wanted = readJournal(join(root, 'migrations/sqlite'));
  const standing = wanted.entries.findIndex(({ when, tag }, index) => {
    const same = own.entries[index];
    return same?.when !== when || same.tag !== tag;
  });
  const kept = wanted.entries.slice(0, standing === -1 ? wanted.entries.length : standing);
  for (const { tag } of own.entries.slice(kept.length)) {
    rmSync(join(folder, `${tag}.sql`), { force: true });
    rmSync(snapshotPath(tag), { force: true });
  }
  const [next, ...others] = wanted.entries.slice(kept.length);
  if (next === undefined) return;
  if (others.length > 0)
    throw new Error('SQLite is several migrations ahead: write them one after the other');
  const last = kept.at(-1);
  const before: Snapshot =
    last === undefined ? generateDrizzleJson({}) : (readJson(snapshotPath(last.tag)) as Snapshot);
  const now = generateDrizzleJson(toPostgres({ ...tables, ...view }), before.id);
  // A store lies in whatever schema its connection comes to.
  const statements = (await generateMigration(before, now)).map((text) =>
    text.replaceAll('"public".', '').replaceAll(bytesAsText, '$1'),
  );
  mkdirSync(join(folder, 'meta'), { recursive: true });
  writeFileSync(join(folder, `${next.tag}.sql`), statements.join('--> statement-breakpoint\n'));
  writeFileSync(snapshotPath(next.tag), JSON.stringify(now, null, 2));
  const entries = [...kept, next].map(({ when, tag }, idx) => ({
    idx,
    version: '7',
    when,
    tag,
    breakpoints: true,
  }));
  writeFileSync(
    join(folder, 'meta/_journal.json'),
    JSON.stringify({ version: '7', dialect: 'postgresql', entries }, null, 2),
  );
}

function snapshotPath(tag: string): string {
  return join(folder, 'meta', `${tag.slice(0, 4)}_snapshot.json`);
}

function readJournal(of: string): Journal {
  const path = join(of, 'meta/_journal.json');
  return existsSync(path) ? (readJson(path) as Journal) : { entries: [] };
}

/** Written by drizzle-kit, or by this program. */
function readJson(path: string): unknown {
  return JSON.parse(readFileSync(path, 'utf8'));
}
