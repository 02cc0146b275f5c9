/** Whether a call is in the store already, by its own id or by the upstream's id for its request. */
import { and, eq, gte, isNotNull, lt, sql } from 'drizzle-orm';
import type { Store } from './open.ts';
import { calls } from './tables.ts';

/** By what a call is known again. */
export interface KnownBy {
  readonly id: string;
  readonly startedMs: number;
  readonly upstreamRequestId: string | null;
}

export interface Presence {
  has(call: KnownBy): boolean;
  /** It will be there. */
  add(call: KnownBy): void;
  /** All that were added are there: beyond some number of them the store is asked again, so that this does not grow with it. */
  committed(): void;
}

const hourMs = 3_600_000;
const rememberedHours = 48;

/** About 10 MB. */
const mostAdded = 50_000;

/** @param store null holds nothing @param most of those that were added are remembered after they are committed */
export function createPresence(store: Store | null, most = mostAdded): Presence {
  const rowOf = store?.db
    .select({ id: calls.id })
    .from(calls)
    .where(eq(calls.id, sql.placeholder('id')))
    .prepare();
  const ids = new Set<string>();
  const requestIds = new Set<string>();
  const hours = new Map<number, ReadonlySet<string>>();

  const inHour = (hour: number): ReadonlySet<string> => {
    const known = hours.get(hour) ?? readHour(store, hour);
    // Files tell their calls more or less in order: the hours before are not asked for again.
    if (hours.size >= rememberedHours) hours.clear();
    hours.set(hour, known);
    return known;
  };

  return {
    has({ id, startedMs, upstreamRequestId }) {
      if (ids.has(id) || rowOf?.get({ id }) !== undefined) return true;
      if (upstreamRequestId === null) return false;
      if (requestIds.has(upstreamRequestId)) return true;
      // Clocks and notions of when a call begins differ a little.
      const hour = Math.floor(startedMs / hourMs);
      return [hour - 1, hour, hour + 1].some((each) => inHour(each).has(upstreamRequestId));
    },
    add({ id, upstreamRequestId }) {
      ids.add(id);
      if (upstreamRequestId !== null) requestIds.add(upstreamRequestId);
    },
    committed() {
      if (ids.size < most) return;
      ids.clear();
      requestIds.clear();
      // They may be of an hour that was read before.
      hours.clear();
    },
  };
}

function readHour(store: Store | null, hour: number): ReadonlySet<string> {
  const from = hour * hourMs;
  const rows =
    store?.db
      .select({ id: calls.upstream_request_id })
      .from(calls)
      .where(
        and(
          gte(calls.started_ms, from),
          lt(calls.started_ms, from + hourMs),
          isNotNull(calls.upstream_request_id),
        ),
      )
      .all() ?? [];
  return new Set(rows.map(({ id }) => id).filter((id) => id !== null));
}
