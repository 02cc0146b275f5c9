import type { JSX } from 'preact';
import type { Stats } from '../../server/api/wire.ts';
import { path } from '../app/address.ts';
import { figureHref } from '../app/figure-link.ts';
import { useResource } from '../app/api.ts';
import { modelColour } from '../app/colours.ts';
import { Failure } from '../app/failure.tsx';
import { FilterBar } from '../app/filter-bar.tsx';
import { revision } from '../app/live.ts';
import { statsResource } from '../app/scope.ts';
import { shade } from '../app/theme.ts';
import { ViewsMenu } from '../app/views-menu.tsx';
import { ChartCard } from '../charts/chart-card.tsx';
import type { ChartSeries } from '../charts/chart.tsx';
import { filterOf, type Dimension } from '../lib/dimensions.ts';
import { formatCount } from '../lib/format.ts';
import { formatUnit } from '../lib/metrics.ts';
import { CATEGORIES, OTHER, stopStyle, type Colour } from '../lib/palette.ts';
import { drawable, groupSeries, summarise, type Series } from '../lib/series.ts';
import { axisOf, openRequests, zoom } from '../overview/axis.ts';
import { NothingFound } from '../overview/nothing-found.tsx';
import { Controls } from './controls.tsx';
import { bucket, group, limit, metric, subgroup } from './question.ts';
import { ExactTable, valueOf } from './table.tsx';

/** Where the values of all splits stand together in a row. */
const KEY = '_key';

type Values = readonly (string | null)[];

function valuesIn(key: string | null): Values {
  const read: unknown = JSON.parse(key ?? '[]');
  return Array.isArray(read) ? read.map((one: unknown) => (typeof one === 'string' ? one : null)) : [];
}

function labelOf(key: string | null): string {
  return valuesIn(key)
    .map((value) => value ?? 'none')
    .join(' · ');
}

function colourOf(series: Series, at: number, dimensions: readonly Dimension[]): Colour {
  if (series.isRest) return OTHER;
  const [value = null] = valuesIn(series.key);
  const only = dimensions.length === 1 ? dimensions[0]?.id : undefined;
  if (only === 'model') return modelColour(value);
  if (only === 'stop_reason' && value !== null) return stopStyle(value).colour;
  return CATEGORIES[at] ?? OTHER;
}

/** The filters that find one series; null where none do. */
function filtersOf(one: ChartSeries | null, dimensions: readonly Dimension[]): Record<string, string> | null {
  if (!one || one.isRest || one.key === null) return null;
  const values = valuesIn(one.key);
  const pairs = dimensions.map((dimension, at) => filterOf(dimension, values[at] ?? null));
  return pairs.some((pair) => pair === null)
    ? null
    : Object.fromEntries(pairs.filter((pair) => pair !== null));
}

function seriesOf(stats: Stats, starts: readonly number[], dimensions: readonly Dimension[]) {
  const rows = stats.rows.map((row) => ({
    ...row,
    [KEY]: JSON.stringify(dimensions.map((one) => valueOf(row, one))),
  }));
  const kind = metric.value;
  const found = groupSeries(starts, rows, KEY, kind.id, {
    isSum: kind.isSum,
    limit: Number(limit.value) + (kind.isSum ? 1 : 0),
    label: labelOf,
  });
  return drawable(found, kind.isSum);
}

function ExploreChart({ stats, isStale }: { stats: Stats; isStale: boolean }): JSX.Element {
  const kind = metric.value;
  const dimensions = [group.value, subgroup.value].filter((one) => one !== null);
  const axis = axisOf(stats);
  const found = axis ? seriesOf(stats, axis.starts, dimensions) : [];
  const title = `${kind.label} by ${dimensions.map(({ label }) => label.toLowerCase()).join(' and ')}`;
  return (
    <ChartCard
      title={title}
      isTall
      isStale={isStale}
      labels={axis?.labels ?? []}
      titles={axis?.titles ?? []}
      series={found.map((one, at): ChartSeries => ({
        ...one,
        form: kind.isSum ? 'bar' : 'line',
        colour: shade(colourOf(one, at, dimensions)),
      }))}
      unit={kind.unit}
      {...(kind.unit === 'ratio' ? { maximum: 1 } : {})}
      hasSums={kind.isSum}
      summary={summarise(
        title,
        found,
        axis?.titles ?? [],
        (value) => formatUnit(value, kind.unit),
        kind.isSum,
      )}
      hrefOfSeries={(one) => {
        const filters = filtersOf(one, dimensions);
        return filters && figureHref(filters);
      }}
      onPick={(at, one) => axis && openRequests(axis, at, filtersOf(one, dimensions) ?? {})}
      onRange={(first, last) => axis && zoom(axis, path.value, first, last)}
      empty={found.length === 0 ? `No ${kind.label.toLowerCase()} in this range.` : null}
    />
  );
}

/** Any metric, split by up to two things, over time and exactly. */
export function ExplorePage(): JSX.Element {
  const kind = metric.value;
  const dimensions = [group.value, subgroup.value].filter((one) => one !== null);
  const groupBy = dimensions.map(({ id }) => id);
  const metrics = [...new Set([kind.id, 'calls'])];
  const overTime = statsResource({ metrics, groupBy, bucket: bucket.value });
  const exact = statsResource({ metrics, groupBy });
  const chart = useResource<Stats>(overTime, revision.value).value;
  const table = useResource<Stats>(exact, revision.value).value;
  const calls = table.data?.totals['calls'] ?? 0;
  const error = chart.error ?? table.error;
  const isAnswered = (stats: Stats | null) =>
    stats !== null && kind.id in stats.totals && stats.group_by.join() === groupBy.join();
  return (
    <div class="page">
      <h1 class="visually-hidden">Explore</h1>
      <FilterBar
        note={table.data ? `${formatCount(calls)} ${calls === 1 ? 'request' : 'requests'}` : undefined}
        exports={[
          { label: 'Over time', resource: overTime, isTable: true },
          { label: 'Exact figures', resource: exact, isTable: true },
        ]}
      />
      <div class="explore-bar">
        <Controls />
        <ViewsMenu />
      </div>
      {error ? <Failure error={error} /> : null}
      {table.data && calls === 0 ? <NothingFound /> : null}
      {!chart.data && !error ? <div class="card skeleton skeleton-chart" aria-busy="true" /> : null}
      {chart.data && calls > 0 && isAnswered(chart.data) ? (
        <ExploreChart stats={chart.data} isStale={chart.isStale} />
      ) : null}
      {table.data && calls > 0 && isAnswered(table.data) ? (
        <ExactTable stats={table.data} dimensions={dimensions} metric={kind} />
      ) : null}
    </div>
  );
}
