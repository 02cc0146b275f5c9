/**
 * Statistics out of rollups, for questions that only need what those are kept by: whole hours come from rollups, the parts of
 * hours at both ends and the calls that are still open from rows.
 */
import { and, gte, lt, sql, type SQL } from 'drizzle-orm';
import type { Slice } from './buckets.ts';
import { callsMatching, type FoundFilters } from './conditions.ts';
import type { Filters } from './filters.ts';
import { bucketOf, bucketRange } from './histogram.ts';
import { latencies, measures, type Latency } from './measures.ts';
import { groupSql } from './metrics.ts';
import type { Store } from './open.ts';
import { rollupMetric, type RollupMetric } from './rollup-figures.ts';
import { Gathering, type HourRow, type RollupAnswer } from './rollup-gathering.ts';
import { callsRemovedBefore } from './removed-calls.ts';
import { firstRollupId, hasRollup, hourMs, scopes, type Scope } from './rollup-keys.ts';
import type { Metric } from './served.ts';
import { calls, rollupKeys, rollupLatencies, rollups } from './tables.ts';

/** Reading so many rows for exact percentiles takes some 50 ms, and a comparison with the time before as much again. */
const mostExactCalls = 50_000;

export interface RollupQuestion {
  readonly filters: FoundFilters;
  readonly metrics: readonly Metric[];
  readonly groupBy: readonly string[];
  readonly fromMs: number;
  readonly toMs: number;
  /** Null: one slice that is the whole range. */
  readonly periods: readonly Slice[] | null;
  /** For calls that rollups do not have. */
  readonly rowCondition: SQL | undefined;
  /** Up to so many calls percentiles are left to the rows; default 50,000. */
  readonly exactCalls?: number;
}

/** Null when rows have to be read: for a column, metric or filter that rollups are not kept by, slices of parts of hours, or a few calls whose percentiles can be exact. */
export function askRollups(store: Store, question: RollupQuestion): RollupAnswer | null {
  const asked = question.metrics.map((metric) => ({ metric, of: rollupMetric(metric) }));
  const metrics = asked.flatMap(({ metric, of }) => (of === null ? [] : [{ metric, of }]));
  if (metrics.length < asked.length) return null;
  const kinds = latencies.filter((kind) => metrics.some(({ of }) => of.latency === kind));
  const scope = scopeFor(question, kinds.length > 0);
  const hours = wholeHours(question);
  if (scope === null || hours === null) return null;
  const plan: Plan = { question, scope, ...hours, kinds, columns: columnsOf(metrics.map(({ of }) => of)) };
  if (kinds.length > 0 && areRowsEnough(store, plan)) return null;
  return gather(store, plan).answer(metrics);
}

interface Plan {
  readonly question: RollupQuestion;
  readonly scope: Scope;
  /** Hours since 1970, the last one exclusive. */
  readonly firstHour: number;
  readonly endHour: number;
  readonly kinds: readonly Latency[];
  readonly columns: readonly string[];
}

/** Filters by the column that they need; `fromMs` and `toMs` need none. */
export const filterColumns: Readonly<Partial<Record<keyof Filters, string>>> = {
  model: 'model',
  requested_model: 'requested_model',
  status: 'status',
  state: 'state',
  error_kind: 'error_kind',
  message_state: 'message_state',
  stop_reason: 'stop_reason',
  user: 'user_id',
  team: 'team',
  key: 'key_id',
  cache_miss_cause: 'cache_miss_cause',
  service_tier: 'service_tier',
  stream: 'stream',
  replay: 'replay_of',
  demo: 'demo',
  // Told by three columns; where this one is kept the others are too.
  error: 'message_state',
};

function scopeFor({ filters, groupBy }: RollupQuestion, needsLatencies: boolean): Scope | null {
  return scopesKnowing(filters, groupBy).find(({ hasLatencies }) => hasLatencies || !needsLatencies) ?? null;
}

