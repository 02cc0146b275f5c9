/**
 * What the recorder does when calls end faster than it can look into them: it brings them to the disk as they are, which takes a
 * twentieth of the time, and digests them later, a few at a time. Nothing overtakes what waits: the calls of a session are understood
 * in their order, and only a look into a call tells its session. docs/decisions/041-raw-spill.md
 */
import type { Store } from '../store/open.ts';
import { endingLookup } from '../store/running.ts';
import { groupBytes, groupCalls, type Commits } from './commits.ts';
import type { Endings } from './endings.ts';
import { isFileError } from './file-error.ts';
import type { Keeper, Kept } from './keeper.ts';
import type { Ending } from './ledger.ts';
import { threadsNowMs } from './protocol.ts';
import type { Undigested } from './undigested.ts';

/** A third of the second within which a call is safe. */
const behindAfterMs = 300;
/** Less than that is digested sooner than it is worth to write it down. */
const worthCalls = 16;
const worthBytes = 1024 * 1024;
/** More is not held in memory until it is late. */
const mostHeldBytes = 2 * groupBytes;
/** While so many calls end that they alone would keep it busy, it leaves the core to them: so long after the last of them, … */
const calmAfterMs = 300;
/** … but no longer than this: who looks at the record wants to see something. */
const longestBurstMs = 30_000;
/** Live calls wait for a step: so long at most it looks into calls, or as long as a commit takes. */
const longestDigestMs = 15;
/** Steps whose commits take longer become smaller. */
const longestCommitMs = 100;
const retryAfterMs = 1000;

export interface OverflowOptions {
  readonly waiting: Undigested;
  readonly keeper: Keeper;
  readonly commits: Commits;
  readonly endings: Endings;
}

export class Overflow {
  readonly #options: OverflowOptions;
  #commitMs = 0;
  #stepCalls = groupCalls / 2;
  /** What a recorder before this one left may be in the store already. */
  #mayRepeat: boolean;
  #lookup: { readonly store: Store; hasEnded(id: string): boolean } | null = null;
  #notBeforeMs = 0;
  /** When the burst began. */
  #sinceMs: number | null = null;
  #fullGroupMs = Number.NEGATIVE_INFINITY;

  constructor(options: OverflowOptions) {
    this.#options = options;
    this.#mayRepeat = !options.waiting.isEmpty;
  }

  get isEmpty(): boolean {
    return this.#options.waiting.isEmpty;
  }

  /** Brings calls to the disk as they are, where that is called for; returns those that are to be digested now. */
  take(ended: readonly Ending[]): readonly Ending[] {
    if (!this.#isCalledFor(ended)) return ended;
    // Of some nothing may be written but what a look into them tells.
    const [kept, rest] = [ended.filter(mayBeWritten), ended.filter((one) => !mayBeWritten(one))];
    if (kept.length === 0 || !this.#append(kept)) return ended;
    const nowMs = performance.now();
    this.#sinceMs ??= nowMs;
    if (kept.length >= groupCalls || bytesOf(kept) >= groupBytes) this.#fullGroupMs = nowMs;
    for (const one of kept) this.#options.endings.kept(one);
    return rest;
  }

  /** Digests a few of the oldest, unless others need the time more; true when it should be called again at once. */
  async step(): Promise<boolean> {
    if (this.isEmpty) this.#sinceMs = null;
    return !this.isEmpty && !this.#isBurst() && this.#mayStore() && (await this.#digestSome());
  }

  /** Digests for so long at most, whatever else there is to do. */
  async drain(limitMs: number): Promise<void> {
    const untilMs = performance.now() + limitMs;
    while (
      !this.isEmpty &&
      this.#mayStore() &&
      performance.now() < untilMs &&
      (await this.#digestSome(groupCalls))
    );
    this.#options.waiting.close();
  }

  #isCalledFor(ended: readonly Ending[]): boolean {
    const [oldest] = ended;
    if (oldest === undefined) return false;
    if (!this.isEmpty) return true;
    const bytes = bytesOf(ended);
    if (ended.length < worthCalls && bytes < worthBytes) return false;
    return bytes >= mostHeldBytes || threadsNowMs() - oldest.sentMs >= behindAfterMs;
  }

  #append(ended: readonly Ending[]): boolean {
    const { waiting } = this.#options;
    if (performance.now() < this.#notBeforeMs) return false;
    try {
      if (waiting.hasRoom()) {
        waiting.append(ended.map(({ call, end }) => call.finish(end)));
        return true;
      }
    } catch (error) {
      if (!isFileError(error)) throw error;
    }
    // No room: they are digested, and wait in memory as long as that takes.
    this.#notBeforeMs = performance.now() + retryAfterMs;
    return false;
  }

  #isBurst(): boolean {
    const nowMs = performance.now();
    return nowMs - this.#fullGroupMs < calmAfterMs && nowMs - (this.#sinceMs ?? nowMs) < longestBurstMs;
  }

  /** What the store cannot take is as safe where it is. */
  #mayStore(): boolean {
    const { keeper, commits } = this.#options;
    return keeper.trouble === null && !keeper.hasSpilled && keeper.store !== null && !commits.isPaused;
  }

  async #digestSome(mostCalls = this.#stepCalls): Promise<boolean> {
    const { waiting, commits, endings } = this.#options;
    // Where a commit takes long, more belongs into it.
    const untilMs = performance.now() + Math.max(longestDigestMs, Math.min(this.#commitMs, longestCommitMs));
    let [isDone, bytes] = [true, 0];
    const most = waiting.isSuspicious ? 1 : mostCalls;
    for (let calls = 0; calls < most && bytes < groupBytes && performance.now() < untilMs; calls++) {
      const call = waiting.next();
      if (call === null) break;
      // Written twice by a recorder that was ended in between, or digested by one.
      const hasEnded = this.#mayRepeat ? this.#hasEnded(call.open.id) : false;
      if (hasEnded === true) continue;
      if (hasEnded === null) isDone = false;
      if (!isDone) break;
      const onKept = (kept: Kept): void => void (isDone &&= kept !== 'not');
      const entry = await endings.entryOfKept(call, waiting.isDeadly, onKept);
      bytes += entry.bytes;
      commits.add(entry);
    }
    const digestedMs = performance.now();
    commits.flush();
    this.#commitMs = performance.now() - digestedMs;
    // A step halves or doubles, from an eighth of a group to half of one.
    const factor = this.#commitMs > longestCommitMs ? 0.5 : 2;
    this.#stepCalls = Math.min(Math.max(this.#stepCalls * factor, groupCalls / 8), groupCalls / 2);
    if (isDone) waiting.done();
    else waiting.again();
    if (this.isEmpty) this.#mayRepeat = false;
    return isDone && !this.isEmpty;
  }

  /** Null when the store cannot be asked. */
  #hasEnded(id: string): boolean | null {
    const { store } = this.#options.keeper;
    if (store === null) return null;
    if (this.#lookup?.store !== store) this.#lookup = { store, hasEnded: endingLookup(store) };
    try {
      return this.#lookup.hasEnded(id);
    } catch (error) {
      this.#options.keeper.readFailed(error);
      return null;
    }
  }
}

function mayBeWritten({ call }: Ending): boolean {
  return call.open.bodies === 'full';
}

function bytesOf(ended: readonly Ending[]): number {
  return ended.reduce((sum, { end }) => sum + end.requestBytes + end.responseBytes, 0);
}
