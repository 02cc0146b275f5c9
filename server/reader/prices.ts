/** What the models of the record cost by the prices that this program uses, and what the user's price file sets. */
import type { ModelPrice, PriceOverride, Prices } from '../api/wire.ts';
import type { Pricer } from '../pricing/engine.ts';
import { canonicalModelId } from '../pricing/model-id.ts';
import { showCard, showFactors, showRate } from '../pricing/shown-card.ts';
import type { Store } from '../store/open.ts';
import { readStats } from '../store/stats.ts';

/** Rollups only answer for a range; no call is later than this. */
const endMs = Date.UTC(2089, 0);

export function answerPrices(store: Store, pricer: Pricer, atMs: number): Prices {
  return {
    at_ms: atMs,
    at: new Date(atMs).toISOString(),
    book_version: pricer.bookVersion,
    models: modelsOf(store, pricer, atMs),
    overrides: overridesOf(pricer),
  };
}

/** The models that answered, the most used first. */
function modelsOf(store: Store, pricer: Pricer, atMs: number): ModelPrice[] {
  const { rows } = readStats(store, {
    filters: { fromMs: 0, toMs: endMs },
    metrics: ['calls', 'unpriced_calls'],
    groupBy: ['model'],
    bucket: null,
    tz: 'UTC',
    comparePrevious: false,
  });
  return rows.flatMap(({ model, calls, unpriced_calls: unpriced }) => {
    if (typeof model !== 'string' || model === '') return [];
    const card = pricer.card(model, atMs);
    const shown = card === null ? { rates: [], factors: {} } : showCard(card);
    const counts = { calls: Number(calls), unpriced_calls: Number(unpriced) };
    return [{ model, canonical_model: canonicalModelId(model), ...counts, ...shown }];
  });
}

function overridesOf({ overrides }: Pricer): PriceOverride[] {
  return [...(overrides?.models ?? [])].flatMap(([model, entries]) =>
    entries.map((entry) => ({
      model,
      effective_from: entry.effectiveFrom,
      effective_to: entry.toMs === null ? null : new Date(entry.toMs).toISOString(),
      replace: entry.replace,
      rates: [...entry.rates.values()].map(showRate),
      factors: showFactors(entry.factors),
    })),
  );
}
