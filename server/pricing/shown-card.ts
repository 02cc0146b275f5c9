/** Rates and factors as plain data: keys as a price file spells them, dollars as decimal strings. Pure. */
import type { Card, PriceSource } from './card.ts';
import { formatDecimal, type Decimal } from './decimal.ts';
import type { KeyedRate } from './price-file.ts';
import { rateKeyName, type RateClass, type RateTier } from './rate-keys.ts';

/** A rate as a price file sets it. */
export interface ShownRate {
  readonly key: string;
  readonly class: RateClass;
  /** Holds for prompts of more tokens than this. */
  readonly above_tokens: number;
  readonly tier: RateTier;
  /** For one token, search or request. */
  readonly usd_per_unit: string;
}

/** A rate in effect, and who says so. */
export interface EffectiveRate extends ShownRate {
  readonly source: PriceSource;
  readonly book_version: string;
  readonly effective_from: string | null;
}

export interface ShownCard {
  readonly rates: EffectiveRate[];
  readonly factors: Record<string, string>;
}

export function showCard(card: Card): ShownCard {
  const rates = [...card.rates.values()].map((rate) => ({
    ...showRate(rate),
    source: rate.source,
    book_version: rate.bookVersion,
    effective_from: rate.effectiveFrom,
  }));
  return { rates, factors: showFactors(card.factors) };
}

export function showRate({ key, femtoUsd }: KeyedRate): ShownRate {
  return {
    key: rateKeyName(key),
    class: key.class,
    above_tokens: key.aboveTokens,
    tier: key.tier,
    usd_per_unit: formatDecimal({ units: femtoUsd, scale: 15 }),
  };
}

export function showFactors(factors: ReadonlyMap<string, Decimal>): Record<string, string> {
  return Object.fromEntries([...factors].map(([name, factor]) => [name, formatDecimal(factor)]));
}
