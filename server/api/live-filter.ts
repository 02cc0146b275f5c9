/** The shared filters, asked of one call in memory instead of the store; they must mean the same there. */
import type { Filters } from '../store/filters.ts';
import type { Call } from './wire.ts';

type Column = (call: Call) => string | null;

/** The column that each text filter looks at. */
const columns = {
  model: (call) => call.model,
  requested_model: (call) => call.requested_model,
  state: (call) => call.state,
  error_kind: (call) => call.error_kind,
  message_state: (call) => call.message_state,
  stop_reason: (call) => call.stop_reason,
  user: (call) => call.user_id,
  team: (call) => call.team,
  key: (call) => call.key_id,
  session: (call) => call.session_id,
  agent: (call) => call.agent_id,
  path: (call) => call.path,
  upstream: (call) => call.upstream,
  service_tier: (call) => call.service_tier,
  cost_source: (call) => call.cost_source,
  cache_miss_cause: (call) => call.cache_miss_cause,
} as const satisfies Partial<Record<keyof Filters, Column>>;

const columnNames = Object.keys(columns).filter((name): name is keyof typeof columns => name in columns);

/** Whether `call` passes `filters`. What is unknown passes only the empty value. `q` is not looked at: a call holds no text. */
export function matchesFilters(call: Call, filters: Filters): boolean {
  const { fromMs, toMs, stream, replay, demo, error, unpriced, status, tag, minCostNanoUsd, minTokens } =
    filters;
  if (fromMs !== undefined && call.started_ms < fromMs) return false;
  if (toMs !== undefined && call.started_ms >= toMs) return false;
  if (stream !== undefined && call.stream !== Number(stream)) return false;
  if (replay !== undefined && (call.replay_of !== null) !== replay) return false;
  if (demo !== undefined && (call.demo === 1) !== demo) return false;
  if (error !== undefined && isError(call) !== error) return false;
  if (unpriced !== undefined && isUnpriced(call) !== unpriced) return false;
  if (minCostNanoUsd !== undefined && (call.cost_nano_usd === null || call.cost_nano_usd < minCostNanoUsd))
    return false;
  if (minTokens !== undefined && totalTokens(call) < minTokens) return false;
  if (status !== undefined && !status.some((pattern) => matchesStatus(call.status, pattern))) return false;
  if (tag !== undefined && !tag.some((pattern) => matchesTag(call.tags, pattern))) return false;
  return columnNames.every((name) => {
    const patterns = filters[name];
    return patterns === undefined || patterns.some((pattern) => matchesText(columns[name](call), pattern));
  });
}

function isError({ state, status, message_state }: Call): boolean {
  return !['completed', 'open'].includes(state) || (status ?? 0) >= 400 || message_state === 'error_event';
}

function isUnpriced({ cost_nano_usd, state }: Call): boolean {
  return cost_nano_usd === null && state !== 'open';
}

function matchesText(value: string | number | null, pattern: string): boolean {
  if (value === null || pattern === '') return value === null && pattern === '';
  const text = String(value);
  return pattern.endsWith('*') ? text.startsWith(pattern.slice(0, -1)) : text === pattern;
}

/** `404`, a class `4xx`, a prefix `4*`, a comparison `>=400`. */
function matchesStatus(status: number | null, pattern: string): boolean {
  if (status === null || pattern === '') return status === null && pattern === '';
  const [, operator, bound] = /^([<>]=?)(\d+)$/.exec(pattern) ?? [];
  switch (operator) {
    case '>=':
      return status >= Number(bound);
    case '>':
      return status > Number(bound);
    case '<=':
      return status <= Number(bound);
    case '<':
      return status < Number(bound);
    default:
      return matchesText(status, pattern.replace('xx', '*'));
  }
}

function matchesTag(tags: Call['tags'], pattern: string): boolean {
  const mark = pattern.indexOf('=');
  const name = pattern.slice(0, mark);
  const value = tags !== null && Object.hasOwn(tags, name) ? (tags[name] ?? null) : null;
  return matchesText(value, pattern.slice(mark + 1));
}

function totalTokens(call: Call): number {
  const parts = [
    call.input_tokens,
    call.output_tokens,
    call.cache_read_tokens,
    call.cache_write_5m_tokens,
    call.cache_write_1h_tokens,
  ];
  return parts.reduce<number>((sum, part) => sum + (part ?? 0), 0);
}
