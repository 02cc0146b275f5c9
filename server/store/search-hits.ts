/** Which calls a search finds, for a page of the list and for figures over all of them; bounded in time where it finds many. */
import { and, desc, inArray } from 'drizzle-orm';
import { callsMatching, type FoundFilters } from './conditions.ts';
import type { Filters } from './filters.ts';
import { findHits } from './index-hits.ts';
import type { Store } from './open.ts';
import { isOlderThan, type Position } from './position.ts';
import { searchQuery } from './search-query.ts';
import { walkHits, type Walk } from './search-walk.ts';
import { calls, type CallRow } from './tables.ts';

export interface SearchLimits {
  /** So many hits are sought one by one; with more of them the calls are walked. */
  readonly soughtHits: number;
  /** So many after a walk that did not fill a page. */
  readonly latelySoughtHits: number;
  /** How long calls are walked before that, and at all. */
  readonly shortMs: number;
  readonly longMs: number;
  /** Figures are made of so many, found within so long. */
  readonly countedHits: number;
  readonly countingMs: number;
  /** Of the index, for beginnings of words; the usual ones if not given. */
  readonly pages?: number;
}

/** What makes a search of a million calls take less than 200 ms. */
const usualLimits: SearchLimits = {
  soughtHits: 4000,
  latelySoughtHits: 20_000,
  shortMs: 30,
  longMs: 120,
  countedHits: 10_000,
  countingMs: 80,
};

export interface FoundPage {
  /** Newest first. */
  readonly rows: CallRow[];
  /** Up to where was looked, when time was up before there were `size`; null when they are there, or all there are. */
  readonly stoppedAt: Position | null;
  readonly incomplete: string | null;
}

/** Up to `size` calls that pass the filters, among them `q`. Throws `BadQuestion`. */
export function findCalls(
  store: Store,
  { q = [], ...others }: Filters,
  size: number,
  after: Position | null,
  limits = usualLimits,
): FoundPage {
  const query = searchQuery(store, q, limits.pages);
  const found = findHits(store, query);
  const matching = callsMatching(others);
  const page = (rows: CallRow[], stoppedAt: Position | null = null): FoundPage => ({
    rows,
    stoppedAt,
    incomplete: query.incomplete,
  });
  const seek = (): FoundPage => {
    const condition = and(matching, found.condition, after === null ? undefined : isOlderThan(after));
    return page(
      select(store)
        .where(condition)
        .orderBy(...newestFirst)
        .limit(size)
        .all(),
    );
  };
  const count = found.count(limits.latelySoughtHits);
  // PostgreSQL has statistics to choose by.
  if (store.engine !== 'sqlite' || count <= limits.soughtHits) return seek();
  const beganMs = performance.now();
  const walk = (from: Position | null, missing: number, mostMs: number): Walk =>
    walkHits(store, found, others, { size: missing, after: from, untilMs: beganMs + mostMs });
  const first = walk(after, size, limits.shortMs);
  if (first.stoppedAt === null) return page(readRows(store, first.hits));
  if (count <= limits.latelySoughtHits) return seek();
  const second = walk(first.stoppedAt, size - first.hits.length, limits.longMs);
  return page(readRows(store, [...first.hits, ...second.hits]), second.stoppedAt);
}

export interface SettledSearch {
  /** What `q` found instead of it. */
  readonly filters: FoundFilters;
  /** Only the newest hits were found, and `filters` begin with them. */
  readonly isCut: boolean;
  /** One sentence where not everything was looked for; null when it was. */
  readonly incomplete: string | null;
}

/** Filters by which figures can be made in time. Throws `BadQuestion`. */
export function settleSearch(store: Store, filters: Filters, limits = usualLimits): SettledSearch {
  const { q = [], ...others } = filters;
  if (q.length === 0 || store.engine !== 'sqlite') return { filters, isCut: false, incomplete: null };
  const query = searchQuery(store, q, limits.pages);
  const found = findHits(store, query);
  const settle = (ids: readonly string[]): SettledSearch => ({
    filters: { ...others, ids },
    isCut: false,
    incomplete: query.incomplete,
  });
  if (found.count(limits.countedHits) <= limits.countedHits) {
    const all = store.db.select({ id: calls.id }).from(calls).where(found.condition).all();
    return settle(all.map(({ id }) => id));
  }
  const untilMs = performance.now() + limits.countingMs;
  const options = { size: limits.countedHits, after: null, untilMs };
  const { hits, stoppedAt } = walkHits(store, found, others, options);
  const end = stoppedAt ?? hits[limits.countedHits - 1];
  if (end === undefined) return settle(hits.map(({ id }) => id));
  // All of a millisecond or none.
  const fromMs = end.startedMs + 1;
  const counted = hits.filter(({ startedMs }) => startedMs >= fromMs);
  const cut = `More calls hold this than can be counted in time: only those since ${new Date(fromMs).toISOString()} are.`;
  return {
    filters: { ...others, fromMs, ids: counted.map(({ id }) => id) },
    isCut: true,
    incomplete: query.incomplete === null ? cut : `${cut} ${query.incomplete}`,
  };
}

const newestFirst = [desc(calls.started_ms), desc(calls.id)];

function select({ db }: Store) {
  return db.select().from(calls);
}

function readRows(store: Store, hits: readonly Position[]): CallRow[] {
  const ids = hits.map(({ id }) => id);
  return select(store)
    .where(inArray(calls.id, ids))
    .orderBy(...newestFirst)
    .all();
}
