/** Statistics with the range of what the same calls would have cost otherwise. */
import type { Stats, StatsRow } from '../api/wire.ts';
import type { Pricer } from '../pricing/engine.ts';
import { assumptionsOf, priceOtherwise, type WhatIf } from '../pricing/what-if.ts';
import { slices, type Slice } from '../store/buckets.ts';
import type { FoundFilters } from '../store/conditions.ts';
import type { Store } from '../store/open.ts';
import { pastCall } from './past-call.ts';
import { eachStoredPrice } from '../store/past-calls.ts';
import { settleSearch } from '../store/search-hits.ts';
import { readStats } from '../store/stats.ts';
import type { StatsQuestion, whatIfColumns } from './questions.ts';

interface Sum {
  lowNanoUsd: number;
  highNanoUsd: number;
  priced: number;
  unpriced: number;
}

/** Throws `BadQuestion`. */
export function answerStats(
  store: Store,
  question: StatsQuestion,
  pricer: () => Pricer,
  nowMs: number,
): Stats {
  const { whatIf, ...request } = question;
  if (whatIf === undefined) return readStats(store, request);
  // Both look at the same calls: what a search finds of many is bounded in time.
  const [stats, sums] = store.sqlite.transaction(() => {
    const search = settleSearch(store, request.filters);
    const found = readStats(store, request, search);
    const { filters } = search;
    const otherwise = { pricer: pricer(), whatIf, nowMs };
    return [found, sumOtherwise(store, filters, found, otherwise)] as const;
  })();
  const key = (row: StatsRow): string =>
    keyOf(
      row.start_ms ?? null,
      stats.group_by.map((group) => row[group] ?? null),
    );
  return {
    ...stats,
    rows: stats.rows.map((row) => ({ ...row, ...figures(sums.rows.get(key(row))) })),
    totals: { ...stats.totals, ...figures(sums.total) },
    what_if: {
      as_model: whatIf.model,
      as_ttl: whatIf.ttl,
      as_tier: whatIf.tier,
      as_cache: whatIf.cache ? null : 'none',
      assumptions: assumptionsOf(whatIf),
    },
  };
}

interface Otherwise {
  readonly pricer: Pricer;
  readonly whatIf: WhatIf;
  readonly nowMs: number;
}

function sumOtherwise(
  store: Store,
  filters: FoundFilters,
  stats: Stats,
  { pricer, whatIf, nowMs }: Otherwise,
) {
  const rows = new Map<string, Sum>();
  const total = emptySum();
  const { from_ms: fromMs, to_ms: toMs } = stats;
  if (fromMs === null || toMs === null) return { rows, total };
  const periods = stats.bucket === null ? null : slices(stats.bucket, stats.tz, fromMs, toMs);
  for (const stored of eachStoredPrice(store, { ...filters, fromMs, toMs }, { groupBy: stats.group_by })) {
    const range = priceOtherwise(pricer, pastCall(stored), whatIf, nowMs);
    const key = keyOf(periods === null ? null : startOf(periods, stored.startedMs), stored.groups);
    const row = rows.get(key) ?? emptySum();
    rows.set(key, row);
    for (const sum of [row, total]) addTo(sum, range);
  }
  return { rows, total };
}

function emptySum(): Sum {
  return { lowNanoUsd: 0, highNanoUsd: 0, priced: 0, unpriced: 0 };
}

function addTo(sum: Sum, range: ReturnType<typeof priceOtherwise>): void {
  if (range === null) {
    sum.unpriced += 1;
    return;
  }
  sum.priced += 1;
  sum.lowNanoUsd += range.lowNanoUsd;
  sum.highNanoUsd += range.highNanoUsd;
}

/** Null where nothing could be priced: that is no 0. */
function figures(sum: Sum = emptySum()): Record<(typeof whatIfColumns)[number], number | null> {
  return {
    what_if_low_nano_usd: sum.priced === 0 ? null : sum.lowNanoUsd,
    what_if_high_nano_usd: sum.priced === 0 ? null : sum.highNanoUsd,
    what_if_unpriced_calls: sum.unpriced,
  };
}

function keyOf(startMs: number | null, groups: readonly unknown[]): string {
  return JSON.stringify([startMs, ...groups]);
}

/** Start of the slice that the instant lies in; slices are in order and without gaps. */
function startOf(periods: readonly Slice[], atMs: number): number | null {
  let [low, high] = [0, periods.length - 1];
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if ((periods[middle]?.startMs ?? 0) <= atMs) low = middle;
    else high = middle - 1;
  }
  return periods[low]?.startMs ?? null;
}
