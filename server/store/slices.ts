/** A body as a list of slices of packs, and that list as bytes. Pure. */
import { decodeVarints, encodeVarints } from './varints.ts';

/** `length` bytes from `offset` on of what pack number `pack` of a day unpacks to. */
export interface Slice {
  readonly pack: number;
  readonly offset: number;
  readonly length: number;
}

/** The packs of one UTC day that they are of, and the slices in their order. */
export interface SliceList {
  readonly day: number;
  readonly slices: readonly Slice[];
}

const here = 0;
const inPack = 1;
const mostRowBytes = 64;
const recentSlices = 16;
/** A list for 64 MB in the smallest pieces; bounds what a damaged one can ask for. */
const mostListBytes = 32 * 1024 * 1024;

/** Joins slices that lie one behind the other in the same pack. */
export function joinSlices(slices: readonly Slice[]): Slice[] {
  const joined: Slice[] = [];
  for (const slice of slices) {
    const last = joined.at(-1);
    if (last !== undefined && last.pack === slice.pack && last.offset + last.length === slice.offset) {
      joined[joined.length - 1] = { ...last, length: last.length + slice.length };
    } else {
      joined.push(slice);
    }
  }
  return joined;
}

/**
 * The scope of the packs, then each slice: one of the last that were used by its place among them, any other as the difference
 * to the one named so before, so that two lists with the same beginning or end have most bytes in common. Numbers are varints.
 */
export function encodeSlices(day: number, slices: readonly Slice[]): Buffer {
  const numbers = [day];
  const recent = new RecentSlices();
  let [lastPack, lastEnd] = [0, 0];
  for (const slice of slices) {
    const place = recent.placeOf(slice);
    recent.use(slice, place);
    numbers.push(place + 1);
    if (place >= 0) continue;
    const { pack, offset, length } = slice;
    numbers.push(zigzag(pack - lastPack), zigzag(offset - (pack === lastPack ? lastEnd : 0)), length);
    lastPack = pack;
    lastEnd = offset + length;
  }
  return encodeVarints(numbers);
}

/** Throws for what `encodeSlices` did not make. */
export function decodeSlices(bytes: Buffer): SliceList {
  const numbers = decodeVarints(bytes);
  let at = 0;
  const next = (): number => {
    const value = numbers[at++];
    if (value === undefined) throw new Error('a list of slices that is cut off');
    return value;
  };
  const day = next();
  const slices: Slice[] = [];
  const recent = new RecentSlices();
  let [pack, end] = [0, 0];
  while (at < numbers.length) {
    const place = next() - 1;
    let slice = recent.at(place);
    if (place < 0) {
      const step = unzigzag(next());
      pack += step;
      const offset = unzigzag(next()) + (step === 0 ? end : 0);
      slice = { pack, offset, length: next() };
      end = offset + slice.length;
    }
    if (slice === undefined) throw new Error('a list of slices that names one before its first');
    recent.use(slice, place);
    slices.push(slice);
  }
  return { day, slices };
}

/**
 * A list for the row of a body: a short one as it is; a long one lies in a pack itself, where most of it is known from the request
 * before, and the row says where. @param add puts bytes into the pack of this call
 */
export function placeList(day: number, slices: readonly Slice[], add: (bytes: Buffer) => Slice): Buffer {
  const list = encodeSlices(day, slices);
  return list.byteLength <= mostRowBytes
    ? Buffer.concat([Buffer.of(here), list])
    : Buffer.concat([Buffer.of(inPack), encodeSlices(day, [add(list)])]);
}

/** The list that a row tells of. @param read bytes of packs @throws for what `placeList` did not make */
export function findList(bytes: Buffer, read: (list: SliceList) => Buffer): SliceList {
  const list = decodeSlices(bytes.subarray(1));
  if (bytes[0] === here) return list;
  if (bytes[0] !== inPack || bytesOf(list.slices) > mostListBytes)
    throw new Error('a list of slices that is none');
  return decodeSlices(read(list));
}

export function bytesOf(slices: readonly Slice[]): number {
  return slices.reduce((sum, { length }) => sum + length, 0);
}

/** The slices that were used last, the latest first: what stands between messages comes again and again. */
class RecentSlices {
  readonly #slices: Slice[] = [];

  at(place: number): Slice | undefined {
    return this.#slices[place];
  }

  /** -1 when it is not among them. */
  placeOf({ pack, offset, length }: Slice): number {
    return this.#slices.findIndex(
      (slice) => slice.pack === pack && slice.offset === offset && slice.length === length,
    );
  }

  /** @param place where it is by now, -1 for nowhere */
  use(slice: Slice, place: number): void {
    if (place >= 0) this.#slices.splice(place, 1);
    else if (this.#slices.length === recentSlices) this.#slices.pop();
    this.#slices.unshift(slice);
  }
}

function zigzag(value: number): number {
  return value < 0 ? -2 * value - 1 : 2 * value;
}

function unzigzag(value: number): number {
  return value % 2 === 0 ? value / 2 : -(value + 1) / 2;
}
