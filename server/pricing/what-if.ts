/**
 * What past calls would have cost otherwise: on another model, with another lifetime of the cache, at another tier, without a
 * cache. A range and never a point, because what the other side would have done is not on record; `assumptionsOf` says what
 * each end takes for granted. Pure.
 */
import { asArray, asCount, asObject, asText, type JsonObject } from '../messages/json.ts';
import type { Pricer } from './engine.ts';
import { canonicalModelId } from './model-id.ts';
import type { PriceInput } from './priced.ts';

/** Null and true leave that side as it was. */
export interface WhatIf {
  readonly model: string | null;
  readonly ttl: '5m' | '1h' | null;
  readonly tier: 'standard' | 'batch' | 'priority' | 'flex' | null;
  readonly cache: boolean;
}

/** One call of the record. */
export interface PastCall {
  /** As it is priced; its `usage` is the merged one. */
  readonly input: PriceInput;
  /** Since the call before in the same session, by the same agent and of the same kind; null where there is none. */
  readonly gapMs: number | null;
  /** Tokens that were not read because five minutes had passed; left out or null where nobody has judged that. */
  readonly expiredTokens?: number | null;
}

export interface CostRange {
  readonly lowNanoUsd: number;
  readonly highNanoUsd: number;
}

/** Another tokenizer counts the same text differently; Anthropic's own generations are up to a third apart. */
export const fewestTokens = 0.9;
export const mostTokens = 1.35;
const fiveMinutesMs = 5 * 60_000;
const oneHourMs = 60 * 60_000;

/**
 * The least and the most that the call would have cost; null where that cannot be priced.
 * @param nowMs whose prices hold for a model that had none yet at the time of the call
 */
export function priceOtherwise(
  pricer: Pricer,
  { input, gapMs, expiredTokens = null }: PastCall,
  whatIf: WhatIf,
  nowMs: number,
): CostRange | null {
  const model = whatIf.model ?? input.model;
  const usage = asObject(input.usage);
  if (model === null || usage === null) {
    const { costNanoUsd } = pricer.price(input);
    return costNanoUsd === null ? null : { lowNanoUsd: costNanoUsd, highNanoUsd: costNanoUsd };
  }
  const atMs = pricer.card(model, input.atMs) === null ? nowMs : input.atMs;
  const isOther = canonicalModelId(model) !== canonicalModelId(input.model ?? '');
  const served = servedOtherwise(
    usage,
    whatIf,
    (speed) => pricer.card(model, atMs)?.factors.has(speed) === true,
  );
  const priceEnd = (end: 'low' | 'high'): number | null => {
    const factor = !isOther ? 1 : end === 'low' ? fewestTokens : mostTokens;
    const changed = eachRun(served, (run) =>
      scaled(cachedOtherwise(run, whatIf, { gapMs, expiredTokens }, end), factor),
    );
    const own = isOther ? withoutModel(changed, input.model ?? '') : changed;
    const outputTokensEstimate = input.outputTokensEstimate ?? null;
    return pricer.price({
      ...input,
      model,
      atMs,
      usage: own,
      outputTokensEstimate: outputTokensEstimate === null ? null : Math.round(outputTokensEstimate * factor),
    }).costNanoUsd;
  };
  const [low, high] = [priceEnd('low'), priceEnd('high')];
  if (low === null || high === null) return null;
  return { lowNanoUsd: Math.min(low, high), highNanoUsd: Math.max(low, high) };
}

/** What the range takes for granted, a sentence each. */
export function assumptionsOf(whatIf: WhatIf): string[] {
  const said = ['the same requests, and answers of the same length'];
  if (whatIf.model !== null) {
    said.push(
      `${whatIf.model} would count the same text as ${Math.round((1 - fewestTokens) * 100)} % fewer to ${Math.round((mostTokens - 1) * 100)} % more tokens than another model did`,
      'its cache would have been hit as often; other models within a call (advisors) stay as they are',
      'prices of the day of each call; those of today where the model had none yet',
    );
  }
  if (!whatIf.cache) said.push('every cached token is paid as plain input');
  else if (whatIf.ttl === '5m') {
    said.push(
      'low: all reads would still have been hits; high: reads more than five minutes after the call before in the same session are written again',
    );
  } else if (whatIf.ttl === '1h') {
    said.push('what was missed because more than five minutes but no hour had passed would have been a hit');
  }
  if (whatIf.tier === 'batch') said.push('all of it could have waited up to a day, at standard speed');
  else if (whatIf.tier !== null) said.push(`every call would have been served at the tier ${whatIf.tier}`);
  return said;
}

/** Tier and speed. Nobody sells a batch at fast speed, and a model without a fast price serves at its usual one. */
function servedOtherwise(
  usage: JsonObject,
  whatIf: WhatIf,
  hasFactor: (speed: string) => boolean,
): JsonObject {
  const tier = whatIf.tier === null ? {} : { service_tier: whatIf.tier };
  const speed = asText(usage['speed'])?.toLowerCase() ?? null;
  const keepsSpeed =
    speed === null || (whatIf.tier !== 'batch' && (whatIf.model === null || hasFactor(speed)));
  return { ...usage, ...tier, ...(keepsSpeed ? {} : { speed: 'standard' }) };
}

