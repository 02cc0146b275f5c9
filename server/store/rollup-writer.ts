/** Keeps rollups true while calls end and are corrected. Belongs into the transaction of the change. */
import { and, between, eq, ne, sql, type SQL } from 'drizzle-orm';
import { bucketOf } from './histogram.ts';
import { latencies, measures, measuresOf } from './measures.ts';
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
  /** Counts a call whose row was just written so; when `settle` is called. */
  addRow(row: CallRow): void;
  /** Writes what is to be counted: to be called last in each transaction. */
  settle(): void;
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
  const statements = prepareAdding(store);
  /** By the ids of the rollups. */
  const pending = new Map<number, Pending>();
  const addLatency = store.sqlite.prepare<[number, number, number]>(
    `INSERT INTO rollup_latencies (rollup, bucket, calls) VALUES (?, ?, ?)
    ON CONFLICT (rollup, bucket) DO UPDATE SET calls = rollup_latencies.calls + excluded.calls`,
  );
  const keys = new Map<string, number>();
  // Several writers would wait for each other's rows: each has its own, and questions add them up.
  const suffix = writerName(store) ?? '';

  function keyOf(scope: Scope, row: CallRow, own = keyText(scope, row)): number {
    const text = `${own}${suffix}`;
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
      statements.addCall.run({ rollup, key, hourMs: hour * hourMs, sign, id });
      if (!scope.hasLatencies) continue;
      for (const kind of latencies) {
        const us = row[kind];
        if (us !== null) addLatency.run(rollup, bucketOf(kind, us), sign);
      }
    }
    return true;
  }

  function addRow(row: CallRow): void {
    if (row.state === 'open') return;
    const hour = Math.floor(row.started_ms / hourMs);
    if (!hasRollup(hour)) return;
    const texts = scopes.map((scope) => keyText(scope, row));
    const sums = measuresOf(row);
    // What the database holds otherwise than we do, or adds up otherwise, is read there.
    if (!sums.every(Number.isSafeInteger) || texts.some((text) => text.includes('\\u'))) count(row.id, 1);
    else for (const [at, scope] of scopes.entries()) putOff(row, hour, scope, texts[at], sums);
  }

  function putOff(row: CallRow, hour: number, scope: Scope, text: string | undefined, sums: number[]): void {
    const key = keyOf(scope, row, text);
    const rollup = rollupId(scope, hour, key);
    const known = pending.get(rollup);
    const added = known?.sums.map((sum, at) => sum + (sums[at] ?? 0)) ?? sums;
    if (!added.every(Number.isSafeInteger)) {
      settle();
      return putOff(row, hour, scope, text, sums);
    }
    const buckets = known?.buckets ?? new Map<number, number>();
    pending.set(rollup, { key, hourMs: hour * hourMs, sums: added, buckets });
    for (const kind of scope.hasLatencies ? latencies : []) {
      const us = row[kind];
      if (us === null) continue;
      const bucket = bucketOf(kind, us);
      buckets.set(bucket, (buckets.get(bucket) ?? 0) + 1);
    }
  }

  function settle(): void {
    for (const [rollup, { key, hourMs: ofHour, sums, buckets }] of pending) {
      statements.addSums.run(rollup, key, ofHour, ...sums);
      for (const [bucket, calls] of buckets) addLatency.run(rollup, bucket, calls);
    }
    pending.clear();
  }

  return {
    add: (id) => void count(id, 1),
    addRow,
    settle,
    take: (id) => count(id, -1),
    forget() {
      keys.clear();
      pending.clear();
    },
  };
}

/** What the calls of a transaction add to one rollup. */
interface Pending {
  readonly key: number;
  readonly hourMs: number;
  /** In the order of `measures`. */
  readonly sums: number[];
  readonly buckets: Map<number, number>;
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
  rollupsOf(store).settle();
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

function prepareAdding({ sqlite, db, engine }: Store) {
  // What an upstream claims may add up to more than an integer holds: SQLite goes on with a float, PostgreSQL would refuse the row.
  const sum = (name: string): string =>
    engine === 'sqlite'
      ? `rollups.${name} + excluded.${name}`
      : `least(greatest(CAST(rollups.${name} AS NUMERIC) + excluded.${name}, -9e18), 9e18)`;
  const names = Object.keys(measures);
  const values: SQL[] = Object.values(measures).map((value) => sql`(${value})`);
  // The expressions have no parameters of their own, so that their text is the whole of them.
  const texts = values.map((value) => textOf(db, value));
  const columns = `id, key, hour_ms, ${names.join(', ')}`;
  const onConflict = `ON CONFLICT (id) DO UPDATE SET ${names.map((name) => `${name} = ${sum(name)}`).join(', ')}`;
  return {
    /** What a call adds, times `sign`, as its row says. */
    addCall: sqlite.prepare(
      `INSERT INTO rollups (${columns})
      SELECT @rollup, @key, @hourMs, ${texts.map((text) => `@sign * ${text}`).join(', ')} FROM calls WHERE "calls"."id" = @id
      ${onConflict}`,
    ),
    addSums: sqlite.prepare<number[]>(
      `INSERT INTO rollups (${columns}) VALUES (?, ?, ?, ${names.map(() => '?').join(', ')}) ${onConflict}`,
    ),
  };
}

function textOf(db: Store['db'], value: SQL): string {
  const { sql: text, params } = db.select({ value }).from(calls).toSQL();
  if (params.length > 0) throw new Error('a measure with parameters');
  return text.slice('select '.length, text.lastIndexOf(' from "calls"'));
}
