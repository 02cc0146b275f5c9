/** Puts bodies together again from the packs that their pieces lie in. */
import { hash } from 'node:crypto';
import { joinEvents } from './event-text.ts';
import type { Store } from './open.ts';
import { createPackReader, type PackReader } from './packs.ts';
import { bytesOf, findList, type Slice, type SliceList } from './slices.ts';
import type { BodyRow } from './tables.ts';

/** Of the SHA-256 of a body: enough to see damage by chance. That nobody altered it is what the whole hash in the call's row is for. */
export const digestBytes = 8;

/** What `packing` `slices` keeps beside the slices, to see that they still make the same bytes. */
export function digestOf(bytes: Buffer): Buffer {
  return hash('sha256', bytes, 'buffer').subarray(0, digestBytes);
}

/**
 * Returns a function that makes a row of slices one of `raw` bytes, and returns any other row as it is. It throws when a pack is
 * missing or damaged, or when the bytes are not those that were stored.
 */
export function createBodyReader(store: Store): <Row extends BodyRow>(row: Row) => Row {
  const packs = createPackReader(store);
  return (row) =>
    row.packing === 'slices' || row.packing === 'events'
      ? { ...row, packing: 'raw', bytes: restore(row, packs) }
      : row;
}

function restore(row: BodyRow, packs: PackReader): Buffer {
  const list = findList(row.bytes, (where) => gather(where, packs));
  const length = bytesOf(list.slices);
  const isSplit = row.packing === 'events';
  if (isSplit ? length > row.kept_bytes : length !== row.kept_bytes)
    throw new Error(`slices of ${length} bytes make no body of ${row.kept_bytes}`);
  const sliced = gather(list, packs);
  const bytes = isSplit ? joinEvents(sliced, row.kept_bytes) : sliced;
  if (row.digest === null || !digestOf(bytes).equals(row.digest)) {
    throw new Error('the bytes are not those that were stored');
  }
  return bytes;
}

function gather({ day, slices }: SliceList, packs: PackReader): Buffer {
  const bytes = Buffer.allocUnsafe(bytesOf(slices));
  for (const [pack, parts] of byPack(slices)) {
    const { raw } = packs.read(day, pack);
    for (const { slice, at } of parts) {
      const end = slice.offset + slice.length;
      if (slice.offset < 0 || end > raw.byteLength)
        throw new Error(`pack ${pack} of day ${day} is too short`);
      raw.copy(bytes, at, slice.offset, end);
    }
  }
  return bytes;
}

interface PlacedSlice {
  readonly slice: Slice;
  /** Where in the body. */
  readonly at: number;
}

function byPack(slices: readonly Slice[]): Map<number, PlacedSlice[]> {
  const found = new Map<number, PlacedSlice[]>();
  let at = 0;
  for (const slice of slices) {
    const parts = found.get(slice.pack);
    if (parts === undefined) found.set(slice.pack, [{ slice, at }]);
    else parts.push({ slice, at });
    at += slice.length;
  }
  return found;
}
