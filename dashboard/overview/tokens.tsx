import type { JSX } from 'preact';
import type { Stats } from '../../server/api/wire.ts';
import { path } from '../app/address.ts';
import { figureHref } from '../app/figure-link.ts';
import { modelColour } from '../app/colours.ts';
import { shade } from '../app/theme.ts';
import { figures, TableHead } from '../app/table-head.tsx';
import { ChartCard } from '../charts/chart-card.tsx';
import { Swatch, type ChartSeries } from '../charts/chart.tsx';
import {
  formatChange,
  formatCount,
  formatMoney,
  formatPercent,
  formatTokens,
  UNKNOWN,
} from '../lib/format.ts';
import { formatUnit } from '../lib/metrics.ts';
import { CATEGORIES, TOKEN_COLOURS, type Colour } from '../lib/palette.ts';
import { metricOf, sumOf, summarise, valuesOver } from '../lib/series.ts';
import { modelName } from './names.ts';
import { openRequests, zoom, type Axis } from './axis.ts';

export const TOKEN_KINDS: readonly { metric: string; label: string; colour: Colour }[] = [
  { metric: 'cache_read_tokens', label: 'Cache read', colour: TOKEN_COLOURS.cache_read },
  { metric: 'cache_write_5m_tokens', label: 'Cache write 5 m', colour: TOKEN_COLOURS.cache_write_5m },
  { metric: 'cache_write_1h_tokens', label: 'Cache write 1 h', colour: TOKEN_COLOURS.cache_write_1h },
  { metric: 'input_tokens', label: 'Uncached input', colour: TOKEN_COLOURS.input },
  { metric: 'output_tokens', label: 'Output', colour: TOKEN_COLOURS.output },
];

interface Props {
  readonly stats: Stats;
  readonly axis: Axis;
  readonly isStale: boolean;
}

function KindTable({ stats }: { stats: Stats }): JSX.Element {
  const whole = sumOf(TOKEN_KINDS.map(({ metric }) => stats.totals[metric] ?? null));
  return (
    <table class="table compact">
      <TableHead
        columns={[
          'Kind',
          figures('Tokens'),
          figures('Share'),
          figures('Change', { title: 'Against the period before' }),
        ]}
      />
      <tbody>
        {TOKEN_KINDS.map(({ metric, label, colour }) => {
          const tokens = stats.totals[metric] ?? null;
          return (
            <tr key={metric}>
              <th scope="row">
                <Swatch colour={shade(colour)} /> {label}
              </th>
              <td class="num" title={formatCount(tokens)}>
                <a href={figureHref()}>{formatTokens(tokens)}</a>
              </td>
              <td class="num">
                {whole > 0 && tokens !== null ? formatPercent(tokens / whole) : formatPercent(null)}
              </td>
              <td class="num muted">
                {formatChange(tokens, stats.previous?.totals[metric] ?? null) ?? UNKNOWN}
              </td>
            </tr>
          );
        })}
      </tbody>
    </table>
  );
}

/** What was sent and received, by how it is billed. */
export function TokensCard({ stats, axis, isStale }: Props): JSX.Element {
  const series = TOKEN_KINDS.map(({ metric, label, colour }): ChartSeries => ({
    key: metric,
    label,
    values: valuesOver(axis.starts, stats.rows, metric, true),
    colour: shade(colour),
    form: 'bar',
  }));
  const sums = series.map((one) => ({ ...one, sum: sumOf(one.values) }));
  return (
    <ChartCard
      title="Tokens by kind"
      isStale={isStale}
      labels={axis.labels}
      titles={axis.titles}
      series={series}
      unit="tokens"
      summary={summarise('Tokens by kind', sums, axis.titles, (value) => formatUnit(value, 'tokens'), true)}
      figureOfSeries={() => ''}
      onPick={(at) => openRequests(axis, at)}
      onRange={(first, last) => zoom(axis, path.value, first, last)}
      empty={sums.every((one) => one.sum === 0) ? 'No tokens counted in this range.' : null}
    >
      <KindTable stats={stats} />
    </ChartCard>
  );
}

