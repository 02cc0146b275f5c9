import { useEffect, useLayoutEffect, useMemo } from 'preact/hooks';
import { useSignal } from '@preact/signals';
import type { JSX } from 'preact';
import { address, filters, go, hrefOf, range, setParams } from '../app/address.ts';
import type { ExportPart } from '../app/export-menu.tsx';
import { Failure } from '../app/failure.tsx';
import { FilterBar } from '../app/filter-bar.tsx';
import { Icon } from '../app/icons.tsx';
import { bindKeys } from '../app/keys.ts';
import { gaps } from '../app/live.ts';
import { scopeParams } from '../app/scope.ts';
import { formatCount } from '../lib/format.ts';
import { NothingFound } from '../overview/nothing-found.tsx';
import { callExports } from './call-exports.ts';
import { createCallList, type CallList } from './call-list.ts';
import { Histogram } from './histogram.tsx';
import { Peek } from './peek.tsx';
import { CallTable } from './table.tsx';

const isPeekId = (value: string | null): value is string => value !== null && value !== '';

/** j and k, Enter, Escape, l: the keys of the list. */
function useListKeys(list: CallList, selected: string | null, toggleLive: () => void): void {
  useLayoutEffect(() => {
    const step = (by: number) => {
      const items = list.items.value;
      const at = items.findIndex(({ id }) => id === selected);
      const next = items[at < 0 ? 0 : Math.max(0, Math.min(items.length - 1, at + by))];
      if (at + by >= items.length - 1) list.more();
      if (next) setParams({ r: next.id }, selected === null ? 'push' : 'replace');
    };
    return bindKeys({
      j: () => step(1),
      k: () => step(-1),
      ArrowDown: () => step(1),
      ArrowUp: () => step(-1),
      ' ': () => (selected === null ? step(0) : setParams({ r: null, tab: null })),
      Enter: () => selected && go(hrefOf(`/requests/${selected}`)),
      Escape: () => selected !== null && setParams({ r: null, tab: null }),
      l: toggleLive,
    });
  }, [list, selected, toggleLive]);
}

function LiveButton({ isLive, onToggle }: { isLive: boolean; onToggle: () => void }): JSX.Element {
  return (
    <button
      type="button"
      class={`button live-button${isLive ? ' is-on' : ''}`}
      aria-pressed={isLive}
      onClick={onToggle}
      title="New requests come in by themselves ( l )"
    >
      <span class="live-mark" aria-hidden="true" />
      Live
    </button>
  );
}

function countText(list: CallList): string {
  const count = list.items.value.length;
  return list.isStale.value
    ? 'loading…'
    : `${formatCount(count)}${list.hasMore.value || list.isFull.value ? '+' : ''} ${count === 1 ? 'request' : 'requests'}`;
}

function exportsOf(params: string, selected: string | null): ExportPart[] {
  const list = { label: 'Requests', resource: `calls?${params}`, isTable: true };
  return selected === null ? [list] : [list, ...callExports(selected)];
}

/** Opens a call beside the list, or closes it; the same function each time, as rows are not drawn again for another. */
function choose(id: string): void {
  const held = address.peek().params.get('r') || null;
  setParams({ r: id === held ? null : id }, held === null ? 'push' : 'replace');
}

/** The list of calls with one of them open beside it. */
export function RequestsPage(): JSX.Element {
  const isLive = useSignal(true);
  const isAtTop = useSignal(true);
  const isHovered = useSignal(false);
  const held = address.value.params.get('r');
  const selected = isPeekId(held) ? held : null;
  const list = useMemo(
    () =>
      createCallList(
        () => isLive.value && isAtTop.value && !isHovered.value && address.peek().params.get('r') === null,
      ),
    [],
  );
  useEffect(() => () => list.stop(), [list]);
  // A range that runs until now moves on with live calls; only another question loads the list again.
  const params = scopeParams().toString();
  const question =
    range.value.toMs === null ? params.replace(/(^|&)from=\d+/, `$1from=${range.value.key}`) : params;
  useEffect(() => list.ask({ params, filters: filters.value, range: range.value }), [question]);
  const missed = gaps.value;
  useEffect(() => {
    if (missed > 0) list.reload();
  }, [missed]);
  const toggleLive = useMemo(() => () => (isLive.value = !isLive.value), []);
  useListKeys(list, selected, toggleLive);
  const isEmpty = !list.isStale.value && list.items.value.length === 0 && !list.error.value;
  return (
    <div class={`page list-page${selected ? ' has-peek' : ''}`}>
      <h1 class="visually-hidden">Requests</h1>
      <div class="list-head">
        <FilterBar note={countText(list)} exports={exportsOf(params, selected)} />
        <LiveButton isLive={isLive.value} onToggle={toggleLive} />
      </div>
      {list.incomplete.value === null ? null : <p class="muted">{list.incomplete.value}</p>}
      <Histogram />
      {list.error.value ? <Failure error={list.error.value} /> : null}
      <div class="list-body">
        <div class="list-pane">
          {list.waiting.value > 0 ? (
            <button
              type="button"
              class="new-pill"
              onClick={() => {
                list.reload();
                document.querySelector('.call-table')?.scrollTo({ top: 0 });
              }}
            >
              <Icon name="up" />
              {list.waiting.value} new
            </button>
          ) : null}
          {list.error.value && list.items.value.length === 0 ? null : isEmpty ? (
            <NothingFound />
          ) : (
            <CallTable
              list={list}
              selected={selected}
              onSelect={choose}
              onScrollTop={(isTop) => (isAtTop.value = isTop)}
              onHover={(isOver) => (isHovered.value = isOver)}
            />
          )}
        </div>
        {selected ? <Peek id={selected} ids={list.items.value.map(({ id }) => id)} /> : null}
      </div>
    </div>
  );
}
