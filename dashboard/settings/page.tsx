import type { JSX } from 'preact';
import type { Health, Settings } from '../../server/api/wire.ts';
import { hrefOf } from '../app/address.ts';
import { useResource } from '../app/api.ts';
import { CopyButton } from '../app/copy.tsx';
import { Failure } from '../app/failure.tsx';
import { isHelpOpen } from '../app/keys.ts';
import { revision } from '../app/live.ts';
import { theme, type Theme } from '../app/theme.ts';
import { formatBytes, formatCount, formatDuration } from '../lib/format.ts';
import { Snippet } from '../overview/first-run.tsx';
import { AccessCard } from './access-card.tsx';
import { AllSettings } from './all-settings.tsx';
import { Card, Fact } from './fact.tsx';
import { PricesCard } from './prices-card.tsx';
import { RetentionCard } from './retention-card.tsx';

function Recording({ health }: { health: Health }): JSX.Element {
  const lost = health.rows_lost + health.bodies_lost;
  return (
    <Card
      title="Recording"
      note={
        <span class={`state-badge${health.status === 'ok' ? '' : ' is-trouble'}`}>
          {health.status === 'ok' ? '● ok' : '▲ degraded'}
        </span>
      }
    >
      {health.reasons.map((reason) => (
        <p class="hint" key={reason}>
          {reason}
        </p>
      ))}
      <dl class="sheet">
        <Fact label="Recorded">
          <a href={hrefOf('/requests', { range: 'all' })}>
            {health.store.calls === null ? 'all requests' : formatCount(health.store.calls)}
          </a>
        </Fact>
        <Fact label="Running now">{formatCount(health.active_calls)}</Fact>
        <Fact label="Waiting to be written">{formatBytes(health.queue_bytes)}</Fact>
        <Fact label="Behind by">{formatDuration(health.lag_ms * 1000)}</Fact>
        <Fact label="Lost">
          {lost === 0
            ? 'nothing'
            : `${formatCount(health.rows_lost)} calls, ${formatCount(health.bodies_lost)} bodies`}
        </Fact>
        <Fact label="Store">
          <code>{health.store.target}</code>
        </Fact>
        {health.store.chain?.map(({ writer, entries, head }) => (
          <Fact label="Chain" key={writer}>
            {formatCount(entries)} entries, head{' '}
            <code title={`Worth noting elsewhere: ${head}`}>{head.slice(0, 16)}…</code>{' '}
            <CopyButton text={head} label="Head" />
          </Fact>
        ))}
        <Fact label="Store size">{formatBytes(health.store.bytes)}</Fact>
      </dl>
    </Card>
  );
}

function Program({ health }: { health: Health }): JSX.Element {
  return (
    <Card title="About">
      <dl class="sheet">
        <Fact label="Version">Weir {health.version}</Fact>
        <Fact label="Running for">{formatDuration(health.uptime_ms * 1000)}</Fact>
        <Fact label="Upstream">
          <code>{health.upstream}</code>
        </Fact>
        {health.demo ? <Fact label="Mode">demo: sample calls, no network</Fact> : null}
      </dl>
      <h3>Point a client here</h3>
      <Snippet text={`export ANTHROPIC_BASE_URL=${health.proxy_url}`} />
    </Card>
  );
}

const THEMES: readonly [Theme, string][] = [
  ['system', 'As the system'],
  ['light', 'Light'],
  ['dark', 'Dark'],
];

function Appearance(): JSX.Element {
  return (
    <Card title="This browser">
      <fieldset class="choices">
        <legend>Theme</legend>
        {THEMES.map(([value, label]) => (
          <label key={value}>
            <input
              type="radio"
              name="theme"
              checked={theme.value === value}
              onChange={() => (theme.value = value)}
            />{' '}
            {label}
          </label>
        ))}
      </fieldset>
      <p class="muted small">
        The time zone stands in the bar above and in the address, so that links show the same figures to
        everybody.
      </p>
      <button type="button" class="button" onClick={() => (isHelpOpen.value = true)}>
        Keys
      </button>
    </Card>
  );
}

/** How the program is doing and how it is set up. */
export function SettingsPage(): JSX.Element {
  const health = useResource<Health>('health', revision.value).value;
  const settings = useResource<Settings>('settings').value;
  const error = health.error ?? settings.error;
  return (
    <div class="page settings-page">
      <h1>Settings</h1>
      {error ? <Failure error={error} /> : null}
      <div class="columns">
        {health.data ? <Recording health={health.data} /> : null}
        {health.data ? <Program health={health.data} /> : null}
      </div>
      {settings.data ? <PricesCard settings={settings.data} revision={revision.value} /> : null}
      <div class="columns">
        <RetentionCard health={health.data} settings={settings.data} revision={revision.value} />
        <div class="stack-cards">
          {settings.data ? <AccessCard settings={settings.data} health={health.data} /> : null}
          <Appearance />
        </div>
      </div>
      {settings.data ? <AllSettings settings={settings.data} /> : null}
    </div>
  );
}
