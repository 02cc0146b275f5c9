/** What it cost that tokens were not read from the cache. Exact, by the prices of the call. Pure. */
import { asArray, asCount, asObject, isObject } from '../messages/json.ts';
import type { JsonObject } from '../messages/json.ts';
import { add, negate, parseDecimal, zero, type Decimal } from '../pricing/decimal.ts';
import type { Pricer } from '../pricing/engine.ts';
import type { PriceInput, Priced } from '../pricing/priced.ts';
import { safeNano } from '../pricing/money.ts';

/**
 * Nano-dollars that `tokens` of the call cost more than they would have as reads, rounded once; null where either has no price. Of what
 * was paid in their stead, writes for an hour stood first in the prompt, then those for five minutes, then plain input.
 */
export function lostNanoUsd(pricer: Pricer, input: PriceInput, tokens: number): number | null {
  const usage = asObject(input.usage);
  if (usage === null) return null;
  const paid = pricer.price(input);
  const would = pricer.price({ ...input, usage: asRead(usage, tokens) });
  if (paid.costNanoUsd === null || would.costNanoUsd === null) return null;
  return safeNano(add(exactCost(paid), negate(exactCost(would))));
}

/** The usage as it would have been, had `tokens` of it been read: of the first run where the call made several. */
function asRead(usage: JsonObject, tokens: number): JsonObject {
  const iterations = asArray(usage['iterations']);
  const first = iterations.findIndex(
    (run) => isObject(run) && run['type'] !== 'compaction' && run['type'] !== 'advisor_message',
  );
  const changed = runAsRead(usage, tokens);
  if (first === -1) return changed;
  return {
    ...changed,
    iterations: iterations.map((run, index) =>
      index === first && isObject(run) ? runAsRead(run, tokens) : run,
    ),
  };
}

function runAsRead(run: JsonObject, tokens: number): JsonObject {
  const split = asObject(run['cache_creation']);
  const long = asCount(split?.['ephemeral_1h_input_tokens']) ?? 0;
  const told = (asCount(split?.['ephemeral_5m_input_tokens']) ?? 0) + long;
  const short = Math.max(asCount(run['cache_creation_input_tokens']) ?? 0, told) - long;
  const plain = asCount(run['input_tokens']) ?? 0;
  const ofLong = Math.min(tokens, long);
  const ofShort = Math.min(tokens - ofLong, short);
  const ofPlain = Math.min(tokens - ofLong - ofShort, plain);
  return {
    ...run,
    input_tokens: plain - ofPlain,
    cache_read_input_tokens: (asCount(run['cache_read_input_tokens']) ?? 0) + ofLong + ofShort + ofPlain,
    cache_creation_input_tokens: long + short - ofLong - ofShort,
    cache_creation: {
      ephemeral_5m_input_tokens: short - ofShort,
      ephemeral_1h_input_tokens: long - ofLong,
    },
  };
}

function exactCost({ lines }: Priced): Decimal {
  return lines.reduce((sum, line) => add(sum, parseDecimal(line.amount_nano_usd) ?? zero), zero);
}
