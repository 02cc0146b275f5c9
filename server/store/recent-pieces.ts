/** Where pieces lie that were seen lately, without hashing them and asking the index. */
import { RecentBytes } from '../messages/recent-bytes.ts';
import type { Slice } from './slices.ts';

/** Larger ones are hashed each time. */
const mostPieceBytes = 1024 * 1024;
/** Elements of lists are known otherwise: what is left is what is new in some hundred calls. */
const mostBytes = 4 * 1024 * 1024;

export class RecentPieces {
  readonly #slices = new RecentBytes<Slice>(mostBytes, mostPieceBytes);
  #day = -1;

  /** Where the day has these bytes; null when that is not known here. */
  find(day: number, piece: Buffer): Slice | null {
    return day === this.#day ? (this.#slices.find(piece)?.value ?? null) : null;
  }

  /** Copies the bytes. */
  add(day: number, piece: Buffer, slice: Slice): void {
    if (day !== this.#day) this.forget();
    this.#day = day;
    this.#slices.add(piece, slice);
  }

  /** To be called when what was added may not be in the store. */
  forget(): void {
    this.#slices.forget();
  }
}
