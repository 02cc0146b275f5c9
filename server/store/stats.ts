/** Statistics: metrics over calls, by time slices of a zone and by groups. */
import { and, isNull, max, min, sql, type SQL } from 'drizzle-orm';
import { autoBucket, slices, type Slice } from './buckets.ts';
import { callsMatching, type FoundFilters } from './conditions.ts';
import type { Filters } from './filters.ts';
import { groupSql, metricSql } from './metrics.ts';
import type { Store } from './open.ts';
import { askRollups } from './rollup-stats.ts';
import { settleSearch, type SettledSearch } from './search-hits.ts';
import type { Bucket, Metric, Stats, StatsRow } from './served.ts';
import { calls } from './tables.ts';
import { timeZone } from './zone.ts';

/** With what a search has found instead of the search. */
type SettledRequest = StatsRequest & { readonly filters: FoundFilters };

export interface StatsRequest {
  readonly filters: Filters;
  readonly metrics: readonly Metric[];
  /** Columns (`model`, `user_id`, …) or `tag:NAME`. */
  readonly groupBy: readonly string[];
  readonly bucket: Bucket | 'auto' | null;
  /** IANA zone in which the slices begin. */
  readonly tz: string;
  readonly comparePrevious: boolean;
}

interface Range {
  readonly fromMs: number;
  readonly toMs: number;
}

type Figures = Record<string, string | number | null>;

/**
 * Rows are ordered by slice, then by number of calls. With slices and without groups every slice has a row, also one
 * without calls; with groups only what has calls. Replays are left out unless the filters ask for them. Throws `BadQuestion`.
 * @param search what the filters' search has found, where the caller knows it
 */
export function readStats(store: Store, request: StatsRequest, search?: SettledSearch): Stats {
  // Also where there are no calls: a wrong question is wrong on an empty store too.
  request.groupBy.forEach(groupSql);
  timeZone(request.tz);
  // One snapshot, so that rows and totals agree.
  return store.sqlite.transaction(() =>
    statsOf(store, request, search ?? settleSearch(store, request.filters)),
  )();
}

function statsOf(store: Store, asked: StatsRequest, { filters, isCut, incomplete }: SettledSearch): Stats {
  const request = { ...asked, filters };
  const range = rangeOf(store, filters);
  const bucket = resolveBucket(request.bucket, range);
  const answer: Stats = {
    from_ms: range?.fromMs ?? null,
    to_ms: range?.toMs ?? null,
    tz: request.tz,
    bucket,
    group_by: [...request.groupBy],
    ...figuresOf(store, request, bucket, range),
    ...(incomplete === null ? {} : { incomplete }),
  };
  if (!request.comparePrevious || range === null || isCut) return answer;
  const before = { fromMs: 2 * range.fromMs - range.toMs, toMs: range.fromMs };
  const earlier = settleSearch(store, { ...asked.filters, ...before });
  if (earlier.isCut) return { ...answer, incomplete: earlier.incomplete ?? '' };
  return {
    ...answer,
    previous: figuresOf(store, { ...asked, filters: earlier.filters }, bucket, before),
  };
}

/** The range asked for; where an end is open, that of the data. Null when there is none. */
function rangeOf({ db }: Store, filters: FoundFilters): Range | null {
  const { fromMs, toMs } = filters;
  if (fromMs !== undefined && toMs !== undefined) return fromMs < toMs ? { fromMs, toMs } : null;
  const data = db
    .select({ first: min(calls.started_ms), last: max(calls.started_ms) })
    .from(calls)
    .where(matchingCalls(filters))
    .get();
  if (data === undefined || data.first === null || data.last === null) return null;
  return { fromMs: fromMs ?? data.first, toMs: toMs ?? data.last + 1 };
}

/** Calls that statistics count: replays only where the filters ask for them. Throws `BadQuestion`. */
export function matchingCalls(filters: FoundFilters): SQL | undefined {
  return and(callsMatching(filters), filters.replay === undefined ? isNull(calls.replay_of) : undefined);
}

function resolveBucket(bucket: Bucket | 'auto' | null, range: Range | null): Bucket | null {
  if (bucket !== 'auto') return bucket;
  return range === null ? 'day' : autoBucket(range.fromMs, range.toMs);
}

function figuresOf(store: Store, request: SettledRequest, bucket: Bucket | null, range: Range | null) {
  const condition = matchingCalls(range === null ? request.filters : { ...request.filters, ...range });
  const periods =
    bucket === null || range === null ? null : slices(bucket, request.tz, range.fromMs, range.toMs);
  const rolled =
    range === null ? null : askRollups(store, { ...request, ...range, periods, rowCondition: condition });
  if (rolled !== null) {
    return {
      rows: toRows(request, periods, rolled.rows, store),
      totals: numbers(rolled.totals, request.metrics),
    };
  }
  const totals = numbers(ask(store, totalsSql(request, condition))[0] ?? {}, request.metrics);
  if (range === null) return { rows: [], totals };
  const found = ask(
    store,
    rowsSql(request, periods === null ? condition : withinRange(request, range), periods),
  );
  return { rows: toRows(request, periods, found, store), totals };
}

