/** What each block of a prompt took of the tokens and the money of its call: shared out by size, as nobody measures blocks. Pure. */
import { asArray, asObject } from '../messages/json.ts';
import type { SizedBlock } from './block.ts';
import { promptTokensOf, type CacheUse } from './use.ts';

export interface Share {
  readonly tokens: number;
  /** Null where the call has no price. */
  readonly nanoUsd: number | null;
}

/** A line of a call's cost, as far as it matters here. */
export interface PaidLine {
  readonly class: string;
  readonly quantity: number;
  readonly amount_nano_usd: string;
}

/**
 * A share for each block. All shares add up to what the call measured: tokens to its prompt, money to what its lines say that was
 * paid for it. The first blocks are those that were read, then come those written for an hour, for five minutes, and plain input.
 */
export function sharesOf(blocks: readonly SizedBlock[], use: CacheUse, lines: readonly PaidLine[]): Share[] {
  const whole = blocks.reduce((sum, { weight }) => sum + weight, 0);
  const tokens = promptTokensOf(use);
  const paid = paidUpTo(use, lines);
  let weight = 0;
  let [tokensBefore, nanoBefore] = [0, 0];
  return blocks.map((block) => {
    weight += block.weight;
    const end = (weight / whole) * tokens;
    const nano = paid === null ? null : Math.round(paid(end));
    const share = {
      tokens: Math.round(end) - tokensBefore,
      nanoUsd: nano === null ? null : nano - nanoBefore,
    };
    tokensBefore = Math.round(end);
    nanoBefore = nano ?? 0;
    return share;
  });
}

/** What the first so many tokens of the prompt cost; null where there is no price. */
function paidUpTo(use: CacheUse, lines: readonly PaidLine[]): ((tokens: number) => number) | null {
  if (lines.length === 0) return null;
  const classes: [string, number][] = [
    ['cache_read', use.read],
    ['cache_write_1h', use.write1h],
    ['cache_write_5m', use.write5m],
    ['input', use.input],
  ];
  const stretches = classes.map(([name, tokens]) => {
    const own = lines.filter((line) => line.class === name);
    const quantity = own.reduce((sum, line) => sum + line.quantity, 0);
    const amount = own.reduce((sum, line) => sum + Number(line.amount_nano_usd), 0);
    return { tokens, rate: quantity === 0 ? 0 : amount / quantity };
  });
  return (upTo) => {
    let [left, sum] = [upTo, 0];
    for (const { tokens, rate } of stretches) {
      sum += Math.min(left, tokens) * rate;
      left = Math.max(0, left - tokens);
    }
    return sum;
  };
}

/** The lines of the column `cost_lines`, parsed. */
export function paidLines(value: unknown): PaidLine[] {
  return asArray(value).flatMap((item) => {
    const line = asObject(item);
    const { class: name, quantity, amount_nano_usd: amount } = line ?? {};
    const isLine = typeof name === 'string' && typeof quantity === 'number' && typeof amount === 'string';
    return isLine ? [{ class: name, quantity, amount_nano_usd: amount }] : [];
  });
}
