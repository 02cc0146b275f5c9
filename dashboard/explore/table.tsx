import type { JSX } from 'preact';
import type { Stats, StatsRow } from '../../server/api/wire.ts';
import { figureHref } from '../app/figure-link.ts';
import { figures, TableHead } from '../app/table-head.tsx';
import { filterOf, type Dimension } from '../lib/dimensions.ts';
import { formatCount, formatPercent } from '../lib/format.ts';
import { formatExact, type MetricKind } from '../lib/metrics.ts';
import { metricOf } from '../lib/series.ts';

const SHOWN = 200;

export function valueOf(row: StatsRow, dimension: Dimension): string | null {
  const value = row[dimension.id];
  return value === null || value === undefined ? null : String(value);
}

/** The requests of one part; null where no filter finds all of them and nothing else. */
export function partHref(row: StatsRow, dimensions: readonly Dimension[]): string | null {
  const filters = dimensions.map((one) => filterOf(one, valueOf(row, one)));
  if (filters.some((one) => one === null)) return null;
  return figureHref(Object.fromEntries(filters.filter((one) => one !== null)));
}

function Row({
  row,
  dimensions,
  metric,
  whole,
}: {
  row: StatsRow;
  dimensions: readonly Dimension[];
  metric: MetricKind;
  whole: number | null;
}): JSX.Element {
  const href = partHref(row, dimensions);
  const value = metricOf(row, metric.id);
  const calls = formatCount(metricOf(row, 'calls'));
  return (
    <tr data-value={value ?? ''}>
      {dimensions.map((one, at) => {
        const text = valueOf(row, one);
        const shown = text ?? <span class="muted">none</span>;
        return at === 0 ? (
          <th scope="row" key={one.id}>
            {href ? <a href={href}>{shown}</a> : shown}
          </th>
        ) : (
          <td key={one.id}>{shown}</td>
        );
      })}
      <td class="num">{formatExact(value, metric.unit)}</td>
      {whole === null ? null : (
        <td class="num">{formatPercent(value === null || whole === 0 ? null : value / whole)}</td>
      )}
      {metric.id === 'calls' ? null : <td class="num">{href ? <a href={href}>{calls}</a> : calls}</td>}
    </tr>
  );
}

/** Every part with its exact figure, biggest first, and the whole. */
export function ExactTable({
  stats,
  dimensions,
  metric,
}: {
  stats: Stats;
  dimensions: readonly Dimension[];
  metric: MetricKind;
}): JSX.Element {
  const rows = stats.rows.toSorted(
    (one, other) => (metricOf(other, metric.id) ?? -Infinity) - (metricOf(one, metric.id) ?? -Infinity),
  );
  const total = stats.totals[metric.id] ?? null;
  const whole = metric.isSum ? total : null;
  return (
    <section class="card" aria-label="Exact figures">
      <header class="card-head">
        <h2>Exact figures</h2>
        <span class="muted num small">{formatCount(rows.length)} rows</span>
      </header>
      <div class="scroll-x" tabIndex={0} role="region" aria-label="Exact figures, table">
        <table class="table compact">
          <TableHead
            columns={[
              ...dimensions.map((one) => one.label),
              figures(metric.label),
              ...(whole === null ? [] : [figures('Share')]),
              ...(metric.id === 'calls' ? [] : [figures('Requests')]),
            ]}
          />
          <tbody>
            {rows.slice(0, SHOWN).map((row) => (
              <Row
                key={JSON.stringify(dimensions.map((one) => valueOf(row, one)))}
                row={row}
                dimensions={dimensions}
                metric={metric}
                whole={whole}
              />
            ))}
          </tbody>
          <tfoot>
            <tr data-total={total ?? ''}>
              <th scope="row" colSpan={dimensions.length}>
                {metric.isSum ? 'Sum' : 'Over all'}
              </th>
              <td class="num">{formatExact(total, metric.unit)}</td>
              {whole === null ? null : <td />}
              {metric.id === 'calls' ? null : (
                <td class="num">{formatCount(stats.totals['calls'] ?? null)}</td>
              )}
            </tr>
          </tfoot>
        </table>
      </div>
      {rows.length > SHOWN ? (
        <p class="muted small">{formatCount(rows.length - SHOWN)} smaller rows are in the CSV (Export).</p>
      ) : null}
    </section>
  );
}
