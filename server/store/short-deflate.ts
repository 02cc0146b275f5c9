/**
 * Deflates short texts against a dictionary that is always the same, as zlib with level 6 would, in a sixth of its time: to set up its
 * state and to read the dictionary anew costs it ten times what such a text does. What comes out is raw deflate (RFC 1951) with its fixed
 * codes, for any inflate that is given the dictionary. Pure.
 */

/** A dictionary, looked through once. */
export interface ShortDeflate {
  /** The text, in UTF-8, deflated behind `first`; null for one that is longer than `mostTextBytes`. */
  pack(first: number, text: string): Buffer | null;
}

/** Longer ones are worth codes of their own. */
const mostTextBytes = 4096;
const [leastMatch, mostMatch] = [4, 258];
/** Places that are looked at for one match. */
const mostTries = 24;
const hashBits = 12;
const endOfBlock = 256;

interface Code {
  readonly bits: number;
  readonly length: number;
}

/** @param dictionary with a text behind it no longer than the window of deflate, 32 kB */
export function createShortDeflate(dictionary: Buffer): ShortDeflate {
  const begin = dictionary.byteLength;
  const window = Buffer.alloc(begin + mostTextBytes);
  dictionary.copy(window);
  const heads = new Int32Array(2 ** hashBits).fill(-1);
  /** For each place the one before it with the same hash; -1: none. */
  const before = new Int32Array(window.byteLength).fill(-1);
  for (let at = 0; at + leastMatch <= begin; at += 1) link(at);
  const ownHeads = heads.slice();
  const out = new BitWriter(2 * mostTextBytes);

  function hashAt(at: number): number {
    return Math.imul(window.readInt32LE(at), 0x9e3779b1) >>> (32 - hashBits);
  }
  function link(at: number): void {
    const hash = hashAt(at);
    before[at] = heads[hash] ?? -1;
    heads[hash] = at;
  }

  /** Longest of what repeats earlier bytes, as its length × 2^16 + its distance; 0: nothing. */
  function findMatch(at: number, end: number): number {
    if (at + leastMatch > end) return 0;
    const most = Math.min(mostMatch, end - at);
    let [best, distance] = [leastMatch - 1, 0];
    let place = heads[hashAt(at)] ?? -1;
    for (let tries = 0; place >= 0 && tries < mostTries && best < most; tries += 1) {
      // Whatever is longer has to be the same there as well.
      if (window[place + best] === window[at + best]) {
        let length = 0;
        while (length < most && window[place + length] === window[at + length]) length += 1;
        if (length > best) [best, distance] = [length, at - place];
      }
      place = before[place] ?? -1;
    }
    return distance === 0 ? 0 : best * 0x10000 + distance;
  }

  return {
    pack(first, text) {
      if (text.length > mostTextBytes || Buffer.byteLength(text) > mostTextBytes) return null;
      const end = begin + window.write(text, begin);
      out.begin(first);
      for (let at = begin, match = findMatch(at, end); at < end;) {
        if (at + leastMatch <= end) link(at);
        const next = findMatch(at + 1, end);
        if (match === 0 || next >>> 16 > match >>> 16) {
          out.put(literals[window[at] ?? 0]);
          at += 1;
          match = next;
          continue;
        }
        const [length, distance] = [match >>> 16, match & 0xffff];
        out.put(lengths[length]);
        out.put(distanceCode(distance));
        for (let inside = at + 1; inside < at + length && inside + leastMatch <= end; inside += 1)
          link(inside);
        at += length;
        match = findMatch(at, end);
      }
      heads.set(ownHeads);
      return out.finish();
    },
  };
}

/** Bits from the lowest of each byte on. */
class BitWriter {
  readonly #bytes: Buffer;
  #length = 0;
  #held = 0;
  #heldBits = 0;

  constructor(mostBytes: number) {
    this.#bytes = Buffer.alloc(mostBytes);
  }

  begin(first: number): void {
    this.#bytes[0] = first;
    this.#length = 1;
    // The last block, with the fixed codes.
    this.#held = 0b011;
    this.#heldBits = 3;
  }

  put(code: Code | undefined): void {
    if (code === undefined) throw new Error('there is no code for that');
    this.#held |= code.bits << this.#heldBits;
    this.#heldBits += code.length;
    for (; this.#heldBits >= 8; this.#heldBits -= 8) {
      this.#bytes[this.#length++] = this.#held & 0xff;
      this.#held >>>= 8;
    }
  }

  finish(): Buffer {
    this.put(literals[endOfBlock]);
    if (this.#heldBits > 0) this.#bytes[this.#length++] = this.#held;
    return Buffer.from(this.#bytes.subarray(0, this.#length));
  }
}

/** RFC 1951, 3.2.6. */
const literals: readonly Code[] = Array.from({ length: 288 }, (_, symbol) => {
  if (symbol < 144) return huffman(0x30 + symbol, 8);
  if (symbol < 256) return huffman(0x190 + symbol - 144, 9);
  return symbol < 280 ? huffman(symbol - 256, 7) : huffman(0xc0 + symbol - 280, 8);
});

/** By the length of a match: its code with its extra bits (3.2.5). */
const lengths: readonly Code[] = Array.from({ length: mostMatch + 1 }, (_, length) => {
  if (length === mostMatch) return withExtra(literals[285], 0, 0);
  const offset = Math.max(length - 3, 0);
  const extra = offset < 8 ? 0 : 29 - Math.clz32(offset);
  return withExtra(literals[257 + 4 * extra + (offset >>> extra)], offset & ((1 << extra) - 1), extra);
});

const distances: readonly Code[] = Array.from({ length: 30 }, (_, symbol) => huffman(symbol, 5));

function distanceCode(distance: number): Code {
  const offset = distance - 1;
  const extra = offset < 4 ? 0 : 30 - Math.clz32(offset);
  return withExtra(distances[2 * extra + (offset >>> extra)], offset & ((1 << extra) - 1), extra);
}

/** The bits of a code begin with its highest, unlike those of a number. */
function huffman(code: number, length: number): Code {
  let bits = 0;
  for (let at = 0; at < length; at += 1) bits |= ((code >>> at) & 1) << (length - 1 - at);
  return { bits, length };
}

function withExtra(code: Code | undefined, extra: number, extraBits: number): Code {
  if (code === undefined) throw new Error('there is no code for that');
  return { bits: code.bits | (extra << code.length), length: code.length + extraBits };
}
