/** Removes what is too old while calls are recorded: plans now and then, then does a little at a time between commits. */
import { leave, tryToBeAlone } from '../store/alone.ts';
import type { Store } from '../store/open.ts';
import { startRetention, type RetentionRun } from '../store/retention-run.ts';
import { planRetention, type RetentionPolicy } from '../store/retention.ts';
import type { Writer } from '../store/write.ts';

export interface UpkeepClock {
  /** Epoch ms. */
  nowMs(): number;
  /** Milliseconds of a clock that nobody sets. */
  monotonicMs(): number;
}

const firstAfterMs = 5_000;
const everyMs = 3_600_000;
const stepEveryMs = 100;
/** More between the two clocks is no drift: somebody has set one of them. */
const mostJumpMs = 86_400_000;

const systemClock: UpkeepClock = { nowMs: () => Date.now(), monotonicMs: () => performance.now() };

export class Upkeep {
  readonly #policy: RetentionPolicy;
  readonly #clock: UpkeepClock;
  #run: { readonly store: Store; readonly of: RetentionRun } | null = null;
  #nextPlanMs: number;
  #nextStepMs = 0;
  #before: { nowMs: number; monotonicMs: number };
  #doneMs: number | null = null;
  #doubt: string | null = null;

  constructor(policy: RetentionPolicy, clock: UpkeepClock = systemClock) {
    this.#policy = policy;
    this.#clock = clock;
    this.#before = { nowMs: clock.nowMs(), monotonicMs: clock.monotonicMs() };
    this.#nextPlanMs = this.#before.monotonicMs + firstAfterMs;
  }

  /** When everything that was due had gone for the last time, epoch ms; null before. */
  get doneMs(): number | null {
    return this.#doneMs;
  }

  /** Why nothing is removed although it is due; null when all is well. One sentence. */
  get doubt(): string | null {
    return this.#doubt;
  }

  /** To be called between commits; throws what SQLite throws, and begins again the next time. */
  step(store: Store, writer: Writer): void {
    const { bodiesMs, callsMs, storeBytes } = this.#policy;
    if (bodiesMs === null && callsMs === null && storeBytes === null) return;
    const monotonicMs = this.#clock.monotonicMs();
    if (this.#run !== null && this.#run.store !== store) this.#run = null;
    if (this.#run === null) {
      if (monotonicMs >= this.#nextPlanMs) this.#begin(store, writer);
      return;
    }
    if (monotonicMs < this.#nextStepMs) return;
    this.#nextStepMs = monotonicMs + stepEveryMs;
    const run = this.#run;
    this.#run = null;
    if (run.of.step()) {
      this.#run = run;
      return;
    }
    leave(store, 'retention');
    this.#doneMs = this.#clock.nowMs();
  }

  #begin(store: Store, writer: Writer): void {
    const now = { nowMs: this.#clock.nowMs(), monotonicMs: this.#clock.monotonicMs() };
    this.#nextPlanMs = now.monotonicMs + everyMs;
    const jumpMs = now.nowMs - this.#before.nowMs - (now.monotonicMs - this.#before.monotonicMs);
    this.#before = now;
    // Of several programs with one store, one at a time.
    if (!tryToBeAlone(store, 'retention')) return;
    const plan = planRetention(store, this.#policy, now.nowMs);
    const hasJumped = Math.abs(jumpMs) > mostJumpMs;
    this.#doubt = hasJumped
      ? 'The clock was set by more than a day: nothing is removed for an hour.'
      : plan.doubt;
    if (this.#doubt !== null) {
      leave(store, 'retention');
      return;
    }
    this.#run = { store, of: startRetention(store, writer, plan) };
  }
}
