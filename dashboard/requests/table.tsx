import { useEffect, useMemo, useRef } from 'preact/hooks';
import { useSignal } from '@preact/signals';
import type { JSX } from 'preact';
import type { CallList } from './call-list.ts';
import { COLUMNS, Row, type RowProps } from './row.tsx';

/** Rows above and below the window that are drawn as well. */
const OVERSCAN = 8;
/** Rows from the end at which the next page is asked for. */
const AHEAD = 40;

const MOST_DRAWN = 200;

const narrow = window.matchMedia('(max-width: 767px)');

/** Height of a row in px: fixed, so that the window is arithmetic. */
function rowPx(): number {
  return narrow.matches ? 60 : 36;
}

/** The duration that fills the bar: the longest but for a few outliers. */
function fullDurationUs(durations: readonly (number | null)[]): number {
  const known = durations.filter((duration) => duration !== null).sort((one, other) => one - other);
  return known[Math.floor(known.length * 0.97)] ?? known.at(-1) ?? 1;
}

export interface TableProps {
  readonly list: CallList;
  readonly selected: string | null;
  readonly onSelect: (id: string) => void;
  readonly onScrollTop: (isAtTop: boolean) => void;
  readonly onHover: (isOver: boolean) => void;
}

/** Rows that were drawn, by call: what is the same again is not compared anew, as scrolling draws only what comes in. */
function useRows(): (props: RowProps) => JSX.Element {
  const drawn = useRef(new Map<string, { props: RowProps; row: JSX.Element }>());
  return (props) => {
    const { id } = props.call;
    const held = drawn.current.get(id);
    if (held && isSame(held.props, props)) return held.row;
    if (drawn.current.size > MOST_DRAWN) drawn.current.clear();
    const row = <Row key={id} {...props} />;
    drawn.current.set(id, { props, row });
    return row;
  };
}

function isSame(one: RowProps, other: RowProps): boolean {
  return (
    one.call === other.call &&
    one.at === other.at &&
    one.isSelected === other.isSelected &&
    one.isFresh === other.isFresh &&
    one.longestUs === other.longestUs &&
    one.onSelect === other.onSelect
  );
}

/** The windowed grid of calls. */
export function CallTable({ list, selected, onSelect, onScrollTop, onHover }: TableProps): JSX.Element {
  const box = useRef<HTMLDivElement>(null);
  const scrollTop = useSignal(0);
  const boxPx = useSignal(800);
  const items = list.items.value;
  const height = rowPx();
  useEffect(() => {
    const element = box.current;
    if (!element) return undefined;
    const observer = new ResizeObserver(() => (boxPx.value = element.clientHeight));
    observer.observe(element);
    return () => observer.disconnect();
  }, []);
  useEffect(() => {
    const element = box.current;
    const at = items.findIndex(({ id }) => id === selected);
    if (!element || at < 0) return;
    const head = 32;
    const top = at * height;
    if (top < element.scrollTop) element.scrollTop = top;
    else if (top + height > element.scrollTop + element.clientHeight - head)
      element.scrollTop = top + height - element.clientHeight + head;
  }, [selected, items.length > 0]);
  const first = Math.max(0, Math.floor(scrollTop.value / height) - OVERSCAN);
  const last = Math.min(items.length, Math.ceil((scrollTop.value + boxPx.value) / height) + OVERSCAN);
  const longestUs = useMemo(() => fullDurationUs(items.map((call) => call.duration_us)), [items]);
  const rowOf = useRows();
  const onScroll = (event: Event) => {
    const element = event.currentTarget as HTMLElement;
    scrollTop.value = element.scrollTop;
    onScrollTop(element.scrollTop < height);
    if (element.scrollTop + element.clientHeight > (items.length - AHEAD) * height) list.more();
  };
  return (
    <div
      class={`call-table${list.isStale.value ? ' is-stale' : ''}`}
      ref={box}
      onScroll={onScroll}
      role="grid"
      aria-label="Requests, newest first"
      aria-rowcount={list.hasMore.value ? -1 : items.length + 1}
      aria-activedescendant={selected ? `row-${selected}` : undefined}
      tabIndex={0}
    >
      <div class="row table-head" role="row" aria-rowindex={1}>
        {COLUMNS.map((column) => (
          <span
            key={column.id}
            class={`cell ${column.id}-cell${column.isNumber ? ' num' : ''}`}
            role="columnheader"
          >
            {column.label}
          </span>
        ))}
      </div>
      <div
        class="rows"
        role="rowgroup"
        style={{ height: `${items.length * height}px` }}
        onPointerEnter={() => onHover(true)}
        onPointerLeave={() => onHover(false)}
      >
        <div role="presentation" style={{ transform: `translateY(${first * height}px)` }}>
          {items.slice(first, last).map((call, offset) =>
            rowOf({
              call,
              at: first + offset,
              isSelected: call.id === selected,
              isFresh: list.fresh.value.has(call.id),
              longestUs,
              onSelect,
            }),
          )}
        </div>
      </div>
      {list.isFull.value ? (
        <p class="list-end muted">
          These are the newest {items.length} requests. Narrow the range to see older ones.
        </p>
      ) : null}
    </div>
  );
}