/** Those that are kept by all columns of these filters and groups, the narrowest first. */
export function scopesKnowing(filters: FoundFilters, groupBy: readonly string[]): readonly Scope[] {
  const used = Object.entries(filters).filter(
    ([name, value]) => value !== undefined && !/^(from|to)Ms$/.test(name),
  );
  const needed = [...groupBy, ...used.map(([name]) => filterColumns[name as keyof Filters] ?? name)];
  return scopes.filter(({ columns }) => needed.every((name) => columns.some((column) => column === name)));
}

function wholeHours({
  fromMs,
  toMs,
  periods,
}: RollupQuestion): { firstHour: number; endHour: number } | null {
  const isHour = (atMs: number): boolean => atMs % hourMs === 0;
  if (periods?.some(({ startMs, endMs }) => !isHour(startMs) || !isHour(endMs)) === true) return null;
  const firstHour = Math.ceil(fromMs / hourMs);
  const endHour = Math.floor(toMs / hourMs);
  return endHour > firstHour && hasRollup(firstHour) && hasRollup(endHour) ? { firstHour, endHour } : null;
}

function columnsOf(metrics: readonly RollupMetric[]): string[] {
  return [...new Set(['calls', ...metrics.flatMap(({ columns }) => columns)])];
}

/** Which rows of rollups; the keys are called `calls`, as the conditions over calls hold for them. */
function fromRollups(plan: Plan, more?: { readonly table: SQL; readonly on: SQL }): SQL {
  const { scope, firstHour, endHour } = plan;
  const range = sql`${rollups.id} >= ${firstRollupId(scope, firstHour)} AND ${rollups.id} < ${firstRollupId(scope, endHour)}`;
  return sql`FROM ${rollups} CROSS JOIN ${rollupKeys} AS ${calls} ${more === undefined ? sql`` : sql`CROSS JOIN ${more.table}`}
    WHERE ${and(range, sql`${calls.id} = ${rollups.key}`, more?.on, keysMatching(plan))}`;
}

/** What the filters say of keys. */
function keysMatching({ question }: Plan): SQL | undefined {
  const { fromMs: _from, toMs: _to, ...filters } = question.filters;
  const replays = filters.replay === undefined ? sql`${calls.replay_of} IS NULL` : undefined;
  return and(callsMatching(filters), replays);
}

/** The sums of each key in each slice: what comes after looks at so many rows, and not at those of every hour. */
function bySlice({ question, scope, firstHour, endHour }: Plan, sums: SQL): SQL {
  const whole = { startMs: firstHour * hourMs, endMs: endHour * hourMs };
  const ranges = (question.periods ?? [whole]).map(({ startMs, endMs }) => [
    startMs,
    firstRollupId(scope, Math.max(startMs / hourMs, firstHour)),
    firstRollupId(scope, Math.min(endMs / hourMs, endHour)),
  ]);
  return sql`WITH slice (start_ms, first_id, end_id) AS MATERIALIZED (SELECT CAST(value ->> 0 AS BIGINT),
      CAST(value ->> 1 AS BIGINT), CAST(value ->> 2 AS BIGINT) FROM json_each(${JSON.stringify(ranges)}))
    SELECT slice.start_ms AS start_ms, ${rollups.key} AS key ${sums} FROM slice CROSS JOIN ${rollups}
    WHERE ${rollups.id} >= slice.first_id AND ${rollups.id} < slice.end_id GROUP BY slice.start_ms, ${rollups.key}`;
}

/** Which calls rollups do not have: those in parts of hours, and the open ones. */
function rowRanges({ question, firstHour, endHour }: Plan): SQL[] {
  const between = (fromMs: number, toMs: number): SQL | undefined =>
    fromMs < toMs ? and(gte(calls.started_ms, fromMs), lt(calls.started_ms, toMs)) : undefined;
  const [wholeFromMs, wholeToMs] = [firstHour * hourMs, endHour * hourMs];
  return [
    between(question.fromMs, wholeFromMs),
    between(wholeToMs, question.toMs),
    // Literal, as a parameter would not match the partial index of open calls.
    and(sql`${calls.state} = 'open'`, between(wholeFromMs, wholeToMs)),
  ].filter((range) => range !== undefined);
}

