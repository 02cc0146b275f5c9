/** Whether what calls wrote to the prompt cache would better have been kept for five minutes or for an hour. */
import type { TtlAdvice, TtlCost } from '../api/wire.ts';
import type { Pricer } from '../pricing/engine.ts';
import { nanoToUsd } from '../pricing/money.ts';
import { assumptionsOf, priceOtherwise, type CostRange, type WhatIf } from '../pricing/what-if.ts';
import { latestCachedMs } from '../store/calls-before.ts';
import type { Filters } from '../store/filters.ts';
import type { Store } from '../store/open.ts';
import { eachStoredPrice } from '../store/past-calls.ts';
import { settleSearch } from '../store/search-hits.ts';
import { pastCall } from './past-call.ts';

/** About half a second. */
const mostCalls = 5000;

type Gaps = TtlAdvice['gaps'];

interface Sums {
  calls: number;
  actual: number;
  readonly low: Record<'5m' | '1h', number>;
  readonly high: Record<'5m' | '1h', number>;
}

/** Throws `BadQuestion`. */
export function answerTtlAdvice(store: Store, asked: Filters, pricer: Pricer, nowMs: number): TtlAdvice {
  const { filters, isCut } = settleSearch(store, asked);
  const edgeMs = latestCachedMs(store, filters, mostCalls);
  const fromMs = edgeMs === null ? filters.fromMs : Math.max(edgeMs, filters.fromMs ?? edgeMs);
  const gaps: Gaps = { first: 0, within_5m: 0, within_1h: 0, longer: 0 };
  const sums: Sums = { calls: 0, actual: 0, low: { '5m': 0, '1h': 0 }, high: { '5m': 0, '1h': 0 } };
  let firstMs: number | null = null;
  for (const stored of eachStoredPrice(store, { ...filters, ...(fromMs !== undefined && { fromMs }) })) {
    if (!stored.usesCache || stored.computedCostNanoUsd === null) continue;
    const past = pastCall(stored);
    const [short, long] = [
      priceOtherwise(pricer, past, { ...asItWas, ttl: '5m' }, nowMs),
      priceOtherwise(pricer, past, { ...asItWas, ttl: '1h' }, nowMs),
    ];
    if (short === null || long === null) continue;
    firstMs ??= stored.startedMs;
    countGap(gaps, stored.gapMs);
    addTo(sums, stored.computedCostNanoUsd, short, long);
  }
  return {
    calls: sums.calls,
    has_more: edgeMs !== null || isCut,
    from_ms: firstMs,
    gaps,
    actual_nano_usd: sums.calls === 0 ? null : sums.actual,
    as_5m: costOf(sums, '5m'),
    as_1h: costOf(sums, '1h'),
    ...adviceOf(sums),
    assumptions: (['5m', '1h'] as const).flatMap((ttl) =>
      assumptionsOf({ ...asItWas, ttl })
        .slice(1)
        .map((sentence) => `${ttl}: ${sentence}`),
    ),
  };
}

const asItWas: WhatIf = { model: null, ttl: null, tier: null, cache: true };

const fiveMinutesMs = 5 * 60_000;
const oneHourMs = 60 * 60_000;

function countGap(gaps: Gaps, gapMs: number | null): void {
  if (gapMs === null) gaps.first += 1;
  else if (gapMs <= fiveMinutesMs) gaps.within_5m += 1;
  else if (gapMs <= oneHourMs) gaps.within_1h += 1;
  else gaps.longer += 1;
}

function addTo(sums: Sums, actual: number, short: CostRange, long: CostRange): void {
  sums.calls += 1;
  sums.actual += actual;
  for (const [ttl, range] of [
    ['5m', short],
    ['1h', long],
  ] as const) {
    sums.low[ttl] += range.lowNanoUsd;
    sums.high[ttl] += range.highNanoUsd;
  }
}

function costOf({ calls, low, high }: Sums, ttl: '5m' | '1h'): TtlCost {
  return calls === 0
    ? { low_nano_usd: null, high_nano_usd: null }
    : { low_nano_usd: low[ttl], high_nano_usd: high[ttl] };
}

/** One lifetime is better where its dearest end is cheaper than the other's cheapest, and than what was paid. */
function adviceOf({ calls, actual, low, high }: Sums): Pick<TtlAdvice, 'advice' | 'reason'> {
  if (calls === 0) return { advice: 'no_data', reason: 'No call with a price used the cache.' };
  const money = (nanoUsd: number): string => `$${nanoToUsd(Math.round(nanoUsd / 1000) * 1000)}`;
  for (const [ttl, other] of [
    ['5m', '1h'],
    ['1h', '5m'],
  ] as const) {
    if (high[ttl] < low[other] && high[ttl] < actual) {
      const words = ttl === '5m' ? 'five minutes' : 'an hour';
      return {
        advice: ttl,
        reason: `All writes for ${words} would have saved at least ${money(actual - high[ttl])}.`,
      };
    }
  }
  if (actual <= low['5m'] && actual <= low['1h']) {
    return {
      advice: 'as_it_is',
      reason: 'Neither lifetime alone would have been cheaper than what was written.',
    };
  }
  return {
    advice: 'unclear',
    reason: 'What is on record does not tell which would have been cheaper: the ranges overlap.',
  };
}
