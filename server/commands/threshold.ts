/** How far two bills may lie apart: a part of the provider's (`0.5%`), or dollars (`0.10`). */
import { parseDecimal, shift } from '../pricing/decimal.ts';
import { safeNano } from '../pricing/money.ts';
import type { Comparison, Total } from '../reconcile/compare.ts';
import { BadOption } from './query-flags.ts';

export type Threshold =
  | { readonly kind: 'percent'; readonly percent: number }
  | { readonly kind: 'cost'; readonly nanoUsd: number };

/** Null when none is given. @throws BadOption */
export function readThreshold(text: string | undefined): Threshold | null {
  if (text === undefined) return null;
  const percent = /^(\d+(?:\.\d+)?)%$/.exec(text.trim())?.[1];
  if (percent !== undefined) return { kind: 'percent', percent: Number(percent) };
  const amount = /^\$?(\d+(?:\.\d+)?)$/.exec(text.trim())?.[1];
  const dollars = amount === undefined ? null : parseDecimal(amount);
  const nanoUsd = dollars === null ? null : safeNano(shift(dollars, 9));
  if (nanoUsd === null)
    throw new BadOption(
      `--max-difference takes a percentage such as 0.5% or dollars such as 0.10, not ${text}.`,
    );
  return { kind: 'cost', nanoUsd };
}

/** A percentage holds for tokens and for money, where the report tells them. */
export function isBeyond({ tokens, nanoUsd }: Comparison, threshold: Threshold): boolean {
  if (threshold.kind === 'cost') {
    if (nanoUsd === null)
      throw new BadOption('The report tells no cost: give --max-difference as a percentage.');
    return nanoUsd.differing > threshold.nanoUsd;
  }
  return [tokens, nanoUsd].some((total) => total !== null && percentOf(total) > threshold.percent);
}

/** Of the provider's figure; infinite where that is 0 and ours is not. */
export function percentOf({ theirs, differing }: Total): number {
  if (differing === 0) return 0;
  return theirs === 0 ? Infinity : (differing / theirs) * 100;
}
