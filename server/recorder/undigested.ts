/**
 * Calls that have ended and that nobody has looked into: in files, in their order, until there is time. What they were before is
 * what they are afterwards, as a call that waits here is whole by itself.
 */
import { mkdirSync, statfsSync } from 'node:fs';
import { basename } from 'node:path';
import type { EndedCall } from './assembly.ts';
import { decodeCall, encodeCall } from './call-record.ts';
import { isFileError } from './file-error.ts';
import { recordAt, recordOf, SegmentFiles } from './segment-files.ts';
import { deathsUntilBlind, Suspect } from './suspect.ts';

/** So much may wait, and so much room is left to everything else on the disk. */
const mostBytes = 4 * 1024 ** 3;
const leftFreeBytes = 1024 ** 3;
/** After so many deaths a call is not even written any more: it stays in a file of its own. */
const deathsUntilAside = 5;

/** Of the oldest file, while it is read. */
interface Reading {
  readonly bytes: Buffer;
  /** Everything before is in the store. */
  at: number;
  /** Everything before was handed out. */
  nextAt: number;
}

export class Undigested {
  readonly #dir: string;
  readonly #files: SegmentFiles;
  readonly #onUnreadable: (keptAs: string, deaths: number) => void;
  readonly #suspect: Suspect;
  /** Files of processes before this one: of theirs alone anybody can have died. */
  #inherited: number;
  #reading: Reading | null = null;
  #deaths = 0;

  /** @param onUnreadable is told where something is kept that cannot be read, or of which so many have died */
  constructor(dir: string, onUnreadable: (keptAs: string, deaths: number) => void) {
    this.#dir = dir;
    this.#files = new SegmentFiles(dir, '.calls');
    this.#inherited = this.#files.paths.length;
    this.#suspect = new Suspect(dir, 'in-hand');
    this.#onUnreadable = onUnreadable;
  }

  get bytes(): number {
    return this.#files.bytes - (this.#reading?.at ?? 0);
  }

  get isEmpty(): boolean {
    return this.#files.isEmpty;
  }

  /** The next is to be brought into the store before another one is asked for. */
  get isSuspicious(): boolean {
    return this.#suspect.isSought;
  }

  /** Nobody is to look into what was handed out last. */
  get isDeadly(): boolean {
    return this.#deaths >= deathsUntilBlind;
  }

  /** False where the disk would not be left enough for everything else. Throws what the file system throws. */
  hasRoom(): boolean {
    if (this.#files.bytes >= mostBytes) return false;
    mkdirSync(this.#dir, { recursive: true, mode: 0o700 });
    const { bavail, bsize } = statfsSync(this.#dir);
    return bavail * bsize >= leftFreeBytes;
  }

  /** On disk when it returns. Throws what the file system throws; then none of them is kept. */
  append(calls: readonly EndedCall[]): void {
    this.#files.append(calls.flatMap((call) => recordOf(encodeCall(call))));
  }

  /** The oldest that was not handed out; null when there is none. */
  next(): EndedCall | null {
    while (!this.isEmpty) {
      const reading = (this.#reading ??= { bytes: this.#files.readOldest(), at: 0, nextAt: 0 });
      const { bytes, nextAt } = reading;
      // Of the next file only when all of this one is in the store.
      if (nextAt >= bytes.byteLength && nextAt > reading.at) return null;
      const record = recordAt(bytes, nextAt);
      this.#deaths = this.#take(nextAt);
      const isAside = record === null || this.#deaths >= deathsUntilAside;
      const call = isAside ? null : readCall(record.payload);
      // What is in front of what cannot be read has to be done first.
      if (call === null && nextAt > reading.at) return null;
      // What is cut off is the end of a file.
      reading.nextAt = record?.end ?? bytes.byteLength;
      if (call !== null) return call;
      if (nextAt < bytes.byteLength) this.#setAside(bytes.subarray(nextAt, reading.nextAt));
      this.done();
      if (this.#deaths > 0) this.#dropDone();
    }
    return null;
  }

  /** What was handed out is in the store. */
  done(): void {
    const reading = this.#reading;
    if (reading === null) return;
    reading.at = reading.nextAt;
    this.#suspect.done();
    if (reading.at < reading.bytes.byteLength) return;
    this.#files.removeOldest();
    this.#suspect.forget();
    this.#inherited = Math.max(0, this.#inherited - 1);
    this.#reading = null;
  }

  /** What was handed out is not in the store, and will be handed out again. */
  again(): void {
    if (this.#reading !== null) this.#reading.nextAt = this.#reading.at;
    this.#suspect.leave();
  }

  close(): void {
    this.#files.close();
  }

  #setAside(record: Uint8Array): void {
    this.#onUnreadable(this.#files.setAside(record), this.#deaths);
  }

  /** No other process is to meet what was set aside. */
  #dropDone(): void {
    const reading = this.#reading;
    if (reading === null) return;
    try {
      this.#files.shortenOldest(reading.bytes.subarray(reading.at));
      this.#suspect.forget();
      this.#reading = null;
    } catch (error) {
      // Without room for the rest the file stays as it is, and should this process die, the next ones learn it anew.
      if (!isFileError(error)) throw error;
    }
  }

  #take(at: number): number {
    return this.#inherited === 0 ? 0 : this.#suspect.take(`${basename(this.#files.paths[0] ?? '')} ${at}`);
  }
}

/** Null for one of another version of this program. */
function readCall(payload: Buffer): EndedCall | null {
  try {
    return decodeCall(payload);
  } catch {
    return null;
  }
}
