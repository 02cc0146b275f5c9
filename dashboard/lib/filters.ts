/** The filters that API and address share, and whether a live call passes them. */
import type { Call } from '../../server/api/wire.ts';

/** Every filter of the API besides the range, in the order of the chips. */
export const FILTER_NAMES = [
  'model',
  'stop_reason',
  'status',
  'state',
  'error_kind',
  'message_state',
  'session',
  'agent',
  'user',
  'team',
  'key',
  'path',
  'requested_model',
  'tag',
  'upstream',
  'service_tier',
  'cost_source',
  'cache_miss_cause',
  'error',
  'unpriced',
  'stream',
  'replay',
  'demo',
  'min_cost',
  'min_tokens',
  'q',
] as const;

export type FilterName = (typeof FILTER_NAMES)[number];

/** Values by filter; several values of one filter are alternatives, an empty one stands for calls that have none. */
export type FilterValues = Readonly<Partial<Record<FilterName, readonly string[]>>>;

/** The word for a filter in a sentence. */
export const FILTER_LABELS: Record<FilterName, string> = {
  model: 'model',
  stop_reason: 'stop reason',
  status: 'status',
  state: 'state',
  error_kind: 'error',
  message_state: 'message',
  session: 'session',
  agent: 'agent',
  user: 'user',
  team: 'team',
  key: 'key',
  path: 'path',
  requested_model: 'asked model',
  tag: 'tag',
  upstream: 'upstream',
  service_tier: 'service tier',
  cost_source: 'cost',
  cache_miss_cause: 'cache miss',
  error: 'counts as error',
  unpriced: 'unpriced',
  stream: 'stream',
  replay: 'replay',
  demo: 'demo',
  min_cost: 'cost at least $',
  min_tokens: 'tokens at least',
  q: 'text',
};

const COLUMNS: Partial<Record<FilterName, keyof Call>> = {
  model: 'model',
  requested_model: 'requested_model',
  state: 'state',
  error_kind: 'error_kind',
  message_state: 'message_state',
  stop_reason: 'stop_reason',
  user: 'user_id',
  team: 'team',
  key: 'key_id',
  session: 'session_id',
  agent: 'agent_id',
  path: 'path',
  upstream: 'upstream',
  service_tier: 'service_tier',
  cost_source: 'cost_source',
  cache_miss_cause: 'cache_miss_cause',
};

function isMatch(value: unknown, pattern: string): boolean {
  if (pattern === '') return value === null || value === undefined;
  if (typeof value !== 'string' && typeof value !== 'number') return false;
  const text = String(value);
  return pattern.endsWith('*') ? text.startsWith(pattern.slice(0, -1)) : text === pattern;
}

/** All tokens of a call, input, cache and output; null when none is known. */
export function totalTokens(call: Call): number | null {
  const parts = [
    call.input_tokens,
    call.cache_read_tokens,
    call.cache_write_5m_tokens,
    call.cache_write_1h_tokens,
    call.output_tokens,
  ].filter((part) => part !== null);
  return parts.length === 0 ? null : parts.reduce((sum, part) => sum + part, 0);
}

/** `404`, a class `4xx`, a prefix `4*`, a comparison `>=400`. */
function isStatus(status: number | null, pattern: string): boolean {
  if (status === null || pattern === '') return status === null && pattern === '';
  const bound = Number(pattern.replace(/^[<>]=?/, ''));
  if (pattern.startsWith('>=')) return status >= bound;
  if (pattern.startsWith('<=')) return status <= bound;
  if (pattern.startsWith('>')) return status > bound;
  if (pattern.startsWith('<')) return status < bound;
  return isMatch(status, pattern.replace('xx', '*'));
}

function isError({ state, status, message_state }: Call): boolean {
  return !['completed', 'open'].includes(state) || (status ?? 0) >= 400 || message_state === 'error_event';
}

function passesFlag(name: FilterName, values: readonly string[], call: Call): boolean | null {
  const wanted = values.includes('true');
  if (name === 'stream') return (call.stream === 1) === wanted;
  if (name === 'replay') return (call.replay_of !== null) === wanted;
  if (name === 'demo') return (call.demo === 1) === wanted;
  if (name === 'error') return isError(call) === wanted;
  if (name === 'unpriced') return (call.cost_nano_usd === null && call.state !== 'open') === wanted;
  return null;
}

function passes(name: FilterName, values: readonly string[], call: Call): boolean {
  const flag = passesFlag(name, values, call);
  if (flag !== null) return flag;
  if (name === 'status') return values.some((value) => isStatus(call.status, value));
  if (name === 'min_cost') return (call.cost_nano_usd ?? -1) >= Number(values[0]) * 1e9;
  if (name === 'min_tokens') return (totalTokens(call) ?? -1) >= Number(values[0]);
  if (name === 'tag') {
    return values.some((value) => {
      const at = value.indexOf('=');
      return isMatch(call.tags?.[value.slice(0, at)], value.slice(at + 1));
    });
  }
  const column = COLUMNS[name];
  // Full text can only be asked of the store.
  return column !== undefined && values.some((value) => isMatch(call[column], value));
}

/** Whether a call from the live stream belongs into a list with these filters. */
export function passesFilters(call: Call, filters: FilterValues): boolean {
  return FILTER_NAMES.every((name) => {
    const values = filters[name];
    return values === undefined || values.length === 0 || passes(name, values, call);
  });
}

/** A filter's value as text; the empty one in words. */
export function valueText(value: string): string {
  return value === '' ? 'none' : value.endsWith('=') ? `${value.slice(0, -1)}: none` : value;
}

/** The ids that Weir gives to calls. */
export const CALL_ID = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

/** `model:claude-*` as a filter; null for what names none. */
export function readPair(typed: string): { name: FilterName; value: string } | null {
  const [, given, value = ''] = /^(\w+)[:=](.*)$/.exec(typed.trim()) ?? [];
  const name = FILTER_NAMES.find((one) => one === given);
  return name === undefined || (name === 'q' && value === '') ? null : { name, value: value.trim() };
}

/** `model=a&model=b&status=529`, in the fixed order of the names. */
export function filterParams(filters: FilterValues): URLSearchParams {
  const params = new URLSearchParams();
  for (const name of FILTER_NAMES) for (const value of filters[name] ?? []) params.append(name, value);
  return params;
}
