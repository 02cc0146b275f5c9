/** Calls with everything that their price depends on, one at a time: for who prices them anew or otherwise. */
import { and, eq, ne, sql, type SQL } from 'drizzle-orm';
import { callsMatching, type FoundFilters } from './conditions.ts';
import { usesCache } from './call-figures.ts';
import { groupSql } from './metrics.ts';
import type { Store } from './open.ts';
import { matchingCalls } from './stats.ts';
import { callDetails, calls } from './tables.ts';

export interface StoredPrice {
  readonly id: string;
  readonly startedMs: number;
  readonly model: string | null;
  readonly method: string;
  readonly path: string;
  readonly kind: string | null;
  readonly status: number | null;
  readonly stopReason: string | null;
  readonly messageState: string | null;
  readonly errorKind: string | null;
  readonly usageComplete: boolean | null;
  readonly costNanoUsd: number | null;
  readonly costSource: string | null;
  readonly computedCostNanoUsd: number | null;
  readonly reportedCostNanoUsd: number | null;
  readonly cacheSavedNanoUsd: number | null;
  /** It read from the cache or wrote to it. */
  readonly usesCache: boolean;
  readonly cacheMissCause: string | null;
  readonly cacheLostTokens: number | null;
  readonly cacheLostNanoUsd: number | null;
  /** JSON list of the types of the tools that ran at the provider. */
  readonly serverTools: string | null;
  /** JSON of the merged usage. */
  readonly usage: string | null;
  /** JSON `CostLine[]`. */
  readonly costLines: string | null;
  /** Since the call before in the same session, by the same agent and of the same kind; null where there is none. */
  readonly gapMs: number | null;
  /** Values of the groups asked for, in their order. */
  readonly groups: readonly (string | number | null)[];
}

export interface StoredPriceOptions {
  /** Columns or `tag:NAME`, as statistics take them. */
  readonly groupBy?: readonly string[];
  /** Also the replays that statistics leave out unless the filters ask for them. */
  readonly withReplays?: boolean;
}

/** Calls that have ended, in order of their start. Nothing may be written through the store meanwhile. Throws `BadQuestion`. */
export function* eachStoredPrice(
  store: Store,
  filters: FoundFilters,
  { groupBy = [], withReplays = false }: StoredPriceOptions = {},
): Generator<StoredPrice, void> {
  const columns: Record<string, SQL> = Object.fromEntries([
    ...Object.entries(read).map(([name, value]) => [name, value.as(name)]),
    ...groupBy.map((group, index) => [`group_${index}`, groupSql(group).as(`group_${index}`)]),
  ]);
  const query = store.db
    .select(columns)
    .from(calls)
    .leftJoin(callDetails, eq(callDetails.call_id, calls.id))
    .where(and(withReplays ? callsMatching(filters) : matchingCalls(filters), ne(calls.state, 'open')))
    .orderBy(calls.started_ms, calls.id)
    .toSQL();
  const names = Object.keys(read);
  // Not all at once: a month of a team is more than one wants to hold.
  for (const row of store.sqlite
    .prepare<unknown[], unknown[]>(query.sql)
    .raw()
    .iterate(...query.params)) {
    yield toStoredPrice(row, names.length);
  }
}

const gap = sql`CASE WHEN ${calls.session_id} IS NOT NULL THEN ${calls.started_ms} - lag(${calls.started_ms}) OVER (
  PARTITION BY ${calls.session_id}, ${calls.agent_id}, ${calls.kind} ORDER BY ${calls.started_ms}, ${calls.id}) END`;

const read = {
  id: sql`${calls.id}`,
  startedMs: sql`${calls.started_ms}`,
  model: sql`coalesce(${calls.model}, ${calls.requested_model})`,
  method: sql`${calls.method}`,
  path: sql`${calls.path}`,
  kind: sql`${calls.kind}`,
  status: sql`${calls.status}`,
  stopReason: sql`${calls.stop_reason}`,
  messageState: sql`${calls.message_state}`,
  errorKind: sql`${calls.error_kind}`,
  usageComplete: sql`${calls.usage_complete}`,
  costNanoUsd: sql`${calls.cost_nano_usd}`,
  costSource: sql`${calls.cost_source}`,
  computedCostNanoUsd: sql`${calls.computed_cost_nano_usd}`,
  reportedCostNanoUsd: sql`${calls.reported_cost_nano_usd}`,
  cacheSavedNanoUsd: sql`${calls.cache_saved_nano_usd}`,
  usesCache: sql`CASE WHEN ${usesCache} THEN 1 ELSE 0 END`,
  cacheMissCause: sql`${calls.cache_miss_cause}`,
  cacheLostTokens: sql`${calls.cache_lost_tokens}`,
  cacheLostNanoUsd: sql`${calls.cache_lost_nano_usd}`,
  serverTools: sql`CASE WHEN json_valid(detail_text(${callDetails.request_facts})) THEN detail_text(${callDetails.request_facts}) -> 'serverTools' END`,
  usage: sql`CASE WHEN json_valid(detail_text(${callDetails.usage})) THEN detail_text(${callDetails.usage}) -> 'merged' END`,
  costLines: sql`detail_text(${callDetails.cost_lines})`,
  gapMs: gap,
} as const;

function toStoredPrice(row: readonly unknown[], groupsFrom: number): StoredPrice {
  const value = (name: keyof typeof read): unknown => row[Object.keys(read).indexOf(name)] ?? null;
  // The columns are the recorder's own, of the types that the tables give them.
  const text = (name: keyof typeof read): string | null => value(name) as string | null;
  const number = (name: keyof typeof read): number | null => value(name) as number | null;
  const complete = number('usageComplete');
  return {
    id: text('id') ?? '',
    startedMs: number('startedMs') ?? 0,
    model: text('model'),
    method: text('method') ?? '',
    path: text('path') ?? '',
    kind: text('kind'),
    status: number('status'),
    stopReason: text('stopReason'),
    messageState: text('messageState'),
    errorKind: text('errorKind'),
    usageComplete: complete === null ? null : complete === 1,
    costNanoUsd: number('costNanoUsd'),
    costSource: text('costSource'),
    computedCostNanoUsd: number('computedCostNanoUsd'),
    reportedCostNanoUsd: number('reportedCostNanoUsd'),
    cacheSavedNanoUsd: number('cacheSavedNanoUsd'),
    usesCache: number('usesCache') === 1,
    cacheMissCause: text('cacheMissCause'),
    cacheLostTokens: number('cacheLostTokens'),
    cacheLostNanoUsd: number('cacheLostNanoUsd'),
    serverTools: text('serverTools'),
    usage: text('usage'),
    costLines: text('costLines'),
    gapMs: number('gapMs'),
    groups: row.slice(groupsFrom) as (string | number | null)[],
  };
}
