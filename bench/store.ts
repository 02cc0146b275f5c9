/**
 * How small the store stays, how fast it takes calls in, and how fast it answers beside the naive layout (bodies as they are,
 * statistics out of rows): `npm run bench:store -- [--sessions 8] [--turns 60] [--rows 1000000] [--only ingest,questions,…]
 * [--postgres postgres://…]`, the latter an empty database whose answers stand in a column of their own. `--rows 10000000` takes ten
 * times as long and 5 GB. Exits with 5 when a figure of docs/storage.md is missed.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { openStore, type Store } from '../server/store/open.ts';
import { isStoreRefusal } from '../server/store/refusal.ts';
import { usedBytes } from '../server/store/retention.ts';
import { createWriter } from '../server/store/write.ts';
import { ingestTable } from './ingest.ts';
import { movesTable } from './moves.ts';
import { questionsOf } from './questions.ts';
import { fillRollups, fillRows, fillWords, type RowsPlan } from './rows.ts';
import { medianMs, msOf, print, table } from './table.ts';
import { upkeepTable } from './upkeep.ts';

const { values } = parseArgs({
  options: {
    sessions: { type: 'string', default: '8' },
    turns: { type: 'string', default: '60' },
    rows: { type: 'string', default: '1000000' },
    only: { type: 'string', default: 'ingest,questions,upkeep,moves' },
    postgres: { type: 'string' },
  },
});
const parts = new Set(values.only.split(','));
const folder = mkdtempSync(join(tmpdir(), 'weir-bench-'));
process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
const plan: RowsPlan = { calls: Number(values.rows), days: 90, endMs: Date.UTC(2026, 10, 20) };
/** More words than that are measured no better. */
const mostWithWords = 1_000_000;

const missed: string[] = [];
if (parts.has('ingest'))
  missed.push(
    ...(await ingestTable(folder, Number(values.sessions), Number(values.turns), values.postgres ?? null)),
  );
const isAnyOfRows = ['questions', 'upkeep', 'moves'].some((part) => parts.has(part));
if (isAnyOfRows) {
  const path = join(folder, 'rows.db');
  const stores = [filled('SQLite', path)];
  if (values.postgres !== undefined) stores.push(filled('PostgreSQL', values.postgres));
  if (parts.has('questions')) missed.push(...questionsTable(stores));
  for (const { store } of stores) store.close();
  if (parts.has('moves')) await movesTable(path, folder);
  if (parts.has('upkeep')) missed.push(...upkeepTable(path, plan));
}
for (const line of missed) process.stderr.write(`missed: ${line}\n`);
process.exitCode = missed.length === 0 ? 0 : 5;

interface Filled {
  readonly name: string;
  readonly store: Store;
}

/** A store of one engine with all rows, opened to be asked. */
function filled(name: string, target: string): Filled {
  const store = openStore(target, 'write', { durability: 'normal' });
  const writer = createWriter(store);
  const rowsMs = msOf(() => fillRows(store, plan));
  const rollupsMs = msOf(() => fillRollups(store));
  const before = store.engine === 'sqlite' ? usedBytes(store) : 0;
  const wordsMs = plan.calls > mostWithWords ? 0 : msOf(() => fillWords(writer, plan));
  const words = store.engine === 'sqlite' ? `, ${megabytes(usedBytes(store) - before)} of words` : '';
  // As the server does it by itself, a while later.
  if (store.engine === 'postgres') store.sqlite.exec('ANALYZE');
  writer.emptyLog();
  print(
    `\n${name}: ${plan.calls} calls over ${plan.days} days${store.engine === 'sqlite' ? ` in ${megabytes(before)}` : ''}${words}; filled in ${seconds(rowsMs)} + ${seconds(rollupsMs)} + ${seconds(wordsMs)}`,
  );
  writer.close();
  return { name, store: openStore(target, 'read') };
}

/** Medians; the naive answer is that of the first engine. */
function questionsTable(stores: readonly Filled[]): string[] {
  const rows = [['ms', 'rows', ...stores.map(({ name }) => name)]];
  const late: string[] = [];
  for (const { name, limitMs, ask, naive } of questionsOf(plan, plan.calls <= mostWithWords)) {
    const [first] = stores;
    const naiveMs = naive === undefined || first === undefined ? null : medianMs(() => naive(first.store), 1);
    const times = stores.map(({ store }) => answeredMs(() => ask(store)));
    rows.push([
      name,
      naiveMs?.toFixed(0) ?? '',
      ...times.map((ms) => ms?.toFixed(ms < 10 ? 1 : 0) ?? 'ended'),
    ]);
    const ms = times[0] ?? Infinity;
    if (limitMs !== null && ms > limitMs) late.push(`${name}: ${ms.toFixed(0)} of ${limitMs} ms`);
  }
  table(rows);
  return late;
}

/** Null where the server ended it, as it does after 30 s. */
function answeredMs(ask: () => void): number | null {
  try {
    return medianMs(ask, 3);
  } catch (error) {
    if (!isStoreRefusal(error)) throw error;
    return null;
  }
}

function megabytes(bytes: number): string {
  return `${Math.round(bytes / 1e6)} MB`;
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(0)} s`;
}
