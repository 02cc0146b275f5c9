/**
 * Keeps what was recorded, wherever that is possible just now: in the store; else in the spill, from where it moves into the
 * store as soon as that can be written again; else nowhere, and then it says so.
 */
import { join } from 'node:path';
import type { Seal } from '../store/seal.ts';
import { applyChange, withoutBodies, type FinishChange, type StoreChange } from '../store/change.ts';
import type { Store } from '../store/open.ts';
import { isStoreRefusal } from '../store/refusal.ts';
import type { Writer } from '../store/write.ts';
import { isFileError } from './file-error.ts';
import { giveReserveBack, takeReserve } from './reserve.ts';
import { Spill, spillFolder } from './spill.ts';
import { busyWaitMs, StandingFile } from './standing-file.ts';

export interface KeeperOptions {
  readonly target: string;
  readonly durability: 'full' | 'normal';
  /** Who records, and what seals the chain. */
  readonly seal?: Seal;
  /** For spilled records of this store and others. */
  readonly spillDir: string;
  /** Whether a store that cannot be opened is refused, or waited for. */
  readonly mustOpen: boolean;
  /** One sentence about something that is over when it is told. */
  onNotice(message: string): void;
  /** Changes that had been spilled, and that the store does not take. */
  onSpillLost(changes: readonly StoreChange[]): void;
}

/**
 * What became of a change: `whole` on the disk; `bare`, without its bodies; `lost`, as no store would take it; or `not`, as nothing can be
 * written just now, and it is worth another try.
 */
export type Kept = 'whole' | 'bare' | 'lost' | 'not';

/** How long to leave a store alone that has just refused. */
const retryAfterMs = 1000;
const idleEveryMs = 500;

export class Keeper {
  readonly #options: KeeperOptions;
  readonly #spill: Spill;
  readonly #reservePath: string;
  readonly #file: StandingFile;
  #trouble: string | null = null;
  #spillTrouble: string | null = null;
  #nextTryMs = 0;
  #nextIdleMs = 0;

