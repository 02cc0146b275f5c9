/** Packs as they lie in the store: read with what they were deflated against, and written. */
import { deflateRawSync, inflateRawSync } from 'node:zlib';
import { ownBytes } from '../messages/own-bytes.ts';
import { packId } from './days.ts';
import type { Store } from './open.ts';
import { createPackFinder } from './pack-rows.ts';
import type { PackRow } from './tables.ts';

/** A pack, unpacked. */
export interface Pack {
  readonly raw: Buffer;
  readonly depth: number;
  /** Number of the pack of the same day that it rests on. */
  readonly base: number | null;
}

/** The window of deflate: more of a dictionary is not used. */
const dictionaryBytes = 32 * 1024;
/** A larger pack is no dictionary, as it would have to be unpacked with everything that it is one for. */
const mostBaseBytes = 512 * 1024;
/** So many packs are unpacked before another one at most. */
const deepest = 32;
/** With a dictionary before it, 9 takes four times as long for half a percent. */
const deflateLevel = 6;
/** Unpacked packs that a reader keeps at hand: those of one long conversation, or the last ones of a hundred. */
const keptBytes = 8 * 1024 * 1024;

export interface PackReader {
  /** Throws when the pack, or one that it needs, is missing or damaged. */
  read(day: number, pack: number): Pack;
  /** What a pack that rests on this one is deflated with: the end of its bytes, behind those of what it rests on itself. Throws as `read`. */
  dictionaryOf(day: number, pack: Pack): Buffer;
  /** Keeps nothing at hand any more. */
  forget(): void;
}

/** @param known packs that were just written, by id, so that they need not be read again */
export function createPackReader({ sqlite }: Store): PackReader & { keep(id: number, pack: Pack): void } {
  const find = createPackFinder(sqlite);
  /** The one that was used longest ago comes first. */
  const kept = new Map<number, Pack>();
  let heldBytes = 0;

  function keep(id: number, pack: Pack): void {
    drop(id);
    kept.set(id, { ...pack, raw: ownBytes(pack.raw) });
    heldBytes += pack.raw.byteLength;
    for (const oldest of kept.keys()) {
      if (heldBytes <= keptBytes) break;
      drop(oldest);
    }
  }
  function drop(id: number): void {
    heldBytes -= kept.get(id)?.raw.byteLength ?? 0;
    kept.delete(id);
  }
  function forget(): void {
    kept.clear();
    heldBytes = 0;
  }
  function read(day: number, number: number, left = deepest + 1): Pack {
    const id = packId(day, number);
    const known = kept.get(id);
    if (known !== undefined) {
      kept.delete(id);
      kept.set(id, known);
      return known;
    }
    const row = find(id);
    if (row === undefined) throw new Error(`pack ${number} of day ${day} is missing`);
    if (left === 0) throw new Error(`pack ${number} of day ${day} rests on too many others`);
    const dictionary = row.base === null ? null : dictionaryOf(day, read(day, row.base, left - 1));
    const pack = { raw: unpack(row, dictionary), depth: row.depth, base: row.base };
    keep(id, pack);
    return pack;
  }
  function dictionaryOf(day: number, pack: Pack): Buffer {
    const parts = [pack.raw];
    let length = pack.raw.byteLength;
    for (let { base } = pack; base !== null && length < dictionaryBytes;) {
      const before = read(day, base);
      parts.unshift(before.raw);
      length += before.raw.byteLength;
      base = before.base;
    }
    return (parts.length === 1 ? pack.raw : Buffer.concat(parts)).subarray(-dictionaryBytes);
  }
  return { read: (day, number) => read(day, number), dictionaryOf, keep, forget };
}

/** Whether others may rest on it. */
export function isBase({ raw, depth }: Pack): boolean {
  return depth < deepest && raw.byteLength <= mostBaseBytes;
}

export interface Base {
  readonly number: number;
  readonly depth: number;
  readonly dictionary: Buffer;
}

/** Columns of a pack of these bytes; `base` is used when that helps. */
export function packColumns(raw: Buffer, base: Base | null) {
  const small = deflateRawSync(raw, {
    level: deflateLevel,
    ...(base === null ? {} : { dictionary: base.dictionary }),
  });
  const rawColumns = { packing: 'raw', bytes: raw, raw_bytes: raw.byteLength, base: null, depth: 0 };
  if (small.byteLength >= raw.byteLength) return rawColumns;
  const under = base === null ? {} : { base: base.number, depth: base.depth + 1 };
  return { ...rawColumns, packing: 'deflate', bytes: small, ...under };
}

function unpack({ packing, bytes, raw_bytes: rawBytes }: PackRow, dictionary: Buffer | null): Buffer {
  if (packing !== 'raw' && packing !== 'deflate') throw new Error(`unknown packing ${packing}`);
  const given = dictionary === null ? {} : { dictionary };
  // One byte more than promised shows the damage, and bounds what a damaged pack can unfold to.
  const raw = packing === 'raw' ? bytes : inflateRawSync(bytes, { maxOutputLength: rawBytes + 1, ...given });
  if (raw.byteLength !== rawBytes)
    throw new Error(`a pack of ${rawBytes} bytes unpacks to ${raw.byteLength}`);
  return raw;
}
