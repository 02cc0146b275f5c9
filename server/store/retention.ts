/**
 * Removes what is older than it is to be kept, in steps that are short enough to run beside live traffic. Whole UTC days of
 * bodies go at once in meaning and little by little in fact; rollups stay. What may go is decided before anything goes.
 */
import { and, asc, count, gte, inArray, isNotNull, lt, max, min, ne, sql, sum } from 'drizzle-orm';
import { dayStartMs, firstPackId, firstPieceKey, utcDay } from './days.ts';
import { chainOf } from './chain.ts';
import type { Store } from './open.ts';
import { noteCallsRemoved } from './removed-calls.ts';
import type { Retention } from './served.ts';
import type { Writer } from './write.ts';
import { batchResults, bodies, callDetails, calls, costRevisions, packs, pieces } from './tables.ts';

/** Null: for ever, without bound. */
export interface RetentionPolicy {
  readonly bodiesMs: number | null;
  readonly callsMs: number | null;
  /** Of the file; the oldest days of bodies go first, then the oldest calls. */
  readonly storeBytes: number | null;
}

export interface RetentionPlan {
  /** Bodies of calls that began before this go; the beginning of a UTC day. Null: none. */
  readonly bodiesBeforeMs: number | null;
  /** Calls that began before this go, with everything but their share of the rollups. Null: none. */
  readonly callsBeforeMs: number | null;
  /** Calls that lose their bodies. */
  readonly bodies: number;
  /** Calls that are removed. */
  readonly calls: number;
  /** Why it should not be done without somebody who says so, one sentence; null when it may. */
  readonly doubt: string | null;
}

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;
/** Below this a store is too small for its half to tell anything. */
const fewCalls = 100;

/** What the policy wants gone now. Reads only. */
export function planRetention(store: Store, policy: RetentionPolicy, nowMs: number): RetentionPlan {
  let bodiesBefore = earliest(policy.bodiesMs === null ? null : nowMs - policy.bodiesMs);
  let callsBefore = policy.callsMs === null ? null : floorTo(nowMs - policy.callsMs, hourMs);
  if (policy.storeBytes !== null) {
    const today = utcDay(nowMs);
    const excess = usedBytes(store) - policy.storeBytes;
    const bySize = excess > 0 ? beforeForBytes(store, excess, today) : null;
    bodiesBefore = latest(bodiesBefore, bySize?.bodiesBeforeMs ?? null);
    callsBefore = latest(callsBefore, bySize?.callsBeforeMs ?? null);
  }
  const plan = {
    bodiesBeforeMs: bodiesBefore,
    callsBeforeMs: callsBefore,
    bodies: countBefore(store, latest(bodiesBefore, callsBefore), true),
    calls: countBefore(store, callsBefore, false),
  };
  return { ...plan, doubt: doubtAbout(store, plan, nowMs) };
}

function doubtAbout(store: Store, plan: Omit<RetentionPlan, 'doubt'>, nowMs: number): string | null {
  const newest =
    store.db
      .select({ startedMs: max(calls.started_ms) })
      .from(calls)
      .get()?.startedMs ?? null;
  if (newest !== null && nowMs < newest - hourMs) {
    return 'The clock stands before the latest call: nothing is removed until it is right.';
  }
  const [all, kept] = [countBefore(store, Infinity, false), countBefore(store, Infinity, true)];
  const isMuch = (gone: number, of: number): boolean => of >= fewCalls && gone > of / 2;
  if (isMuch(plan.calls, all) || isMuch(plan.bodies, kept)) {
    return `More than half of the record would go at once (${plan.calls} calls, bodies of ${plan.bodies}): stop weir and run weir prune --force to do it.`;
  }
  return null;
}

/** One after the other until it returns false; each writes for about `stepMs` and is a transaction of its own. */
export interface RetentionRun {
  /** False when everything is done. */
  step(): boolean;
  /** Calls that have lost their bodies so far, those that are removed, and bytes of packs. */
  readonly done: { bodies: number; calls: number; packBytes: number };
}

const longestStepMs = 25;
const mostInStep = 500;
const vacuumPages = 100;

export function startRetention(
  store: Store,
  writer: Pick<Writer, 'transaction' | 'forget'>,
  plan: Pick<RetentionPlan, 'bodiesBeforeMs' | 'callsBeforeMs'>,
): RetentionRun {
  const done = { bodies: 0, calls: 0, packBytes: 0 };
  const bodiesBefore = latest(
    plan.bodiesBeforeMs,
    plan.callsBeforeMs === null ? null : floorTo(plan.callsBeforeMs, dayMs),
  );
  const phases: ((limit: number) => number)[] = [];
  if (plan.callsBeforeMs !== null) {
    const before = plan.callsBeforeMs;
    phases.push((limit) => {
      const removed = removeCalls(store, before, limit);
      done.calls += removed;
      return removed;
    });
  }
  if (bodiesBefore !== null) {
    phases.push(
      (limit) => {
        const expired = expireBodies(store, bodiesBefore, limit);
        done.bodies += expired;
        return expired;
      },
      (limit) => removePacks(store, bodiesBefore, limit, (bytes) => (done.packBytes += bytes)),
      (limit) => removePieces(store, bodiesBefore, limit * 4),
    );
  }
  let limit = 20;
  return {
    done,
    step() {
      const [phase] = phases;
      if (phase === undefined) return writer.transaction(() => giveBack(store));
      const beganMs = performance.now();
      const touched = writer.transaction(() => phase(limit));
      // It must not name a piece of a pack that has gone.
      writer.forget();
      if (touched === 0) phases.shift();
      // Rows differ a thousandfold in size: the next step is as much longer as this one was too short.
      const factor = Math.min(Math.max(longestStepMs / Math.max(performance.now() - beganMs, 1), 0.25), 2);
      limit = Math.min(Math.max(Math.round(limit * factor), 1), mostInStep);
      return true;
    },
  };
}

