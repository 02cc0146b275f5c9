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
import { emptySums, rollupMetric, type RollupMetric, type RollupSums } from './rollup-figures.ts';
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

/** Keys begin with `start_ms`, then come the groups as `group_0`, …; metrics stand under their names. */
export type RollupFigures = Record<string, string | number | null>;

export interface RollupAnswer {
  /** By slice, then by number of calls, then by groups. */
  readonly rows: RollupFigures[];
  readonly totals: RollupFigures;
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
  return toAnswer(plan, metrics, gather(store, plan));
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

type AskedMetric = { readonly metric: Metric; readonly of: RollupMetric };

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
function fromRollups(
  { question, scope, firstHour, endHour }: Plan,
  more?: { readonly table: SQL; readonly on: SQL },
): SQL {
  const { fromMs: _from, toMs: _to, ...filters } = question.filters;
  const replays = filters.replay === undefined ? sql`${calls.replay_of} IS NULL` : undefined;
  const range = sql`${rollups.id} >= ${firstRollupId(scope, firstHour)} AND ${rollups.id} < ${firstRollupId(scope, endHour)}`;
  return sql`FROM ${rollups} CROSS JOIN ${rollupKeys} AS ${calls} ${more === undefined ? sql`` : sql`CROSS JOIN ${more.table}`}
    WHERE ${and(range, sql`${calls.id} = ${rollups.key}`, more?.on, callsMatching(filters), replays)}`;
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

type HourRow = Record<string, string | number | null> & { readonly hour_ms: number };

/** All that was asked for, by slice and groups; the key of the totals is ''. */
function gather(store: Store, plan: Plan): Map<string, Gathered> {
  const found = new Gathering(plan);
  const groups = plan.question.groupBy.map(
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
    sql`SELECT ${rollups.hour_ms} AS hour_ms ${sql.join(groups)} ${sums(ofRollup)} ${fromRollups(plan)} GROUP BY ${keys}`,
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
  return found.all;
}

interface Gathered extends RollupSums {
  readonly startMs: number | null;
  readonly groups: readonly (string | number | null)[];
}

const totalsKey = '';

class Gathering {
  readonly all = new Map<string, Gathered>([[totalsKey, { startMs: null, groups: [], ...emptySums() }]]);
  readonly #plan: Plan;

  constructor(plan: Plan) {
    this.#plan = plan;
  }

  add(row: HourRow): void {
    for (const { sums } of this.#targets(row)) {
      for (const column of this.#plan.columns)
        sums.set(column, (sums.get(column) ?? 0) + Number(row[column]));
    }
  }

  addLatency(row: HourRow, kind: Latency, bucket: number, count: number): void {
    for (const { latencies: of } of this.#targets(row))
      of[kind].set(bucket, (of[kind].get(bucket) ?? 0) + count);
  }

  /** The totals, and the slice and group of the row. */
  #targets(row: HourRow): Gathered[] {
    const { periods, groupBy } = this.#plan.question;
    const startMs = periods === null ? null : (sliceOf(periods, row.hour_ms)?.startMs ?? null);
    const groups = groupBy.map((_, index) => row[`group_${index}`] ?? null);
    const key = JSON.stringify([startMs, ...groups]);
    const own = this.all.get(key) ?? { startMs, groups, ...emptySums() };
    this.all.set(key, own);
    const totals = this.all.get(totalsKey);
    return totals === undefined ? [own] : [own, totals];
  }
}

/** Slices are in order and without gaps. */
function sliceOf(periods: readonly Slice[], atMs: number): Slice | undefined {
  let [low, high] = [0, periods.length - 1];
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if ((periods[middle]?.startMs ?? 0) <= atMs) low = middle;
    else high = middle - 1;
  }
  return periods[low];
}

function toAnswer(plan: Plan, metrics: readonly AskedMetric[], found: Map<string, Gathered>): RollupAnswer {
  const figures = (of: Gathered): RollupFigures => ({
    start_ms: of.startMs,
    ...Object.fromEntries(of.groups.map((value, index) => [`group_${index}`, value])),
    ...Object.fromEntries(metrics.map(({ metric, of: asked }) => [metric, asked.figure(of)])),
  });
  const totals = found.get(totalsKey);
  const rows = [...found].filter(([key]) => key !== totalsKey).map(([, of]) => of);
  const counted = rows.filter(({ sums }) => (sums.get('calls') ?? 0) > 0).sort(inOrder);
  return { rows: counted.map(figures), totals: totals === undefined ? {} : figures(totals) };
}

function inOrder(a: Gathered, b: Gathered): number {
  const bySlice = (a.startMs ?? 0) - (b.startMs ?? 0);
  const byCalls = (b.sums.get('calls') ?? 0) - (a.sums.get('calls') ?? 0);
  if (bySlice !== 0 || byCalls !== 0) return bySlice || byCalls;
  for (const [index, value] of a.groups.entries()) {
    const order = compareValues(value, b.groups[index] ?? null);
    if (order !== 0) return order;
  }
  return 0;
}

/** As the database orders them: NULL, numbers, texts by their bytes. */
function compareValues(a: string | number | null, b: string | number | null): number {
  if (a === b) return 0;
  if (a === null || b === null) return a === null ? -1 : 1;
  if (typeof a === 'number' || typeof b === 'number') {
    return typeof a === 'number' && typeof b === 'number' ? a - b : typeof a === 'number' ? -1 : 1;
  }
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}
