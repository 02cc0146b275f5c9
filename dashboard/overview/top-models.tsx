import type { JSX } from 'preact';
import type { Stats, StatsRow } from '../../server/api/wire.ts';
import type { Changes } from '../app/address.ts';
import { figureHref } from '../app/figure-link.ts';
import { modelColour } from '../app/colours.ts';
import { shade } from '../app/theme.ts';
import { figures, TableHead } from '../app/table-head.tsx';
import { Swatch } from '../charts/chart.tsx';
import {
  formatCount,
  formatDuration,
  formatMoney,
  formatMoneyExact,
  formatPercent,
  formatTokens,
  UNKNOWN,
} from '../lib/format.ts';
import { formatUnit } from '../lib/metrics.ts';
import { metricOf } from '../lib/series.ts';
import { modelName } from './names.ts';

const SHOWN = 12;

export const MODEL_METRICS = [
  'calls',
  'errors',
  'cost_nano_usd',
  'unpriced_calls',
  'total_tokens',
  'cache_hit_rate',
  'cache_read_tokens',
  'cache_saved_nano_usd',
  'ttft_us_p50',
  'output_tokens_per_second',
] as const;

/** A figure that leads to the calls behind it; nothing where there are none. */
function Figure({ value, href, title }: { value: string; href: string; title?: string }): JSX.Element {
  return (
    <td class="num" title={title}>
      {value === UNKNOWN || value === '0' ? value : <a href={href}>{value}</a>}
    </td>
  );
}

function Row({ row, mostNanoUsd }: { row: StatsRow; mostNanoUsd: number }): JSX.Element {
  const model = typeof row['model'] === 'string' ? row['model'] : null;
  const cost = metricOf(row, 'cost_nano_usd');
  const tokens = metricOf(row, 'total_tokens');
  const unpriced = metricOf(row, 'unpriced_calls') ?? 0;
  const share = mostNanoUsd > 0 ? (cost ?? 0) / mostNanoUsd : 0;
  const hrefWith = (more: Changes) => figureHref({ model: model ?? '', ...more });
  const href = hrefWith({});
  return (
    <tr data-model={model ?? ''}>
      <th scope="row">
        <Swatch colour={shade(modelColour(model))} /> <a href={href}>{modelName(model)}</a>
      </th>
      <td class="share-cell wide-only" aria-hidden="true">
        <span
          class="share-bar"
          style={{ width: `${Math.max(share * 100, cost ? 1 : 0)}%`, background: shade(modelColour(model)) }}
        />
      </td>
      <td class="num" title={formatMoneyExact(cost)}>
        {cost === null ? UNKNOWN : <a href={href}>{formatMoney(cost)}</a>}
        {unpriced > 0 ? (
          <a
            class="note"
            title={`${unpriced} calls have no known price and are not in this sum`}
            href={hrefWith({ unpriced: 'true' })}
          >
            {' '}
            +{formatCount(unpriced)} unpriced
          </a>
        ) : null}
      </td>
      <Figure value={formatCount(metricOf(row, 'calls'))} href={href} />
      <Figure value={formatTokens(tokens)} href={href} title={formatCount(tokens)} />
      <Figure value={formatPercent(metricOf(row, 'cache_hit_rate'))} href={href} />
      <Figure value={formatDuration(metricOf(row, 'ttft_us_p50'))} href={href} />
      <Figure value={formatUnit(metricOf(row, 'output_tokens_per_second'), 'speed')} href={href} />
      <Figure value={formatCount(metricOf(row, 'errors'))} href={hrefWith({ error: 'true' })} />
    </tr>
  );
}

/** Every model with what it cost and how it did. */
export function TopModels({ stats, isStale }: { stats: Stats; isStale: boolean }): JSX.Element {
  const rows = stats.rows.toSorted(
    (one, other) =>
      (metricOf(other, 'cost_nano_usd') ?? -1) - (metricOf(one, 'cost_nano_usd') ?? -1) ||
      (metricOf(other, 'calls') ?? 0) - (metricOf(one, 'calls') ?? 0),
  );
  const mostNanoUsd = Math.max(0, ...rows.map((row) => metricOf(row, 'cost_nano_usd') ?? 0));
  return (
    <section class={`card${isStale ? ' is-stale' : ''}`} aria-label="Models">
      <header class="card-head">
        <h2>Models</h2>
      </header>
      <div class="scroll-x" tabIndex={0} role="region" aria-label="Models, table">
        <table class="table">
          <TableHead
            columns={[
              'Model',
              { label: '', isWide: true },
              figures('Cost'),
              figures('Requests'),
              figures('Tokens'),
              figures('Cache hits'),
              figures('First token p50'),
              figures('Output speed'),
              figures('Errors'),
            ]}
          />
          <tbody>
            {rows.slice(0, SHOWN).map((row) => (
              <Row key={String(row['model'])} row={row} mostNanoUsd={mostNanoUsd} />
            ))}
          </tbody>
        </table>
      </div>
      {rows.length > SHOWN ? (
        <p class="muted small">{rows.length - SHOWN} more models: narrow the range or filter by model.</p>
      ) : null}
    </section>
  );
}
