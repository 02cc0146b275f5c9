/** What was billed, by day, model and key: what a provider's report says, and what the record says, in one shape. */
import { add, zero, type Decimal } from '../pricing/decimal.ts';

export const tokenClasses = ['input', 'cache_write_5m', 'cache_write_1h', 'cache_read', 'output'] as const;
export type TokenClass = (typeof tokenClasses)[number];
export type TokenCounts = Readonly<Record<TokenClass, number>>;

export interface Billed {
  /** UTC, `2026-11-20`. */
  readonly day: string;
  /** Canonical id of a model, or what is billed without one: `web_search`, `code_execution`, … */
  readonly model: string;
  /** As the report or the record names it; null where it does not tell. */
  readonly key: string | null;
  readonly workspace: string | null;
  /** Null where this tells no tokens. */
  readonly tokens: TokenCounts | null;
  /** Nano-dollars, exact; null where this tells no cost. */
  readonly nanoUsd: Decimal | null;
  /** By how much the cost may be off because it was rounded before it was told; nano-dollars. */
  readonly slackNanoUsd: number;
}

export const noTokens: TokenCounts = {
  input: 0,
  cache_write_5m: 0,
  cache_write_1h: 0,
  cache_read: 0,
  output: 0,
};

export function addTokens(a: TokenCounts, b: TokenCounts): TokenCounts {
  return {
    input: a.input + b.input,
    cache_write_5m: a.cache_write_5m + b.cache_write_5m,
    cache_write_1h: a.cache_write_1h + b.cache_write_1h,
    cache_read: a.cache_read + b.cache_read,
    output: a.output + b.output,
  };
}

export function sumTokens(tokens: TokenCounts): number {
  return tokenClasses.reduce((sum, name) => sum + tokens[name], 0);
}

/** Null and null stay unknown. */
export function addCosts(a: Decimal | null, b: Decimal | null): Decimal | null {
  return a === null && b === null ? null : add(a ?? zero, b ?? zero);
}
