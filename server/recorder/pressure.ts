/** Whether calls that wait for their record come faster than the recorder can write each of them into the store at once. */

/** A shorter spell of work is none that it has to get out of the way of. */
const windowMs = 500;
/** Of its time: what is left then is hardly more than the calls themselves take. */
const highShare = 0.5;
/**
 * Fewer calls in a window, and fewer at once, are no load, however slow the machine is just then: who makes them one by one and looks
 * finds each in the store.
 */
const leastCalls = 80;
const leastAtOnce = 6;

export interface Work {
  readonly endedCalls: number;
  /** Under way meanwhile. */
  readonly callsAtOnce: number;
  readonly busyMs: number;
  /** Each call went into the store at once; else its work is still to be done. */
  readonly isDone: boolean;
}

export class Pressure {
  readonly #nowMs: () => number;
  #sinceMs: number;
  #endedCalls = 0;
  #mostAtOnce = 0;
  #busyMs = 0;
  #isDone = true;
  #callMs = 0;
  #isHigh = false;

  /** @param nowMs monotonic */
  constructor(nowMs: () => number = () => performance.now()) {
    this.#nowMs = nowMs;
    this.#sinceMs = nowMs();
  }

  /** In the last whole half second. */
  get isHigh(): boolean {
    return this.#isHigh;
  }

  /** To be told of all work, and now and then that there was none. */
  add({ endedCalls, callsAtOnce, busyMs, isDone }: Work): void {
    this.#endedCalls += endedCalls;
    this.#mostAtOnce = Math.max(this.#mostAtOnce, callsAtOnce);
    this.#busyMs += busyMs;
    this.#isDone &&= isDone;
    const elapsedMs = this.#nowMs() - this.#sinceMs;
    if (elapsedMs < windowMs) return;
    if (this.#isDone && this.#endedCalls > 0) this.#callMs = this.#busyMs / this.#endedCalls;
    // Or it would have been busy for so long.
    const busyMsOfAll = this.#isDone ? this.#busyMs : this.#callMs * this.#endedCalls;
    const areMany = this.#endedCalls >= leastCalls || this.#mostAtOnce >= leastAtOnce;
    this.#isHigh = areMany && busyMsOfAll >= elapsedMs * highShare;
    this.#sinceMs += elapsedMs;
    this.#endedCalls = 0;
    this.#mostAtOnce = 0;
    this.#busyMs = 0;
    this.#isDone = true;
  }
}
