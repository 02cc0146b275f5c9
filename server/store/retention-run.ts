/**
 * Removes what retention wants gone, in steps that are short enough to run beside live traffic: each does as much as it has time
 * for, in parts whose size is what the ones before have taken.
 */
import { waitToBeAlone, removing } from './alone.ts';
import { dayStartMs, utcDay } from './days.ts';
import type { Store } from './open.ts';
import { expireBodies, removeCalls, removePacks, removePieces } from './removal.ts';
import { latest, type RetentionPlan } from './retention.ts';
import { mergeIndex } from './search-merge.ts';
import type { Writer } from './write.ts';

/** One after the other until it returns false; each is a transaction of its own. */
export interface RetentionRun {
  /** False when everything is done. */
  step(): boolean;
  /** Calls that have lost their bodies so far, those that are removed, and bytes of packs. */
  readonly done: { bodies: number; calls: number; packBytes: number };
}

/** Of a step with its commit. A busy machine takes several times as long, and nobody is to wait for 150. */
const stepMs = 40;
/** Of the work in it. */
const [shortestMs, longestMs] = [2, 25];
const partMs = 5;
const mostInStep = 500;
const firstPart = 8;
/** What little is free is used again. */
const freePages = 100;

/** Does up to `limit` of something; 0: there is nothing left of it. */
type Phase = (limit: number) => number;

export function startRetention(
  store: Store,
  writer: Pick<Writer, 'transaction' | 'forget'>,
  plan: Pick<RetentionPlan, 'bodiesBeforeMs' | 'callsBeforeMs'>,
): RetentionRun {
  const done = { bodies: 0, calls: 0, packBytes: 0 };
  const phases = [...removals(store, writer, plan, done), (limit: number) => giveBack(store, limit)].map(
    inParts,
  );
  const shrink = inParts((limit) => mergeIndex(store, limit));
  let workMs = longestMs / 2;
  return {
    done,
    step() {
      const [phase] = phases;
      if (phase === undefined) return false;
      const beganMs = performance.now();
      const hasMore = writer.transaction(() => {
        // Of several writers of one store one at a time, and none that still names what goes.
        waitToBeAlone(store, removing);
        // The index shrinks in between: it would read a long stretch of nothing but removed words in one go.
        return shrink(beganMs + workMs) || phase(beganMs + workMs);
      });
      workMs = scaled(workMs, stepMs, performance.now() - beganMs, shortestMs, longestMs);
      if (!hasMore) phases.shift();
      return phases.length > 0;
    },
  };
}

/** Does a part of a phase after the other until a moment; false when nothing is left of it. */
function inParts(phase: Phase): (untilMs: number) => boolean {
  let part = firstPart;
  return (untilMs) => {
    for (let total = 0; total < mostInStep;) {
      const beganMs = performance.now();
      const touched = phase(Math.min(part, mostInStep - total));
      if (touched === 0) return false;
      total += touched;
      // Rows differ a thousandfold in size: the next part is as much larger as this one was too small.
      part = scaled(part, partMs, performance.now() - beganMs, 1, mostInStep);
      if (performance.now() >= untilMs) break;
    }
    return true;
  };
}

/** As much more or less as was too little or too much, but not more than twice. */
function scaled(size: number, aimMs: number, tookMs: number, least: number, most: number): number {
  const factor = Math.min(Math.max(aimMs / Math.max(tookMs, 0.1), 0.25), 2);
  return Math.min(Math.max(Math.round(size * factor), least), most);
}

function removals(
  store: Store,
  writer: Pick<Writer, 'forget'>,
  { bodiesBeforeMs, callsBeforeMs }: Pick<RetentionPlan, 'bodiesBeforeMs' | 'callsBeforeMs'>,
  done: RetentionRun['done'],
): Phase[] {
  const calls: Phase[] = [];
  if (callsBeforeMs !== null) {
    calls.push((limit) => {
      const removed = removeCalls(store, callsBeforeMs, limit);
      done.calls += removed;
      return removed;
    });
  }
  const callDays = callsBeforeMs === null ? null : dayStartMs(utcDay(callsBeforeMs));
  const before = latest(bodiesBeforeMs, callDays);
  if (before === null) return calls;
  // The writer must not name what it knows of them.
  const forgetting = (removed: number): number => {
    if (removed > 0) writer.forget();
    return removed;
  };
  // Each again before the next, in one transaction: a call of these days that is recorded meanwhile must neither lose a pack that it names nor leave a piece behind.
  const expire: Phase = (limit) => {
    const expired = expireBodies(store, before, limit);
    done.bodies += expired;
    return expired;
  };
  const dropPieces: Phase = (limit) => expire(limit) || forgetting(removePieces(store, before, limit));
  const dropPacks: Phase = (limit) =>
    dropPieces(limit) || forgetting(removePacks(store, before, limit, (bytes) => (done.packBytes += bytes)));
  return [...calls, expire, dropPieces, dropPacks];
}

/** Free pages go back to the file system. */
function giveBack({ sqlite, engine }: Store, limit: number): number {
  // A server's own vacuum makes them free for what comes.
  if (engine === 'postgres') return 0;
  if (Number(sqlite.pragma('freelist_count', { simple: true })) < freePages) return 0;
  sqlite.pragma(`incremental_vacuum(${limit})`);
  return limit;
}
