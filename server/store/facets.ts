/** Which values calls have, for who builds a filter. */
import { sql, type SQL } from 'drizzle-orm';
import { isError, isUnpriced } from './call-figures.ts';
import { callsMatching } from './conditions.ts';
import type { Filters } from './filters.ts';
import type { Store } from './open.ts';
import type { Facets } from './served.ts';
import { calls } from './tables.ts';

const MOST_VALUES = 50;

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

/** For each filter the most frequent values, at most 50, among the calls that pass `filters`; null is "not known". */
export function readFacets({ db }: Store, filters: Filters): Facets {
  const names = Object.keys(columns);
  const condition = callsMatching(filters) ?? sql`true`;
  const hits = sql.join(
    Object.entries(columns).map(([name, value]) => sql`${value} AS ${sql.identifier(name)}`),
    sql`, `,
  );
  const counts = names.map(
    (
      name,
    ) => sql`SELECT * FROM (SELECT ${name} AS facet, CAST(${sql.identifier(name)} AS TEXT) AS value, count(*) AS count
      FROM hit GROUP BY 2 ORDER BY 3 DESC, 2 NULLS FIRST LIMIT ${MOST_VALUES}) AS top`,
  );
  // The table is read once, and its wide rows only there.
  const rows = db.all<{ facet: string; value: string | null; count: number }>(
    sql`WITH hit AS MATERIALIZED (SELECT ${hits} FROM ${calls} WHERE ${condition}) ${sql.join(counts, sql` UNION ALL `)}`,
  );
  const facets: Facets = Object.fromEntries(names.map((name) => [name, []]));
  for (const { facet, value, count } of rows) {
    // All as texts, as columns of a union have one type: this one is a number.
    facets[facet]?.push({ value: facet === 'status' && value !== null ? Number(value) : value, count });
  }
  return facets;
}

/** Of what is never unknown. */
function whether(condition: SQL): SQL {
  return sql`CASE WHEN ${condition} THEN 'true' ELSE 'false' END`;
}

/** A number that is 0, 1 or NULL. */
function flag(value: SQL): SQL {
  return sql`CASE ${value} WHEN 1 THEN 'true' WHEN 0 THEN 'false' END`;
}
