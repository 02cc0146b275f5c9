/**
 * The store's file as the keeper has it open: put aside when it is damaged, left when somebody moved, replaced or deleted it,
 * and another one opened in its place.
 */
import type { Seal } from '../store/seal.ts';
import { isKnownStore, openStore, type Store } from '../store/open.ts';
import { isStoreDamage, isStoreRefusal } from '../store/refusal.ts';
import { isSearchDamage, rebuildSearch } from '../store/search-damage.ts';
import { createWriter, type Writer } from '../store/write.ts';
import { isFileError } from './file-error.ts';
import { fileIdOf, removeOrphans, setAside, sideFilesOf, type SideFiles } from './store-file.ts';

/** What another program may take of the second that a killed process may lose. */
export const busyWaitMs = 300;

export interface StandingFileOptions {
  readonly target: string;
  readonly durability: 'full' | 'normal';
  /** Who records, and what seals the chain. */
  readonly seal?: Seal;
  /** One sentence about something that is over when it is told. */
  onNotice(message: string): void;
  /** Another file has taken its place; one sentence. */
  onReplaced(message: string): void;
}

interface OpenFile {
  readonly store: Store;
  readonly writer: Writer;
  readonly fileId: string | null;
  readonly sideFiles: SideFiles;
}

export class StandingFile {
  readonly #options: StandingFileOptions;
  #open: OpenFile | null = null;
  #generation = 0;

  /** Opens nothing yet. */
  constructor(options: StandingFileOptions) {
    this.#options = options;
  }

  /** Null while it cannot be opened. */
  get store(): Store | null {
    return this.#open?.store ?? null;
  }

  get writer(): Writer | null {
    return this.#open?.writer ?? null;
  }

  /** Another number when another file has taken its place: what was written before is not in it. */
  get generation(): number {
    return this.#generation;
  }

  /**
   * Opens the file that has the name, when it is not open; one that is damaged is set aside and a new one is begun.
   * @throws StoreError, and what the file system throws
   */
  open(): void {
    if (this.#open !== null && !this.#isInPlace(this.#open)) this.#leave();
    if (this.#open !== null) return;
    const wasOurs = isKnownStore(this.#options.target);
    try {
      this.#openAsIs();
    } catch (error) {
      // A file that never was a store of ours is somebody's: it is refused, not moved.
      if (!isStoreDamage(error) || !wasOurs) throw error;
      this.#setAside(error);
      this.#openAsIs();
    }
  }

  /** Commits what `write` does. On disk in the file that has the store's name when it returns. Throws what the store throws. */
  commit(write: (writer: Writer) => void): void {
    const file = this.#open;
    if (file === null) throw new Error('the store is not open');
    this.withSearch(() => file.writer.transaction(() => write(file.writer)));
    if (this.#isInPlace(file)) return;
    // Deleted under our hands: this went into a file that nobody will find.
    this.open();
    this.commit(write);
  }

  /** Runs something that writes; where only the search index is in its way, begins that anew and runs it again. */
  withSearch(write: () => void): void {
    try {
      write();
    } catch (error) {
      if (this.#open === null) throw error;
      this.#healSearch(this.#open.store, error);
      write();
    }
  }

  /**
   * To be called when it has refused with `error`: damage sets it aside. True when a new one may be begun at once.
   */
  abandonIfDamaged(error: unknown): boolean {
    if (!isStoreDamage(error) || (this.#open === null && !isKnownStore(this.#options.target))) return false;
    this.close();
    try {
      this.#setAside(error);
      return true;
    } catch (cause) {
      if (!isFileError(cause)) throw cause;
      return false;
    }
  }

  close(): void {
    try {
      this.#open?.writer.close();
    } catch (error) {
      // The file under it is gone or damaged; it is let go either way.
      if (!isStoreRefusal(error) && !isFileError(error)) throw error;
    }
    this.#open = null;
  }

  #openAsIs(): void {
    const { target, durability, seal = null } = this.#options;
    const store = openStore(target, 'write', { durability, busyWaitMs, undoInMemory: true, seal });
    const writer = this.#writerOf(store);
    this.#open = { store, writer, fileId: fileIdOf(target), sideFiles: sideFilesOf(target) };
  }

  #writerOf(store: Store): Writer {
    try {
      return createWriter(store);
    } catch (error) {
      this.#healSearch(store, error);
      return createWriter(store);
    }
  }

  /** Throws `error` when it is not about the index, and what the store throws when that is not all that is damaged. */
  #healSearch(store: Store, error: unknown): void {
    if (!isSearchDamage(store, error)) throw error;
    rebuildSearch(store);
    const why = error instanceof Error ? error.message : String(error);
    this.#options.onNotice(`The search index was damaged (${why}); it is being built anew.`);
  }

  #setAside(error: unknown): void {
    const kept = setAside(this.#options.target);
    this.#generation++;
    const why = error instanceof Error ? error.message : String(error);
    this.#options.onReplaced(
      `The store was damaged (${why}); it is kept as ${kept} and a new one was begun.`,
    );
  }

  #isInPlace({ fileId }: OpenFile): boolean {
    return fileIdOf(this.#options.target) === fileId;
  }

  /** Somebody moved, replaced or deleted the file. It gets what was written into it, wherever it is now. */
  #leave(): void {
    const { target } = this.#options;
    const orphans = this.#open?.sideFiles ?? { logId: null, indexId: null };
    this.#generation++;
    this.#options.onReplaced(
      `${target} was deleted or replaced; the record goes on in the file that stands there.`,
    );
    try {
      this.#open?.writer.emptyLog();
    } catch (error) {
      // Then the log that is kept beside has it.
      if (!isStoreRefusal(error)) throw error;
    }
    this.close();
    try {
      removeOrphans(target, orphans);
    } catch (error) {
      if (!isFileError(error)) throw error;
    }
  }
}
