/**
 * What was made of bytes that were seen lately: a conversation is sent again and again, and comparing bytes is many times
 * cheaper than parsing or hashing them. Bounded in bytes.
 */
import { ownBytes } from './own-bytes.ts';

interface Seen<Value> {
  readonly bytes: Buffer;
  readonly value: Value;
}

export class RecentBytes<Value> {
  /** Half of what is kept: the older half is dropped when the newer one is full. */
  readonly #halfBytes: number;
  readonly #mostBytes: number;
  #young = new Map<number, Seen<Value>>();
  #old = new Map<number, Seen<Value>>();
  #youngBytes = 0;
  /** The same by how they begin, the latest of those that begin alike. */
  #youngHeads = new Map<number, Seen<Value>>();
  #oldHeads = new Map<number, Seen<Value>>();

  /** @param mostBytes of one piece; larger ones are not kept */
  constructor(halfBytes: number, mostBytes: number) {
    this.#halfBytes = halfBytes;
    this.#mostBytes = mostBytes;
  }

  /** Undefined when nothing is known of these bytes. */
  find(bytes: Buffer): Value | undefined {
    const key = roughKey(bytes);
    const young = this.#young.get(key);
    if (young !== undefined) return young.bytes.equals(bytes) ? young.value : undefined;
    const old = this.#old.get(key);
    if (old === undefined || !old.bytes.equals(bytes)) return undefined;
    this.#keep(key, old);
    return old.value;
  }

  /** What is known to begin here, at least `leastHeadBytes` of it, and where that ends; undefined also for what `find` would find. */
  findAt(bytes: Buffer, start: number): { readonly value: Value; readonly end: number } | undefined {
    if (start + leastHeadBytes > bytes.byteLength) return undefined;
    const key = headKey(bytes, start);
    const young = this.#youngHeads.get(key);
    const seen = young ?? this.#oldHeads.get(key);
    if (seen === undefined) return undefined;
    const end = start + seen.bytes.byteLength;
    if (end > bytes.byteLength || seen.bytes.compare(bytes, start, end) !== 0) return undefined;
    if (young === undefined) this.#keep(roughKey(seen.bytes), seen);
    return { value: seen.value, end };
  }

  /** Copies the bytes. */
  add(bytes: Buffer, value: Value): void {
    if (bytes.byteLength > this.#mostBytes) return;
    this.#keep(roughKey(bytes), { bytes: ownBytes(bytes), value });
  }

  forget(): void {
    this.#young.clear();
    this.#old.clear();
    this.#youngHeads.clear();
    this.#oldHeads.clear();
    this.#youngBytes = 0;
  }

  #keep(key: number, seen: Seen<Value>): void {
    if (this.#youngBytes > this.#halfBytes) {
      this.#old = this.#young;
      this.#young = new Map();
      this.#oldHeads = this.#youngHeads;
      this.#youngHeads = new Map();
      this.#youngBytes = 0;
    }
    this.#young.set(key, seen);
    if (seen.bytes.byteLength >= leastHeadBytes) this.#youngHeads.set(headKey(seen.bytes, 0), seen);
    this.#youngBytes += seen.bytes.byteLength;
  }
}

/** So many tell the messages of a conversation apart: what they are made of, and an id or the first words. */
const leastHeadBytes = 128;

function headKey(bytes: Buffer, start: number): number {
  let [one, other] = [0, 0];
  for (let at = start; at < start + leastHeadBytes; at += 8) {
    one = Math.imul(one ^ bytes.readInt32LE(at), 0x9e3779b1);
    other = Math.imul(other ^ bytes.readInt32LE(at + 4), 0x01000193);
  }
  return (one >>> 0) * 0x100000 + ((other ^ (other >>> 12)) & 0xfffff);
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