/** What the record takes. */
export function sizesOf(store: Store): Retention['sizes'] {
  const packed = store.db
    .select({ bytes: sum(sql`length(${packs.bytes})`) })
    .from(packs)
    .get();
  return {
    used_bytes: usedBytes(store),
    body_bytes: Number(packed?.bytes ?? 0),
    calls: countBefore(store, Infinity, false),
    calls_with_bodies: countBefore(store, Infinity, true),
  };
}

/** What a server holds of the rows that are there; what it keeps free for more is not told from that by its files. */
const liveBytes = `SELECT (SELECT coalesce(sum(length(bytes) + 300), 0) FROM packs)
  + (SELECT coalesce(sum(length(bytes) + 200), 0) FROM bodies) + 2000 * (SELECT count(*) FROM calls)`;

/** Bytes of the store that hold something. */
export function usedBytes({ sqlite, engine }: Store): number {
  if (engine === 'postgres') return Number(sqlite.prepare(liveBytes).pluck().get());
  const number = (name: string): number => Number(sqlite.pragma(name, { simple: true }));
  return (number('page_count') - number('freelist_count')) * number('page_size');
}

/** What the tables of a store take on the disks of its server, with their indexes and what is free in them. */
export function serverBytes({ sqlite }: Store): number {
  const sum = `SELECT coalesce(sum(pg_total_relation_size(oid)), 0) FROM pg_class
    WHERE relnamespace = current_schema()::regnamespace AND relkind = 'r'`;
  return Number(sqlite.prepare(sum).pluck().get());
}

function removeCalls(store: Store, beforeMs: number, limit: number): number {
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

/** Literal, as a parameter would not match the partial index of kept bodies. */
const hasBodies = sql`${calls.bodies} IN ('full', 'truncated')`;

function expireBodies(store: Store, beforeMs: number, limit: number): number {
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

/** Packs of days of which no call has bodies any more; a call that is still open keeps those of its day and of all later ones. */
function removePacks(
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
  if (last !== undefined)
    store.db
      .delete(packs)
      .where(sql`${packs.id} <= ${last.id}`)
      .run();
  return found.length;
}

function removePieces(store: Store, beforeMs: number, limit: number): number {
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

/** Free pages go back to the file system, a few at a time; what little is left is used again. */
function giveBack({ sqlite, engine }: Store): boolean {
  // A server's own vacuum makes them free for what comes.
  if (engine === 'postgres') return false;
  if (Number(sqlite.pragma('freelist_count', { simple: true })) < vacuumPages) return false;
  sqlite.pragma(`incremental_vacuum(${vacuumPages})`);
  return true;
}

/** Of which days the bodies, and if that is not enough the calls, have to go for so many bytes to be free; never of today. */
function beforeForBytes({ db }: Store, excess: number, today: number) {
  let rest = excess;
  const first =
    db
      .select({ id: min(packs.id) })
      .from(packs)
      .get()?.id ?? null;
  const firstDay = first === null ? today : Math.floor(first / firstPackId(1));
  let bodiesBeforeMs: number | null = null;
  for (let day = firstDay; day < today && rest > 0; day += 1) {
    const range = and(gte(packs.id, firstPackId(day)), lt(packs.id, firstPackId(day + 1)));
    rest -= Number(
      db
        .select({ bytes: sum(sql`length(${packs.bytes}) + 300`) })
        .from(packs)
        .where(range)
        .get()?.bytes ?? 0,
    );
    bodiesBeforeMs = dayStartMs(day + 1);
  }
  if (rest <= 0) return { bodiesBeforeMs, callsBeforeMs: null };
  // A call without bodies is about so large, with its details and its place in the indexes.
  const removable = Math.ceil(rest / 2000);
  const at = db
    .select({ startedMs: calls.started_ms })
    .from(calls)
    .where(and(isNotNull(calls.started_ms), lt(calls.started_ms, dayStartMs(today))))
    .orderBy(asc(calls.started_ms))
    .limit(1)
    .offset(removable)
    .get();
  const callsBeforeMs = at === undefined ? dayStartMs(today) : floorTo(at.startedMs, hourMs) + hourMs;
  return { bodiesBeforeMs, callsBeforeMs };
}

function countBefore({ db }: Store, beforeMs: number | null, onlyWithBodies: boolean): number {
  if (beforeMs === null) return 0;
  const before = beforeMs === Infinity ? undefined : lt(calls.started_ms, beforeMs);
  const condition = and(onlyWithBodies ? hasBodies : undefined, before);
  return db.select({ calls: count() }).from(calls).where(condition).get()?.calls ?? 0;
}

function idsOf(rows: readonly { readonly id: string }[]): string[] {
  return rows.map(({ id }) => id);
}

/** The beginning of the day of a moment; null stays null. */
function earliest(ms: number | null): number | null {
  return ms === null ? null : dayStartMs(utcDay(ms));
}

function latest(a: number | null, b: number | null): number | null {
  if (a === null || b === null) return a ?? b;
  return Math.max(a, b);
}

function floorTo(ms: number, unit: number): number {
  return Math.floor(ms / unit) * unit;
}
