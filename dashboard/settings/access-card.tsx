import type { JSX } from 'preact';
import type { Health, Settings } from '../../server/api/wire.ts';
import { optionsFor } from '../lib/prices.ts';
import { Snippet } from '../overview/first-run.tsx';
import { Card, Fact } from './fact.tsx';

const FROM = {
  WEIR_TOKEN: 'given by WEIR_TOKEN',
  data_dir: 'kept in the data directory',
} as const;

function Token({ settings }: { settings: Settings }): JSX.Element {
  const { auth, token_from: from } = settings.access;
  const place = optionsFor(settings, ['data-dir']);
  if (auth === 'none' || from === null) {
    return (
      <p class="muted small">
        Everybody who reaches this address may read the record. Start without <code>--no-auth</code> to ask
        for a token.
      </p>
    );
  }
  if (from === 'WEIR_TOKEN') {
    return <p class="muted small">Change the token where the variable is set, and start Weir again.</p>;
  }
  return (
    <>
      <h3>Show the token, or make a new one</h3>
      <Snippet text={`weir token${place}`} />
      <Snippet text={`weir token rotate${place}`} />
      <p class="muted small">
        The old token holds until Weir is started again; then every browser has to be let in anew.
      </p>
    </>
  );
}

/** Who may come in, and where everything lies. */
export function AccessCard({ settings, health }: { settings: Settings; health: Health | null }): JSX.Element {
  const { access, data_dir: dataDir } = settings;
  return (
    <Card title="Access">
      <dl class="sheet">
        <Fact label="Dashboard and API">
          {access.auth === 'none' || access.token_from === null
            ? 'open, without a token'
            : `by token, ${FROM[access.token_from]}`}
        </Fact>
        <Fact label="Listens on">
          <code>{health?.proxy_url ?? window.location.origin}</code>
        </Fact>
        <Fact label="Further host names">
          {access.allowed_hosts.length === 0 ? 'none' : access.allowed_hosts.join(', ')}
        </Fact>
        <Fact label="Data directory">
          <code>{dataDir}</code>
        </Fact>
      </dl>
      <Token settings={settings} />
    </Card>
  );
}
