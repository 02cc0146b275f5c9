import { useContext, useEffect, useMemo, useRef } from 'preact/hooks';
import { useSignal } from '@preact/signals';
import type { JSX } from 'preact';
import { CopyButton } from '../app/copy.tsx';
import { Icon } from '../app/icons.tsx';
import {
  childCount,
  childrenOf,
  holdsCut,
  kindOf,
  mediaOf,
  previewOf,
  readText,
  SLICE,
  STRING_CUT,
  type ReadText,
} from '../lib/json-tree.ts';
import { formatCount } from '../lib/format.ts';
import { isInside } from '../lib/json-find.ts';
import { InTree, type FoundPlace } from './found.ts';
import { MediaChip } from './media.tsx';
import { LoadWhole } from './whole.ts';

const AROUND_FOUND = 300;

/** The part of a text where the words stand, marked. */
function FoundIn({ text, at, length }: { text: string; at: number; length: number }): JSX.Element {
  const from = Math.max(0, at - AROUND_FOUND);
  const to = at + length + AROUND_FOUND;
  return (
    <span class="json-string">
      {from > 0 ? '…' : ''}
      {text.slice(from, at)}
      <mark>{text.slice(at, at + length)}</mark>
      {text.slice(at + length, to)}
      {to < text.length ? '…' : ''}
    </span>
  );
}

function LongString({ text, characters }: ReadText): JSX.Element {
  const isOpen = useSignal(false);
  const media = mediaOf(text);
  if (media) return <MediaChip media={media} label={media.mediaType} />;
  const loadWhole = useContext(LoadWhole);
  const shown = isOpen.value ? text : text.slice(0, STRING_CUT);
  const rest = (characters ?? text.length) - shown.length;
  return (
    <span class="json-string">
      {JSON.stringify(shown)}
      {rest > 0 ? (
        <button
          type="button"
          class="inline-button"
          onClick={() => {
            isOpen.value = true;
            if (characters !== null) loadWhole?.();
          }}
        >
          {formatCount(rest)} more characters
        </button>
      ) : null}
    </span>
  );
}

interface NodeProps {
  readonly name: string | null;
  readonly value: unknown;
  readonly path: string;
  readonly depth: number;
}

/** Small nodes near the root stand open. */
function startsOpen(value: unknown, depth: number): boolean {
  return depth === 0 || (depth === 1 && childCount(value) <= 6 && !Array.isArray(value));
}

/** Which child the place is in. */
function placeOf(value: unknown, path: string, place: FoundPlace): number {
  const all = childrenOf(value, path, childCount(value));
  return all.findIndex((child) => child.path === place.path || isInside(place.path, child.path));
}

function Children({ value, path, depth }: { value: unknown; path: string; depth: number }): JSX.Element {
  const limit = useSignal(SLICE);
  const place = useContext(InTree);
  const count = childCount(value);
  const least = place && isInside(place.path, path) ? placeOf(value, path, place) + 1 : 0;
  const shown = Math.max(limit.value, least);
  return (
    <ul class="json-children">
      {childrenOf(value, path, shown).map((child) => (
        <li key={child.name}>
          <Node {...child} depth={depth + 1} />
        </li>
      ))}
      {count > shown ? (
        <li>
          <button type="button" class="inline-button" onClick={() => (limit.value = shown + SLICE)}>
            {formatCount(count - shown)} more
          </button>
        </li>
      ) : null}
    </ul>
  );
}

function Node({ name, value, path, depth }: NodeProps): JSX.Element {
  const isOpen = useSignal(startsOpen(value, depth));
  const line = useRef<HTMLElement>(null);
  const place = useContext(InTree);
  const here = place?.path === path ? place : null;
  const isOnWay = place !== null && isInside(place.path, path);
  useEffect(() => {
    if (isOnWay) isOpen.value = true;
    if (here) line.current?.scrollIntoView({ block: 'center' });
  }, [place]);
  const kind = kindOf(value);
  const label = name === null ? null : <span class="json-key">{name}: </span>;
  const string = readText(value);
  if (string || childCount(value) === 0) {
    return (
      <span class={`json-leaf${here ? ' is-found' : ''}`} title={path} ref={line}>
        {label}
        {string && here && here.at !== null ? (
          <FoundIn text={string.text} at={here.at} length={here.length} />
        ) : string ? (
          <LongString {...string} />
        ) : (
          <span class={`json-${kind}`}>{previewOf(value)}</span>
        )}
      </span>
    );
  }
  return (
    <>
      <button
        type="button"
        class={`json-toggle${here ? ' is-found' : ''}`}
        ref={(button) => void (line.current = button)}
        aria-expanded={isOpen.value}
        title={path}
        onClick={() => (isOpen.value = !isOpen.value)}
      >
        <Icon name={isOpen.value ? 'down' : 'right'} />
        {label}
        <span class="json-preview">{previewOf(value)}</span>
      </button>
      {isOpen.value ? <Children value={value} path={path} depth={depth} /> : null}
    </>
  );
}

/** A lazy tree of JSON: what is not open is not there. Logged text stays text. */
export function JsonView({ value }: { value: unknown }): JSX.Element {
  // What is not all there is not to be taken elsewhere as if it were.
  const hasCuts = useMemo(() => holdsCut(value), [value]);
  return (
    <div class="json">
      {hasCuts ? null : (
        <div class="json-tools">
          <CopyButton text={() => Promise.resolve(JSON.stringify(value, null, 2))} label="Copy JSON" />
        </div>
      )}
      <Node name={null} value={value} path="$" depth={0} />
    </div>
  );
}
