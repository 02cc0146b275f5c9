import type { JSX } from 'preact';
import type { Stats, StatsRow, TtlAdvice, TtlCost } from '../../server/api/wire.ts';
import { figureHref } from '../app/figure-link.ts';
import { useResource } from '../app/api.ts';
import { revision } from '../app/live.ts';
import { scopeParams } from '../app/scope.ts';
import { figures, TableHead } from '../app/table-head.tsx';
import { causeText } from '../lib/cache-misses.ts';
import {
  formatCount,
  formatMoney,
  formatMoneyExact,
  formatPercent,
  formatTokens,
  UNKNOWN,
} from '../lib/format.ts';
import { metricOf } from '../lib/series.ts';

export const MISS_METRICS = ['cache_missed_calls', 'cache_lost_tokens', 'cache_lost_nano_usd'] as const;

function Row({ row, whole }: { row: StatsRow; whole: number }): JSX.Element {
  const cause = String(row['cache_miss_cause']);
  const href = figureHref({ cache_miss_cause: cause });
  const lost = metricOf(row, 'cache_lost_nano_usd');
  const tokens = metricOf(row, 'cache_lost_tokens');
  return (
    <tr data-cause={cause} data-value={lost ?? ''}>
      <th scope="row">
        <a href={href}>{causeText(cause)}</a>
      </th>
      <td class="share-cell wide-only" aria-hidden="true">
        <span
          class="share-bar is-miss"
          style={{ width: `${whole > 0 ? ((lost ?? 0) / whole) * 100 : 0}%` }}
        />
      </td>
      <td class="num">
        <a href={href}>{formatCount(metricOf(row, 'cache_missed_calls'))}</a>
      </td>
      <td class="num" title={formatCount(tokens)}>
        {formatTokens(tokens)}
      </td>
      <td class="num" title={formatMoneyExact(lost)}>
        <a href={href}>{formatMoney(lost)}</a>
      </td>
      <td class="num">{formatPercent(whole > 0 && lost !== null ? lost / whole : null)}</td>
    </tr>
  );
}

function rangeText({ low_nano_usd: low, high_nano_usd: high }: TtlCost): string {
  if (low === null || high === null) return UNKNOWN;
  return low === high ? formatMoney(low) : `${formatMoney(low)} to ${formatMoney(high)}`;
}

/** What the same calls would have cost with another lifetime of what they wrote. */
function Lifetimes({ advice }: { advice: TtlAdvice }): JSX.Element {
  return (
    <div class="lifetimes" title={advice.assumptions.join('\n')}>
      <h3>How long to cache</h3>
      <p>{advice.reason}</p>
      <dl class="figures" data-advice={advice.advice}>
        <div>
          <dt>Paid</dt>
          <dd class="num">{formatMoney(advice.actual_nano_usd)}</dd>
        </div>
        <div>
          <dt>All writes for 5 minutes</dt>
          <dd class="num">{rangeText(advice.as_5m)}</dd>
        </div>
        <div>
          <dt>All writes for an hour</dt>
          <dd class="num">{rangeText(advice.as_1h)}</dd>
        </div>
      </dl>
      <p class="muted small">
        The {formatCount(advice.calls)} latest requests with a price that use the cache
        {advice.has_more ? '; there are more' : ''}.
      </p>
    </div>
  );
}

/** Why the cache had less than the call before had left in it, and what that cost. `stats` is grouped by cause. */
export function CacheMissesCard({ stats, isStale }: { stats: Stats; isStale: boolean }): JSX.Element | null {
  const advice = useResource<TtlAdvice>(`cache/ttl?${scopeParams()}`, revision.value).value.data;
  const rows = stats.rows
    .filter((row) => typeof row['cache_miss_cause'] === 'string')
    .toSorted(
      (one, other) =>
        (metricOf(other, 'cache_lost_nano_usd') ?? 0) - (metricOf(one, 'cache_lost_nano_usd') ?? 0) ||
        (metricOf(other, 'cache_missed_calls') ?? 0) - (metricOf(one, 'cache_missed_calls') ?? 0),
    );
  const isTold = advice !== null && advice.advice !== 'no_data';
  if (rows.length === 0 && !isTold) return null;
  const whole = stats.totals['cache_lost_nano_usd'] ?? 0;
  return (
    <section class={`card${isStale ? ' is-stale' : ''}`} aria-label="Cache misses">
      <header class="card-head">
        <h2>Cache misses</h2>
        <a class="num" href={figureHref({ cache_miss_cause: '*' })}>
          {formatCount(stats.totals['cache_missed_calls'] ?? null)} requests paid {formatMoney(whole)} more
        </a>
      </header>
      <div class="scroll-x" tabIndex={0} role="region" aria-label="Cache misses, table">
        <table class="table compact">
          <TableHead
            columns={[
              'Cause',
              { label: '', isWide: true },
              figures('Requests'),
              figures('Tokens', { title: 'Left in the cache by the call before, and not read from it' }),
              figures('Cost', { title: 'More than they would have cost as reads' }),
              figures('Share'),
            ]}
          />
          <tbody>
            {rows.map((row) => (
              <Row key={String(row['cache_miss_cause'])} row={row} whole={whole} />
            ))}
          </tbody>
        </table>
      </div>
      {isTold ? <Lifetimes advice={advice} /> : null}
    </section>
  );
}
