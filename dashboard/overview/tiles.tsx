import type { JSX } from 'preact';
import type { Stats } from '../../server/api/wire.ts';
import { figureHref } from '../app/figure-link.ts';
import {
  formatChange,
  formatCount,
  formatMoney,
  formatMoneyExact,
  formatPercent,
  formatTokens,
  UNKNOWN,
} from '../lib/format.ts';
import { errorParts } from '../lib/errors.ts';
import type { FilterValues } from '../lib/filters.ts';
import { valuesOver } from '../lib/series.ts';
import type { Axis } from './axis.ts';

/** A line of a few points, drawn to fill its box; decoration, the chart below has the figures. */
function Sparkline({ values }: { values: readonly (number | null)[] }): JSX.Element {
  const known = values.map((value) => value ?? 0);
  const top = Math.max(...known, 0) || 1;
  const step = known.length > 1 ? 100 / (known.length - 1) : 100;
  const points = known.map(
    (value, at) => `${(at * step).toFixed(2)},${(28 - (value / top) * 26).toFixed(2)}`,
  );
  return (
    <svg class="sparkline" viewBox="0 0 100 30" preserveAspectRatio="none" aria-hidden="true">
      <polygon points={`0,30 ${points.join(' ')} 100,30`} />
      <polyline points={points.join(' ')} vector-effect="non-scaling-stroke" />
    </svg>
  );
}

interface TilePart {
  readonly text: string;
  readonly filter: FilterValues;
}

interface TileProps {
  readonly id: string;
  readonly label: string;
  readonly value: number | null;
  readonly text: string;
  readonly exact: string;
  readonly previous: number | null | undefined;
  /** For rates the difference counts in points, not in percent of a percentage. */
  readonly change?: string | null;
  readonly notes?: readonly string[];
  /** What the figure holds, or leaves out, each with its own requests. */
  readonly parts?: readonly TilePart[];
  readonly values: readonly (number | null)[];
  readonly href: string;
  readonly isBadUp?: boolean;
}

function Delta({ tile }: { tile: TileProps }): JSX.Element | null {
  const { value, previous } = tile;
  if (previous === undefined) return null;
  const text = tile.change ?? formatChange(value, previous);
  if (text === null) return <span class="delta">no earlier figure</span>;
  const isUp = (value ?? 0) > (previous ?? 0);
  const isLevel = text.startsWith('±');
  const tone = tile.isBadUp && isUp && !isLevel ? ' is-bad' : '';
  return (
    <span class={`delta${tone}`} title="Against the period before">
      {isLevel ? '' : isUp ? '↑ ' : '↓ '}
      {text}
    </span>
  );
}

function Tile(props: TileProps): JSX.Element {
  return (
    <div
      class="tile"
      data-tile={props.id}
      data-value={props.value ?? ''}
      title={`${props.label}: ${props.exact}`}
    >
      <a class="tile-link" href={props.href}>
        <span class="tile-label">{props.label}</span>
        <span class="tile-value">{props.text}</span>
      </a>
      <span class="tile-meta">
        <Delta tile={props} />
        {props.notes?.map((note) => (
          <span key={note}>{note}</span>
        ))}
        {props.parts?.map(({ text, filter }) => (
          <a key={text} href={figureHref(filter)}>
            {text}
          </a>
        ))}
      </span>
      <Sparkline values={props.values} />
    </div>
  );
}

function pointChange(current: number | null, previous: number | null | undefined): string | null {
  if (current === null || previous === null || previous === undefined) return null;
  const points = (current - previous) * 100;
  return Math.abs(points) < 0.05 ? '±0 pt' : `${points > 0 ? '+' : '−'}${Math.abs(points).toFixed(1)} pt`;
}

/** What the sum does not hold, and what of it is no measured figure. */
function costParts(stats: Stats): TilePart[] {
  const unpriced = stats.totals['unpriced_calls'] ?? 0;
  const estimated = stats.totals['estimated_cost_nano_usd'] ?? 0;
  return [
    unpriced > 0
      ? { text: `${formatCount(unpriced)} unpriced, not in it`, filter: { unpriced: ['true'] } }
      : null,
    estimated > 0
      ? { text: `≈ ${formatMoney(estimated)} of it estimated`, filter: { cost_source: ['estimated'] } }
      : null,
  ].filter((part) => part !== null);
}

function savedNote(savedNanoUsd: number | null): string[] {
  if (savedNanoUsd === null) return [];
  return [
    savedNanoUsd < 0 ? `${formatMoney(-savedNanoUsd)} lost on writes` : `saved ${formatMoney(savedNanoUsd)}`,
  ];
}

function errorNotes(errors: number | null, calls: number | null): string[] {
  return errors !== null && calls ? [`${formatPercent(errors / calls)} of requests`] : [];
}

/** The five figures of the page; `endings` are rows by state and status, and tell what kinds of error there were. */
export function Tiles({
  stats,
  axis,
  endings,
}: {
  stats: Stats;
  axis: Axis | null;
  endings: Stats | null;
}): JSX.Element {
  const parts = errorParts(endings?.rows ?? []);
  const now = (metric: string) => stats.totals[metric] ?? null;
  const before = (metric: string) => (stats.previous ? (stats.previous.totals[metric] ?? null) : undefined);
  const values = (metric: string, isSum = true) =>
    axis ? valuesOver(axis.starts, stats.rows, metric, isSum) : [];
  const cost = now('cost_nano_usd');
  const tokens = now('total_tokens');
  const hitRate = now('cache_hit_rate');
  const errors = now('errors');
  const plain = (id: string, label: string, metric: string, text: string) => ({
    id,
    label,
    value: now(metric),
    text,
    previous: before(metric),
    values: values(metric),
    href: figureHref(),
  });
  return (
    <div class="tiles">
      <Tile
        {...plain('cost', 'Cost', 'cost_nano_usd', formatMoney(cost))}
        exact={formatMoneyExact(cost)}
        parts={costParts(stats)}
      />
      <Tile
        {...plain('requests', 'Requests', 'calls', formatCount(now('calls')))}
        exact={formatCount(now('calls'))}
      />
      <Tile
        {...plain('tokens', 'Tokens', 'total_tokens', formatTokens(tokens))}
        exact={formatCount(tokens)}
        notes={[`${formatTokens(now('output_tokens'))} output`]}
      />
      <Tile
        {...plain('cache', 'Cache hit rate', 'cache_hit_rate', formatPercent(hitRate))}
        values={values('cache_hit_rate', false)}
        exact={
          hitRate === null
            ? UNKNOWN
            : `${(hitRate * 100).toFixed(3)} %. Cache reads ÷ (reads + writes + uncached input); saved is net of the premium for writes.`
        }
        change={pointChange(hitRate, before('cache_hit_rate'))}
        notes={savedNote(now('cache_saved_nano_usd'))}
      />
      <Tile
        {...plain('errors', 'Errors', 'errors', formatCount(errors))}
        exact={formatCount(errors)}
        notes={parts.length === 0 ? errorNotes(errors, now('calls')) : []}
        parts={parts.map(({ label, calls, filter }) => ({ text: `${formatCount(calls)} ${label}`, filter }))}
        href={figureHref({ error: 'true' })}
        isBadUp
      />
    </div>
  );
}
