/** Packs as they lie in the store: read with what they were deflated against, and written. */
import { deflateRawSync, inflateRawSync } from 'node:zlib';
import { ownBytes } from '../messages/own-bytes.ts';
import { packId } from './days.ts';
import type { Store } from './open.ts';
import type { PackRow } from './tables.ts';

/** A pack, unpacked. */
export interface Pack {
  readonly raw: Buffer;
  readonly depth: number;
}

/** The window of deflate: more of a dictionary is not used. */
const dictionaryBytes = 32 * 1024;
/** A larger pack is no dictionary, as it would have to be unpacked with everything that it is one for. */
const mostBaseBytes = 512 * 1024;
/** So many packs are unpacked before another one at most. */
const deepest = 16;
/** With a dictionary before it, 9 takes four times as long for half a percent. */
const deflateLevel = 6;
/** Unpacked packs that a reader keeps at hand: those of one long conversation. */
const keptBytes = 16 * 1024 * 1024;

export interface PackReader {
  /** Throws when the pack, or one that it needs, is missing or damaged. */
  read(day: number, pack: number): Pack;
  /** Keeps nothing at hand any more. */
  forget(): void;
}

/** @param known packs that were just written, by id, so that they need not be read again */
export function createPackReader({ sqlite }: Store): PackReader & { keep(id: number, pack: Pack): void } {
  // Without drizzle: a long conversation asks for a hundred of them.
  const find = sqlite.prepare<[number], PackRow>(
    'SELECT id, packing, bytes, raw_bytes, base, depth FROM packs WHERE id = ?',
  );
  const kept = new Map<number, Pack>();
  let heldBytes = 0;

  function keep(id: number, pack: Pack): void {
    if (heldBytes + pack.raw.byteLength > keptBytes) forget();
    kept.set(id, { ...pack, raw: ownBytes(pack.raw) });
    heldBytes += pack.raw.byteLength;
  }
  function forget(): void {
    kept.clear();
    heldBytes = 0;
  }
  function read(day: number, number: number, left = deepest + 1): Pack {
    const id = packId(day, number);
    const known = kept.get(id);
    if (known !== undefined) return known;
    const row = find.get(id);
    if (row === undefined) throw new Error(`pack ${number} of day ${day} is missing`);
    if (left === 0) throw new Error(`pack ${number} of day ${day} rests on too many others`);
    const base = row.base === null ? null : read(day, row.base, left - 1);
    const pack = { raw: unpack(row, base), depth: row.depth };
    keep(id, pack);
    return pack;
  }
  return { read: (day, number) => read(day, number), keep, forget };
}

/** Columns of a pack of these bytes; `base` is used when that is possible, and helps. */
export function packColumns(raw: Buffer, base: { readonly number: number; readonly pack: Pack } | null) {
  const isBase = base !== null && base.pack.depth < deepest && base.pack.raw.byteLength <= mostBaseBytes;
  const small = deflateRawSync(raw, {
    level: deflateLevel,
    ...(isBase ? { dictionary: base.pack.raw.subarray(-dictionaryBytes) } : {}),
  });
  const rawColumns = { packing: 'raw', bytes: raw, raw_bytes: raw.byteLength, base: null, depth: 0 };
  if (small.byteLength >= raw.byteLength) return rawColumns;
  const depth = isBase ? base.pack.depth + 1 : 0;
  return { ...rawColumns, packing: 'deflate', bytes: small, base: isBase ? base.number : null, depth };
}

function unpack({ packing, bytes, raw_bytes: rawBytes }: PackRow, base: Pack | null): Buffer {
  if (packing !== 'raw' && packing !== 'deflate') throw new Error(`unknown packing ${packing}`);
  const dictionary = base === null ? {} : { dictionary: base.raw.subarray(-dictionaryBytes) };
  // One byte more than promised shows the damage, and bounds what a damaged pack can unfold to.
  const raw =
    packing === 'raw' ? bytes : inflateRawSync(bytes, { maxOutputLength: rawBytes + 1, ...dictionary });
  if (raw.byteLength !== rawBytes)
    throw new Error(`a pack of ${rawBytes} bytes unpacks to ${raw.byteLength}`);
  return raw;
}
