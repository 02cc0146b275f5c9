/** What is removed of a store: calls with what is theirs, bodies, and the packs and pieces of whole days. Each a few rows at a time, within a transaction. */
import { and, asc, inArray, lt, min, ne, sql } from 'drizzle-orm';
import { chainOf } from './chain.ts';
import { firstPackId, firstPieceKey, utcDay } from './days.ts';
import type { Store } from './open.ts';
import { noteCallsRemoved } from './removed-calls.ts';
import { notePacksRemoved } from './removed-packs.ts';
import { batchResults, bodies, callDetails, calls, costRevisions, packs, pieces } from './tables.ts';

/** Literal, as a parameter would not match the partial index of kept bodies. */
export const hasBodies = sql`${calls.bodies} IN ('full', 'truncated')`;

/** How many calls that began before went, of those that have ended; with all that is theirs but their share of the rollups. */
export function removeCalls(store: Store, beforeMs: number, limit: number): number {
  const { db } = store;
  const old = and(lt(calls.started_ms, beforeMs), ne(calls.state, 'open'));
  const ids = idsOf(
    db.select({ id: calls.id }).from(calls).where(old).orderBy(asc(calls.started_ms)).limit(limit).all(),
  );
  if (ids.length === 0) return 0;
  noteCallsRemoved(store, beforeMs);
  chainOf(store).addRemoval('removed', ids);
  for (const table of [callDetails, bodies, costRevisions, batchResults]) {
    db.delete(table).where(inArray(table.call_id, ids)).run();
  }
  db.delete(calls).where(inArray(calls.id, ids)).run();
  return ids.length;
}

/** How many calls that began before lost their bodies; not yet what those were made of. */
export function expireBodies(store: Store, beforeMs: number, limit: number): number {
  const { db } = store;
  const old = and(hasBodies, lt(calls.started_ms, beforeMs), ne(calls.state, 'open'));
  const ids = idsOf(
    db.select({ id: calls.id }).from(calls).where(old).orderBy(asc(calls.started_ms)).limit(limit).all(),
  );
  if (ids.length === 0) return 0;
  chainOf(store).addRemoval('expired', ids);
  db.delete(bodies).where(inArray(bodies.call_id, ids)).run();
  db.update(calls).set({ bodies: 'expired' }).where(inArray(calls.id, ids)).run();
  return ids.length;
}

/** Packs of days of which no call that has ended has bodies any more; a call that is still open keeps those of its day and of all later ones. */
export function removePacks(
  store: Store,
  beforeMs: number,
  limit: number,
  onBytes: (bytes: number) => void,
): number {
  const before = firstPackId(lastDay(store, beforeMs));
  const found = store.db
    .select({ id: packs.id, bytes: sql<number>`length(${packs.bytes})` })
    .from(packs)
    .where(lt(packs.id, before))
    .orderBy(asc(packs.id))
    .limit(limit)
    .all();
  onBytes(found.reduce((total, { bytes }) => total + bytes, 0));
  const last = found.at(-1);
  if (last === undefined) return 0;
  notePacksRemoved(store);
  store.db
    .delete(packs)
    .where(sql`${packs.id} <= ${last.id}`)
    .run();
  return found.length;
}

/** How many pieces of such days went. */
export function removePieces(store: Store, beforeMs: number, limit: number): number {
  const before = firstPieceKey(lastDay(store, beforeMs));
  const [row] = store.db
    .select({ key: pieces.key })
    .from(pieces)
    .where(lt(pieces.key, before))
    .orderBy(asc(pieces.key))
    .limit(1)
    .offset(limit)
    .all();
  return store.db
    .delete(pieces)
    .where(lt(pieces.key, row?.key ?? before))
    .run().changes;
}

function lastDay({ db }: Store, beforeMs: number): number {
  const running = db
    .select({ startedMs: min(calls.started_ms) })
    .from(calls)
    .where(sql`${calls.state} = 'open'`)
    .get();
  return utcDay(Math.min(beforeMs, running?.startedMs ?? beforeMs));
}

function idsOf(rows: readonly { readonly id: string }[]): string[] {
  return rows.map(({ id }) => id);
}
