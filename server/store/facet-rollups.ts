/** Values of calls out of rollups, for filters whose columns those are kept by; the rest of their range out of rows. */
import { and, gte, lt, sql, type SQL } from 'drizzle-orm';
import { callsMatching, type FoundFilters } from './conditions.ts';
import type { FacetCounts } from './facet-counts.ts';
import type { Filters } from './filters.ts';
import type { Store } from './open.ts';
import { callsRemovedBefore } from './removed-calls.ts';
import { firstRollupId, hasRollup, hourMs, hoursOfScope, type Scope } from './rollup-keys.ts';
import { filterColumns, scopesKnowing } from './rollup-stats.ts';
import { calls, rollupKeys, rollups } from './tables.ts';

/** Counts of their own in every rollup. */
const counters = { error: rollups.errors, unpriced: rollups.unpriced_calls } as const;

/** What a rollup can tell of calls, by facet. */
export interface RolledFacets {
  readonly scope: Scope;
  readonly names: readonly string[];
  /** Whole hours, since 1970; the last one exclusive. */
  readonly firstHour: number;
  readonly endHour: number;
}

/** Which of `names` rollups answer under these filters, each once; none where rows have to tell everything. */
export function rolledFacets(store: Store, filters: FoundFilters, names: readonly string[]): RolledFacets[] {
  // Rollups also count calls that have been removed.
  const fromMs = Math.max(filters.fromMs ?? 0, callsRemovedBefore(store) ?? 0);
  const firstHour = Math.ceil(fromMs / hourMs);
  const endHour = Math.min(Math.floor((filters.toMs ?? Infinity) / hourMs), hoursOfScope - 1);
  if (endHour <= firstHour || !hasRollup(firstHour) || !hasRollup(endHour)) return [];
  const left = new Set(names);
  return scopesKnowing(filters, []).flatMap((scope) => {
    const known = [...left].filter((name) => name in counters || hasColumn(scope, name));
    for (const name of known) left.delete(name);
    return known.length === 0 ? [] : [{ scope, names: known, firstHour, endHour }];
  });
}

function columnOf(name: string): string | undefined {
  return name in counters ? undefined : filterColumns[name as keyof Filters];
}

function hasColumn({ columns }: Scope, name: string): boolean {
  return columns.some((column) => column === columnOf(name));
}

/** The calls of the range that rollups do not have: in parts of hours, in hours that calls were removed from, and the open ones. */
export function unrolledCalls(filters: FoundFilters, { firstHour, endHour }: RolledFacets): SQL[] {
  const [first, end] = [firstHour * hourMs, endHour * hourMs];
  const { fromMs = -Infinity, toMs = Infinity } = filters;
  return [
    fromMs < first ? lt(calls.started_ms, first) : undefined,
    toMs > end ? gte(calls.started_ms, end) : undefined,
    // Literal, as a parameter would not match the partial index of open calls.
    and(sql`${calls.state} = 'open'`, gte(calls.started_ms, first), lt(calls.started_ms, end)),
  ].filter((part) => part !== undefined);
}

/** @param columns the facets as SQL over the columns of a call */
export function countRolled(
  { db }: Store,
  filters: FoundFilters,
  { scope, names, firstHour, endHour }: RolledFacets,
  columns: Readonly<Record<string, SQL>>,
  counts: FacetCounts,
): void {
  const { fromMs: _from, toMs: _to, ...others } = filters;
  const shown = names.filter((name) => columnOf(name) !== undefined);
  const values = shown.map((name) => sql`, CAST(${columns[name]} AS TEXT) AS ${sql.identifier(name)}`);
  const range = sql`${rollups.id} >= ${firstRollupId(scope, firstHour)} AND ${rollups.id} < ${firstRollupId(scope, endHour)}`;
  // Keys are called as calls are, as the conditions over calls hold for them.
  const rows = db.all<Record<string, string | number | null>>(sql`
    SELECT sums.calls AS _calls, sums.errors AS _error, sums.unpriced AS _unpriced ${sql.join(values)}
    FROM (SELECT ${rollups.key} AS key, total(${rollups.calls}) AS calls, total(${counters.error}) AS errors,
        total(${counters.unpriced}) AS unpriced FROM ${rollups} WHERE ${range} GROUP BY ${rollups.key}) AS sums
      CROSS JOIN ${rollupKeys} AS ${calls}
    WHERE ${and(sql`${calls.id} = sums.key`, callsMatching(others))}`);
  for (const row of rows) {
    const all = Number(row['_calls']);
    for (const name of names) {
      if (columnOf(name) !== undefined) {
        const value = row[name] ?? null;
        counts.add(name, value === null ? null : String(value), all);
        continue;
      }
      const hits = Number(row[`_${name}`]);
      counts.add(name, 'true', hits);
      counts.add(name, 'false', all - hits);
    }
  }
}
