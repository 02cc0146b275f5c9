/** The three kinds of requests that count as errors. */
import type { StatsRow } from '../../server/api/wire.ts';
import type { FilterValues } from './filters.ts';
import { metricOf } from './series.ts';

/** The groups that the rows given to this module must have. */
export const ERROR_GROUPS = ['state', 'status'] as const;

export interface ErrorPart {
  readonly label: string;
  /** Calls that exactly this filter finds; a call that broke off after an error status is in two parts. */
  readonly calls: number;
  readonly filter: FilterValues;
}

const BROKEN = ['failed', 'aborted', 'interrupted'];

function statusOf(row: StatsRow): number {
  return Number(row['status'] ?? 0);
}

function isBroken(row: StatsRow): boolean {
  return BROKEN.includes(String(row['state']));
}

function count(rows: readonly StatsRow[], metric: string): number {
  return rows.reduce((sum, row) => sum + (metricOf(row, metric) ?? 0), 0);
}

/** The kinds of error among rows grouped by state and status, with metrics `calls` and `errors`; only kinds that occur. */
export function errorParts(rows: readonly StatsRow[]): ErrorPart[] {
  const whole = rows.filter((row) => !isBroken(row) && statusOf(row) < 400);
  const parts: ErrorPart[] = [
    {
      label: 'by status',
      calls: count(
        rows.filter((row) => statusOf(row) >= 400),
        'calls',
      ),
      filter: { status: ['>=400'] },
    },
    { label: 'broken off', calls: count(rows.filter(isBroken), 'calls'), filter: { state: BROKEN } },
    {
      label: 'in the stream',
      calls: count(whole, 'errors'),
      filter: { message_state: ['error_event'], state: ['completed'], status: ['<400'] },
    },
  ];
  return parts.filter(({ calls }) => calls > 0);
}
