import { useEffect, useRef } from 'preact/hooks';
import { useSignal } from '@preact/signals';
import type { JSX } from 'preact';
import type { Facets } from '../../server/api/wire.ts';
import {
  browserZone,
  filterCount,
  go,
  hrefOf,
  NO_FILTERS,
  setParams,
  setRange,
  toggleFilter,
} from './address.ts';
import { useResource } from './api.ts';
import { isHelpOpen, isPaletteOpen } from './keys.ts';
import { marked } from './marked.ts';
import { scopeParams } from './scope.ts';
import { theme } from './theme.ts';
import { views } from './views.ts';
import { CALL_ID, FILTER_LABELS, FILTER_NAMES, readPair, valueText } from '../lib/filters.ts';
import { formatCount } from '../lib/format.ts';
import { RANGE_PRESETS } from '../lib/range.ts';
import { rank, type Entry } from '../lib/ranking.ts';

interface Command extends Entry {
  readonly id: string;
  /** Shown at the end of the line. */
  readonly hint?: string;
  readonly run: () => void;
}

const PAGES = [
  ['overview', 'Overview', 'g o'],
  ['requests', 'Requests', 'g r'],
  ['sessions', 'Sessions', 'g s'],
  ['explore', 'Explore', 'g e'],
  ['compare', 'Compare', 'g c'],
  ['replays', 'Replays', ''],
  ['settings', 'Settings', 'g ,'],
] as const;

const MOST = 60;

function pageCommands(): Command[] {
  return PAGES.map(([id, label, hint]) => ({
    id,
    label: `Go to ${label}`,
    words: 'page',
    hint,
    run: () => go(hrefOf(`/${id}`)),
  }));
}

function viewCommands(): Command[] {
  return views.value.map(({ name, href }) => ({
    id: `view ${name}`,
    label: `View: ${name}`,
    words: 'saved',
    run: () => go(href),
  }));
}

function actionCommands(): Command[] {
  const commands: (Command | null)[] = [
    filterCount.value > 0
      ? { id: 'clear', label: 'Clear all filters', run: () => setParams(NO_FILTERS) }
      : null,
    marked.value
      ? { id: 'marked', label: 'Open the marked request', run: () => go(hrefOf(`/requests/${marked.value}`)) }
      : null,
    {
      id: 'keys',
      label: 'Show the keys',
      words: 'help shortcuts',
      hint: '?',
      run: () => (isHelpOpen.value = true),
    },
    {
      id: 'link',
      label: 'Copy the link to this view',
      hint: 'y',
      run: () => void navigator.clipboard.writeText(window.location.href).catch(() => undefined),
    },
    ...(['light', 'dark', 'system'] as const).map((name): Command => ({
      id: `theme ${name}`,
      label: `Theme: ${name}`,
      words: 'colours',
      hint: '.',
      run: () => (theme.value = name),
    })),
    { id: 'utc', label: 'Times in UTC', words: 'zone', run: () => setParams({ tz: 'UTC' }) },
    {
      id: 'zone',
      label: `Times of this browser (${browserZone})`,
      words: 'zone',
      run: () => setParams({ tz: null }),
    },
  ];
  return commands.filter((command) => command !== null);
}

function rangeCommands(): Command[] {
  return RANGE_PRESETS.map(({ key, label }) => ({
    id: `range ${key}`,
    label,
    words: 'range time',
    hint: 'range',
    run: () => setRange(key),
  }));
}

function filterCommands(facets: Facets | null): Command[] {
  return FILTER_NAMES.flatMap((name) =>
    (facets?.[name] ?? []).map(({ value, count }): Command => {
      const held = String(value ?? '');
      return {
        id: `filter ${name} ${held}`,
        label: `${FILTER_LABELS[name]}: ${valueText(held)}`,
        words: `filter ${name}`,
        hint: `${formatCount(count)} requests`,
        run: () => toggleFilter(name, held),
      };
    }),
  );
}

