/** A comparison for people, and as JSON. */
import type { ComparedRow, Comparison, Side, Total } from '../reconcile/compare.ts';
import { sumTokens } from '../reconcile/billed.ts';
import { roundHalfEven } from '../pricing/decimal.ts';
import { nanoToUsd } from '../pricing/money.ts';
import { tableText } from './table-text.ts';
import { percentOf } from './threshold.ts';

export function comparisonText(comparison: Comparison): string {
  const { rows, tokens, nanoUsd } = comparison;
  const hasKeys = rows.some(({ key }) => key !== null);
  const heads = [
    'day',
    'model',
    ...(hasKeys ? ['key'] : []),
    '>calls',
    ...(tokens === null ? [] : ['>tokens', '>provider', '>more']),
    ...(nanoUsd === null ? [] : ['>cost', '>provider', '>more']),
    '',
  ];
  const lines = rows.map((row) => [
    row.day,
    row.model,
    ...(hasKeys ? [row.key ?? '-'] : []),
    String(row.calls),
    ...(tokens === null ? [] : [tokensOf(row.ours), tokensOf(row.theirs), signed(row.tokensMore ?? 0)]),
    ...(nanoUsd === null ? [] : [costOf(row.ours), costOf(row.theirs), signedUsd(row.nanoUsdMore ?? 0)]),
    row.reasons.join('; '),
  ]);
  const isEqual = (tokens?.differing ?? 0) === 0 && (nanoUsd?.differing ?? 0) === 0;
  return [
    rows.length === 0
      ? 'Neither the report nor the record has anything for these days.\n'
      : tableText(heads, lines),
    ...(tokens === null ? [] : [`tokens  ${totalText(tokens, String)}\n`]),
    ...(nanoUsd === null ? [] : [`cost    ${totalText(nanoUsd, usd)}\n`]),
    isEqual && rows.length > 0 ? 'equal\n' : '',
  ].join('');
}

function totalText(total: Total, show: (value: number) => string): string {
  const { ours, theirs, differing } = total;
  const part = percentOf(total);
  const percent = Number.isFinite(part) ? ` (${part.toFixed(2)} %)` : '';
  return `${show(ours)} in the record, ${show(theirs)} in the report, ${show(differing)} apart${percent}`;
}

/** Money as nano-dollars. */
export function comparisonJson({ rows, tokens, nanoUsd }: Comparison): string {
  const shown = {
    rows: rows.map(rowJson),
    totals: { tokens, cost_nano_usd: nanoUsd },
  };
  return `${JSON.stringify(shown, null, 2)}\n`;
}

function rowJson(row: ComparedRow) {
  const side = ({ tokens, nanoUsd }: Side) => ({
    tokens,
    cost_nano_usd: nanoUsd === null ? null : Number(roundHalfEven(nanoUsd)),
  });
  return {
    day: row.day,
    model: row.model,
    key: row.key,
    calls: row.calls,
    record: side(row.ours),
    report: side(row.theirs),
    tokens_more: row.tokensMore,
    cost_more_nano_usd: row.nanoUsdMore,
    reasons: row.reasons,
  };
}

function tokensOf({ tokens }: Side): string {
  return tokens === null ? '-' : String(sumTokens(tokens));
}

function costOf({ nanoUsd }: Side): string {
  return nanoUsd === null ? '-' : usd(Number(roundHalfEven(nanoUsd)));
}

function usd(nanoUsd: number): string {
  return `$${nanoToUsd(nanoUsd)}`;
}

function signed(value: number): string {
  return value > 0 ? `+${value}` : String(value);
}

function signedUsd(nanoUsd: number): string {
  if (nanoUsd === 0) return '0';
  return `${nanoUsd > 0 ? '+' : '-'}${usd(Math.abs(nanoUsd))}`;
}
