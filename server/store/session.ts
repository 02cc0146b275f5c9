/** One session: its agents as a tree, its calls in order, what they add up to. */
import { and, asc, eq, isNull, sql, type SQL } from 'drizzle-orm';
import { toCall } from './shown.ts';
import type { Store } from './open.ts';
import { formatCursor, isNewerThan, isOlderThan, parseCursor, type Position } from './position.ts';
import type { SessionAgent, SessionCall, SessionDetail } from './served.ts';
import { addTotals, noTotals, treeOf, type FlatAgent } from './session-tree.ts';
import { spanColumns, titleSql, toSpan, toTotals, type SpanRow } from './sessions.ts';
import { calls, type CallRow } from './tables.ts';

const mostItems = 500;
/** Later than any end. */
const endOfTimeMs = 8.64e15;

/**
 * A session with a page of its calls, the first one first; null when there is none with this id. Replays are left out.
 * `limit` is kept within 1 and 500. Throws `BadCursor`.
 */
export function readSession(
  store: Store,
  id: string,
  limit: number,
  cursor: string | null,
): SessionDetail | null {
  const size = Math.min(Math.max(Math.trunc(limit), 1), mostItems);
  const after = cursor === null ? null : parseCursor(cursor);
  // One snapshot, so that tree, totals and calls agree.
  return store.sqlite.transaction(() => {
    const whole = wholeOf(store, id);
    if (whole === null) return null;
    const agents = agentsOf(store, id);
    const rows = callsOf(store, id, size + 1, after);
    const page = rows.slice(0, size);
    const last = page.at(-1);
    const hasMore = rows.length > size && last !== undefined;
    return {
      session_id: id,
      ...toSpan(whole),
      user_id: whole.user_id,
      team: whole.team,
      agents,
      own_totals: agents.find((agent) => agent.agent_id === null)?.own_totals ?? noTotals,
      totals: toTotals(whole),
      calls: toTurns(page, after === null ? null : lastToEnd(store, id, after)),
      next_cursor: hasMore ? formatCursor({ startedMs: last.started_ms, id: last.id }) : null,
    };
  })();
}

function inSession(id: string): SQL | undefined {
  return and(eq(calls.session_id, id), isNull(calls.replay_of));
}

interface WholeRow extends SpanRow {
  readonly user_id: string | null;
  readonly team: string | null;
}

function wholeOf({ db }: Store, id: string): WholeRow | null {
  const known = (column: SQL): SQL =>
    sql`(SELECT ${column} FROM ${calls} WHERE ${inSession(id)} AND ${column} IS NOT NULL ORDER BY ${calls.started_ms}, ${calls.id} LIMIT 1)`;
  const row = db.get<WholeRow>(sql`SELECT ${spanColumns}, ${titleSql(sql`${id}`)} AS title,
      ${known(sql`${calls.user_id}`)} AS user_id, ${known(sql`${calls.team}`)} AS team
    FROM ${calls} WHERE ${inSession(id)}`);
  return row.calls === 0 ? null : row;
}

interface AgentRow extends SpanRow {
  readonly agent_id: string | null;
  readonly parent_agent_id: string | null;
}

function agentsOf({ db }: Store, id: string): SessionAgent[] {
  const rows = db.all<AgentRow>(sql`SELECT agent.id AS agent_id, agent.title AS title, ${spanColumns},
      min(${calls.parent_agent_id}) AS parent_agent_id
    FROM (SELECT found.id AS id, ${titleSql(sql`${id}`, sql`${calls.agent_id} IS NOT DISTINCT FROM found.id`)} AS title
      FROM (SELECT DISTINCT ${calls.agent_id} AS id FROM ${calls} WHERE ${inSession(id)}) AS found) AS agent
    CROSS JOIN ${calls}
    WHERE ${calls.agent_id} IS NOT DISTINCT FROM agent.id AND ${inSession(id)} GROUP BY agent.id, agent.title ORDER BY first_ms, agent.id NULLS FIRST`);
  return treeOf(
    rows.map((row): FlatAgent => ({
      agent_id: row.agent_id,
      parent_agent_id: row.parent_agent_id,
      ...toSpan(row),
      own_totals: toTotals(row),
    })),
  ).map(({ agent, depth, below }) => ({
    ...agent,
    depth,
    totals: below.reduce((sum, { own_totals: totals }) => addTotals(sum, totals), agent.own_totals),
  }));
}

function callsOf({ db }: Store, id: string, size: number, after: Position | null): CallRow[] {
  return db
    .select()
    .from(calls)
    .where(and(inSession(id), after === null ? undefined : isNewerThan(after)))
    .orderBy(asc(calls.started_ms), asc(calls.id))
    .limit(size)
    .all();
}

/** Of the calls up to `position` the one that ended last. */
function lastToEnd({ db }: Store, id: string, position: Position): CallRow | null {
  const upTo = sql`(${isOlderThan(position)} OR ${calls.id} = ${position.id})`;
  const end = sql`coalesce(${calls.ended_ms}, CASE ${calls.state} WHEN 'open' THEN ${endOfTimeMs} ELSE ${calls.started_ms} END)`;
  return (
    db
      .select()
      .from(calls)
      .where(and(inSession(id), upTo))
      .orderBy(sql`${end} DESC`)
      .limit(1)
      .get() ?? null
  );
}

function toTurns(rows: readonly CallRow[], before: CallRow | null): SessionCall[] {
  let last = before;
  return rows.map((row) => {
    const turn = { ...toCall(row), context_tokens: contextOf(row), idle_ms: idleBetween(last, row) };
    if (last === null || endOf(row) >= endOf(last)) last = row;
    return turn;
  });
}

function idleBetween(last: CallRow | null, next: CallRow): number | null {
  const isUnknown = last === null || (last.ended_ms === null && last.state !== 'open');
  return isUnknown ? null : Math.max(0, next.started_ms - endOf(last));
}

/** A call that still runs ends after all others; one whose end nobody saw, at its start as far as is known. */
function endOf({ ended_ms: endedMs, started_ms: startedMs, state }: CallRow): number {
  return endedMs ?? (state === 'open' ? endOfTimeMs : startedMs);
}

function contextOf(row: CallRow): number | null {
  const parts = [
    row.input_tokens,
    row.cache_read_tokens,
    row.cache_write_5m_tokens,
    row.cache_write_1h_tokens,
  ];
  const known = parts.filter((part) => part !== null);
  return known.length === 0 ? null : known.reduce((sum, part) => sum + part, 0);
}
