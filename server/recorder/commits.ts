/** Commits in groups: what belongs to several calls goes to the disk in one transaction, within bounds. */
import type { StoreChange } from '../store/change.ts';
import type { Keeper, Kept } from './keeper.ts';
import type { Reports } from './reports.ts';

/** Of one transaction: calls, and bytes of their bodies. */
export const groupCalls = 64;
export const groupBytes = 8 * 1024 * 1024;
/** When nothing can be written anywhere. */
const retryAfterMs = 1000;

/** What is to be written of one call. */
export interface Entry {
  readonly changes: readonly StoreChange[];
  /** Of bodies, about. */
  readonly bytes: number;
  /** Is told what became of each of the changes. */
  readonly settle: (kept: readonly Kept[]) => void;
}

export class Commits {
  readonly #keeper: Keeper;
  readonly #reports: Reports;
  #group: Entry[] = [];
  #groupBytes = 0;
  #endedMs = Number.NEGATIVE_INFINITY;
  #pausedUntilMs = 0;

  constructor(keeper: Keeper, reports: Reports) {
    this.#keeper = keeper;
    this.#reports = reports;
  }

  /** When the last one was over, by the monotonic clock. */
  get endedMs(): number {
    return this.#endedMs;
  }

  /** Something could be written nowhere a moment ago: what can wait should. */
  get isPaused(): boolean {
    return performance.now() < this.#pausedUntilMs;
  }

  /** To be written with the next `flush`, or at once when a group is full. */
  add(entry: Entry): void {
    this.#group.push(entry);
    this.#groupBytes += entry.bytes;
    if (this.#group.length >= groupCalls || this.#groupBytes >= groupBytes) this.flush();
  }

  /** Everything that was added is on the disk, or was settled as not kept, when it returns. */
  flush(): void {
    const entries = this.#group;
    this.#group = [];
    this.#groupBytes = 0;
    const kept = this.#keep(entries.flatMap(({ changes }) => changes));
    let at = 0;
    for (const { changes, settle } of entries) settle(kept.slice(at, (at += changes.length)));
  }

  #keep(changes: readonly StoreChange[]): Kept[] {
    if (changes.length === 0) return [];
    const begunMs = performance.now();
    const kept = this.#keeper.commit(changes);
    this.#endedMs = performance.now();
    // In trouble it went elsewhere.
    if (this.#keeper.trouble === null) this.#reports.committed(Math.round((this.#endedMs - begunMs) * 1000));
    if (kept.includes('not')) this.#pausedUntilMs = this.#endedMs + retryAfterMs;
    return kept;
  }
}
