import { useSignal } from '@preact/signals';
import type { JSX } from 'preact';
import type { Stats, StatsRow } from '../../server/api/wire.ts';
import { path, type Changes } from '../app/address.ts';
import { figureHref } from '../app/figure-link.ts';
import { figures, TableHead } from '../app/table-head.tsx';
import { shade } from '../app/theme.ts';
import { ChartCard } from '../charts/chart-card.tsx';
import type { ChartSeries } from '../charts/chart.tsx';
import { formatCount } from '../lib/format.ts';
import { formatUnit } from '../lib/metrics.ts';
import { STOP_STYLES, stopStyle } from '../lib/palette.ts';
import { metricOf, sumOf, summarise } from '../lib/series.ts';
import { StopReason } from '../requests/badges.tsx';
import { axisOf, openRequests, zoom } from './axis.ts';
import { modelName } from './names.ts';

/** Groups of the chart that are no stop reasons of the vendor. */
const ERROR = 'error';
const NONE = 'no stop reason';

/** A row without a stop reason stands for errors and for calls that have none by nature (token counts, …). */
function reasonCounts(row: StatsRow): [reason: string, calls: number][] {
  const calls = metricOf(row, 'calls') ?? 0;
  const reason = row['stop_reason'];
  if (typeof reason === 'string') return [[reason, calls]];
  const errors = Math.min(calls, metricOf(row, 'errors') ?? 0);
  const counts: [string, number][] = [
    [ERROR, errors],
    [NONE, calls - errors],
  ];
  return counts.filter(([, count]) => count > 0);
}

function orderOf(reason: string): number {
  const at = Object.keys(STOP_STYLES).indexOf(reason);
  return reason === NONE ? 100 : at < 0 ? 50 : at;
}

function tally(
  rows: readonly StatsRow[],
  by: (row: StatsRow) => string | number,
): Map<string, Map<string | number, number>> {
  const counts = new Map<string, Map<string | number, number>>();
  for (const row of rows) {
    for (const [reason, calls] of reasonCounts(row)) {
      const held = counts.get(reason) ?? new Map<string | number, number>();
      held.set(by(row), (held.get(by(row)) ?? 0) + calls);
      counts.set(reason, held);
    }
  }
  return new Map([...counts].sort(([one], [other]) => orderOf(one) - orderOf(other)));
}

/** What finds the calls that ended so. */
function reasonFilter(reason: string): Changes {
  if (reason !== ERROR && reason !== NONE) return { stop_reason: reason };
  return { stop_reason: '', error: String(reason === ERROR) };
}

/** Empty for calls without one, as the filter has it. */
function modelOf(row: StatsRow): string {
  const model = row['model'];
  return typeof model === 'string' ? model : '';
}

function Matrix({ rows }: { rows: readonly StatsRow[] }): JSX.Element {
  const counts = tally(rows, modelOf);
  const sums = new Map<string, number>();
  for (const row of rows)
    sums.set(modelOf(row), (sums.get(modelOf(row)) ?? 0) + (metricOf(row, 'calls') ?? 0));
  const models = [...sums.keys()].sort((one, other) => (sums.get(other) ?? 0) - (sums.get(one) ?? 0));
  return (
    <div class="scroll-x" tabIndex={0} role="region" aria-label="Stop reasons by model">
      <table class="table compact">
        <TableHead
          columns={['Model', ...[...counts.keys()].map((reason) => figures(<StopReason reason={reason} />))]}
        />
        <tbody>
          {models.map((model) => (
            <tr key={model}>
              <th scope="row">{modelName(model || null)}</th>
              {[...counts].map(([reason, byModel]) => {
                const count = byModel.get(model) ?? 0;
                return (
                  <td class="num" key={reason}>
                    {count === 0 ? (
                      <span class="faint">·</span>
                    ) : (
                      <a href={figureHref({ ...reasonFilter(reason), model })}>{formatCount(count)}</a>
                    )}
                  </td>
                );
              })}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

/** How the answers ended, over time for one model or all, and counted for each model. */
export function StopReasonsCard({ stats, isStale }: { stats: Stats; isStale: boolean }): JSX.Element {
  const chosen = useSignal('');
  const axis = axisOf(stats);
  const models = [...new Set(stats.rows.map(modelOf))].filter((model) => model !== '').sort();
  const model = models.includes(chosen.value) ? chosen.value : '';
  const rows = model ? stats.rows.filter((row) => modelOf(row) === model) : stats.rows;
  const counts = tally(rows, (row) => row.start_ms ?? 0);
  const series = [...counts].map(([reason, byStart]): ChartSeries => ({
    key: reason,
    label: reason,
    values: axis?.starts.map((start) => byStart.get(start) ?? 0) ?? [],
    colour: shade(stopStyle(reason).colour),
    form: 'bar',
  }));
  const byModel: Record<string, string> = model ? { model } : {};
  return (
    <ChartCard
      title="Stop reasons"
      controls={
        <label class="select">
          <span class="visually-hidden">Model</span>
          <select value={model} onChange={(event) => (chosen.value = event.currentTarget.value)}>
            <option value="">All models</option>
            {models.map((name) => (
              <option key={name}>{name}</option>
            ))}
          </select>
        </label>
      }
      isStale={isStale}
      labels={axis?.labels ?? []}
      titles={axis?.titles ?? []}
      series={series}
      unit="count"
      summary={summarise(
        'Stop reasons',
        series.map((one) => ({ ...one, sum: sumOf(one.values) })),
        axis?.titles ?? [],
        (value) => formatUnit(value, 'count'),
        true,
      )}
      hrefOfSeries={(one) => figureHref({ ...reasonFilter(one.key ?? NONE), ...byModel })}
      onPick={(at, one) =>
        axis && openRequests(axis, at, { ...(one ? reasonFilter(one.key ?? NONE) : {}), ...byModel })
      }
      onRange={(first, last) => axis && zoom(axis, path.value, first, last)}
      empty={series.length === 0 ? 'No answers in this range.' : null}
    >
      <Matrix rows={stats.rows} />
    </ChartCard>
  );
}
