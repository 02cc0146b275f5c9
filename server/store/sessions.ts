/** Sessions: the calls that a client says belong together, as one row each. */
import { and, isNotNull, isNull, sql, type SQL } from 'drizzle-orm';
import { rfc3339 } from './shown.ts';
import { callsMatching, type FoundFilters } from './conditions.ts';
import type { Filters } from './filters.ts';
import { metricSql } from './metrics.ts';
import type { Store } from './open.ts';
import { settleSearch } from './search-hits.ts';
import { makeTotals, totalNames } from './session-totals.ts';
import { formatCursor, parseCursor, type Position } from './position.ts';
import type { Metric, Session, SessionSpan, SessionsPage, SessionTotals } from './served.ts';
import { calls } from './tables.ts';

const mostItems = 500;

/** Input of a call, cached or not; null when nothing of it is known. */
export const contextTokens = sql`CASE WHEN coalesce(${calls.input_tokens}, ${calls.cache_read_tokens}, ${calls.cache_write_5m_tokens}, ${calls.cache_write_1h_tokens}) IS NOT NULL
  THEN coalesce(${calls.input_tokens}, 0) + coalesce(${calls.cache_read_tokens}, 0)
    + coalesce(${calls.cache_write_5m_tokens}, 0) + coalesce(${calls.cache_write_1h_tokens}, 0) END`;

/** The largest context is no metric. */
const totalMetrics: readonly Metric[] = totalNames.filter((name) => name !== 'peak_context_tokens');

/** What the aggregates of `spanColumns` give back. */
export interface SpanRow extends SessionTotals {
  readonly first_ms: number;
  readonly last_ms: number | null;
  /** JSON list. */
  readonly models: string;
  readonly title: string | null;
}

/** Aggregates over a group of calls; `title` is told by the caller. */
export const spanColumns = sql.join(
  [
    sql`min(${calls.started_ms}) AS first_ms`,
    sql`max(${calls.ended_ms}) AS last_ms`,
    sql`json_group_array(DISTINCT ${calls.model}) AS models`,
    sql`max(${contextTokens}) AS peak_context_tokens`,
    ...totalMetrics.map((metric) => sql`${metricSql(metric)} AS ${sql.identifier(metric)}`),
  ],
  sql`, `,
);

/**
 * A page of sessions, the one that began last first, made of the calls that pass `filters`; replays are left out unless
 * the filters ask for them. `limit` is kept within 1 and 500. Throws `BadCursor`, `BadQuestion`.
 */
export function listSessions(
  store: Store,
  asked: Filters,
  limit: number,
  cursor: string | null,
): SessionsPage {
  const size = Math.min(Math.max(Math.trunc(limit), 1), mostItems);
  const after = cursor === null ? null : parseCursor(cursor);
  // One snapshot, so that a session on the page has calls.
  return store.sqlite.transaction(() => {
    const { filters, incomplete } = settleSearch(store, asked);
    const firsts = store.db.all<FirstCall>(firstCallsSql(filters, size + 1, after));
    const page = firsts.slice(0, size);
    const last = page.at(-1);
    const hasMore = firsts.length > size && last !== undefined;
    return {
      items: sessionsOf(store, filters, page),
      next_cursor: hasMore ? formatCursor({ startedMs: last.started_ms, id: last.id }) : null,
      ...(incomplete === null ? {} : { incomplete }),
    };
  })();
}

interface FirstCall {
  readonly session_id: string;
  readonly started_ms: number;
  readonly id: string;
}

/**
 * The first matching call of each session, newest first: a walk along the index of all starts that leaves out calls with a
 * matching one before them in their session, each of which is one seek. Exported so that a test can ask how it would be run.
 */
