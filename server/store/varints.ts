/** Whole numbers from 0 to 2^53 - 1 as bytes: seven bits in each, the lowest first. Pure. */

const mostBytes = 8;

export function encodeVarints(numbers: readonly number[]): Buffer {
  const bytes = Buffer.allocUnsafe(numbers.length * mostBytes);
  let length = 0;
  for (let rest of numbers) {
    // An integer of 32 bits, as nearly all are, takes no division.
    for (; rest > 0x7fffffff; rest = Math.floor(rest / 0x80)) bytes[length++] = (rest % 0x80) + 0x80;
    for (; rest >= 0x80; rest >>>= 7) bytes[length++] = (rest & 0x7f) | 0x80;
    bytes[length++] = rest;
  }
  return Buffer.from(bytes.subarray(0, length));
}

/** Throws for one that is cut off. */
export function decodeVarints(bytes: Uint8Array): number[] {
  const numbers: number[] = [];
  let [value, factor] = [0, 1];
  for (const byte of bytes) {
    value += (byte % 0x80) * factor;
    factor *= 0x80;
    if (byte >= 0x80) continue;
    if (!Number.isSafeInteger(value)) throw new Error('a number that is none');
    numbers.push(value);
    value = 0;
    factor = 1;
  }
  if (factor !== 1) throw new Error('a number that is cut off');
  return numbers;
}
