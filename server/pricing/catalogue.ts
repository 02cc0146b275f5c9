/**
 * Other providers' prices from @pydantic/genai-prices: its rates only, never its arithmetic, never its network update. Data
 * of September 2026. Claude is not asked for here: our own book is newer, and the catalogue matches ids by their beginning.
 */
import { createRequire } from 'node:module';
import type { ModelPrice } from '@pydantic/genai-prices';
import type { Layer } from './card.ts';
import { decimalOf, roundHalfEven, shift } from './decimal.ts';
import { canonicalModelId, isClaude, pathPrefix, withoutPath } from './model-id.ts';
import type { KeyedRate } from './price-file.ts';
import { rateKeyName, type RateClass } from './rate-keys.ts';

/** The package's version; a test holds it to what is installed. */
export const catalogueVersion = '@pydantic/genai-prices 0.1.8';

const require = createRequire(import.meta.url);

/** Read when the first model of another provider is priced: 0.8 MB of source, 10 MB in each thread, and most never need it. */
function catalogue(): typeof import('@pydantic/genai-prices') {
  return require('@pydantic/genai-prices');
}

/** Catalogue name, what it is for, and for how many units it stands. */
const units: readonly { name: string; class: RateClass; power: number }[] = [
  { name: 'input_mtok', class: 'input', power: 6 },
  { name: 'output_mtok', class: 'output', power: 6 },
  { name: 'cache_read_mtok', class: 'cache_read', power: 6 },
  { name: 'cache_write_mtok', class: 'cache_write_5m', power: 6 },
  { name: 'cache_write_1h_mtok', class: 'cache_write_1h', power: 6 },
  { name: 'web_searches_kcount', class: 'web_search', power: 3 },
  { name: 'requests_kcount', class: 'request', power: 3 },
];

/** A dated id and its undated one are the same model; `-0709` is how some providers write a day. */
const dateSuffix = /-(?:20\d{6}|20\d{2}-\d{2}-\d{2}|(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01]))$/;

/** What the catalogue says about a model at an instant; no entries when it knows nothing for certain. */
export function catalogueLayer(model: string, atMs: number): Layer {
  const found = cataloguePrices(model, atMs);
  const rates = found === null ? [] : readPrices(found.prices);
  const named = new Map(rates.map((rate) => [rateKeyName(rate.key), rate]));
  const minuteMs = Math.floor(atMs / 60_000) * 60_000;
  const entry = {
    // Its conditions are days and whole minutes of a day: within this minute they stay what they are.
    fromMs: found?.isConditional === true ? minuteMs : null,
    toMs: found?.isConditional === true ? minuteMs + 60_000 : null,
    effectiveFrom: null,
    replace: false,
    rates: named,
    factors: new Map<string, never>(),
  };
  return { source: 'catalogue', bookVersion: catalogueVersion, entries: rates.length === 0 ? [] : [entry] };
}

interface FoundPrices {
  readonly prices: ModelPrice;
  /** They depend on the time. */
  readonly isConditional: boolean;
}

function cataloguePrices(model: string, atMs: number): FoundPrices | null {
  const canonical = canonicalModelId(model);
  if (isClaude(canonical) || canonical === '') return null;
  const { calcPrice, findProvider } = catalogue();
  const id = withoutPath(model);
  const prefix = pathPrefix(model);
  const provider =
    (prefix === null ? undefined : findProvider({ providerId: prefix })) ?? findProvider({ modelId: id });
  if (provider === undefined) return null;
  const timestamp = new Date(atMs);
  const found = calcPrice({ input_tokens: 1 }, id, { providerId: provider.id, timestamp });
  // The catalogue matches by beginnings (`gpt-5.2-codex` gives `gpt-5.2`): only the very same model counts.
  if (found === null || withoutDate(found.model.id) !== withoutDate(id)) return null;
  return { prices: found.model_price, isConditional: Array.isArray(found.model.prices) };
}

function withoutDate(id: string): string {
  return withoutPath(id).replace(dateSuffix, '');
}

function readPrices(prices: ModelPrice): KeyedRate[] {
  const known = units.flatMap(({ name, class: rateClass, power }) =>
    steps(prices[name]).flatMap(({ aboveTokens, price }) => {
      const amount = decimalOf(price);
      if (amount === null || amount.units < 0n) return [];
      const key = { class: rateClass, aboveTokens, tier: 'list' as const };
      return [{ key, femtoUsd: roundHalfEven(shift(amount, 15 - power)) }];
    }),
  );
  return [...known, ...likeInput(known)];
}

/** A price is a number or `{base, tiers: [{start, price}]}`, where a tier holds for prompts of more tokens than `start`. */
function steps(price: ModelPrice[string]): { aboveTokens: number; price: number }[] {
  if (price === undefined) return [];
  if (typeof price === 'number') return [{ aboveTokens: 0, price }];
  const above = price.tiers.map((tier) => ({ aboveTokens: wholeThousand(tier.start), price: tier.price }));
  return [{ aboveTokens: 0, price: price.base }, ...above];
}

/** Some tiers are written one token short (271999 for "more than 272,000"). */
function wholeThousand(start: number): number {
  return start % 1000 === 999 ? start + 1 : start;
}

/** Where a provider has no price of its own for cached tokens, they are input like any other. */
function likeInput(known: readonly KeyedRate[]): KeyedRate[] {
  const input = known.filter((rate) => rate.key.class === 'input');
  const borrowed: KeyedRate[] = [];
  for (const rateClass of ['cache_read', 'cache_write_5m', 'cache_write_1h'] as const) {
    if (known.some((rate) => rate.key.class === rateClass)) continue;
    const writes = known.filter((rate) => rate.key.class === 'cache_write_5m');
    const from = rateClass === 'cache_write_1h' && writes.length > 0 ? writes : input;
    for (const rate of from) borrowed.push({ ...rate, key: { ...rate.key, class: rateClass } });
  }
  return borrowed;
}
