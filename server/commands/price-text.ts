/** Prices and cost lines for people: plain columns. */
import type { Card } from '../pricing/card.ts';
import { formatDecimal } from '../pricing/decimal.ts';
import type { CostLine } from '../pricing/lines.ts';
import { rateKeyName } from '../pricing/rate-keys.ts';

export function cardText(model: string, at: string, card: Card): string {
  const rows = [...card.rates.values()].map((rate) => {
    const isToken = rate.key.class !== 'web_search' && rate.key.class !== 'request';
    const price = formatDecimal({ units: rate.femtoUsd, scale: isToken ? 9 : 15 });
    const since = rate.effectiveFrom === null ? '' : `since ${rate.effectiveFrom}`;
    return [rateKeyName(rate.key), `$${price}${isToken ? ' / million' : ' each'}`, rate.source, since];
  });
  const factors = [...card.factors].map(([name, factor]) => [name, `× ${formatDecimal(factor)}`, '', '']);
  return `${model} at ${at}\n${columns([...rows, ...factors])}`;
}

export interface ShownCheck {
  readonly model: string;
  readonly at: string;
  readonly cost_usd: string | null;
  readonly source: string | null;
  readonly book_version: string;
  readonly lines: readonly CostLine[];
  readonly notes: readonly string[];
}

export function checkText(shown: ShownCheck): string {
  const rows = shown.lines.map((line) => [
    line.class,
    String(line.quantity),
    `$${formatDecimal({ units: BigInt(line.rate_femto_usd), scale: 15 })}`,
    line.multipliers.map(({ name, factor }) => `× ${factor} ${name}`).join(' '),
    line.model,
    line.source,
    line.effective_from === null ? '' : `since ${line.effective_from}`,
  ]);
  const total = shown.cost_usd === null ? 'unpriced' : `$${shown.cost_usd} ${shown.source ?? ''}`.trimEnd();
  const notes = shown.notes.map((note) => `  ${note}\n`).join('');
  return `${shown.model} at ${shown.at}: ${total} (book ${shown.book_version})\n${columns(rows)}${notes}`;
}

function columns(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, at) => Math.max(...rows.map((row) => (row[at] ?? '').length)));
  return rows
    .map((row) => `  ${row.map((cell, at) => cell.padEnd(widths[at] ?? 0)).join('  ')}`.trimEnd())
    .map((line) => `${line}\n`)
    .join('');
}
