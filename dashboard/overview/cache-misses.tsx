import type { JSX } from 'preact';
import type { Stats, StatsRow } from '../../server/api/wire.ts';
import { figureHref } from '../app/figure-link.ts';
import { figures, TableHead } from '../app/table-head.tsx';
import { causeText } from '../lib/cache-misses.ts';
import { formatCount, formatMoney, formatMoneyExact, formatPercent, formatTokens } from '../lib/format.ts';
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

/** Why the cache had less than the call before had left in it, and what that cost. `stats` is grouped by cause. */
export function CacheMissesCard({ stats, isStale }: { stats: Stats; isStale: boolean }): JSX.Element | null {
  const rows = stats.rows
    .filter((row) => typeof row['cache_miss_cause'] === 'string')
    .toSorted(
      (one, other) =>
        (metricOf(other, 'cache_lost_nano_usd') ?? 0) - (metricOf(one, 'cache_lost_nano_usd') ?? 0) ||
        (metricOf(other, 'cache_missed_calls') ?? 0) - (metricOf(one, 'cache_missed_calls') ?? 0),
    );
  if (rows.length === 0) return null;
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
    </section>
  );
}