  /**
   * Opens the store; one that is damaged is set aside and a new one is begun.
   * @throws StoreError when there is nothing to be done about it here, and it must be open
   */
  constructor(options: KeeperOptions) {
    this.#options = options;
    const dir = spillFolder(options.spillDir, options.target);
    this.#spill = new Spill(dir);
    this.#reservePath = join(dir, 'reserve');
    this.#file = new StandingFile({
      ...options,
      onReplaced: (message) => {
        this.#trouble = message;
        options.onNotice(message);
      },
    });
    try {
      this.#file.open();
    } catch (error) {
      if (options.mustOpen || !isStoreRefusal(error)) throw error;
      this.#refused(error);
    }
    takeReserve(this.#reservePath);
  }

  /** Why the record is not in the store as it should be; null when it is. One sentence. */
  get trouble(): string | null {
    if (this.#spillTrouble === null) return this.#trouble;
    return [this.#trouble ?? 'The store cannot be written.', `Nor can the spill: ${this.#spillTrouble}`].join(
      ' ',
    );
  }

  get spilledBytes(): number {
    return this.#spill.bytes;
  }

  get hasSpilled(): boolean {
    return !this.#spill.isEmpty;
  }

  /** The open store, for reading; null while it cannot be opened. */
  get store(): Store | null {
    return this.#file.store;
  }

  /** Another number when another file has taken the store's place: what was written before is not in it. */
  get generation(): number {
    return this.#file.generation;
  }

  /** Brings changes to the disk; answers for each of them. */
  commit(changes: readonly StoreChange[]): Kept[] {
    if (changes.length === 0) return [];
    // In their order: nothing may overtake what waits in the spill.
    const kept = this.#spill.isEmpty && this.#mayWrite() ? this.#tryStore(changes) : null;
    return kept ?? this.#toSpill(changes);
  }

  /** What waits in the spill of these calls. Throws what the file system throws. */
  spilledOf(ids: ReadonlySet<string>): Map<string, StoreChange[]> {
    return this.#spill.isEmpty ? new Map() : this.#spill.changesOf(ids);
  }

  /** To be called when a read of the store has failed with `error`. Throws it when the store is not to blame. */
  readFailed(error: unknown): void {
    if (!isStoreRefusal(error)) throw error;
    this.#refused(error);
  }

  /**
   * To be called whenever there is nothing else to do: moves one file of what was spilled into the store when that is possible, looks after
   * the store now and then. True when it should be called again at once.
   */
  whenIdle(): boolean {
    if (!this.#spill.isEmpty) return this.#mayWrite() && this.#importOldest();
    const nowMs = performance.now();
    if (nowMs < this.#nextIdleMs) return false;
    this.#nextIdleMs = nowMs + idleEveryMs;
    if (!this.#mayWrite()) return false;
    this.#probe();
    return false;
  }

  /** Lets `work` write between two commits, while nothing is wrong with the store. */
  attend(work: (store: Store, writer: Writer) => void): void {
    if (!this.#spill.isEmpty || this.#trouble !== null || !this.#mayWrite()) return;
    const { store, writer } = this.#file;
    if (store === null || writer === null) return;
    try {
      this.#file.withSearch(() => work(store, writer));
    } catch (error) {
      if (!isStoreRefusal(error)) throw error;
      this.#refused(error);
    }
  }

  close(): void {
    while (!this.#spill.isEmpty && this.#mayWrite() && this.#importOldest());
    this.#spill.close();
    this.#file.close();
  }

  /** False while the store has refused a moment ago, or cannot be opened. */
  #mayWrite(): boolean {
    if (performance.now() < this.#nextTryMs) return false;
    try {
      this.#file.open();
      return true;
    } catch (error) {
      if (!isStoreRefusal(error) && !isFileError(error)) throw error;
      this.#refused(error);
      return false;
    }
  }

  /** Null when the store refuses. */
  #tryStore(changes: readonly StoreChange[]): Kept[] | null {
    try {
      const kept = this.#applyEach(changes);
      this.#healed();
      return kept;
    } catch (error) {
      if (!isStoreRefusal(error)) throw error;
      this.#refused(error);
      return null;
    }
  }

  #applyEach(changes: readonly StoreChange[]): Kept[] {
    try {
      this.#apply(changes);
      return changes.map(() => 'whole');
    } catch (error) {
      if (isStoreRefusal(error)) throw error;
      const [only] = changes;
      if (changes.length === 1 && only !== undefined) return [this.#applyLess(only, error)];
      return changes.flatMap((change) => this.#applyEach([change]));
    }
  }

  /** No store takes this change as it is: a row without bodies is better than none. */
  #applyLess(change: StoreChange, why: unknown): Kept {
    const keptAs = this.#keepAside(change);
    this.#options.onNotice(`A record could not be stored as it is (${sentenceOf(why)}); ${keptAs}.`);
    if (change.kind !== 'finish') return 'lost';
    try {
      this.#apply([withoutBodies(change).change]);
      return 'bare';
    } catch (error) {
      if (isStoreRefusal(error)) throw error;
      return 'lost';
    }
  }

  #keepAside(change: StoreChange): string {
    try {
      return `it is kept in ${this.#spill.setAside(change)}`;
    } catch (error) {
      if (!isFileError(error)) throw error;
      return `and it could not be kept beside: ${error.message}`;
    }
  }

  /** Throws what the store throws. */
  #apply(changes: readonly StoreChange[]): void {
    this.#file.commit((writer) => {
      for (const change of changes) applyChange(writer, change);
    });
  }

  #refused(error: unknown): void {
    this.#trouble = sentenceOf(error);
    this.#nextTryMs = performance.now() + retryAfterMs;
    // While in trouble nobody is waited for.
    this.#file.writer?.waitForOthers(0);
    if (this.#file.abandonIfDamaged(error)) this.#nextTryMs = 0;
  }

  #healed(): void {
    if (this.trouble === null) return;
    this.#trouble = null;
    this.#spillTrouble = null;
    this.#file.writer?.waitForOthers(busyWaitMs);
    takeReserve(this.#reservePath);
  }

  /** Looks after the log; in trouble it writes nothing that matters, to learn whether the store can be written again. */
  #probe(): void {
    const { writer } = this.#file;
    if (writer === null) return;
    try {
      writer.checkpoint();
      if (this.trouble === null) return;
      writer.tryOut();
      this.#healed();
    } catch (error) {
      if (!isStoreRefusal(error)) throw error;
      this.#refused(error);
    }
  }

  /** True when there is more. */
  #importOldest(): boolean {
    try {
      const { setAside: changes, keptAs } = this.#spill.importOldest(
        (group) => this.#apply(group),
        isStoreRefusal,
      );
      if (keptAs !== null) {
        this.#options.onSpillLost(changes);
        this.#options.onNotice(`Some spilled records could not be stored; they are kept in ${keptAs}.`);
      }
      if (this.#spill.isEmpty) this.#healed();
      return !this.#spill.isEmpty;
    } catch (error) {
      if (!isStoreRefusal(error) && !isFileError(error)) throw error;
      this.#refused(error);
      return false;
    }
  }

  #toSpill(changes: readonly StoreChange[]): Kept[] {
    try {
      this.#spill.append(changes);
      this.#spillTrouble = null;
      return changes.map(() => 'whole');
    } catch (error) {
      if (!isFileError(error)) throw error;
      this.#spillTrouble = error.message;
      return this.#rowsToSpill(changes);
    }
  }

  /** The disk is full or gone: rows matter more than bodies. What goes on can be written later. */
  #rowsToSpill(changes: readonly StoreChange[]): Kept[] {
    const bare = changes.filter((change): change is FinishChange => change.kind === 'finish');
    if (bare.length === 0) return changes.map(() => 'not');
    giveReserveBack(this.#reservePath);
    try {
      this.#spill.append(bare.map((change) => withoutBodies(change).change));
      return changes.map(({ kind }) => (kind === 'finish' ? 'bare' : 'not'));
    } catch (error) {
      if (!isFileError(error)) throw error;
      return changes.map(() => 'not');
    }
  }
}

function sentenceOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
