/**
 * The address bar is the state: a path and query parameters as signals. Defaults stand not in the address, parameters we
 * do not know are kept, and what the user does can be undone with the back button.
 */
import { computed, effect, signal, type ReadonlySignal } from '@preact/signals';
import { FILTER_NAMES, type FilterName, type FilterValues } from '../lib/filters.ts';
import { DEFAULT_RANGE, parseRange, type Range } from '../lib/range.ts';
import { isZone } from '../lib/zone.ts';

const BASE = '/-';

interface Address {
  readonly path: string;
  readonly params: URLSearchParams;
}

/** New values of parameters: null or an empty list takes one away. */
export type Changes = Readonly<Record<string, string | readonly string[] | null>>;

function readAddress(): Address {
  const { pathname, search } = window.location;
  const path = pathname.startsWith(BASE) ? pathname.slice(BASE.length) : pathname;
  return { path: path === '' || path === '/' ? '/overview' : path, params: new URLSearchParams(search) };
}

export const address = signal<Address>(readAddress());

/** Current page, `/overview`, `/requests`, `/requests/<id>`, … */
export const path = computed(() => address.value.path);

window.addEventListener('popstate', () => {
  address.value = readAddress();
});

/** Parameters that belong to one view and do not travel to other pages. */
const LOCAL_PARAMS = ['r', 'tab', 'thread', 'own', 'a', 'b', 'against', 'of', 'replays_of', 'batch'];

function changed(params: URLSearchParams, changes: Changes): URLSearchParams {
  const next = new URLSearchParams(params);
  for (const [name, value] of Object.entries(changes)) {
    next.delete(name);
    for (const one of typeof value === 'string' ? [value] : (value ?? [])) next.append(name, one);
  }
  return next;
}

/** The address of a page with range, zone and filters kept, as a link's `href`. */
export function hrefOf(to: string, changes: Changes = {}): string {
  const kept = new URLSearchParams(address.value.params);
  for (const name of LOCAL_PARAMS) kept.delete(name);
  const query = changed(kept, changes).toString();
  return `${BASE}${to}${query ? `?${query}` : ''}`;
}

/** Goes there: `push` for what a user does, `replace` for what only corrects. */
export function go(href: string, how: 'push' | 'replace' = 'push'): void {
  if (href === window.location.pathname + window.location.search) return;
  if (how === 'push') window.history.pushState(null, '', href);
  else window.history.replaceState(null, '', href);
  address.value = readAddress();
}

/** Changes parameters of the page that is shown; null or an empty list takes one away. */
export function setParams(changes: Changes, how: 'push' | 'replace' = 'push'): void {
  const query = changed(address.value.params, changes).toString();
  go(`${BASE}${address.value.path}${query ? `?${query}` : ''}`, how);
}

/** One parameter as a signal; invalid values fall back to the default in silence. */
export function param<T extends string>(
  name: string,
  fallback: T,
  isValid: (value: string) => value is T,
): ReadonlySignal<T> {
  return computed(() => {
    const value = address.value.params.get(name);
    return value !== null && isValid(value) ? value : fallback;
  });
}

/** The instant that "now" means on this page, so that all its parts ask for the same range; a full minute. */
export const nowMs = signal(nextMinute());

function nextMinute(): number {
  return Math.ceil((Date.now() + 1) / 60_000) * 60_000;
}

/** Moves "now" on; what depends on it is asked again. */
export function refreshNow(): void {
  nowMs.value = nextMinute();
}

export const browserZone = Intl.DateTimeFormat().resolvedOptions().timeZone;

/** The zone in which everything is bucketed and written. */
export const zone = param('tz', browserZone, (value): value is string => isZone(value));

export const range = computed<Range>(() => {
  const key = address.value.params.get('range') ?? DEFAULT_RANGE;
  return (
    parseRange(key, nowMs.value, zone.value) ??
    parseRange(DEFAULT_RANGE, nowMs.value, zone.value) ?? {
      key: 'all',
      label: 'All time',
      fromMs: null,
      toMs: null,
    }
  );
});

/** Sets the range; the default is left out of the address. */
export function setRange(key: string): void {
  refreshNow();
  setParams({ range: key === DEFAULT_RANGE ? null : key });
}

export const filters = computed<FilterValues>(() => {
  const values: Partial<Record<FilterName, string[]>> = {};
  for (const name of FILTER_NAMES) {
    const held = address.value.params.getAll(name);
    if (held.length > 0) values[name] = held;
  }
  return values;
});

export const filterCount = computed(() => Object.keys(filters.value).length);

/** All filters off, in the form `setParams` takes. */
export const NO_FILTERS: Changes = Object.fromEntries(FILTER_NAMES.map((name) => [name, null]));

const SINGLE: readonly FilterName[] = [
  'stream',
  'replay',
  'demo',
  'error',
  'unpriced',
  'min_cost',
  'min_tokens',
];

/** Adds one value to a filter, or takes it away when it is there; filters that take one value change it. */
export function toggleFilter(name: FilterName, value: string): void {
  const held = (filters.value[name] ?? []).filter((one) => one === value || !SINGLE.includes(name));
  setParams({ [name]: held.includes(value) ? held.filter((one) => one !== value) : [...held, value] });
}

const PAGE_TITLES: Record<string, string> = {
  overview: 'Overview',
  requests: 'Requests',
  sessions: 'Sessions',
  explore: 'Explore',
  compare: 'Compare',
  replays: 'Replays',
  settings: 'Settings',
};

effect(() => {
  const page = path.value.split('/')[1] ?? '';
  document.title = `${PAGE_TITLES[page] ?? 'Not found'} · Weir`;
});
