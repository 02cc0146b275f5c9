import type { JSX } from 'preact';
import type { Stats } from '../../server/api/wire.ts';
import { param, path, setParams } from '../app/address.ts';
import { figureHref } from '../app/figure-link.ts';
import { shade } from '../app/theme.ts';
import { ChartCard } from '../charts/chart-card.tsx';
import type { ChartSeries } from '../charts/chart.tsx';
import { formatChange, formatDuration, UNKNOWN } from '../lib/format.ts';
import { formatUnit } from '../lib/metrics.ts';
import { CATEGORIES, OTHER } from '../lib/palette.ts';
import { summarise, valuesOver } from '../lib/series.ts';
import { axisOf, openRequests, zoom } from './axis.ts';

const KINDS = [
  { id: 'duration', metric: 'duration_us', label: 'Duration' },
  { id: 'ttft', metric: 'ttft_us', label: 'First token' },
] as const;

type KindId = (typeof KINDS)[number]['id'];

const LEVELS = ['p50', 'p90', 'p99'] as const;
const [VIOLET = OTHER, , TEAL = OTHER, BLUE = OTHER] = CATEGORIES;
const COLOURS = { p50: BLUE, p90: TEAL, p99: VIOLET } as const;

export const LATENCY_METRICS = KINDS.flatMap(({ metric }) => LEVELS.map((level) => `${metric}_${level}`));

const kindId = param('latency', 'duration', (value): value is KindId => KINDS.some(({ id }) => id === value));

function Figures({ stats, metric }: { stats: Stats; metric: string }): JSX.Element {
  return (
    <dl class="figures">
      {LEVELS.map((level) => {
        const now = stats.totals[`${metric}_${level}`] ?? null;
        const before = stats.previous?.totals[`${metric}_${level}`] ?? null;
        return (
          <div key={level}>
            <dt>{level}</dt>
            <dd class="num" data-latency={level} data-value={now ?? ''}>
              <a href={figureHref()}>{formatDuration(now)}</a>{' '}
              <span class="figure-change">{formatChange(now, before) ?? ''}</span>
            </dd>
          </div>
        );
      })}
      <div title="Output tokens a second, after the first one">
        <dt>Output speed</dt>
        <dd class="num">
          <a href={figureHref()}>{formatUnit(stats.totals['output_tokens_per_second'] ?? null, 'speed')}</a>
        </dd>
      </div>
    </dl>
  );
}

/** How long the answers took, or let wait for their first token: the middle, the slow and the slowest. */
export function LatencyCard({ stats, isStale }: { stats: Stats; isStale: boolean }): JSX.Element {
  const kind = KINDS.find(({ id }) => id === kindId.value) ?? KINDS[0];
  const axis = axisOf(stats);
  const series = LEVELS.map((level): ChartSeries => ({
    key: level,
    label: level,
    values: axis ? valuesOver(axis.starts, stats.rows, `${kind.metric}_${level}`, false) : [],
    colour: shade(COLOURS[level]),
    form: 'line',
  }));
  const isEmpty = series.every(({ values }) => values.every((value) => value === null));
  return (
    <ChartCard
      title="Latency"
      controls={
        <div class="pill-tabs" role="group" aria-label="Which time">
          {KINDS.map(({ id, label }) => (
            <button
              type="button"
              key={id}
              aria-pressed={id === kind.id}
              onClick={() => setParams({ latency: id === KINDS[0].id ? null : id })}
            >
              {label}
            </button>
          ))}
        </div>
      }
      isStale={isStale}
      labels={axis?.labels ?? []}
      titles={axis?.titles ?? []}
      series={series}
      unit="duration"
      hasSums={false}
      summary={summarise(
        `${kind.label}, p50`,
        series.slice(0, 1).map((one) => ({ ...one, sum: 0 })),
        axis?.titles ?? [],
        (value) => (value === null ? UNKNOWN : formatDuration(value)),
        false,
      )}
      onPick={(at) => axis && openRequests(axis, at)}
      onRange={(first, last) => axis && zoom(axis, path.value, first, last)}
      empty={isEmpty ? 'No times were measured in this range.' : null}
    >
      <Figures stats={stats} metric={kind.metric} />
    </ChartCard>
  );
}
