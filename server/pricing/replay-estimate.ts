/**
 * What sending a call once more will cost: a range, because nobody knows what is still cached and how long the answer will be,
 * and the most that it can cost. Pure.
 */
import { charactersPerToken } from '../messages/estimate.ts';
import { asCount, asObject, type JsonObject } from '../messages/json.ts';
import type { Pricer } from './engine.ts';
import { canonicalModelId } from './model-id.ts';
import { fewestTokens, mostTokens } from './what-if.ts';

/** What is known of the call as it was, and of the request as it will go out. */
export interface ReplayCall {
  readonly method: string;
  readonly path: string;
  /** When it goes out, epoch ms. */
  readonly atMs: number;
  /** Of the call as it was; null where its answer had none. */
  readonly usage: unknown;
  /** Whether that usage is the final one: only then is the length of the answer known. */
  readonly usageComplete: boolean;
  /** The model that answered. */
  readonly modelBefore: string | null;
  /** The model that will be asked. */
  readonly model: string | null;
  /** Decoded request, before and now. */
  readonly bytesBefore: number;
  readonly bytes: number;
  readonly maxTokens: number | null;
  readonly toolTypes: readonly string[];
}

/** In nano-dollars; null where the model has no price that is known. */
export interface ReplayEstimate {
  readonly lowNanoUsd: number | null;
  readonly highNanoUsd: number | null;
  /** With as many output tokens as the request allows; null also where it sets no limit. */
  readonly mostNanoUsd: number | null;
  /** What the range takes for granted, a sentence each. */
  readonly assumptions: readonly string[];
}

interface Tokens {
  readonly input: number;
  readonly read: number;
  readonly short: number;
  readonly long: number;
  /** Null: unknown. */
  readonly output: number | null;
}

export function estimateReplay(pricer: Pricer, call: ReplayCall): ReplayEstimate {
  const before = asObject(call.usage);
  const { tokens, isMeasured } = tokensOf(before, call);
  const isOther =
    canonicalModelId(call.model ?? '') !== canonicalModelId(call.modelBefore ?? call.model ?? '');
  const [fewest, most] = isOther ? [fewestTokens, mostTokens] : [1, 1];
  const cached = tokens.read + tokens.short + tokens.long;
  const limited = (output: number): number => Math.min(output, call.maxTokens ?? Number.POSITIVE_INFINITY);
  const priceOf = ({ output, ...rest }: Tokens, factor: number): number | null =>
    pricer.price({
      model: call.model,
      atMs: call.atMs,
      usage: usageOf(before, rest, Math.round(limited((output ?? 0) * factor)), factor),
      usageComplete: true,
      method: call.method,
      path: call.path,
      request: { toolTypes: call.toolTypes },
      response: { status: 200, stopReason: 'end_turn' },
    }).costNanoUsd;
  const cold = { ...tokens, read: 0, ...(tokens.long > 0 ? { long: cached, short: 0 } : { short: cached }) };
  const low = priceOf({ ...tokens, read: cached, short: 0, long: 0 }, fewest);
  const full = call.maxTokens === null ? null : priceOf({ ...cold, output: call.maxTokens }, most);
  const high = tokens.output === null ? full : priceOf(cold, most);
  const isOrdered = low !== null && high !== null;
  return {
    lowNanoUsd: isOrdered ? Math.min(low, high) : low,
    highNanoUsd: isOrdered ? Math.max(low, high) : high,
    mostNanoUsd: full,
    assumptions: low === null ? unpriced(call.model) : assumptions(call, tokens, isMeasured, isOther),
  };
}

function tokensOf(usage: JsonObject | null, call: ReplayCall): { tokens: Tokens; isMeasured: boolean } {
  const input = asCount(usage?.['input_tokens']);
  if (usage === null || input === null) {
    const guessed = Math.ceil(call.bytes / charactersPerToken);
    return { tokens: { input: guessed, read: 0, short: 0, long: 0, output: null }, isMeasured: false };
  }
  const factor = call.bytesBefore === 0 ? 1 : call.bytes / call.bytesBefore;
  const scaled = (count: unknown): number => Math.round((asCount(count) ?? 0) * factor);
  const split = asObject(usage['cache_creation']);
  const long = scaled(split?.['ephemeral_1h_input_tokens']);
  const short = Math.max(scaled(usage['cache_creation_input_tokens']) - long, 0);
  const output = call.usageComplete ? asCount(usage['output_tokens']) : null;
  const read = scaled(usage['cache_read_input_tokens']);
  return { tokens: { input: scaled(input), read, short, long, output }, isMeasured: true };
}

/** Tier, place, speed and the use of tools as they were; no iterations, whose sum the top level is. */
function usageOf(
  before: JsonObject | null,
  { input, read, short, long }: Omit<Tokens, 'output'>,
  output: number,
  factor: number,
): JsonObject {
  const { iterations: _iterations, output_tokens_details: _details, ...kept } = before ?? {};
  const times = (count: number): number => Math.round(count * factor);
  return {
    ...kept,
    input_tokens: times(input),
    cache_read_input_tokens: times(read),
    cache_creation_input_tokens: times(short) + times(long),
    cache_creation: { ephemeral_5m_input_tokens: times(short), ephemeral_1h_input_tokens: times(long) },
    output_tokens: output,
  };
}

function unpriced(model: string | null): string[] {
  return [model === null ? 'the request names no model' : `no price is known for ${model}`];
}

function assumptions(call: ReplayCall, tokens: Tokens, isMeasured: boolean, isOther: boolean): string[] {
  const said: string[] = [];
  if (!isMeasured)
    said.push(`the answer told no usage: input is guessed from ${call.bytes} bytes of request`);
  else if (call.bytes !== call.bytesBefore)
    said.push('input grows and shrinks with the bytes of the request');
  if (tokens.read + tokens.short + tokens.long > 0) {
    said.push('low: all that was cached is read from the cache; high: all of it has to be written again');
  }
  if (tokens.output !== null) said.push('an answer as long as the one before');
  else said.push('low: no output; high: as much as the request allows');
  if (isOther) {
    const [less, more] = [Math.round((1 - fewestTokens) * 100), Math.round((mostTokens - 1) * 100)];
    said.push(`${call.model ?? ''} counts the same text as ${less} % fewer to ${more} % more tokens`);
  }
  return said;
}
