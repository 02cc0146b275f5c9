/**
 * Calls go before their record where both share a core. Under calls without end the record would then never have its turn: once it is
 * behind, and because it waits for the core rather than for the disk, the thread of the calls lets it in for a moment now and then.
 */
import { readFileSync } from 'node:fs';

/** The record may be so far behind while all is well; the promise is a second. */
const lagLimitMs = 750;
const lookEveryMs = 100;
/** What was seen longer ago says nothing of now. */
const staleMs = 1000;
/** Of each batch, which is 10 ms at least: a quarter of the core. */
const pauseMs = 3;

export interface CoreAccount {
  /** Ms that the recorder's thread has been ready to run and was not let; null where the system does not tell. */
  waitedMs(): number | null;
  /** Monotonic. */
  nowMs(): number;
  pause(ms: number): void;
}

export class GivingWay {
  readonly #account: CoreAccount;
  #lookedMs = 0;
  #waitedMs: number | null = null;
  #isStarved = false;

  constructor(account: CoreAccount) {
    this.#account = account;
  }

  /** To be called with each batch, on the thread of the calls. `lagMs`: how far the record is behind. */
  giveWay(lagMs: number): void {
    if (lagMs < lagLimitMs) return;
    const nowMs = this.#account.nowMs();
    if (nowMs - this.#lookedMs >= lookEveryMs) this.#look(nowMs);
    if (this.#isStarved) this.#account.pause(pauseMs);
  }

  #look(nowMs: number): void {
    const waitedMs = this.#account.waitedMs();
    const sinceMs = nowMs - this.#lookedMs;
    const before = sinceMs < staleMs ? this.#waitedMs : null;
    this.#isStarved = waitedMs !== null && before !== null && waitedMs - before > sinceMs / 2;
    this.#lookedMs = nowMs;
    this.#waitedMs = waitedMs;
  }
}

/** Of a thread of this process, as Linux keeps it. `threadId`: the system's number of it, 0 while unknown. */
export function coreAccountOf(threadId: () => number): CoreAccount {
  const never = new Int32Array(new SharedArrayBuffer(4));
  return {
    waitedMs: () => {
      try {
        // Nanoseconds on the core, nanoseconds waiting for it, turns (scheduler/sched-stats in the kernel's documentation).
        const [, waitedNs] = readFileSync(`/proc/self/task/${threadId()}/schedstat`, 'latin1').split(' ');
        return Number(waitedNs) / 1e6;
      } catch {
        return null;
      }
    },
    nowMs: () => performance.now(),
    pause: (ms) => void Atomics.wait(never, 0, 0, ms),
  };
}