/** What the text itself may be: an id, a filter, words to look for. */
function typedCommands(typed: string): Command[] {
  const text = typed.trim();
  if (text === '') return [];
  const pair = readPair(text);
  const commands: (Command | null)[] = [
    CALL_ID.test(text)
      ? {
          id: 'open',
          label: `Open request ${text}`,
          run: () => go(hrefOf(`/requests/${text.toLowerCase()}`)),
        }
      : null,
    pair
      ? {
          id: 'pair',
          label: `Filter: ${FILTER_LABELS[pair.name]} ${valueText(pair.value)}`,
          run: () => toggleFilter(pair.name, pair.value),
        }
      : null,
  ];
  return commands.filter((command) => command !== null);
}

function lastResorts(typed: string): Command[] {
  const text = typed.trim();
  if (text === '' || CALL_ID.test(text)) return [];
  return [
    {
      id: 'search',
      label: `Search requests and answers for “${text}”`,
      run: () => go(hrefOf('/requests', { q: text })),
    },
    {
      id: 'session',
      label: `Open session ${text}`,
      run: () => go(hrefOf(`/sessions/${encodeURIComponent(text)}`)),
    },
  ];
}

function Option({
  command,
  isChosen,
  onRun,
}: {
  command: Command;
  isChosen: boolean;
  onRun: () => void;
}): JSX.Element {
  const line = useRef<HTMLLIElement>(null);
  useEffect(() => {
    if (isChosen) line.current?.scrollIntoView({ block: 'nearest' });
  }, [isChosen]);
  return (
    <li
      ref={line}
      id={`command ${command.id}`.replaceAll(/\W/g, '-')}
      role="option"
      aria-selected={isChosen}
      class="menu-item command"
      onClick={onRun}
    >
      <span class="clip">{command.label}</span>
      {command.hint ? <span class="muted small">{command.hint}</span> : null}
    </li>
  );
}

/** Everything that can be gone to or done, by its name. */
export function CommandPalette(): JSX.Element {
  const dialog = useRef<HTMLDialogElement>(null);
  const typed = useSignal('');
  const chosen = useSignal(0);
  const facets = useResource<Facets>(`facets?${scopeParams()}`).value.data;
  useEffect(() => dialog.current?.showModal(), []);
  const named = [...pageCommands(), ...viewCommands(), ...actionCommands(), ...rangeCommands()];
  // Values are too many to be offered before somebody says which, or to stand before what has a name.
  const values = typed.value.trim() === '' ? [] : filterCommands(facets);
  const commands = [
    ...typedCommands(typed.value),
    ...rank(named, typed.value, MOST),
    ...rank(values, typed.value, MOST),
    ...lastResorts(typed.value),
  ];
  const at = Math.min(chosen.value, commands.length - 1);
  const run = (command: Command | undefined) => {
    isPaletteOpen.value = false;
    command?.run();
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step) chosen.value = (at + step + commands.length) % Math.max(1, commands.length);
    else if (event.key === 'Enter') run(commands[at]);
    else return;
    event.preventDefault();
  };
  const active = commands[at];
  return (
    <dialog
      ref={dialog}
      class="dialog palette"
      aria-label="Go to or do something"
      onClose={() => (isPaletteOpen.value = false)}
      onClick={(event) => event.target === dialog.current && dialog.current?.close()}
    >
      <input
        type="text"
        role="combobox"
        aria-expanded="true"
        aria-controls="commands"
        aria-activedescendant={active ? `command ${active.id}`.replaceAll(/\W/g, '-') : undefined}
        aria-label="What to go to or to do"
        placeholder="A page, a filter, a range, an action; or paste an id"
        autoComplete="off"
        spellcheck={false}
        autoFocus
        value={typed.value}
        onInput={({ currentTarget }) => {
          typed.value = currentTarget.value;
          chosen.value = 0;
        }}
        onKeyDown={onKeyDown}
      />
      <ul id="commands" role="listbox" aria-label="Commands">
        {commands.map((command, index) => (
          <Option key={command.id} command={command} isChosen={index === at} onRun={() => run(command)} />
        ))}
      </ul>
    </dialog>
  );
}
