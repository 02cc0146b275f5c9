import type { JSX } from 'preact';
import type { PairSum, ReplayRow, ReplaysPage as Page, ReplayTotals } from '../../server/api/wire.ts';
import { address, hrefOf, setParams, zone } from '../app/address.ts';
import { ExportMenu } from '../app/export-menu.tsx';
import { Failure } from '../app/failure.tsx';
import { revision } from '../app/live.ts';
import { usePages } from '../app/pages.ts';
import { figures, TableHead } from '../app/table-head.tsx';
import { formatCount, formatInstant, formatPercent, formatTime, UNKNOWN } from '../lib/format.ts';
import { formatExact, formatUnit, type Unit } from '../lib/metrics.ts';
import { Picker } from './picker.tsx';

function Change({ from, to }: { from: string | number | null; to: string | number | null }): JSX.Element {
  if (from === to) return <>{to ?? UNKNOWN}</>;
  return (
    <>
      <span class="muted">{from ?? UNKNOWN} →</span> {to ?? UNKNOWN}
    </>
  );
}

function signed(value: number | null, unit: Unit): string {
  if (value === null) return UNKNOWN;
  return `${value > 0 ? '+' : value < 0 ? '−' : ''}${formatUnit(Math.abs(value), unit)}`;
}

function difference(one: number | null, other: number | null): number | null {
  return one === null || other === null ? null : other - one;
}

function Row({ row }: { row: ReplayRow }): JSX.Element {
  return (
    <tr data-replay={row.id} data-value={row.cost_difference_nano_usd ?? ''}>
      <th scope="row">
        <a href={hrefOf('/compare', { of: row.replay_of })} title={formatInstant(row.started_ms, zone.value)}>
          {formatTime(row.started_ms, zone.value, Date.now())}
        </a>
      </th>
      <td>
        <Change from={row.original_model} to={row.model} />
      </td>
      <td>
        <Change from={row.original_status} to={row.status} />
      </td>
      <td>
        <Change from={row.original_stop_reason} to={row.stop_reason} />
      </td>
      <td class="num">{formatUnit(row.output_tokens, 'count')}</td>
      <td class="num muted">{signed(difference(row.original_output_tokens, row.output_tokens), 'count')}</td>
      <td class="num" title={formatExact(row.cost_nano_usd, 'money')}>
        {formatUnit(row.cost_nano_usd, 'money')}
      </td>
      <td class="num muted">{signed(row.cost_difference_nano_usd, 'money')}</td>
      <td class="num">{formatUnit(row.duration_us, 'duration')}</td>
      <td class="num muted">{signed(difference(row.original_duration_us, row.duration_us), 'duration')}</td>
      <td class="num">
        {row.is_same === null ? UNKNOWN : row.is_same ? 'the same' : formatPercent(row.likeness)}
      </td>
    </tr>
  );
}

function Sum({ label, sum, unit }: { label: string; sum: PairSum; unit: Unit }): JSX.Element {
  return (
    <div data-sum={label} data-value={sum.difference}>
      <dt>{label}</dt>
      <dd class="num" title={`over ${formatCount(sum.pairs)} pairs in which both are known`}>
        {sum.pairs === 0 ? UNKNOWN : signed(sum.difference, unit)}{' '}
        <span class="figure-change">
          {sum.pairs === 0 ? '' : `${formatUnit(sum.original, unit)} → ${formatUnit(sum.replay, unit)}`}
        </span>
      </dd>
    </div>
  );
}

function Totals({ totals }: { totals: ReplayTotals }): JSX.Element {
  return (
    <section class="card" aria-label="Differences together">
      <dl class="figures">
        <div>
          <dt>Replays</dt>
          <dd class="num">
            {formatCount(totals.replays)}{' '}
            <span class="figure-change">{formatCount(totals.succeeded)} succeeded</span>
          </dd>
        </div>
        <Sum label="Cost" sum={totals.cost_nano_usd} unit="money" />
        <Sum label="Output tokens" sum={totals.output_tokens} unit="tokens" />
        <Sum label="Duration" sum={totals.duration_us} unit="duration" />
        <Sum label="First token" sum={totals.ttft_us} unit="duration" />
      </dl>
    </section>
  );
}

const COLUMNS = [
  'Sent again',
  'Model',
  'Status',
  'Stop reason',
  figures('Output'),
  figures('±'),
  figures('Cost'),
  figures('±'),
  figures('Duration'),
  figures('±'),
  figures('Words the same'),
];

/** Calls that were sent again, each beside what it repeats, with the differences together. */
export function ReplaysPage(): JSX.Element {
  const { params } = address.value;
  const batch = params.get('batch');
  const of = params.get('replays_of');
  const query = new URLSearchParams();
  if (batch) query.set('batch', batch);
  if (of) query.set('of', of);
  const resource = `replays${query.size > 0 ? `?${query}` : ''}`;
  const list = usePages<Page>(resource, revision.value);
  const rows = list.pages.flatMap(({ items }) => items);
  const totals = list.pages[0]?.totals ?? null;
  return (
    <div class="page">
      <div class="compare-bar">
        <h1>Replays</h1>
        <Picker name="batch" label="Batch" value={batch} hint="Name of a batch; empty: all" />
        {of ? (
          <button type="button" class="button" onClick={() => setParams({ replays_of: null })}>
            Of all requests
          </button>
        ) : null}
        <span class="filter-end">
          <ExportMenu parts={[{ label: 'Replays', resource, isTable: true, hasCommand: false }]} />
        </span>
      </div>
      {list.error ? <Failure error={list.error} /> : null}
      {totals && totals.replays > 0 ? <Totals totals={totals} /> : null}
      {list.pages.length > 0 && rows.length === 0 ? (
        <p class="hint">
          Nothing was sent again{batch ? ' in this batch' : ''}. A request’s page has the form ( r ); whole
          sessions are sent again by <code>weir replay --session S --batch NAME</code>.
        </p>
      ) : null}
      {rows.length > 0 ? (
        <section class="card" aria-label="Replays">
          <div class="scroll-x" tabIndex={0} role="region" aria-label="Replays, table">
            <table class="table compact">
              <TableHead columns={COLUMNS} />
              <tbody>
                {rows.map((row) => (
                  <Row key={row.id} row={row} />
                ))}
              </tbody>
            </table>
          </div>
          {list.hasMore ? (
            <button type="button" class="button" disabled={list.isLoading} onClick={list.more}>
              Show more
            </button>
          ) : null}
        </section>
      ) : null}
    </div>
  );
}
