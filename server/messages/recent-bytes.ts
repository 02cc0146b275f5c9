/**
 * What was made of bytes that were seen lately: a conversation is sent again and again, and comparing bytes is many times
 * cheaper than parsing or hashing them. Bounded in bytes; what was used longest ago is dropped first.
 */
import { ownBytes } from './own-bytes.ts';

/** Bytes that were seen and what was made of them; the same object each time while they are known. */
export class Seen<Value> {
  readonly bytes: Buffer;
  readonly value: Value;
  /** The other fields are those of the list that it stands in. */
  readonly key: number;
  older: Seen<Value> | null = null;
  newer: Seen<Value> | null = null;
  isKept = false;

  constructor(bytes: Buffer, value: Value, key: number) {
    this.bytes = bytes;
    this.value = value;
    this.key = key;
  }
}

export class RecentBytes<Value> {
  readonly #mostBytes: number;
  readonly #mostPieceBytes: number;
  readonly #onDrop: (seen: Seen<Value>) => void;
  readonly #byKey = new Map<number, Seen<Value>>();
  #oldest: Seen<Value> | null = null;
  #newest: Seen<Value> | null = null;
  #bytes = 0;

  /** @param mostPieceBytes larger ones are not kept @param onDrop is told what is no longer known */
  constructor(
    mostBytes: number,
    mostPieceBytes: number,
    onDrop: (seen: Seen<Value>) => void = () => undefined,
  ) {
    this.#mostBytes = mostBytes;
    this.#mostPieceBytes = mostPieceBytes;
    this.#onDrop = onDrop;
  }

  /** Null when nothing is known of these bytes. */
  find(bytes: Buffer): Seen<Value> | null {
    const seen = this.#byKey.get(roughKey(bytes));
    if (seen === undefined || !seen.bytes.equals(bytes)) return null;
    this.use(seen);
    return seen;
  }

  /** To be called when something was found on another way. */
  use(seen: Seen<Value>): void {
    if (!seen.isKept || seen === this.#newest) return;
    this.#takeOut(seen);
    this.#append(seen);
  }

  /** Copies the bytes; null for too many. */
  add(bytes: Buffer, value: Value): Seen<Value> | null {
    if (bytes.byteLength > this.#mostPieceBytes) return null;
    const seen = new Seen(ownBytes(bytes), value, roughKey(bytes));
    const before = this.#byKey.get(seen.key);
    if (before !== undefined) this.#drop(before);
    this.#byKey.set(seen.key, seen);
    this.#bytes += bytes.byteLength;
    this.#append(seen);
    while (this.#bytes > this.#mostBytes && this.#oldest !== null) this.#drop(this.#oldest);
    return seen;
  }

  forget(): void {
    while (this.#oldest !== null) this.#drop(this.#oldest);
  }

  #append(seen: Seen<Value>): void {
    seen.isKept = true;
    seen.older = this.#newest;
    if (this.#newest === null) this.#oldest = seen;
    else this.#newest.newer = seen;
    this.#newest = seen;
  }

  #takeOut(seen: Seen<Value>): void {
    const { older, newer } = seen;
    if (older === null) this.#oldest = newer;
    else older.newer = newer;
    if (newer === null) this.#newest = older;
    else newer.older = older;
    seen.older = null;
    seen.newer = null;
  }

  #drop(seen: Seen<Value>): void {
    this.#takeOut(seen);
    seen.isKept = false;
    this.#byKey.delete(seen.key);
    this.#bytes -= seen.bytes.byteLength;
    this.#onDrop(seen);
  }
}

const headWords = 12;
const spreadWords = 8;

/**
 * Tells most pieces apart by some of their bytes: their first ones, where messages of the same make differ, their last ones, and a few
 * in between. Whoever is found is compared whole.
 */
function roughKey(piece: Buffer): number {
  const length = piece.byteLength;
  if (length < 8) return length === 0 ? 0 : piece.readUIntLE(0, Math.min(length, 6)) * 8 + length;
  const last = length - 4;
  let [one, other] = [length, piece.readInt32LE(last)];
  const headEnd = Math.min(4 * headWords, last);
  for (let at = 0; at < headEnd; at += 4) one = Math.imul(one ^ piece.readInt32LE(at), 0x9e3779b1);
  const step = Math.max(4, Math.floor((last - headEnd) / (spreadWords + 1)));
  for (let at = headEnd; at < last; at += step) other = Math.imul(other ^ piece.readInt32LE(at), 0x01000193);
  const mixed = other ^ (one >>> 15);
  return (one >>> 0) * 0x100000 + ((mixed ^ (mixed >>> 12)) & 0xfffff);
}
