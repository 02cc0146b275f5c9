/**
 * What is older than it is to be kept, or more than there is room for: whole UTC days of bodies, calls; rollups stay. What may go is
 * decided before anything goes (retention-run.ts).
 */
import { and, asc, count, gte, isNotNull, lt, max, min, sql, sum } from 'drizzle-orm';
import { dayStartMs, firstPackId, utcDay } from './days.ts';
import type { Store } from './open.ts';
import { hasBodies } from './removal.ts';
import type { Retention } from './served.ts';
import { calls, packs } from './tables.ts';

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
        // With what their bodies and pieces take beside them.
        .select({ bytes: sum(sql`length(${packs.bytes}) + 200`) })
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

/** The beginning of the day of a moment; null stays null. */
function earliest(ms: number | null): number | null {
  return ms === null ? null : dayStartMs(utcDay(ms));
}

/** Null: neither; else the later one of what there is. */
export function latest(a: number | null, b: number | null): number | null {
  if (a === null || b === null) return a ?? b;
  return Math.max(a, b);
}

function floorTo(ms: number, unit: number): number {
  return Math.floor(ms / unit) * unit;
}
