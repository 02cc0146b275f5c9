import type { JSX } from 'preact';
import type { Bucket, Stats } from '../../server/api/wire.ts';
import { nowMs, path, range } from '../app/address.ts';
import { useResource } from '../app/api.ts';
import { revision } from '../app/live.ts';
import { statsResource } from '../app/scope.ts';
import { shade } from '../app/theme.ts';
import { TimeChart, type ChartSeries } from '../charts/chart.tsx';
import { formatCount } from '../lib/format.ts';
import { CATEGORIES, OTHER, stopStyle } from '../lib/palette.ts';
import { summarise, sumOf, valuesOver } from '../lib/series.ts';
import { axisOf, zoom } from '../overview/axis.ts';

const HOUR_MS = 3_600_000;

/** Narrow bars: the strip shows when, not how many. */
function stripBucket(lengthMs: number): Bucket {
  if (lengthMs <= 4 * HOUR_MS) return 'minute';
  if (lengthMs <= 10 * 24 * HOUR_MS) return 'hour';
  return lengthMs <= 400 * 24 * HOUR_MS ? 'day' : 'week';
}

/** The requests of the list over time, errors apart; dragging or choosing an interval narrows the range to it. */
export function Histogram(): JSX.Element | null {
  const { fromMs, toMs } = range.value;
  const bucket = fromMs === null ? 'auto' : stripBucket((toMs ?? nowMs.value) - fromMs);
  const resource = statsResource({ metrics: ['calls', 'errors'], bucket });
  const { data, error, isStale } = useResource<Stats>(resource, revision.value).value;
  const axis = data ? axisOf(data) : null;
  if (error || (data && (data.totals['calls'] ?? 0) === 0)) return null;
  if (!data || !axis) return <div class="histogram" aria-busy="true" />;
  const errors = valuesOver(axis.starts, data.rows, 'errors', true);
  const calls = valuesOver(axis.starts, data.rows, 'calls', true);
  const fine = calls.map((count, at) => (count ?? 0) - (errors[at] ?? 0));
  const series: ChartSeries[] = [
    { key: 'errors', label: 'errors', values: errors, colour: shade(stopStyle('error').colour), form: 'bar' },
    { key: 'fine', label: 'others', values: fine, colour: shade(CATEGORIES[3] ?? OTHER), form: 'bar' },
  ];
  const narrow = (first: number, last: number) => zoom(axis, path.value, first, last);
  return (
    <div
      class={`histogram${isStale ? ' is-stale' : ''}`}
      data-calls={sumOf(calls)}
      data-errors={sumOf(errors)}
    >
      <TimeChart
        isStrip
        labels={axis.labels}
        titles={axis.titles}
        series={series}
        unit="count"
        summary={summarise(
          'Requests over time',
          [{ key: null, label: 'requests', values: calls, sum: sumOf(calls) }],
          axis.titles,
          formatCount,
          true,
        )}
        onPick={(at) => narrow(at, at)}
        onRange={narrow}
      />
    </div>
  );
}
