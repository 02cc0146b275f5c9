import type { JSX } from 'preact';
import type { Health, Retention, Settings } from '../../server/api/wire.ts';
import { hrefOf, zone } from '../app/address.ts';
import { useResource } from '../app/api.ts';
import { Failure } from '../app/failure.tsx';
import { formatAgo, formatBytes, formatCount, formatInstant } from '../lib/format.ts';
import { optionsFor } from '../lib/prices.ts';
import { Snippet } from '../overview/first-run.tsx';
import { Card, Fact } from './fact.tsx';

const GIVEN = ['store', 'data-dir', 'retain-bodies', 'retain-calls', 'max-store-size'];
const DAY_MS = 86_400_000;

function ageText(ms: number | null): string {
  if (ms === null) return 'for ever';
  const days = Math.round((ms / DAY_MS) * 10) / 10;
  return `${days} ${days === 1 ? 'day' : 'days'}`;
}

/** So many calls from before then, as a link to them. */
function Gone({ count, beforeMs, what }: { count: number; beforeMs: number | null; what: string }) {
  if (beforeMs === null || count === 0) return <>{what} of no request</>;
  return (
    <a
      href={hrefOf('/requests', { range: `0..${beforeMs}` })}
      title={`started before ${formatInstant(beforeMs, zone.value)}`}
    >
      {what} of {formatCount(count)} {count === 1 ? 'request' : 'requests'}
    </a>
  );
}

function Run({ retention }: { retention: Retention }): JSX.Element {
  const { plan, policy, last_run_ms: lastMs } = retention;
  const isOff = Object.values(policy).every((limit) => limit === null);
  return (
    <>
      <Fact label="A run now would remove">
        {isOff ? (
          'nothing'
        ) : (
          <>
            <Gone
              count={plan.bodies}
              beforeMs={plan.bodies_before_ms ?? plan.calls_before_ms}
              what="bodies"
            />
            {', '}
            <Gone count={plan.calls} beforeMs={plan.calls_before_ms} what="everything" />
          </>
        )}
      </Fact>
      <Fact label="Last run that ended">
        {isOff ? 'no run is due' : lastMs === null ? 'none since the start' : formatAgo(lastMs, Date.now())}
      </Fact>
    </>
  );
}

/** How long what is kept, what would go now, and what there is. */
export function RetentionCard({
  health,
  settings,
  revision,
}: {
  health: Health | null;
  settings: Settings | null;
  revision: number;
}): JSX.Element {
  const { data, error } = useResource<Retention>('retention', revision).value;
  const isOff = data !== null && Object.values(data.policy).every((limit) => limit === null);
  const given = settings ? optionsFor(settings, GIVEN) : '';
  return (
    <Card title="Retention">
      {error ? <Failure error={error} /> : null}
      {data?.plan.doubt ? <p class="hint">{data.plan.doubt}</p> : null}
      {data ? (
        <dl class="sheet">
          <Fact label="Bodies are kept">{ageText(data.policy.bodies_ms)}</Fact>
          <Fact label="Requests are kept">{ageText(data.policy.calls_ms)}</Fact>
          <Fact label="Store at most">
            {data.policy.store_bytes === null ? 'no limit' : formatBytes(data.policy.store_bytes)}
          </Fact>
          <Run retention={data} />
          <Fact label="Store">{formatBytes(health?.store.bytes ?? data.sizes.used_bytes)}</Fact>
          <Fact label="Of that, bodies">{formatBytes(data.sizes.body_bytes)}</Fact>
          <Fact label="Requests with bodies">
            <a href={hrefOf('/requests', { range: 'all' })}>
              {formatCount(data.sizes.calls_with_bodies)} of {formatCount(data.sizes.calls)}
            </a>
          </Fact>
        </dl>
      ) : null}
      <h3>{isOff ? 'Try what a policy would remove' : 'Look at it, or run it by hand'}</h3>
      <Snippet text={`weir prune${isOff ? ' --retain-bodies 30d' : ''} --dry-run${given}`} />
      <p class="muted small">
        Set <code>retain-bodies</code>, <code>retain-calls</code> or <code>max-store-size</code> in weir.yaml,
        as options or as variables; they hold from the next start. Sums by the hour outlive the requests.
      </p>
    </Card>
  );
}
