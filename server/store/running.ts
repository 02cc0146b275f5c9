/** Calls whose row says `open`, with what was saved of them so far, and how often somebody has tried to end them. */
import { asc, eq, sql } from 'drizzle-orm';
import { isAlone, writingAs } from './alone.ts';
import { unpackChunks, type BodyChunk } from './bodies.ts';
import { chainOf } from './chain.ts';
import type { Store } from './open.ts';
import { createBodyReader } from './piece-reader.ts';
import { rollupsOf } from './rollup-writer.ts';
import { writerName } from './writer-name.ts';
import { bodies, callDetails, calls, meta, type CallDetailsRow, type CallRow } from './tables.ts';

/** A side of a running call: what each of its segments holds. */
export type SavedSegments = readonly (readonly BodyChunk[])[];

export interface RunningCall {
  readonly row: CallRow;
  readonly details: CallDetailsRow;
  readonly request: SavedSegments;
  readonly response: SavedSegments;
}

/**
 * Ids of all calls that are `open` and have nobody any more, oldest first. Of several writers each has left its own, and one that is
 * not there may have left some a while ago: should it only have lost its connection, what it writes in the end counts.
 */
export function openCallIds(store: Store, nowMs = Date.now()): string[] {
  const name = writerName(store);
  // Literal, as a parameter would not match the partial index of open calls.
  const rows = store.db
    .select({ id: calls.id, startedMs: calls.started_ms, writer: callDetails.writer })
    .from(calls)
    .leftJoin(callDetails, eq(callDetails.call_id, calls.id))
    .where(sql`${calls.state} = 'open'`)
    .orderBy(asc(calls.started_ms))
    .all();
  const gone = new Map<string, boolean>();
  const isGone = (writer: string): boolean => {
    const known = gone.get(writer) ?? isAlone(store, writingAs(writer));
    gone.set(writer, known);
    return known;
  };
  return rows
    .filter(({ writer, startedMs }) => {
      if (name === null || writer === null || writer === name) return true;
      return startedMs < nowMs - strayAfterMs && isGone(writer);
    })
    .map(({ id }) => id);
}

/** Whoever starts again ends its own calls sooner. */
const strayAfterMs = 600_000;

/** One call, whatever its state, with its bodies as long as it is open; null when it is not there. */
export function readRunning(store: Store, id: string): RunningCall | null {
  const { db } = store;
  const row = db.select().from(calls).where(eq(calls.id, id)).get();
  const details = db.select().from(callDetails).where(eq(callDetails.call_id, id)).get();
  if (row === undefined || details === undefined) return null;
  if (row.state !== 'open') return { row, details, request: [], response: [] };
  const stored = db
    .select()
    .from(bodies)
    .where(eq(bodies.call_id, id))
    .orderBy(asc(bodies.segment))
    .all()
    .map(createBodyReader(store));
  const saved = (part: string): SavedSegments =>
    stored.filter((segment) => segment.part === part).map((segment) => unpackChunks(segment));
  return { row, details, request: saved('request'), response: saved('response') };
}

/** Tells whether a call has ended and somebody saw how: `interrupted` is what nobody saw. */
export function endingLookup({ db }: Store): (id: string) => boolean {
  const stateOf = db
    .select({ state: calls.state })
    .from(calls)
    .where(eq(calls.id, sql.placeholder('id')))
    .prepare();
  return (id) => !['open', 'interrupted'].includes(stateOf.get({ id })?.state ?? 'open');
}

/**
 * Ends a call that is open as `interrupted` without a look into it: for one that cannot be read, or on which reading has failed
 * too often. What is stored of its bodies stays.
 */
export function interruptBlindly(store: Store, id: string, note: string): void {
  const rollups = rollupsOf(store);
  store.db.transaction((tx) => {
    rollups.take(id);
    tx.update(calls)
      .set({
        state: 'interrupted',
        error_kind: 'process_killed',
        bodies: sql`CASE ${calls.bodies} WHEN 'full' THEN 'truncated' ELSE ${calls.bodies} END`,
      })
      .where(eq(calls.id, id))
      .run();
    tx.update(callDetails)
      .set({ notes: JSON.stringify([note]), saved_seq: null })
      .where(eq(callDetails.call_id, id))
      .run();
    rollups.add(id);
    chainOf(store).addStored(id);
  });
}

/** Each writer looks into its own calls. */
const triesKey = (store: Store): string => `recovery_tries${writerName(store) ?? ''}`;

/** Notes on the disk that the calls left open are about to be read; returns how many such tries before did not come to their end. */
export function beginRecovery(store: Store): number {
  const { db } = store;
  const before = Number(
    db
      .select()
      .from(meta)
      .where(eq(meta.key, triesKey(store)))
      .get()?.value ?? 0,
  );
  const row = { key: triesKey(store), value: String(before + 1) };
  db.insert(meta)
    .values(row)
    .onConflictDoUpdate({ target: meta.key, set: { value: row.value } })
    .run();
  return before;
}

export function endRecovery(store: Store): void {
  store.db
    .delete(meta)
    .where(eq(meta.key, triesKey(store)))
    .run();
}
