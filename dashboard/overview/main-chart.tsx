import type { JSX } from 'preact';
import type { Stats } from '../../server/api/wire.ts';
import { param, path, setParams } from '../app/address.ts';
import { figureHref } from '../app/figure-link.ts';
import { useResource } from '../app/api.ts';
import { modelColour } from '../app/colours.ts';
import { revision } from '../app/live.ts';
import { statsResource } from '../app/scope.ts';
import { shade } from '../app/theme.ts';
import { ChartCard } from '../charts/chart-card.tsx';
import type { ChartSeries } from '../charts/chart.tsx';
import { CHART_METRICS, formatUnit, type MetricKind } from '../lib/metrics.ts';
import { OTHER } from '../lib/palette.ts';
import { drawable, groupSeries, summarise, type Series } from '../lib/series.ts';
import { axisOf, openRequests, previousValues, zoom, type Axis } from './axis.ts';
import { modelName } from './names.ts';

/** The six colours, and the rest. */
const SERIES = 7;

const metricId = param('metric', CHART_METRICS[0].id, (value): value is MetricKind['id'] =>
  CHART_METRICS.some((metric) => metric.id === value),
);

function MetricSelect({ metric }: { metric: MetricKind }): JSX.Element {
  return (
    <label class="select">
      <span class="visually-hidden">Metric of the chart</span>
      <select
        value={metric.id}
        onChange={(event) => {
          const { value } = event.currentTarget;
          setParams({ metric: value === CHART_METRICS[0].id ? null : value });
        }}
      >
        {CHART_METRICS.map(({ id, label }) => (
          <option key={id} value={id}>
            {label}
          </option>
        ))}
      </select>
    </label>
  );
}

function drawn(series: readonly Series[], metric: MetricKind): ChartSeries[] {
  return series.map((one) => ({
    ...one,
    form: metric.isSum ? 'bar' : 'line',
    colour: shade(one.isRest ? OTHER : modelColour(one.key)),
  }));
}

function ghost(summary: Stats, axis: Axis, metric: MetricKind): ChartSeries[] {
  const values = metric.isSum ? previousValues(summary, axis, metric.id, true) : null;
  if (!values || !values.some((value) => value)) return [];
  return [{ key: null, label: 'Previous period', values, form: 'ghost', colour: shade(OTHER) }];
}

/** What finds the requests of one series; those of several, or of the period before, are not told apart. */
function modelFilter(one: ChartSeries | null): { model?: string } {
  return one === null || one.isRest || one.form === 'ghost' ? {} : { model: one.key ?? '' };
}

/** The big chart: one metric over time by model, with the period before as a dashed line. */
export function MainChart({ summary }: { summary: Stats }): JSX.Element {
  const metric = CHART_METRICS.find(({ id }) => id === metricId.value) ?? CHART_METRICS[0];
  const resource = statsResource({
    metrics: [metric.id],
    groupBy: ['model'],
    isBucketed: true,
    isCompared: true,
  });
  const { data, isStale } = useResource<Stats>(resource, revision.value).value;
  const axis = data ? axisOf(data) : null;
  const isAnswered = data !== null && metric.id in data.totals;
  const found =
    data && axis && isAnswered
      ? groupSeries(axis.starts, data.rows, 'model', metric.id, {
          isSum: metric.isSum,
          limit: SERIES,
          label: modelName,
          isOwn: (model) => modelColour(model) !== OTHER,
        })
      : [];
  const series = axis
    ? [...drawn(drawable(found, metric.isSum), metric), ...ghost(summary, axis, metric)]
    : [];
  const hasData = found.some((one) => one.values.some((value) => value !== null && value !== 0));
  return (
    <ChartCard
      title={`${metric.label} by model`}
      controls={<MetricSelect metric={metric} />}
      isTall
      isStale={isStale}
      labels={axis?.labels ?? []}
      titles={axis?.titles ?? []}
      series={series}
      unit={metric.unit}
      {...(metric.unit === 'ratio' ? { maximum: 1 } : {})}
      hasSums={metric.isSum}
      figureOfSeries={(one) => {
        const sum = found.find(({ label }) => label === one.label)?.sum ?? null;
        return !metric.isSum
          ? ''
          : sum === null && metric.unit === 'money'
            ? 'unpriced'
            : formatUnit(sum, metric.unit);
      }}
      summary={summarise(
        `${metric.label} by model`,
        found,
        axis?.titles ?? [],
        (value) => formatUnit(value, metric.unit),
        metric.isSum,
      )}
      hrefOfSeries={(one) => figureHref(modelFilter(one))}
      onPick={(at, one) => axis && openRequests(axis, at, modelFilter(one))}
      onRange={(first, last) => axis && zoom(axis, path.value, first, last)}
      empty={data && !hasData ? `No ${metric.label.toLowerCase()} in this range.` : null}
    />
  );
}