function CacheFigures({ stats }: { stats: Stats }): JSX.Element {
  const total = (metric: string) => stats.totals[metric] ?? null;
  const writes = sumOf([total('cache_write_5m_tokens'), total('cache_write_1h_tokens')]);
  const reads = total('cache_read_tokens');
  const figures: [label: string, text: string, title: string][] = [
    ['Hit rate', formatPercent(total('cache_hit_rate')), 'Reads ÷ (reads + writes + uncached input)'],
    [
      'Net saving',
      formatMoney(total('cache_saved_nano_usd')),
      'What the reads would have cost more as plain input, less the premium paid for the writes',
    ],
    [
      'Reads per token written',
      reads !== null && writes > 0 ? `${(reads / writes).toFixed(1)} ×` : formatPercent(null),
      'How often a cached token was read again',
    ],
  ];
  return (
    <dl class="figures">
      {figures.map(([label, text, title]) => (
        <div key={label} title={title}>
          <dt>{label}</dt>
          <dd class="num">
            <a href={figureHref()}>{text}</a>
          </dd>
        </div>
      ))}
    </dl>
  );
}

const CACHE_MODELS = 5;

function CacheByModel({ models }: { models: Stats }): JSX.Element {
  const rows = models.rows
    .filter((row) => metricOf(row, 'cache_hit_rate') !== null)
    .sort(
      (one, other) => (metricOf(other, 'cache_read_tokens') ?? 0) - (metricOf(one, 'cache_read_tokens') ?? 0),
    )
    .slice(0, CACHE_MODELS);
  return (
    <table class="table compact">
      <TableHead columns={['Model', figures('Hit rate'), figures('Read'), figures('Net saving')]} />
      <tbody>
        {rows.map((row) => {
          const model = typeof row['model'] === 'string' ? row['model'] : null;
          return (
            <tr key={model}>
              <th scope="row">
                <Swatch colour={shade(modelColour(model))} />{' '}
                <a href={figureHref({ model: model ?? '' })}>{modelName(model)}</a>
              </th>
              <td class="num">{formatPercent(metricOf(row, 'cache_hit_rate'))}</td>
              <td class="num">{formatTokens(metricOf(row, 'cache_read_tokens'))}</td>
              <td class="num">{formatMoney(metricOf(row, 'cache_saved_nano_usd'))}</td>
            </tr>
          );
        })}
      </tbody>
    </table>
  );
}

/** How much of the prompts came from the cache, over time and by model. */
export function CacheCard({ stats, axis, isStale, models }: Props & { models: Stats | null }): JSX.Element {
  const values = valuesOver(axis.starts, stats.rows, 'cache_hit_rate', false);
  const colour = CATEGORIES[3] ?? TOKEN_COLOURS.cache_read;
  const series: ChartSeries[] = [
    { key: null, label: 'Cache hit rate', values, colour: shade(colour), form: 'line' },
  ];
  return (
    <ChartCard
      title="Cache hit rate"
      isStale={isStale}
      labels={axis.labels}
      titles={axis.titles}
      series={series}
      unit="ratio"
      maximum={1}
      hasSums={false}
      summary={summarise(
        'Cache hit rate',
        series.map((one) => ({ ...one, sum: 0 })),
        axis.titles,
        (value) => formatPercent(value),
        false,
      )}
      onPick={(at) => openRequests(axis, at)}
      onRange={(first, last) => zoom(axis, path.value, first, last)}
      empty={
        values.every((value) => value === null)
          ? 'No prompt was counted in this range, so there is no hit rate.'
          : null
      }
    >
      <CacheFigures stats={stats} />
      {models ? <CacheByModel models={models} /> : null}
    </ChartCard>
  );
}