/** Applies a change to the top level and to every iteration. */
function eachRun(usage: JsonObject, change: (run: JsonObject) => JsonObject): JsonObject {
  const iterations = asArray(usage['iterations']);
  const changed = change(usage);
  if (iterations.length === 0) return changed;
  return {
    ...changed,
    iterations: iterations.map((entry) => {
      const run = asObject(entry);
      return run === null || run['type'] === 'advisor_message' ? entry : change(run);
    }),
  };
}

interface CacheTokens {
  readonly input: number;
  readonly read: number;
  readonly short: number;
  readonly long: number;
}

interface CacheTimes {
  readonly gapMs: number | null;
  readonly expiredTokens: number | null;
}

function cachedOtherwise(
  run: JsonObject,
  whatIf: WhatIf,
  times: CacheTimes,
  end: 'low' | 'high',
): JsonObject {
  if (whatIf.cache && whatIf.ttl === null) return run;
  const split = asObject(run['cache_creation']);
  const total = asCount(run['cache_creation_input_tokens']) ?? 0;
  const long = asCount(split?.['ephemeral_1h_input_tokens']) ?? 0;
  const told = (asCount(split?.['ephemeral_5m_input_tokens']) ?? 0) + long;
  const was: CacheTokens = {
    input: asCount(run['input_tokens']) ?? 0,
    read: asCount(run['cache_read_input_tokens']) ?? 0,
    short: Math.max(total, told) - long,
    long,
  };
  const would = cacheTokens(was, whatIf, times, end);
  return {
    ...run,
    input_tokens: would.input,
    cache_read_input_tokens: would.read,
    cache_creation_input_tokens: would.short + would.long,
    cache_creation: { ephemeral_5m_input_tokens: would.short, ephemeral_1h_input_tokens: would.long },
  };
}

function cacheTokens(
  was: CacheTokens,
  { cache, ttl }: WhatIf,
  { gapMs, expiredTokens }: CacheTimes,
  end: 'low' | 'high',
): CacheTokens {
  const written = was.short + was.long;
  if (!cache) return { input: was.input + was.read + written, read: 0, short: 0, long: 0 };
  const isBetween = gapMs !== null && gapMs > fiveMinutesMs && gapMs <= oneHourMs;
  if (ttl === '5m') {
    // Only what lived for an hour can have been hit so late.
    const lost = end === 'high' && isBetween ? was.read : 0;
    return { input: was.input, read: was.read - lost, short: written + lost, long: 0 };
  }
  const most = expiredTokens === null ? (end === 'low' ? was.short : 0) : Math.min(was.short, expiredTokens);
  const won = isBetween ? most : 0;
  return { input: was.input, read: was.read + won, short: 0, long: written - won };
}

const counts = ['input_tokens', 'cache_read_input_tokens', 'cache_creation_input_tokens', 'output_tokens'];
const splitCounts = ['ephemeral_5m_input_tokens', 'ephemeral_1h_input_tokens'];

function scaled(run: JsonObject, factor: number): JsonObject {
  if (factor === 1) return run;
  const split = asObject(run['cache_creation']);
  if (split === null) return scaledCounts(run, counts, factor);
  // The parts are rounded, and their sum is their total again.
  const parts = scaledCounts(split, splitCounts, factor);
  const total = splitCounts.reduce((sum, name) => sum + (asCount(parts[name]) ?? 0), 0);
  const whole = asCount(run['cache_creation_input_tokens']);
  const before = splitCounts.reduce((sum, name) => sum + (asCount(split[name]) ?? 0), 0);
  const changed = { ...scaledCounts(run, counts, factor), cache_creation: parts };
  return whole === before ? { ...changed, cache_creation_input_tokens: total } : changed;
}

function scaledCounts(of: JsonObject, names: readonly string[], factor: number): JsonObject {
  const changed = { ...of };
  for (const name of names) {
    const count = asCount(of[name]);
    if (count !== null) changed[name] = Math.round(count * factor);
  }
  // Details are parts of what was scaled, and cost nothing of their own.
  delete changed['output_tokens_details'];
  return changed;
}

/** Iterations of the call's own model become the other model's by naming none. */
function withoutModel(usage: JsonObject, ownModel: string): JsonObject {
  const iterations = asArray(usage['iterations']);
  if (iterations.length === 0) return usage;
  const own = canonicalModelId(ownModel);
  return {
    ...usage,
    iterations: iterations.map((entry) => {
      const run = asObject(entry);
      if (run === null || canonicalModelId(asText(run['model']) ?? ownModel) !== own) return entry;
      const { model: _, ...rest } = run;
      return rest;
    }),
  };
}
