import { useEffect, useLayoutEffect, useMemo } from 'preact/hooks';
import { useSignal, type Signal } from '@preact/signals';
import type { JSX } from 'preact';
import type { CallDetail, CallsPage, Conversation } from '../../server/api/wire.ts';
import { address, hrefOf, setParams, zone } from '../app/address.ts';
import { useResource } from '../app/api.ts';
import { modelColour } from '../app/colours.ts';
import { ExportMenu } from '../app/export-menu.tsx';
import { Failure } from '../app/failure.tsx';
import { bindKeys } from '../app/keys.ts';
import { shade } from '../app/theme.ts';
import { Swatch } from '../charts/chart.tsx';
import { pairsOf } from '../lib/compared.ts';
import { formatInstant } from '../lib/format.ts';
import { Ending } from '../requests/badges.tsx';
import { callExports } from '../requests/call-exports.ts';
import { shortId } from '../requests/short-id.ts';
import { Changed, Parts } from './diff-view.tsx';
import { Deltas } from './deltas.tsx';
import { Picker } from './picker.tsx';
import { ReplaysOf } from './replays-of.tsx';

/** Earlier calls of the session among which the one before is looked for. */
const LOOKED_AT = 50;

function CallHead({ call, label }: { call: CallDetail; label: string }): JSX.Element {
  const model = call.model ?? call.requested_model;
  return (
    <section class="card compare-head" aria-label={label}>
      <h2 class="detail-title">
        {model ? <Swatch colour={shade(modelColour(model))} /> : null}
        <a class="clip" href={hrefOf(`/requests/${call.id}`)}>
          {model ?? `${call.method} ${call.path}`}
        </a>
      </h2>
      <Ending call={call} />
      <p class="muted small">
        <time dateTime={call.started}>{formatInstant(call.started_ms, zone.value)}</time>
        {call.session_id ? ` · session ${shortId(call.session_id)}` : ''}
      </p>
      <p class="clip" title={call.preview ?? ''}>
        {call.preview ?? ''}
      </p>
    </section>
  );
}

/** Puts the call before `b` in its session in the first place, when none is named. */
function usePrevious(a: string | null, b: CallDetail | null): 'none' | 'looking' | 'not-found' {
  const isWanted = a === null && b !== null && b.session_id !== null;
  const params = new URLSearchParams();
  if (b?.session_id) {
    params.set('session', b.session_id);
    params.set('to', String(b.started_ms));
    params.set('limit', String(LOOKED_AT));
  }
  const { data, isStale } = useResource<CallsPage>(isWanted ? `calls?${params}` : null).value;
  const previous = data?.items.find((call) => call.agent_id === b?.agent_id && call.path === b?.path);
  useEffect(() => {
    if (isWanted && previous) setParams({ a: previous.id }, 'replace');
  }, [isWanted, previous?.id]);
  if (a !== null || b === null) return 'none';
  return isWanted && (isStale || previous) ? 'looking' : 'not-found';
}

function How(): JSX.Element {
  return (
    <div class="empty">
      <h2>Two requests side by side</h2>
      <p>
        Choose a request in the <a href={hrefOf('/requests')}>list</a>, mark it with <kbd>x</kbd>, choose
        another one and press <kbd>X</kbd>. Or paste their ids above.
      </p>
      <p>
        What was sent again stands under <a href={hrefOf('/replays')}>Replays</a>.
      </p>
    </div>
  );
}

