/** The elements of the lists directly in a JSON object, such as messages, tools and system, found in its bytes. Pure. */
import { closeArray, closeObject, comma, openArray, openObject, quote } from './json-bytes.ts';
import { endOfString } from './json-string.ts';

/** Where an element lies, without the commas around it, with the spaces. */
export interface Range {
  readonly start: number;
  readonly end: number;
}

/** Tells of elements that are known, so that they need not be looked through. */
export interface KnownRanges<Found extends Range> {
  /** A whole element that is known to begin at `start`; null where none is. `before`: the element before it in its list. */
  at(start: number, before: Found | null): Found | null;
  /** For any other one. */
  of(start: number, end: number): Found;
}

/** In their order; of what is no JSON object anything, the same with known elements as without. */
export function listElements<Found extends Range>(bytes: Buffer, known: KnownRanges<Found>): Found[] {
  const ranges: Found[] = [];
  let depth = bytes[0] === openObject ? 0 : Number.NEGATIVE_INFINITY;
  /** Of the running element; -1 outside of such lists. */
  let start = -1;
  /** What is known to be it. */
  let found: Found | null = null;
  /** Returns the last byte before what is to be looked at next: nothing within an element that is known, as it is whole. */
  const begin = (at: number, before: Found | null): number => {
    start = at + 1;
    found = known.at(start, before);
    const isWhole = found !== null && (bytes[found.end] === comma || bytes[found.end] === closeArray);
    if (!isWhole) found = null;
    return found === null ? at : found.end - 1;
  };
  for (let at = 0; at < bytes.length; at += 1) {
    switch (bytes[at]) {
      case quote:
        at = endOfString(bytes, at + 1);
        break;
      case openArray:
        depth += 1;
        if (depth === 2) at = begin(at, null);
        break;
      case openObject:
        depth += 1;
        break;
      case comma: {
        if (depth !== 2 || start < 0) break;
        const range = found ?? known.of(start, at);
        ranges.push(range);
        at = begin(at, range);
        break;
      }
      case closeArray:
        if (depth === 2 && start >= 0 && !isEmptyList(bytes, start, at))
          ranges.push(found ?? known.of(start, at));
        if (depth === 2) start = -1;
        depth -= 1;
        break;
      case closeObject:
        depth -= 1;
        break;
      default:
    }
  }
  return ranges;
}

function isEmptyList(bytes: Buffer, start: number, end: number): boolean {
  return bytes[start - 1] === openArray && bytes.toString('latin1', start, end).trim() === '';
}