/** The range as a condition that no index is sought by: the slices are to be, and the planner takes the first it sees. */
function withinRange({ filters }: SettledRequest, { fromMs, toMs }: Range): SQL | undefined {
  const { fromMs: _from, toMs: _to, ...others } = filters;
  return and(
    matchingCalls(others),
    sql`+${calls.started_ms} >= ${fromMs}`,
    sql`+${calls.started_ms} < ${toMs}`,
  );
}

function totalsSql({ metrics }: SettledRequest, condition: SQL | undefined): SQL {
  return sql`SELECT ${metricList(metrics)} FROM ${calls} ${where(condition)}`;
}

/**
 * Slices are the outer table, so that each is one seek in the index of the times, and percentiles are exact for each; what a search
 * has found is outer to them, as it is sought by id. CROSS JOIN keeps the planner from turning that round.
 */
function rowsSql(
  { metrics, groupBy, filters }: SettledRequest,
  condition: SQL | undefined,
  periods: Slice[] | null,
): SQL {
  const groups = groupBy.map(
    (group, index) => sql`, ${groupSql(group)} AS ${sql.identifier(`group_${index}`)}`,
  );
  const names = groupBy.map((_, index) => sql.identifier(`group_${index}`));
  const keys = sql.join([sql`start_ms`, ...names], sql`, `);
  const figures = metricList(metrics);
  const ties = sql.join(names.map((name) => sql`, ${name} NULLS FIRST`));
  const order = sql`GROUP BY ${keys} ORDER BY start_ms, count(*) DESC ${ties}`;
  if (periods === null) {
    return sql`SELECT NULL AS start_ms ${sql.join(groups)}, ${figures} FROM ${calls} ${where(condition)} ${order}`;
  }
  const json = JSON.stringify(periods.map(({ startMs, endMs }) => [startMs, endMs]));
  return sql`
    WITH slice (start_ms, end_ms) AS MATERIALIZED (SELECT CAST(value ->> 0 AS BIGINT), CAST(value ->> 1 AS BIGINT) FROM json_each(${json}))
    SELECT slice.start_ms AS start_ms ${sql.join(groups)}, ${figures}
    FROM ${filters.ids === undefined ? sql`slice CROSS JOIN ${calls}` : sql`${calls} CROSS JOIN slice`}
    WHERE ${and(sql`${calls.started_ms} >= slice.start_ms AND ${calls.started_ms} < slice.end_ms`, condition)} ${order}`;
}

function metricList(metrics: readonly Metric[]): SQL {
  // A list of nothing would be no SQL.
  const names: readonly Metric[] = metrics.length === 0 ? ['calls'] : metrics;
  return sql.join(
    names.map((metric) => sql`${metricSql(metric)} AS ${sql.identifier(metric)}`),
    sql`, `,
  );
}

function where(condition: SQL | undefined): SQL {
  return condition === undefined ? sql`` : sql`WHERE ${condition}`;
}

function ask({ db }: Store, query: SQL): Figures[] {
  return db.all<Figures>(query);
}

function toRows(
  request: SettledRequest,
  periods: Slice[] | null,
  found: Figures[],
  store: Store,
): StatsRow[] {
  const rows = found.map((figures) => toRow(request, figures, periods !== null));
  if (periods === null || request.groupBy.length > 0) return rows;
  const filled = new Map(rows.map((row) => [row.start_ms, row]));
  const nothing = ask(store, totalsSql(request, sql`false`))[0] ?? {};
  return periods.map(
    ({ startMs }) => filled.get(startMs) ?? toRow(request, { ...nothing, start_ms: startMs }, true),
  );
}

function toRow({ groupBy, metrics }: SettledRequest, figures: Figures, hasSlice: boolean): StatsRow {
  const startMs = Number(figures['start_ms']);
  return {
    ...(hasSlice ? { start_ms: startMs, start: new Date(startMs).toISOString() } : {}),
    ...Object.fromEntries(groupBy.map((group, index) => [group, figures[`group_${index}`] ?? null])),
    ...numbers(figures, metrics),
  };
}

function numbers(figures: Figures, metrics: readonly Metric[]): Record<string, number | null> {
  return Object.fromEntries(
    metrics.map((metric) => {
      const figure = figures[metric];
      return [metric, typeof figure === 'number' ? figure : null];
    }),
  );
}
