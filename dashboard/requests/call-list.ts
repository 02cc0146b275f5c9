/** The rows of the list: keyset pages below, live calls above. Owns its requests; `stop()` ends them. */
import { computed, signal, type ReadonlySignal } from '@preact/signals';
import type { Call, CallsPage, FoundCall } from '../../server/api/wire.ts';
import { ApiFailure, ask } from '../app/api.ts';
import { onLiveGroup } from '../app/live.ts';
import { passesFilters, type FilterValues } from '../lib/filters.ts';
import type { Range } from '../lib/range.ts';

const PAGE_ROWS = 200;
/** A search that ran out of time gives fewer, or none, and a place to go on from. */
const FEW_ROWS = 50;
/** Rows that are kept in memory; past them the range has to be narrowed. */
const MOST_ROWS = 4_000;
const MOST_FRESH = 50;

interface Scope {
  /** Query of the API, without cursor. */
  readonly params: string;
  readonly filters: FilterValues;
  readonly range: Range;
}

export interface CallList {
  readonly items: ReadonlySignal<readonly FoundCall[]>;
  readonly error: ReadonlySignal<ApiFailure | null>;
  /** The rows shown belong to an earlier question. */
  readonly isStale: ReadonlySignal<boolean>;
  readonly isLoading: ReadonlySignal<boolean>;
  readonly hasMore: ReadonlySignal<boolean>;
  readonly isFull: ReadonlySignal<boolean>;
  /** What a search did not look for, in one sentence. */
  readonly incomplete: ReadonlySignal<string | null>;
  /** Calls that came in while rows could not be inserted. */
  readonly waiting: ReadonlySignal<number>;
  /** Ids of rows that have just come in. */
  readonly fresh: ReadonlySignal<ReadonlySet<string>>;
  ask(scope: Scope): void;
  more(): void;
  reload(): void;
  stop(): void;
}

/** The newest first. */
function byAge(one: Call, other: Call): number {
  return other.started_ms - one.started_ms || (one.id < other.id ? 1 : -1);
}

function isInScope(call: Call, scope: Pick<Scope, 'range' | 'filters'>): boolean {
  const { fromMs, toMs } = scope.range;
  if (fromMs !== null && call.started_ms < fromMs) return false;
  if (toMs !== null && call.started_ms >= toMs) return false;
  return passesFilters(call, scope.filters);
}

/** `mayInsert` says whether a new row would now disturb nobody. */
export function createCallList(mayInsert: () => boolean): CallList {
  const items = signal<readonly FoundCall[]>([]);
  const error = signal<ApiFailure | null>(null);
  const isStale = signal(true);
  const isLoading = signal(false);
  const cursor = signal<string | null>(null);
  const incomplete = signal<string | null>(null);
  const waitingIds = new Set<string>();
  const waiting = signal(0);
  const fresh = signal<ReadonlySet<string>>(new Set());
  let scope: Scope | null = null;
  let abort = new AbortController();

  const load = async (from: string | null) => {
    if (!scope) return;
    abort.abort();
    abort = new AbortController();
    const { signal: stopped } = abort;
    isLoading.value = true;
    try {
      const next = from === null ? '' : `&cursor=${encodeURIComponent(from)}`;
      const page = await ask<CallsPage>(`calls?${scope.params}&limit=${PAGE_ROWS}${next}`, stopped);
      const known = new Set(from === null ? [] : items.value.map(({ id }) => id));
      items.value =
        from === null ? page.items : [...items.value, ...page.items.filter(({ id }) => !known.has(id))];
      cursor.value = page.next_cursor;
      incomplete.value = page.incomplete ?? null;
      error.value = null;
      if (page.next_cursor !== null && items.value.length < FEW_ROWS) {
        await load(page.next_cursor);
        return;
      }
    } catch (failure) {
      if (stopped.aborted) return;
      error.value = failure instanceof ApiFailure ? failure : new ApiFailure(0, String(failure));
    }
    isStale.value = false;
    isLoading.value = false;
  };

  const wait = (id: string) => {
    if (waitingIds.size < MOST_ROWS) waitingIds.add(id);
    waiting.value = waitingIds.size;
  };

  const stopLive = onLiveGroup((calls) => {
    if (!scope || isStale.value) return;
    const changed = new Map(calls.map((call) => [call.id, call]));
    const held = items.value.map((item) => {
      const call = changed.get(item.id);
      changed.delete(item.id);
      return call ?? item;
    });
    const { range, filters } = scope;
    const others = [...changed.values()].filter((call) => isInScope(call, { range, filters }));
    if (others.length > 0 && mayInsert()) {
      items.value = [...others, ...held].sort(byAge).slice(0, MOST_ROWS);
      fresh.value = new Set([...fresh.value, ...others.map(({ id }) => id)].slice(-MOST_FRESH));
      return;
    }
    for (const { id } of others) wait(id);
    if (changed.size < calls.length) items.value = held;
  });

  const reload = () => {
    waitingIds.clear();
    waiting.value = 0;
    fresh.value = new Set();
    void load(null);
  };

  return {
    items,
    error,
    isStale,
    isLoading,
    hasMore: computed(() => cursor.value !== null && items.value.length < MOST_ROWS),
    isFull: computed(() => items.value.length >= MOST_ROWS),
    incomplete,
    waiting,
    fresh,
    ask: (next) => {
      scope = next;
      isStale.value = true;
      reload();
    },
    more: () => {
      if (!isLoading.value && cursor.value !== null && items.value.length < MOST_ROWS)
        void load(cursor.value);
    },
    reload,
    stop: () => {
      abort.abort();
      stopLive();
    },
  };
}
