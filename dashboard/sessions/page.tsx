import type { JSX } from 'preact';
import type { Session, SessionsPage as Page } from '../../server/api/wire.ts';
import { hrefOf, nowMs, zone } from '../app/address.ts';
import { modelColour } from '../app/colours.ts';
import { Failure } from '../app/failure.tsx';
import { FilterBar } from '../app/filter-bar.tsx';
import { revision } from '../app/live.ts';
import { usePages } from '../app/pages.ts';
import { scopeParams } from '../app/scope.ts';
import { figures, TableHead } from '../app/table-head.tsx';
import { shade } from '../app/theme.ts';
import { Swatch } from '../charts/chart.tsx';
import {
  formatCount,
  formatDuration,
  formatInstant,
  formatMoney,
  formatMoneyExact,
  formatPercent,
  formatTime,
  formatTokens,
} from '../lib/format.ts';
import { NothingFound } from '../overview/nothing-found.tsx';
import { shortId } from '../requests/short-id.ts';

const PAGE_ROWS = 100;

export function sessionHref(id: string): string {
  return hrefOf(`/sessions/${encodeURIComponent(id)}`);
}

export function Models({ models }: { models: readonly string[] }): JSX.Element {
  return (
    <span class="model-marks" title={models.join('\n')}>
      {models.slice(0, 4).map((model) => (
        <Swatch key={model} colour={shade(modelColour(model))} />
      ))}
      <span class="visually-hidden">{models.join(', ')}</span>
    </span>
  );
}

function Row({ session }: { session: Session }): JSX.Element {
  const { totals } = session;
  const lastedMs = session.ended_ms === null ? null : session.ended_ms - session.started_ms;
  const calls = hrefOf('/requests', { session: session.session_id });
  return (
    <tr data-session-id={session.session_id}>
      <td class="num" data-label="Started" title={formatInstant(session.started_ms, zone.value)}>
        {formatTime(session.started_ms, zone.value, nowMs.value)}
      </td>
      <th scope="row" class="session-title">
        <a class="clip" href={sessionHref(session.session_id)} title={session.title ?? session.session_id}>
          {session.title ?? shortId(session.session_id)}
        </a>
        <span class="muted small clip">
          {[session.user_id, session.team, shortId(session.session_id)].filter(Boolean).join(' · ')}
        </span>
      </th>
      <td data-label="Models">
        <Models models={session.models} />
      </td>
      <td class="num" data-label="Requests">
        <a href={calls}>{formatCount(session.calls)}</a>
      </td>
      <td class="num" data-label="Agents">
        {formatCount(session.agents)}
      </td>
      <td class="num" data-label="Lasted">
        {session.ended_ms === null ? 'running' : formatDuration(lastedMs === null ? null : lastedMs * 1000)}
      </td>
      <td class="num" data-label="Peak context" title={formatCount(totals.peak_context_tokens)}>
        {formatTokens(totals.peak_context_tokens)}
      </td>
      <td class="num" data-label="Tokens" title={formatCount(totals.total_tokens)}>
        {formatTokens(totals.total_tokens)}
      </td>
      <td class="num" data-label="Cache hits">
        {formatPercent(totals.cache_hit_rate)}
      </td>
      <td class={`num${totals.errors > 0 ? ' is-trouble' : ''}`} data-label="Errors">
        {formatCount(totals.errors)}
      </td>
      <td class="num" data-label="Cost" title={formatMoneyExact(totals.cost_nano_usd)}>
        {formatMoney(totals.cost_nano_usd)}
        {totals.unpriced_calls > 0 ? (
          <span class="note"> +{formatCount(totals.unpriced_calls)} unpriced</span>
        ) : null}
      </td>
    </tr>
  );
}

const HEADS = [
  figures('Started'),
  'Session',
  'Models',
  figures('Requests'),
  figures('Agents'),
  figures('Lasted'),
  figures('Peak context'),
  figures('Tokens'),
  figures('Cache hits'),
  figures('Errors'),
  figures('Cost'),
];

function Table({ sessions }: { sessions: readonly Session[] }): JSX.Element {
  return (
    <table class="table stacks sessions-table">
      <TableHead columns={HEADS} />
      <tbody>
        {sessions.map((session) => (
          <Row key={session.session_id} session={session} />
        ))}
      </tbody>
    </table>
  );
}

/** The runs of related calls, the one that began last first. */
export function SessionsPage(): JSX.Element {
  const params = scopeParams();
  const resource = `sessions?${params}`;
  params.set('limit', String(PAGE_ROWS));
  const { pages, error, isStale, isLoading, hasMore, more } = usePages<Page>(
    `sessions?${params}`,
    revision.value,
  );
  // A session that goes on while later pages are read may stand in two of them.
  const sessions = [
    ...new Map(pages.flatMap(({ items }) => items).map((one) => [one.session_id, one])).values(),
  ];
  const isEmpty = pages.length > 0 && sessions.length === 0;
  return (
    <div class="page">
      <h1 class="visually-hidden">Sessions</h1>
      <FilterBar
        note={pages.length > 0 ? `${formatCount(sessions.length)}${hasMore ? '+' : ''} sessions` : 'loading…'}
        exports={[{ label: 'Sessions', resource, isTable: true }]}
      />
      {error ? <Failure error={error} /> : null}
      {isEmpty ? <NothingFound what="sessions" /> : null}
      {pages.length === 0 && !error ? <div class="card skeleton skeleton-chart" aria-busy="true" /> : null}
      {sessions.length > 0 ? (
        <section class={`card${isStale ? ' is-stale' : ''}`} aria-label="Sessions">
          <div class="scroll-x" tabIndex={0} role="region" aria-label="Sessions, table">
            <Table sessions={sessions} />
          </div>
          {hasMore ? (
            <p>
              <button type="button" class="button" disabled={isLoading} onClick={more}>
                Older sessions
              </button>
            </p>
          ) : null}
        </section>
      ) : null}
    </div>
  );
}
