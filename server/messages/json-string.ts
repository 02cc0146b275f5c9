/** Finding the end of a JSON string in bytes, without decoding it. Pure. */
import { quote } from './json-bytes.ts';

const backslash = 0x5c;
/** How far to look byte by byte before the search of the runtime, which costs as much to begin as about so many steps. */
const stepsBeforeSearch = 48;

/** The closing quote of the string whose first byte is at `from`; the end of the bytes when there is none. */
export function endOfString(bytes: Buffer, from: number): number {
  for (let at = from; at < bytes.length;) {
    const searchAt = Math.min(at + stepsBeforeSearch, bytes.length);
    for (; at < searchAt; at += 1) {
      const byte = bytes[at];
      if (byte === quote) return at;
      if (byte === backslash) at += 1;
    }
    const found = bytes.indexOf(quote, at);
    if (found < 0) return bytes.length;
    if (!isEscaped(bytes, found, at)) return found;
    at = found + 1;
  }
  return bytes.length;
}

/** Whether an odd number of backslashes stands before `at`; what lies before `from` is known to be none. */
function isEscaped(bytes: Buffer, at: number, from: number): boolean {
  let first = at;
  while (first > from && bytes[first - 1] === backslash) first -= 1;
  return (at - first) % 2 === 1;
}
