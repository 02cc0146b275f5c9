import type { JSX } from 'preact';
import type { CacheMiss } from '../../server/api/wire.ts';
import { hrefOf } from '../app/address.ts';
import { Icon } from '../app/icons.tsx';
import { causeText } from '../lib/cache-misses.ts';
import { formatCount, formatMoney, formatMoneyExact, formatTokens } from '../lib/format.ts';

/** What was not read from the cache though it was there, why, and what that cost. */
export function MissCard({ miss }: { miss: CacheMiss }): JSX.Element {
  return (
    <section class="miss-card" aria-label="Cache miss">
      <h3>
        <Icon name="alert" />
        <a href={hrefOf('/requests', { cache_miss_cause: miss.cause })}>
          Cache missed: {causeText(miss.cause)}
        </a>
      </h3>
      <p>{miss.explanation}</p>
      <p class="num">
        <span title={formatCount(miss.lost_tokens)}>{formatTokens(miss.lost_tokens)} tokens</span>
        {miss.is_estimated ? ' (estimated)' : ''} were not read from the cache
        {miss.lost_nano_usd === null ? null : (
          <>
            : <strong title={formatMoneyExact(miss.lost_nano_usd)}>{formatMoney(miss.lost_nano_usd)}</strong>{' '}
            more than reading them
          </>
        )}
        .
        {miss.at ? (
          <>
            {' '}
            First difference: <code>{miss.at}</code>
          </>
        ) : null}
      </p>
    </section>
  );
}