function Bodies({ a, b, isMarked }: { a: CallDetail; b: CallDetail; isMarked: boolean }): JSX.Element {
  const before = useResource<Conversation>(`calls/${a.id}/conversation`).value;
  const after = useResource<Conversation>(`calls/${b.id}/conversation`).value;
  const error = before.error ?? after.error;
  const pairs = useMemo(
    () => (before.data && after.data ? pairsOf(before.data, after.data) : null),
    [before.data, after.data],
  );
  if (error) return <Failure error={error} />;
  if (!pairs)
    return (
      <p class="muted" aria-busy="true">
        Reading both…
      </p>
    );
  return (
    <>
      <section class="card" aria-label="Answers">
        <header class="card-head">
          <h2>Answers</h2>
        </header>
        {pairs.answer.before === null && pairs.answer.after === null ? (
          <p class="muted">Neither has an answer that was kept.</p>
        ) : pairs.answer.before === pairs.answer.after ? (
          <p class="muted">Both answered the same.</p>
        ) : (
          <Changed pair={pairs.answer} isMarked={isMarked} />
        )}
      </section>
      <section class="card" aria-label="Requests">
        <header class="card-head">
          <h2>Requests</h2>
        </header>
        {pairs.request.length === 0 ? <p class="muted">Nothing of the requests was kept.</p> : null}
        <div class="conversation">
          <Parts pairs={pairs.request} isMarked={isMarked} />
        </div>
      </section>
    </>
  );
}

/** Which two, and whether their words are marked. */
function CompareBar({
  a,
  b,
  isMarked,
}: {
  a: string | null;
  b: string | null;
  isMarked: Signal<boolean>;
}): JSX.Element {
  return (
    <div class="compare-bar">
      <Picker name="a" label="First" value={a} hint="Id of a request" />
      <button
        type="button"
        class="button"
        title="Swap ( s )"
        disabled={a === null && b === null}
        onClick={() => setParams({ a: b, b: a })}
      >
        ⇄ Swap
      </button>
      <Picker name="b" label="Second" value={b} hint="Id of a request" />
      <span class="filter-end">
        <button
          type="button"
          class="button"
          aria-pressed={isMarked.value}
          title="Mark the words that differ ( w )"
          onClick={() => (isMarked.value = !isMarked.value)}
        >
          Mark words
        </button>
        <ExportMenu
          parts={[a, b].flatMap((id, at) =>
            id === null
              ? []
              : callExports(id).map((part) => ({
                  ...part,
                  label: `${['First', 'Second'][at]}: ${part.label}`,
                })),
          )}
        />
      </span>
    </div>
  );
}

/** A request beside its replays where one is named, else any two requests. */
export function ComparePage(): JSX.Element {
  const of = address.value.params.get('of');
  return of ? <ReplaysOf id={of} /> : <TwoCalls />;
}

/** Two requests: what they cost and took, what they said and were told, word by word. */
function TwoCalls(): JSX.Element {
  const { params } = address.value;
  const a = params.get('a') || null;
  const b = params.get('b') || null;
  const isMarked = useSignal(true);
  const first = useResource<CallDetail>(a ? `calls/${encodeURIComponent(a)}` : null).value;
  const second = useResource<CallDetail>(b ? `calls/${encodeURIComponent(b)}` : null).value;
  const [before, after] = [a ? first.data : null, b ? second.data : null];
  const looking = usePrevious(a, after);
  useLayoutEffect(
    () =>
      bindKeys({
        s: () => setParams({ a: b, b: a }),
        w: () => (isMarked.value = !isMarked.value),
      }),
    [a, b],
  );
  const error = (a ? first.error : null) ?? (b ? second.error : null);
  return (
    <div class="page">
      <h1 class="visually-hidden">Compare</h1>
      <CompareBar a={a} b={b} isMarked={isMarked} />
      {error ? <Failure error={error} /> : null}
      {a === null && b === null ? <How /> : null}
      {looking === 'not-found' ? (
        <p class="hint">
          There is no earlier request in this session to compare with. Paste the id of another one above.
        </p>
      ) : null}
      {before && after ? (
        <>
          <div class="compare-heads">
            <CallHead call={before} label="First request" />
            <CallHead call={after} label="Second request" />
          </div>
          <Deltas before={before} after={after} />
          <Bodies a={before} b={after} isMarked={isMarked.value} />
        </>
      ) : null}
    </div>
  );
}
