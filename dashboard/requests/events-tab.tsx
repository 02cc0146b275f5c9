import { useEffect } from 'preact/hooks';
import { useSignal } from '@preact/signals';
import type { JSX } from 'preact';
import type { CallDetail, EventsPage, StreamEvent } from '../../server/api/wire.ts';
import { ApiFailure, ask } from '../app/api.ts';
import { Failure } from '../app/failure.tsx';
import { figures, TableHead } from '../app/table-head.tsx';
import { formatCount, formatDuration } from '../lib/format.ts';
import { readEvents, type EventRow } from '../lib/stream.ts';
import { BodyState } from './body-state.tsx';

const PAGE_EVENTS = 500;
const SHOWN_CHARACTERS = 400;

export interface EventsState {
  readonly items: readonly StreamEvent[];
  readonly cursor: string | null;
  readonly isLoading: boolean;
  readonly error: ApiFailure | null;
}

/** The events of a call, page by page; `more` asks for the next one. */
export function useEvents(id: string): EventsState & { more: () => void } {
  const state = useSignal<EventsState>({ items: [], cursor: null, isLoading: true, error: null });
  const load = async (cursor: string | null, signal?: AbortSignal) => {
    state.value = { ...state.peek(), isLoading: true };
    try {
      const from = cursor === null ? '' : `&cursor=${encodeURIComponent(cursor)}`;
      const page = await ask<EventsPage>(`calls/${id}/events?limit=${PAGE_EVENTS}${from}`, signal);
      const held = cursor === null ? [] : state.peek().items;
      state.value = {
        items: [...held, ...page.items],
        cursor: page.next_cursor,
        isLoading: false,
        error: null,
      };
    } catch (error) {
      if (signal?.aborted) return;
      const failure = error instanceof ApiFailure ? error : new ApiFailure(0, String(error));
      state.value = { ...state.peek(), isLoading: false, error: failure };
    }
  };
  useEffect(() => {
    const abort = new AbortController();
    void load(null, abort.signal);
    return () => abort.abort();
  }, [id]);
  return { ...state.value, more: () => void load(state.value.cursor) };
}

function EventLine({ row }: { row: EventRow }): JSX.Element {
  const { event } = row;
  return (
    <tr class={row.isStall ? 'is-stall' : ''}>
      <td class="num">{(event.offset_us / 1000).toFixed(1)}</td>
      <td class="num">
        {row.sinceUs === null ? '' : `+${(row.sinceUs / 1000).toFixed(1)}`}
        {row.isStall ? (
          <span class="stall-mark" title={`Nothing came for ${formatDuration(row.sinceUs)}`}>
            {' '}
            ▲ stall
          </span>
        ) : null}
      </td>
      <td>
        <code>{event.type}</code>
      </td>
      <td class="num">{event.block ?? ''}</td>
      <td class="event-text" title={row.text.slice(0, 2000)}>
        {row.text.slice(0, SHOWN_CHARACTERS)}
      </td>
      <td class="num muted">{formatCount(event.bytes)}</td>
    </tr>
  );
}

/** Each event of the stream with the time at which it came. */
export function EventsTab({ call }: { call: CallDetail }): JSX.Element {
  const { items, cursor, isLoading, error, more } = useEvents(call.id);
  if (call.bodies === 'metadata' || call.bodies === 'expired') return <BodyState call={call} />;
  if (error) return <Failure error={error} />;
  if (items.length === 0) {
    return <p class="muted">{isLoading ? 'Reading the events…' : 'The answer was no event stream.'}</p>;
  }
  const rows = readEvents(items);
  const stalls = rows.filter((row) => row.isStall).length;
  return (
    <>
      <p class="muted small">
        {formatCount(items.length)}
        {cursor ? '+' : ''} events
        {stalls > 0 ? `, ${stalls} ${stalls === 1 ? 'gap' : 'gaps'} of more than 2 s` : ''}
      </p>
      <div class="scroll-x" tabIndex={0} role="region" aria-label="Events, table">
        <table class="table compact events">
          <TableHead
            columns={[figures('ms'), figures('Δ ms'), 'Type', figures('Block'), 'Content', figures('Bytes')]}
          />
          <tbody>
            {rows.map((row) => (
              <EventLine key={row.event.index} row={row} />
            ))}
          </tbody>
        </table>
      </div>
      {cursor ? (
        <button type="button" class="button" disabled={isLoading} onClick={more}>
          More events
        </button>
      ) : null}
    </>
  );
}
