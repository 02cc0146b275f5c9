import { useSignal } from '@preact/signals';
import type { ComponentChildren, JSX } from 'preact';
import { figures, TableHead } from '../app/table-head.tsx';
import { Icon } from '../app/icons.tsx';
import { sumOf } from '../lib/series.ts';
import { formatUnit } from '../lib/metrics.ts';
import { Swatch, TimeChart, type ChartProps, type ChartSeries } from './chart.tsx';

export interface ChartCardProps extends ChartProps {
  readonly title: string;
  readonly controls?: ComponentChildren;
  readonly isStale: boolean;
  /** Where a legend entry leads. */
  readonly hrefOfSeries?: (series: ChartSeries) => string | null;
  /** Shown beside a legend entry; the sum by default. */
  readonly figureOfSeries?: (series: ChartSeries) => string;
  /** Says why there is nothing to draw. */
  readonly empty?: string | null;
  readonly children?: ComponentChildren;
  /** Lines have no sum to show. */
  readonly hasSums?: boolean;
}

function Legend(props: ChartCardProps): JSX.Element {
  return (
    <ul class="legend">
      {props.series
        .filter((one) => one.form !== 'ghost')
        .map((one) => {
          const figure =
            props.figureOfSeries?.(one) ??
            (props.hasSums === false ? '' : formatUnit(sumOf(one.values), props.unit));
          const href = one.isRest ? null : (props.hrefOfSeries?.(one) ?? null);
          const content = (
            <>
              <Swatch colour={one.colour} isLine={one.form === 'line'} />
              <span class="clip">{one.label}</span>
              {figure ? <span class="num muted">{figure}</span> : null}
            </>
          );
          return (
            <li key={one.label}>
              {href ? (
                <a href={href} title={`${one.label}: requests`}>
                  {content}
                </a>
              ) : (
                <span>{content}</span>
              )}
            </li>
          );
        })}
      {props.series.some((one) => one.form === 'ghost') ? (
        <li>
          <span>
            <span class="swatch is-ghost" aria-hidden="true" />
            <span class="muted">previous period</span>
          </span>
        </li>
      ) : null}
    </ul>
  );
}

/** The same data as a table: the accessible form, and the exact one. */
function DataTable(props: ChartCardProps): JSX.Element {
  return (
    <div
      class={`data-table${props.isTall ? ' is-tall' : ''}`}
      tabIndex={0}
      role="region"
      aria-label={`${props.title} as a table`}
    >
      <table class="table">
        <TableHead
          columns={[
            'Interval',
            ...props.series.map((one) => figures(one.form === 'ghost' ? 'Previous period' : one.label)),
          ]}
        />
        <tbody>
          {props.titles.map((title, at) => (
            <tr key={title}>
              <th scope="row">{title}</th>
              {props.series.map((one) => (
                <td class="num" key={one.label}>
                  {formatUnit(one.values[at], props.unit)}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

/** A card with title, controls, legend and either the chart or its table. */
export function ChartCard(props: ChartCardProps): JSX.Element {
  const isTable = useSignal(false);
  return (
    <section class={`card chart-card${props.isStale ? ' is-stale' : ''}`} aria-label={props.title}>
      <header class="card-head">
        <h2>{props.title}</h2>
        <div class="card-tools">
          {props.controls}
          <button
            type="button"
            class="button icon-only quiet"
            aria-pressed={isTable.value}
            aria-label={isTable.value ? 'View as chart' : 'View as table'}
            title={isTable.value ? 'View as chart' : 'View as table'}
            onClick={() => (isTable.value = !isTable.value)}
          >
            <Icon name={isTable.value ? 'chart' : 'table'} />
          </button>
        </div>
      </header>
      {props.empty ? (
        <p class={`plot-empty${props.isTall ? ' is-tall' : ''}`}>{props.empty}</p>
      ) : isTable.value ? (
        <DataTable {...props} />
      ) : (
        <TimeChart {...props} />
      )}
      {props.empty ? null : <Legend {...props} />}
      {props.children}
    </section>
  );
}
