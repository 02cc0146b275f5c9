/** What a check recounts: whether rollups say what the rows of their hours add up to. */
import { and, asc, gte, lt, min, ne, sql } from 'drizzle-orm';
import { bucketOf } from './histogram.ts';
import { latencies, measures } from './measures.ts';
import type { Store } from './open.ts';
import { callsRemovedBefore } from './removed-calls.ts';
import { firstRollupId, hasRollup, hourMs, scopes, type Scope } from './rollup-keys.ts';
import { keyText, withoutWriter } from './rollup-writer.ts';
import { calls, rollupKeys, rollupLatencies, rollups } from './tables.ts';

export interface CheckedHour {
  readonly hourMs: number;
  /** What is wrong with it; null when all is well. */
  readonly problem: string | null;
}

/** Every hour that has calls or rollups from the first one on whose calls are all there, each in a transaction of its own. */
export function* eachHour(store: Store): Generator<CheckedHour> {
  const check = store.sqlite.transaction((hour: number) => problemOf(store, hour));
  for (let hour = firstHour(store); hour !== null; hour = nextHour(store, hour + 1)) {
    yield { hourMs: hour * hourMs, problem: check(hour) };
  }
}

/** Calls of earlier hours may have been removed, which rollups outlive; some of them may have come back. */
function firstHour(store: Store): number | null {
  const first = store.db
    .select({ startedMs: min(calls.started_ms) })
    .from(calls)
    .get();
  if (first === undefined || first.startedMs === null) return null;
  const fromMs = Math.max(first.startedMs, callsRemovedBefore(store) ?? 0);
  return nextHour(store, Math.ceil(fromMs / hourMs));
}

function nextHour({ db }: Store, from: number): number | null {
  const call = db
    .select({ startedMs: calls.started_ms })
    .from(calls)
    .where(gte(calls.started_ms, from * hourMs))
    .orderBy(asc(calls.started_ms))
    .limit(1)
    .get();
  const [scope] = scopes;
  const rollup = db
    .select({ hourMs: rollups.hour_ms })
    .from(rollups)
    .where(and(gte(rollups.id, firstRollupId(scope, from)), lt(rollups.id, firstRollupId(scope, 2 ** 20))))
    .orderBy(asc(rollups.id))
    .limit(1)
    .get();
  const hours = [call?.startedMs, rollup?.hourMs].flatMap((ms) =>
    ms === undefined ? [] : [Math.floor(ms / hourMs)],
  );
  const hour = Math.min(...hours);
  return hours.length > 0 && hasRollup(hour) ? hour : null;
}

type Counts = Map<string, number>;

function problemOf(store: Store, hour: number): string | null {
  for (const scope of scopes) {
    const [rows, kept] = [countRows(store, scope, hour), readRollups(store, scope, hour)];
    for (const name of new Set([...rows.keys(), ...kept.keys()])) {
      const [due, is] = [rows.get(name) ?? 0, kept.get(name) ?? 0];
      if (due !== is) return `the sums by ${scope.name} say ${is} for ${name}, the calls make ${due}`;
    }
  }
  return null;
}

/** `[scope, values] measure` → sum. */
function countRows({ db }: Store, scope: Scope, hour: number): Counts {
  const range = and(gte(calls.started_ms, hour * hourMs), lt(calls.started_ms, (hour + 1) * hourMs));
  const found = db
    .select({
      row: calls,
      sums: Object.fromEntries(
        Object.entries(measures).map(([name, value]) => [name, sql<number>`${value}`]),
      ),
    })
    .from(calls)
    .where(and(range, ne(calls.state, 'open')))
    .all();
  const counts: Counts = new Map();
  for (const { row, sums } of found) {
    const key = keyText(scope, row);
    for (const [name, value] of Object.entries(sums)) add(counts, `${key} ${name}`, value);
    if (!scope.hasLatencies) continue;
    for (const kind of latencies) {
      const us = row[kind];
      if (us !== null) add(counts, `${key} bucket ${bucketOf(kind, us)}`, 1);
    }
  }
  return counts;
}

function readRollups({ db }: Store, scope: Scope, hour: number): Counts {
  const range = and(
    gte(rollups.id, firstRollupId(scope, hour)),
    lt(rollups.id, firstRollupId(scope, hour + 1)),
  );
  const counts: Counts = new Map();
  const texts = new Map<number, string>();
  for (const { row, text } of db
    .select({ row: rollups, text: rollupKeys.text })
    .from(rollups)
    .leftJoin(rollupKeys, sql`${rollupKeys.id} = ${rollups.key}`)
    .where(range)
    .all()) {
    const key = text === null ? 'a missing key' : withoutWriter(text);
    texts.set(row.id, key);
    for (const name of Object.keys(measures)) {
      add(counts, `${key} ${name}`, row[name as keyof typeof row]);
    }
  }
  const buckets = and(
    gte(rollupLatencies.rollup, firstRollupId(scope, hour)),
    lt(rollupLatencies.rollup, firstRollupId(scope, hour + 1)),
  );
  for (const { rollup, bucket, calls: count } of db.select().from(rollupLatencies).where(buckets).all()) {
    add(counts, `${texts.get(rollup) ?? 'a missing key'} bucket ${bucket}`, count);
  }
  return counts;
}

function add(counts: Counts, name: string, value: number): void {
  counts.set(name, (counts.get(name) ?? 0) + value);
}
