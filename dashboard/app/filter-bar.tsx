import { useLayoutEffect, useRef } from 'preact/hooks';
import { useSignal } from '@preact/signals';
import type { JSX } from 'preact';
import type { Facets } from '../../server/api/wire.ts';
import { filterCount, filters, go, hrefOf, NO_FILTERS, setParams, toggleFilter } from './address.ts';
import { useResource } from './api.ts';
import { ExportMenu, type ExportPart } from './export-menu.tsx';
import { Icon } from './icons.tsx';
import { bindKeys } from './keys.ts';
import { scopeParams } from './scope.ts';
import {
  CALL_ID,
  FILTER_LABELS,
  FILTER_NAMES,
  readPair,
  valueText,
  type FilterName,
} from '../lib/filters.ts';
import { formatCount } from '../lib/format.ts';

const SHOWN_VALUES = 8;

function Chip({ name, value }: { name: FilterName; value: string }): JSX.Element {
  const text = valueText(value);
  return (
    <li class="chip">
      <span class="chip-name">{FILTER_LABELS[name]}</span>
      <span class="chip-value" title={text}>
        {text}
      </span>
      <button
        type="button"
        aria-label={`Remove filter ${FILTER_LABELS[name]} ${text}`}
        onClick={() => toggleFilter(name, value)}
      >
        <Icon name="close" />
      </button>
    </li>
  );
}

function FacetGroup({
  name,
  values,
  needle,
}: {
  name: FilterName;
  values: Facets[string];
  needle: string;
}): JSX.Element | null {
  const matching = values
    .map(({ value, count }) => ({ value: String(value ?? ''), count }))
    .filter(
      ({ value }) =>
        needle === '' || `${FILTER_LABELS[name]} ${valueText(value)}`.toLowerCase().includes(needle),
    );
  if (matching.length === 0) return null;
  const held = filters.value[name] ?? [];
  return (
    <section class="facet">
      <h3>{FILTER_LABELS[name]}</h3>
      {matching.slice(0, needle ? 20 : SHOWN_VALUES).map(({ value, count }) => (
        <button
          type="button"
          class="menu-item facet-value"
          aria-pressed={held.includes(value)}
          onClick={() => toggleFilter(name, value)}
        >
          <span class={value === '' ? 'clip muted' : 'clip'}>{valueText(value)}</span>
          <span class="num muted">{formatCount(count)}</span>
        </button>
      ))}
      {!needle && matching.length > SHOWN_VALUES ? (
        <p class="muted small">{matching.length - SHOWN_VALUES} more: type to find them</p>
      ) : null}
    </section>
  );
}

function FilterMenu({ onDone }: { onDone: () => void }): JSX.Element {
  const needle = useSignal('');
  const facets = useResource<Facets>(`facets?${scopeParams()}`).value;
  const typed = needle.value.trim().toLowerCase();
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    const pair = readPair(needle.value);
    if (CALL_ID.test(typed)) go(hrefOf(`/requests/${typed}`));
    else if (pair) toggleFilter(pair.name, pair.value);
    else if (typed !== '') toggleFilter('q', needle.value.trim());
    else return;
    onDone();
  };
  const groups = FILTER_NAMES.flatMap((name) => {
    const values = facets.data?.[name];
    return values && values.length > 0 ? [{ name, values }] : [];
  });
  return (
    <>
      <form onSubmit={submit} class="menu-search">
        <Icon name="search" />
        <input
          type="search"
          autoFocus
          aria-label="Find a filter"
          placeholder="Words to search, a value, a call id, or model:claude-*"
          autoComplete="off"
          spellcheck={false}
          onInput={(event) => (needle.value = event.currentTarget.value)}
        />
      </form>
      {typed !== '' ? (
        <p class="muted small search-hint">
          Enter searches requests and answers for these words; choosing below filters by a value.
        </p>
      ) : null}
      {facets.error ? <p class="field-error">{facets.error.message}</p> : null}
      <div class={`facets${facets.isStale ? ' is-stale' : ''}`}>
        {groups.map((group) => (
          <FacetGroup key={group.name} {...group} needle={typed} />
        ))}
      </div>
    </>
  );
}

/** The filters of all pages as chips, and the menu that adds to them. */
export function FilterBar({
  note,
  exports,
}: {
  note?: string | undefined;
  exports: readonly ExportPart[];
}): JSX.Element {
  const popover = useRef<HTMLDivElement>(null);
  const isOpen = useSignal(false);
  useLayoutEffect(
    () => bindKeys({ '/': () => popover.current?.showPopover(), f: () => popover.current?.showPopover() }),
    [],
  );
  return (
    <div class="filter-bar">
      <button type="button" class="button filter-button" popovertarget="filter-menu" title="Filter ( / )">
        <Icon name="plus" />
        Filter
      </button>
      <div
        id="filter-menu"
        popover="auto"
        class="menu filter-menu"
        ref={popover}
        onToggle={(event) => (isOpen.value = (event as unknown as ToggleEvent).newState === 'open')}
      >
        {isOpen.value ? <FilterMenu onDone={() => popover.current?.hidePopover()} /> : null}
      </div>
      <ul class="chips" aria-label="Filters">
        {FILTER_NAMES.flatMap((name) =>
          (filters.value[name] ?? []).map((value) => (
            <Chip key={`${name} ${value}`} name={name} value={value} />
          )),
        )}
      </ul>
      {filterCount.value > 0 ? (
        <button type="button" class="button quiet" onClick={() => setParams(NO_FILTERS)}>
          Clear
        </button>
      ) : null}
      <span class="filter-end">
        {note ? <span class="muted num">{note}</span> : null}
        <ExportMenu parts={exports} />
      </span>
    </div>
  );
}
