/** Which values calls have, for who builds a filter. */
import { and, desc, sql, type SQL } from 'drizzle-orm';
import { isError, isUnpriced } from './call-figures.ts';
import { callsMatching } from './conditions.ts';
import { FacetCounts } from './facet-counts.ts';
import { countRolled, rolledFacets, unrolledCalls } from './facet-rollups.ts';
import type { Filters } from './filters.ts';
import type { Store } from './open.ts';
import { settleSearch } from './search-hits.ts';
import type { Facets } from './served.ts';
import { calls } from './tables.ts';

const MOST_VALUES = 50;
/** Reading so many rows takes about a tenth of a second. */
const mostRows = 30_000;

/** Named as the filters are; flags have the words that the filter takes. */
const columns: Readonly<Record<string, SQL>> = {
  model: sql`${calls.model}`,
  requested_model: sql`${calls.requested_model}`,
  status: sql`${calls.status}`,
  state: sql`${calls.state}`,
  error_kind: sql`${calls.error_kind}`,
  message_state: sql`${calls.message_state}`,
  stop_reason: sql`${calls.stop_reason}`,
  user: sql`${calls.user_id}`,
  team: sql`${calls.team}`,
  key: sql`${calls.key_id}`,
  session: sql`${calls.session_id}`,
  agent: sql`${calls.agent_id}`,
  path: sql`${calls.path}`,
  upstream: sql`${calls.upstream}`,
  service_tier: sql`${calls.service_tier}`,
  cost_source: sql`${calls.cost_source}`,
  cache_miss_cause: sql`${calls.cache_miss_cause}`,
  stream: flag(sql`${calls.stream}`),
  demo: flag(sql`${calls.demo}`),
  replay: whether(sql`${calls.replay_of} IS NOT NULL`),
  error: whether(isError),
  unpriced: whether(isUnpriced),
};

export interface FoundFacets {
  readonly facets: Facets;
  /** One sentence where not all calls were looked at; null when they were. */
  readonly incomplete: string | null;
}

/**
 * For each filter the most frequent values, at most 50, among the calls that pass `filters`; null is "not known". What rollups are
 * kept by is counted whole; for the rest no more than the newest `most` calls are read, and `incomplete` tells of it.
 */
export function readFacets(store: Store, asked: Filters, most = mostRows): FoundFacets {
  // One snapshot, so that sums and rows agree.
  return store.sqlite.transaction(() => {
    const { filters, incomplete } = settleSearch(store, asked);
    const names = Object.keys(columns);
    const counts = new FacetCounts();
    const matching = callsMatching(filters);
    const rolled = rolledFacets(store, filters, names);
    for (const part of rolled) {
      countRolled(store, filters, part, columns, counts);
      for (const range of unrolledCalls(filters, part))
        countRows(store, part.names, and(range, matching), null, counts);
    }
    const others = names.filter((name) => !rolled.some((part) => part.names.includes(name)));
    const isCut = countRows(store, others, matching, most, counts) > most;
    return {
      facets: Object.fromEntries(names.map((name) => [name, valuesOf(counts, name)])),
      incomplete: isCut
        ? `Of ${others.join(', ')} the newest ${most} calls were counted: a shorter range counts them all.`
        : incomplete,
    };
  })();
}

function valuesOf(counts: FacetCounts, name: string): Facets[string] {
  const values = counts.top(name, MOST_VALUES);
  if (name !== 'status') return values;
  // All came as texts, as columns of a union have one type: this one is a number.
  return values.map(({ value, count }) => ({ value: value === null ? null : Number(value), count }));
}

/** How many calls there were to count, up to one more than `most`; those of all but the newest `most` are left out. */
function countRows(
  { db }: Store,
  names: readonly string[],
  condition: SQL | undefined,
  most: number | null,
  counts: FacetCounts,
): number {
  const hits = sql.join(names.map((name) => sql`, ${columns[name]} AS ${sql.identifier(name)}`));
  const newest =
    most === null ? sql`` : sql`ORDER BY ${desc(calls.started_ms)}, ${desc(calls.id)} LIMIT ${most + 1}`;
  const tops = names.map(
    (name) => sql`SELECT ${name} AS facet, CAST(${sql.identifier(name)} AS TEXT) AS value, count(*) AS count
      FROM hit GROUP BY 2`,
  );
  // The table is read once, and its wide rows only there.
  const rows = db.all<{ facet: string; value: string | null; count: number }>(
    sql`WITH hit AS MATERIALIZED (SELECT 1 AS one ${hits} FROM ${calls} WHERE ${condition ?? sql`true`} ${newest})
      SELECT '' AS facet, NULL AS value, count(*) AS count FROM hit UNION ALL ${sql.join(tops, sql` UNION ALL `)}`,
  );
  let read = 0;
  for (const { facet, value, count } of rows) {
    if (facet === '') read = count;
    else counts.add(facet, value, count);
  }
  return read;
}

/** Of what is never unknown. */
function whether(condition: SQL): SQL {
  return sql`CASE WHEN ${condition} THEN 'true' ELSE 'false' END`;
}

/** A number that is 0, 1 or NULL. */
function flag(value: SQL): SQL {
  return sql`CASE ${value} WHEN 1 THEN 'true' WHEN 0 THEN 'false' END`;
}
