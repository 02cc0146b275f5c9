/** Keeps rollups true while calls end and are corrected. Belongs into the transaction of the change. */
import { and, between, eq, ne, sql, type SQL } from 'drizzle-orm';
import { bucketOf } from './histogram.ts';
import { latencies, measures } from './measures.ts';
import type { Store } from './open.ts';
import { writerName } from './writer-name.ts';
import {
  firstRollupId,
  hasRollup,
  hourMs,
  rollupId,
  scopes,
  type RollupColumn,
  type Scope,
} from './rollup-keys.ts';
import { calls, rollupKeys, rollupLatencies, rollups, type CallRow } from './tables.ts';

export interface RollupWriter {
  /** Counts a call as its row stands; a call that is open or not there counts nothing. */
  add(id: string): void;
  /** Takes away what the row counted: to be called before it changes. Returns whether the call had ended. */
  take(id: string): boolean;
  /** To be called when something was rolled back. */
  forget(): void;
}

const writers = new WeakMap<Store, RollupWriter>();

/** The one of this store. */
export function rollupsOf(store: Store): RollupWriter {
  const writer = writers.get(store) ?? createRollupWriter(store);
  writers.set(store, writer);
  return writer;
}

function createRollupWriter(store: Store): RollupWriter {
  const { db } = store;
  const ended = db
    .select()
    .from(calls)
    .where(and(eq(calls.id, sql.placeholder('id')), ne(calls.state, 'open')))
    .prepare();
  const addRow = prepareAddRow(store);
  const addLatency = store.sqlite.prepare<[number, number, number]>(
    `INSERT INTO rollup_latencies (rollup, bucket, calls) VALUES (?, ?, ?)
    ON CONFLICT (rollup, bucket) DO UPDATE SET calls = rollup_latencies.calls + excluded.calls`,
  );
  const keys = new Map<string, number>();
  // Several writers would wait for each other's rows: each has its own, and questions add them up.
  const suffix = writerName(store) ?? '';

  function keyOf(scope: Scope, row: CallRow): number {
    const text = `${keyText(scope, row)}${suffix}`;
    const known = keys.get(text);
    if (known !== undefined) return known;
    const columns = Object.fromEntries(scope.columns.map((column) => [column, keyValue(row, column)]));
    const names = Object.keys({ ...columns, demo: 0, text });
    const values = Object.values({ ...columns, demo: row.demo, text });
    // Not drizzle's insert: that gives a number of NULL, which is one only to SQLite.
    db.run(sql`INSERT INTO ${rollupKeys} (${sql.join(
      names.map((name) => sql.identifier(name)),
      sql`, `,
    )})
      VALUES (${sql.join(
        values.map((value) => sql`${value}`),
        sql`, `,
      )}) ON CONFLICT DO NOTHING`);
    const found = db.select({ id: rollupKeys.id }).from(rollupKeys).where(eq(rollupKeys.text, text)).get();
    if (found === undefined) throw new Error('a key of a rollup cannot be found again');
    if (keys.size >= mostKeysAtHand) keys.clear();
    keys.set(text, found.id);
    return found.id;
  }

  function count(id: string, sign: 1 | -1): boolean {
    const row = ended.get({ id });
    if (row === undefined) return false;
    const hour = Math.floor(row.started_ms / hourMs);
    if (!hasRollup(hour)) return true;
    for (const scope of scopes) {
      const key = keyOf(scope, row);
      const rollup = rollupId(scope, hour, key);
      addRow.run({ rollup, key, hourMs: hour * hourMs, sign, id });
      if (!scope.hasLatencies) continue;
      for (const kind of latencies) {
        const us = row[kind];
        if (us !== null) addLatency.run(rollup, bucketOf(kind, us), sign);
      }
    }
    return true;
  }

  return { add: (id) => void count(id, 1), take: (id) => count(id, -1), forget: () => keys.clear() };
}

const mostKeysAtHand = 10_000;

/** Tells the key of a call from all others. */
export function keyText(scope: Scope, row: CallRow): string {
  return JSON.stringify([scope.name, ...scope.columns.map((column) => keyValue(row, column))]);
}

/** The text of a key without the writer that it is of. */
export function withoutWriter(text: string): string {
  return text.slice(0, text.lastIndexOf(']') + 1);
}

/** Makes the rollups of an hour anew from its calls; all of them have to be there. Belongs into a transaction. */
export function recountHour(store: Store, hour: number): void {
  for (const scope of scopes) {
    const [from, end] = [firstRollupId(scope, hour), firstRollupId(scope, hour + 1)];
    store.db
      .delete(rollupLatencies)
      .where(between(rollupLatencies.rollup, from, end - 1))
      .run();
    store.db
      .delete(rollups)
      .where(between(rollups.id, from, end - 1))
      .run();
  }
  const ids = store.db
    .select({ id: calls.id })
    .from(calls)
    .where(between(calls.started_ms, hour * hourMs, (hour + 1) * hourMs - 1))
    .all();
  for (const { id } of ids) rollupsOf(store).add(id);
}

function keyValue(row: CallRow, column: RollupColumn): string | number | null {
  // Not which one: that would be a rollup for each replay.
  if (column === 'replay_of') return row.replay_of === null ? null : 'replay';
  return row[column];
}

function prepareAddRow({ sqlite, db, engine }: Store) {
  // What an upstream claims may add up to more than an integer holds: SQLite goes on with a float, PostgreSQL would refuse the row.
  const sum = (name: string): string =>
    engine === 'sqlite'
      ? `rollups.${name} + excluded.${name}`
      : `least(greatest(CAST(rollups.${name} AS NUMERIC) + excluded.${name}, -9e18), 9e18)`;
  const names = Object.keys(measures);
  const values: SQL[] = Object.values(measures).map((value) => sql`(${value})`);
  // The expressions have no parameters of their own, so that their text is the whole of them.
  const texts = values.map((value) => textOf(db, value));
  return sqlite.prepare(
    `INSERT INTO rollups (id, key, hour_ms, ${names.join(', ')})
    SELECT @rollup, @key, @hourMs, ${texts.map((text) => `@sign * ${text}`).join(', ')} FROM calls WHERE "calls"."id" = @id
    ON CONFLICT (id) DO UPDATE SET ${names.map((name) => `${name} = ${sum(name)}`).join(', ')}`,
  );
}

function textOf(db: Store['db'], value: SQL): string {
  const { sql: text, params } = db.select({ value }).from(calls).toSQL();
  if (params.length > 0) throw new Error('a measure with parameters');
  return text.slice('select '.length, text.lastIndexOf(' from "calls"'));
}
