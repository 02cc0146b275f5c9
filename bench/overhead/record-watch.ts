/** Watches how far a contender's record is behind its calls, and holds calls back that it could not keep up with. */
import { setTimeout } from 'node:timers/promises';
import type { Contender } from './contenders.ts';

type ReadRecord = Contender['record'];

/** Calls are held back while the record is further behind than this, so that a run measures what can be kept up. */
const mostBehind = { queueBytes: 48 * 1024 * 1024, lagSeconds: 0.8 };
/** Each look takes the thread that carries the calls a third of a millisecond. */
const lookEveryMs = 100;
const catchUpLimitMs = 60_000;

export class RecordWatch {
  readonly #record: ReadRecord;
  readonly #looking: Promise<void>;
  #isNear = true;
  #isOver = false;
  #mostLagSeconds = 0;

  constructor(record: ReadRecord) {
    this.#record = record;
    this.#looking = record === null ? Promise.resolve() : this.#look(record);
  }

  readonly mayCall = (): boolean => this.#isNear;

  /** Resolves with the longest lag seen when everything is in the store. */
  async stop(): Promise<number> {
    this.#isOver = true;
    await this.#looking;
    if (this.#record !== null) await caughtUp(this.#record);
    return this.#mostLagSeconds;
  }

  async #look(record: NonNullable<ReadRecord>): Promise<void> {
    while (!this.#isOver) {
      const { queueBytes, lagSeconds } = await record();
      this.#mostLagSeconds = Math.max(this.#mostLagSeconds, lagSeconds);
      this.#isNear = queueBytes < mostBehind.queueBytes && lagSeconds < mostBehind.lagSeconds;
      await setTimeout(lookEveryMs);
    }
  }
}

async function caughtUp(record: NonNullable<ReadRecord>): Promise<void> {
  const untilMs = performance.now() + catchUpLimitMs;
  for (; performance.now() < untilMs; await setTimeout(lookEveryMs / 2)) {
    const { queueBytes, lagSeconds, spilledBytes } = await record();
    if (queueBytes === 0 && lagSeconds === 0 && spilledBytes === 0) return;
  }
  throw new Error('the record did not catch up within a minute');
}
