/** What figures can be split by, and the filter that finds the calls of one part. */
import type { FilterName } from './filters.ts';

export interface Dimension {
  /** As `group_by` takes it. */
  readonly id: string;
  readonly label: string;
  readonly filter: FilterName;
}

export const DIMENSIONS: readonly [Dimension, ...Dimension[]] = [
  { id: 'model', label: 'Model', filter: 'model' },
  { id: 'requested_model', label: 'Asked model', filter: 'requested_model' },
  { id: 'stop_reason', label: 'Stop reason', filter: 'stop_reason' },
  { id: 'status', label: 'Status', filter: 'status' },
  { id: 'state', label: 'State', filter: 'state' },
  { id: 'error_kind', label: 'Error', filter: 'error_kind' },
  { id: 'cache_miss_cause', label: 'Cache miss', filter: 'cache_miss_cause' },
  { id: 'user_id', label: 'User', filter: 'user' },
  { id: 'team', label: 'Team', filter: 'team' },
  { id: 'key_id', label: 'Key', filter: 'key' },
  { id: 'session_id', label: 'Session', filter: 'session' },
  { id: 'agent_id', label: 'Agent', filter: 'agent' },
  { id: 'path', label: 'Path', filter: 'path' },
  { id: 'service_tier', label: 'Service tier', filter: 'service_tier' },
  { id: 'upstream', label: 'Upstream', filter: 'upstream' },
];

const TAG = 'tag:';

/** The dimension with this id, `tag:NAME` included; null for what is none. */
export function dimensionOf(id: string | null): Dimension | null {
  if (id === null) return null;
  if (id.startsWith(TAG) && id.length > TAG.length)
    return { id, label: `Tag ${id.slice(TAG.length)}`, filter: 'tag' };
  return DIMENSIONS.find((one) => one.id === id) ?? null;
}

/** Names of tags among the values of the facet `tag`, `name=value` each. */
export function tagDimensions(values: readonly string[]): Dimension[] {
  const names = new Set(values.flatMap((value) => (value.includes('=') ? [value.split('=')[0] ?? ''] : [])));
  return [...names].sort().flatMap((name) => dimensionOf(TAG + name) ?? []);
}

/**
 * The filter that finds the calls of one value, null being that of calls without one; null for an empty text, which no filter
 * can tell from none.
 */
export function filterOf(dimension: Dimension, value: string | null): [FilterName, string] | null {
  if (value === '') return null;
  return dimension.filter === 'tag'
    ? ['tag', `${dimension.id.slice(TAG.length)}=${value ?? ''}`]
    : [dimension.filter, value ?? ''];
}