/** Rows can tell percentiles exactly: they are all there, and not too many. */
function areRowsEnough(store: Store, plan: Plan): boolean {
  const { fromMs, exactCalls = mostExactCalls } = plan.question;
  return fromMs >= (callsRemovedBefore(store) ?? -Infinity) && countCalls(store, plan) <= exactCalls;
}

function countCalls(store: Store, plan: Plan): number {
  const [row] = store.db.all<{ calls: number }>(
    sql`SELECT total(${rollups.calls}) AS calls ${fromRollups(plan)}`,
  );
  return row?.calls ?? 0;
}

/** All that was asked for, by slice and groups; the key of the totals is ''. */
function gather(store: Store, plan: Plan): Gathering {
  const { periods, groupBy } = plan.question;
  const found = new Gathering(plan.columns, periods, groupBy.length);
  const groups = groupBy.map(
    (group, index) => sql`, ${groupSql(group)} AS ${sql.identifier(`group_${index}`)}`,
  );
  const keys = sql.join(
    ['hour_ms', ...groups.map((_, index) => `group_${index}`)].map((name) => sql.identifier(name)),
    sql`, `,
  );
  const sums = (value: (column: string) => SQL): SQL =>
    sql.join(plan.columns.map((column) => sql`, total(${value(column)}) AS ${sql.identifier(column)}`));
  const ofRollup = (column: string): SQL => sql`${rollups}.${sql.identifier(column)}`;
  for (const row of store.db.all<HourRow>(
    sql`SELECT part.start_ms AS hour_ms ${sql.join(groups)} ${sums((column) => sql`part.${sql.identifier(column)}`)}
      FROM (${bySlice(plan, sums(ofRollup))}) AS part CROSS JOIN ${rollupKeys} AS ${calls}
      WHERE ${and(sql`${calls.id} = part.key`, keysMatching(plan))} GROUP BY ${keys}`,
  )) {
    found.add(row);
  }
  const hour = sql`${calls.started_ms} - ${calls.started_ms} % ${sql.raw(String(hourMs))}`;
  for (const range of rowRanges(plan)) {
    const where = and(range, plan.question.rowCondition);
    for (const row of store.db.all<HourRow>(
      sql`SELECT ${hour} AS hour_ms ${sql.join(groups)} ${sums((column) => measures[column] ?? sql`0`)} FROM ${calls} WHERE ${where} GROUP BY ${keys}`,
    )) {
      found.add(row);
    }
    if (plan.kinds.length === 0) continue;
    const durations = sql.join(plan.kinds.map((kind) => sql`, ${calls[kind]} AS ${sql.identifier(kind)}`));
    for (const row of store.db.all<HourRow>(
      sql`SELECT ${hour} AS hour_ms ${sql.join(groups)} ${durations} FROM ${calls} WHERE ${where}`,
    )) {
      for (const kind of plan.kinds) {
        const us = row[kind];
        if (typeof us === 'number') found.addLatency(row, kind, bucketOf(kind, us), 1);
      }
    }
  }
  for (const kind of plan.kinds) {
    const [first, end] = bucketRange(kind);
    const on = sql`${rollupLatencies.rollup} = ${rollups.id}
      AND ${rollupLatencies.bucket} >= ${first} AND ${rollupLatencies.bucket} < ${end}`;
    const histogram = { table: sql`${rollupLatencies}`, on };
    for (const row of store.db.all<HourRow>(
      sql`SELECT ${rollups.hour_ms} AS hour_ms ${sql.join(groups)}, ${rollupLatencies.bucket} AS bucket, ${rollupLatencies.calls} AS count ${fromRollups(plan, histogram)}`,
    )) {
      found.addLatency(row, kind, Number(row['bucket']), Number(row['count']));
    }
  }
  return found;
}
