/** The shared filters as SQL over `calls`. What is unknown (NULL) passes only the empty value. */
import { and, eq, gt, gte, inArray, isNotNull, isNull, lt, lte, not, or, sql, type SQL } from 'drizzle-orm';
import type { SQLiteColumn } from 'drizzle-orm/sqlite-core';
import { isError, isUnpriced, knownTokens } from './call-figures.ts';
import { BadQuestion } from './errors.ts';
import type { Filters } from './filters.ts';
import { callsSaying } from './search.ts';
import { calls } from './tables.ts';

const textColumns = {
  model: calls.model,
  requested_model: calls.requested_model,
  state: calls.state,
  error_kind: calls.error_kind,
  message_state: calls.message_state,
  stop_reason: calls.stop_reason,
  user: calls.user_id,
  team: calls.team,
  key: calls.key_id,
  session: calls.session_id,
  agent: calls.agent_id,
  path: calls.path,
  upstream: calls.upstream,
  service_tier: calls.service_tier,
  cost_source: calls.cost_source,
  cache_miss_cause: calls.cache_miss_cause,
} as const satisfies Partial<Record<keyof Filters, SQLiteColumn>>;

/** `tags` as a JSON object whatever stands in the column: one malformed value must not fail a whole list. */
export const safeTags = sql`CASE WHEN json_valid(${calls.tags}) AND json_type(${calls.tags}) = 'object' THEN ${calls.tags} ELSE '{}' END`;

/** Filters with which a search has been made already. */
export interface FoundFilters extends Filters {
  /** Of the calls that it found. */
  readonly ids?: readonly string[];
}

/**
 * All of `filters` as one condition; undefined when they let everything pass.
 * Throws `BadQuestion` for a value that cannot be understood.
 */
export function callsMatching(filters: FoundFilters): SQL | undefined {
  const conditions: (SQL | undefined)[] = [
    ifGiven(filters.fromMs, (fromMs) => gte(calls.started_ms, fromMs)),
    ifGiven(filters.toMs, (toMs) => lt(calls.started_ms, toMs)),
    ifGiven(filters.stream, (stream) => eq(calls.stream, Number(stream))),
    ifGiven(filters.demo, (demo) => eq(calls.demo, Number(demo))),
    ifGiven(filters.replay, (replay) => (replay ? isNotNull(calls.replay_of) : isNull(calls.replay_of))),
    ifGiven(filters.error, (error) => (error ? isError : not(isError))),
    ifGiven(filters.unpriced, (unpriced) => (unpriced ? isUnpriced : not(isUnpriced))),
    ifGiven(filters.minCostNanoUsd, (nanoUsd) => gte(calls.cost_nano_usd, nanoUsd)),
    ifGiven(filters.minTokens, (tokens) => sql`${knownTokens} >= ${tokens}`),
    anyOf(filters.status, statusMatching),
    anyTagOf(filters.tag),
    ifGiven(filters.ids, (ids) => sql`${calls.id} IN (SELECT value FROM json_each(${JSON.stringify(ids)}))`),
    filters.q !== undefined && filters.q.length > 0 ? callsSaying(filters.q) : undefined,
  ];
  for (const [name, column] of Object.entries(textColumns)) {
    conditions.push(anyTextOf(column, filters[name as keyof typeof textColumns]));
  }
  return and(...conditions);
}

function ifGiven<Value>(
  value: Value | undefined,
  condition: (value: Value) => SQL | undefined,
): SQL | undefined {
  return value === undefined ? undefined : condition(value);
}

function anyOf(values: readonly string[] | undefined, condition: (value: string) => SQL): SQL | undefined {
  if (values === undefined || values.length === 0) return undefined;
  return or(...values.map(condition));
}

function anyTextOf(column: SQLiteColumn, values: readonly string[] | undefined): SQL | undefined {
  if (values === undefined || values.length === 0) return undefined;
  const exact = values.filter((value) => value !== '' && !value.endsWith('*'));
  const prefixes = values.filter((value) => value.endsWith('*'));
  return or(
    values.includes('') ? isNull(column) : undefined,
    exact.length > 0 ? inArray(column, exact) : undefined,
    ...prefixes.map((value) => sql`glob(${prefixPattern(value)}, ${column})`),
  );
}

/** What `X GLOB Y` calls, written so that both engines read it; and not LIKE, because LIKE takes `A` for `a`. `value` ends in `*`; everything before it stands for itself. */
function prefixPattern(value: string): string {
  return `${value.slice(0, -1).replace(/[*?[]/g, '[$&]')}*`;
}

const comparisons = { '>=': gte, '>': gt, '<=': lte, '<': lt } as const;

/** `404`, a class `4xx`, a prefix `4*`, a comparison `>=400`. */
function statusMatching(value: string): SQL {
  if (value === '') return isNull(calls.status);
  if (/^\d{1,4}$/.test(value)) return eq(calls.status, Number(value));
  if (/^\dxx$/i.test(value)) return sql`${calls.status} / 100 = ${Number(value[0])}`;
  if (/^\d{0,4}\*$/.test(value)) return sql`glob(${value}, CAST(${calls.status} AS TEXT))`;
  const comparison = /^(>=|>|<=|<)(\d{1,4})$/.exec(value);
  if (comparison === null)
    throw new BadQuestion(`status takes 404, 4xx, 4* or >=400, not ${value.slice(0, 40)}`);
  const [, operator = '>=', status] = comparison;
  return comparisons[operator as keyof typeof comparisons](calls.status, Number(status));
}

/** One look into the tags for all of them: a subquery for each would soon be more than the database's parser takes. */
function anyTagOf(tags: readonly string[] | undefined): SQL | undefined {
  const isAbsent = (tag: string): boolean => tag.indexOf('=') === tag.length - 1;
  const absent = tags?.filter(isAbsent).map((tag) => tag.slice(0, -1)) ?? [];
  const matches = anyOf(
    tags?.filter((tag) => !isAbsent(tag)),
    tagMatching,
  );
  return or(
    matches && sql`EXISTS (SELECT 1 FROM json_each(${safeTags}) AS tag WHERE ${matches})`,
    absent.length > 0
      ? sql`(SELECT count(DISTINCT tag.key) FROM json_each(${safeTags}) AS tag WHERE ${inArray(sql`tag.key`, absent)}) < ${new Set(absent).size}`
      : undefined,
  );
}

function tagMatching(tag: string): SQL {
  const mark = tag.indexOf('=');
  if (mark < 1) throw new BadQuestion(`tag takes name=value, not ${tag.slice(0, 40)}`);
  const [name, value] = [tag.slice(0, mark), tag.slice(mark + 1)];
  const matches = value.endsWith('*')
    ? sql`glob(${prefixPattern(value)}, CAST(tag.value AS TEXT))`
    : sql`CAST(tag.value AS TEXT) = ${value}`;
  return sql`(tag.key = ${name} AND ${matches})`;
}
