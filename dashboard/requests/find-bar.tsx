import { useEffect, useMemo, useRef } from 'preact/hooks';
import { useSignal } from '@preact/signals';
import type { JSX } from 'preact';
import type { CallDetail, Conversation } from '../../server/api/wire.ts';
import { setParams } from '../app/address.ts';
import { useResource } from '../app/api.ts';
import { Failure } from '../app/failure.tsx';
import { Icon } from '../app/icons.tsx';
import { formatCount } from '../lib/format.ts';
import { findInJson, type Found, type Place } from '../lib/json-find.ts';
import { shownPlace } from './found.ts';

const MOST_PLACES = 500;
const SETTLE_MS = 120;
const ANSWER = '$.answer';
const NOTHING: Found = { places: [], isMore: false };

/** Opens the tab and the tree where it stands. */
function show(place: Place): void {
  const isAnswer = place.path.startsWith(ANSWER);
  shownPlace.value = {
    part: isAnswer ? 'response' : 'request',
    path: isAnswer ? `$${place.path.slice(ANSWER.length)}` : place.path,
    at: place.at,
    length: place.end - place.start,
  };
  setParams({ tab: isAnswer ? 'response' : 'request' }, 'replace');
}

function Line({ place, isShown }: { place: Place; isShown: boolean }): JSX.Element {
  const { excerpt, start, end } = place;
  return (
    <li>
      <button type="button" class="found-place" aria-pressed={isShown} onClick={() => show(place)}>
        <code class="muted small clip">{place.path}</code>
        <span class="clip">
          {excerpt.slice(0, start)}
          <mark>{excerpt.slice(start, end)}</mark>
          {excerpt.slice(end)}
        </span>
      </button>
    </li>
  );
}

function countText({ places, isMore }: Found, at: number): string {
  if (places.length === 0) return 'nothing found';
  return `${at < 0 ? '' : `${at + 1} of `}${formatCount(places.length)}${isMore ? '+' : ''}`;
}

/** Looks for words in the request and its answer, and opens the trees where they stand. */
export function FindBar({ call, onClose }: { call: CallDetail; onClose: () => void }): JSX.Element {
  const typed = useSignal('');
  const wanted = useSignal('');
  const at = useSignal(-1);
  const input = useRef<HTMLInputElement>(null);
  const { data, error } = useResource<Conversation>(`calls/${call.id}/conversation`).value;
  useEffect(() => {
    const timer = setTimeout(() => {
      wanted.value = typed.value.trim();
      at.value = -1;
    }, SETTLE_MS);
    return () => clearTimeout(timer);
  }, [typed.value]);
  useEffect(() => {
    input.current?.focus();
    return () => void (shownPlace.value = null);
  }, []);
  const found = useMemo(
    () => (data ? findInJson(data, wanted.value, MOST_PLACES) : NOTHING),
    [data, wanted.value],
  );
  const step = (by: number) => {
    const count = found.places.length;
    if (count === 0) return;
    at.value = at.value < 0 ? (by > 0 ? 0 : count - 1) : (at.value + by + count) % count;
    const place = found.places[at.value];
    if (place) show(place);
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key === 'Enter') step(event.shiftKey ? -1 : 1);
    else if (event.key === 'Escape') onClose();
    else return;
    event.preventDefault();
    event.stopPropagation();
  };
  return (
    <div class="find-bar" role="search" aria-label="Find in this request">
      <div class="find-line">
        <input
          type="search"
          aria-label="Words to find in the request and its answer"
          placeholder="Find in the request and its answer"
          autoComplete="off"
          spellcheck={false}
          ref={input}
          onInput={({ currentTarget }) => (typed.value = currentTarget.value)}
          onKeyDown={onKeyDown}
        />
        <span class="muted num small" aria-live="polite">
          {wanted.value === '' ? '' : data ? countText(found, at.value) : 'reading…'}
        </span>
        <button type="button" class="button icon-only" aria-label="The place before" onClick={() => step(-1)}>
          <Icon name="up" />
        </button>
        <button type="button" class="button icon-only" aria-label="The next place" onClick={() => step(1)}>
          <Icon name="down" />
        </button>
        <button type="button" class="button icon-only" aria-label="Close the search" onClick={onClose}>
          <Icon name="close" />
        </button>
      </div>
      {error ? <Failure error={error} /> : null}
      {found.places.length > 0 ? (
        <ol class="found-places" aria-label="Places">
          {found.places.map((place, index) => (
            <Line key={index} place={place} isShown={index === at.value} />
          ))}
        </ol>
      ) : null}
    </div>
  );
}
