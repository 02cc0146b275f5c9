/** What `weir replay` tells people: what it is about to do, and what came of it. */
import type { PairSum, ReplayPlan, ReplayRow, ReplayTotals } from '../api/wire.ts';
import type { PlannedCost } from './replay-run.ts';
import { durationText } from './size-text.ts';
import { printable, tableText } from './table-text.ts';

export function planText(
  plans: readonly ReplayPlan[],
  cost: PlannedCost,
  { batch, skipped, isDry }: { batch: string; skipped: number; isDry: boolean },
): string {
  const [first] = plans;
  const lines = skipped === 0 ? [] : [`sent before in batch ${batch}: ${callsText(skipped)}`];
  if (first !== undefined) {
    const target = `${first.upstream} (${first.upstream_url})`;
    lines.push(
      `${callsText(plans.length)} to ${printable(target)}, batch ${batch}${isDry ? ' (dry run)' : ''}`,
    );
    lines.push(`estimated cost: ${costText(cost)}`);
    const notes = new Set(plans.flatMap(({ assumptions, warnings }) => [...warnings, ...assumptions]));
    lines.push(...[...notes].map((note) => `  ${printable(note)}`));
  }
  return lines.map((line) => `${line}\n`).join('');
}

function callsText(count: number): string {
  return count === 1 ? '1 call' : `${count} calls`;
}

function costText({ low, high, most }: PlannedCost): string {
  if (low === null || high === null) return 'unknown, because a price is not known';
  return `${usd(low)} to ${usd(high)}${most === null ? '' : `, ${usd(most)} at the most`}`;
}

/** Cents are told to the hundredth, less than one to the ten-thousandth. */
export function usd(nanoUsd: number | null): string {
  if (nanoUsd === null) return '';
  return `$${(nanoUsd / 1e9).toFixed(nanoUsd > 0 && nanoUsd < 10_000_000 ? 6 : 4)}`;
}

const heads = ['call', 'replay', 'model', 'outcome', '>out', '>cost', '>took', 'answer'];

/** The table, oldest call first, and the sums under it. */
export function batchText(rows: readonly ReplayRow[], totals: ReplayTotals | null): string {
  if (rows.length === 0) return '';
  const cells = rows
    .toReversed()
    .map((row) => [
      row.replay_of,
      row.id,
      pair(row.original_model, row.model),
      pair(outcomeText(row.original_status, row.original_stop_reason), outcomeOf(row)),
      pair(row.original_output_tokens, row.output_tokens),
      pair(usd(row.original_cost_nano_usd), usd(row.cost_nano_usd)),
      pair(durationOf(row.original_duration_us), durationOf(row.duration_us)),
      answerText(row),
    ]);
  return `${tableText(heads, cells)}${totals === null ? '' : totalsText(rows, totals)}`;
}

/** Both, or one of them where they are the same. */
function pair(before: string | number | null, after: string | number | null): string {
  if (before === after) return String(after ?? '');
  return `${before ?? '?'} → ${after ?? '?'}`;
}

function outcomeOf(row: ReplayRow): string {
  return row.state === 'completed' ? outcomeText(row.status, row.stop_reason) : (row.error_kind ?? row.state);
}

function outcomeText(status: number | null, stopReason: string | null): string {
  return stopReason ?? (status === null ? '?' : String(status));
}

function durationOf(durationUs: number | null): string {
  return durationUs === null ? '' : durationText(durationUs / 1000);
}

function answerText({ is_same: isSame, likeness }: ReplayRow): string {
  if (isSame === null) return '';
  return isSame ? 'the same' : `${Math.floor((likeness ?? 0) * 100)} % alike`;
}

function totalsText(rows: readonly ReplayRow[], totals: ReplayTotals): string {
  const compared = rows.filter(({ is_same: isSame }) => isSame !== null);
  const same = compared.filter(({ is_same: isSame }) => isSame === true).length;
  const parts = [
    `${totals.succeeded} of ${totals.replays} answered`,
    sumText(totals.cost_nano_usd, usd, 'in all'),
    sumText(totals.output_tokens, (value) => `${value} tokens`, 'of output'),
    meanText(totals.duration_us),
    ...(compared.length === 0 ? [] : [`${same} of ${compared.length} answers the same`]),
  ];
  return `\n${parts.filter((part) => part !== '').join('; ')}\n`;
}

function sumText(
  { pairs, original, replay }: PairSum,
  text: (value: number) => string,
  what: string,
): string {
  return pairs === 0 ? '' : `${text(replay)} ${what} instead of ${text(original)}`;
}

function meanText({ pairs, original, replay }: PairSum): string {
  if (pairs === 0) return '';
  const mean = (sumUs: number): string => durationText(sumUs / pairs / 1000);
  return `${mean(replay)} on average instead of ${mean(original)}`;
}
