/** Whole numbers from 0 to 2^53 - 1 in few bits, without knowing before which of them come often. Pure. */

const mostBits = 53;
const mostAtOnce = 24;

export class BitWriter {
  readonly #bytes: number[] = [];
  #waiting = 0;
  #filled = 0;

  /** The lowest bit first. */
  write(value: number, bits: number): void {
    let rest = value;
    let left = bits;
    // As many at once as an integer of the processor takes beside those that wait for their byte to be full.
    for (; left > mostAtOnce; left -= mostAtOnce) {
      this.#add(rest % 2 ** mostAtOnce, mostAtOnce);
      rest = Math.floor(rest / 2 ** mostAtOnce);
    }
    this.#add(rest, left);
  }

  /** All that was written; the bits that are left of the last byte are 0. */
  bytes(): Buffer {
    return Buffer.from(this.#filled > 0 ? [...this.#bytes, this.#waiting] : this.#bytes);
  }

  #add(value: number, bits: number): void {
    this.#waiting |= value << this.#filled;
    this.#filled += bits;
    for (; this.#filled >= 8; this.#filled -= 8) {
      this.#bytes.push(this.#waiting & 0xff);
      this.#waiting >>>= 8;
    }
  }
}

export class BitReader {
  readonly #bytes: Uint8Array;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  /** @throws past the end */
  read(bits: number): number {
    let [value, factor] = [0, 1];
    for (let left = bits; left > 0;) {
      const byte = this.#bytes[this.#at >> 3];
      if (byte === undefined) throw new Error('bits that are cut off');
      const from = this.#at & 7;
      const taken = Math.min(left, 8 - from);
      value += ((byte >> from) % 2 ** taken) * factor;
      factor *= 2 ** taken;
      left -= taken;
      this.#at += taken;
    }
    return value;
  }
}

const everyCount: readonly number[] = Array.from({ length: mostBits + 1 }, (_, bits) => bits);
const noUses: readonly number[] = everyCount.map(() => 0);

/**
 * Numbers of one kind: how many bits each has by its place among the counts of bits that came most often so far, as so many ones
 * and a zero, and then those bits without the highest. Writer and reader learn the same from the same numbers.
 */
export class NumberCode {
  /** Counts of bits, those that came most often first, and how often. */
  readonly #order = everyCount.slice();
  readonly #uses = noUses.slice();

  write(to: BitWriter, value: number): void {
    const bits = value === 0 ? 0 : bitsOf(value);
    const place = this.#order.indexOf(bits);
    to.write(2 ** place - 1, place + 1);
    if (bits > 1) to.write(value - 2 ** (bits - 1), bits - 1);
    this.#use(place, bits);
  }

  /** @throws for what is cut off, or was not written */
  read(from: BitReader): number {
    let place = 0;
    while (from.read(1) === 1) place += 1;
    const bits = this.#order[place];
    if (bits === undefined) throw new Error('bits that are no number');
    this.#use(place, bits);
    return bits === 0 ? 0 : 2 ** (bits - 1) + from.read(bits - 1);
  }

  #use(from: number, bits: number): void {
    const uses = (this.#uses[from] ?? 0) + 1;
    let place = from;
    for (; place > 0 && (this.#uses[place - 1] ?? 0) < uses; place -= 1) {
      this.#order[place] = this.#order[place - 1] ?? 0;
      this.#uses[place] = this.#uses[place - 1] ?? 0;
    }
    this.#order[place] = bits;
    this.#uses[place] = uses;
  }
}

function bitsOf(value: number): number {
  return value < 2 ** 32 ? 32 - Math.clz32(value) : 64 - Math.clz32(Math.floor(value / 2 ** 32));
}