export function firstCallsSql(filters: FoundFilters, size: number, after: Position | null): SQL {
  const matching = sql`SELECT ${calls.session_id} AS session_id, ${calls.started_ms} AS started_ms, ${calls.id} AS id
    FROM ${calls} WHERE ${and(isNotNull(calls.session_id), matchingCalls(filters))}`;
  const place =
    after === null ? sql`` : sql`AND (first.started_ms, first.id) < (${after.startedMs}, ${after.id})`;
  return sql`SELECT first.session_id, first.started_ms, first.id FROM (${matching}) AS first
    WHERE NOT EXISTS (SELECT 1 FROM (${matching}) AS earlier WHERE earlier.session_id = first.session_id
      AND (earlier.started_ms, earlier.id) < (first.started_ms, first.id)) ${place}
    ORDER BY first.started_ms DESC, first.id DESC LIMIT ${size}`;
}

/** A session's calls without the replays, which are somebody else's work done again. */
export function matchingCalls(filters: FoundFilters): SQL | undefined {
  return and(callsMatching(filters), filters.replay === undefined ? isNull(calls.replay_of) : undefined);
}

function sessionsOf(store: Store, filters: FoundFilters, page: readonly FirstCall[]): Session[] {
  const ids = JSON.stringify(page.map(({ session_id: id }) => id));
  const condition = matchingCalls(filters) ?? sql`true`;
  const known = (column: SQL): SQL =>
    sql`(SELECT ${column} FROM ${calls} WHERE ${calls.session_id} = wanted.value AND ${column} IS NOT NULL AND ${condition}
      ORDER BY ${calls.started_ms}, ${calls.id} LIMIT 1)`;
  // CROSS JOIN keeps the planner from reading all calls to look each of them up among the wanted.
  const rows = store.db.all<SessionRow>(sql`SELECT wanted.value AS session_id, ${spanColumns},
      count(DISTINCT coalesce(${calls.agent_id}, '')) AS agents, ${titleSql(sql`wanted.value`)} AS title,
      ${known(sql`${calls.user_id}`)} AS user_id, ${known(sql`${calls.team}`)} AS team
    FROM json_each(${ids}) AS wanted CROSS JOIN ${calls}
    WHERE ${calls.session_id} = wanted.value AND ${condition} GROUP BY wanted.key, wanted.value ORDER BY CAST(wanted.key AS BIGINT)`);
  return rows.map(toSession);
}

/** First words of the first turn of the main thread that a user wrote, else of any turn; whatever the filters leave out. */
export function titleSql(sessionId: SQL, ofAgent: SQL = sql`true`): SQL {
  const first = (which: SQL): SQL =>
    sql`(SELECT ${calls.preview} FROM ${calls} WHERE ${calls.session_id} = ${sessionId} AND ${which} AND ${ofAgent}
      AND ${calls.preview} IS NOT NULL AND NOT glob('tool_result ← *', ${calls.preview}) ORDER BY ${calls.started_ms}, ${calls.id} LIMIT 1)`;
  return sql`coalesce(${first(sql`${calls.agent_id} IS NULL AND coalesce(${calls.kind}, 'main') = 'main'`)},
    ${first(sql`coalesce(${calls.kind}, '') NOT IN ('title', 'quota_probe', 'count_tokens')`)}, ${first(sql`true`)})`;
}

interface SessionRow extends SpanRow {
  readonly session_id: string;
  readonly user_id: string | null;
  readonly team: string | null;
  readonly agents: number;
}

function toSession(row: SessionRow): Session {
  return {
    session_id: row.session_id,
    ...toSpan(row),
    user_id: row.user_id,
    team: row.team,
    calls: row.calls,
    agents: row.agents,
    totals: toTotals(row),
  };
}

export function toSpan(row: SpanRow): SessionSpan {
  const { first_ms: startedMs, last_ms: endedMs } = row;
  // The list that the statement makes: texts, and null for who has not answered.
  const models = (JSON.parse(row.models) as (string | null)[]).filter((model) => model !== null);
  return {
    started_ms: startedMs,
    started: rfc3339(startedMs),
    ended_ms: endedMs,
    ended: endedMs === null ? null : rfc3339(endedMs),
    models: models.sort(),
    title: row.title,
  };
}

export function toTotals(row: SessionTotals): SessionTotals {
  return makeTotals(
    (name) => row[name],
    (name) => row[name],
  );
}
