/**
 * Where to cut a body so that what two requests have in common becomes the same pieces: around the elements of JSON arrays and
 * around long strings. It only proposes offsets, so any bytes can be cut and put together again. Pure.
 */

import { endOfString } from '../messages/json-string.ts';

/** Elements from this size on are cut out; smaller ones stay with their neighbours. */
const minElementBytes = 128;
/** Strings from this size on are cut out of what surrounds them: a moved cache mark must not bring the text again. */
const minStringBytes = 1024;
/** Small elements in a row are cut about every so many bytes, at their beginnings, so that a list can grow at its end. */
const runBytes = 1024;
/** Less between two cuts goes with what follows it: it would cost more to name than to repeat. */
const minPieceBytes = 24;
/** Arrays deeper than this are not cut, so that nesting alone cannot make many pieces. */
const deepestArray = 12;

const quote = 0x22;
const comma = 0x2c;
const openArray = 0x5b;
const closeArray = 0x5d;
const openObject = 0x7b;
const closeObject = 0x7d;

/** Ascending offsets at which pieces begin, without 0 and the end; none for what does not look like JSON. */
export function proposeCuts(bytes: Buffer): number[] {
  const first = bytes[0];
  if (first !== openObject && first !== openArray) return [];
  const cuts = new CutList();
  /** For each open array the offset of its running element; -1 for an object. */
  const open: number[] = [];
  let arrays = 0;
  for (let at = 0; at < bytes.length; at += 1) {
    switch (bytes[at]) {
      case quote: {
        const end = endOfString(bytes, at + 1);
        if (end - at - 1 >= minStringBytes) cuts.around(at + 1, end);
        at = end;
        break;
      }
      case openObject:
        open.push(-1);
        break;
      case openArray:
        arrays += 1;
        open.push(arrays <= deepestArray ? at + 1 : -1);
        break;
      case comma: {
        const element = open.at(-1) ?? -1;
        if (element < 0) break;
        cuts.element(element, at);
        open[open.length - 1] = at + 1;
        break;
      }
      case closeArray: {
        arrays -= 1;
        const element = open.pop() ?? -1;
        if (element >= 0) cuts.element(element, at);
        break;
      }
      case closeObject:
        open.pop();
        break;
      default:
    }
  }
  return cuts.sorted(bytes.length);
}

class CutList {
  readonly #offsets: number[] = [];
  #last = 0;

  around(start: number, end: number): void {
    this.#offsets.push(start, end);
    this.#last = end;
  }

  element(start: number, end: number): void {
    if (end - start >= minElementBytes) this.around(start, end);
    else if (start - this.#last >= runBytes) {
      this.#offsets.push(start);
      this.#last = start;
    }
  }

  sorted(length: number): number[] {
    const kept: number[] = [];
    let last = 0;
    // Both ends of an element are only known behind all that is in it. Sorted as numbers, which takes no comparing function.
    for (const offset of Float64Array.from(this.#offsets).sort()) {
      if (offset - last < minPieceBytes || offset >= length) continue;
      kept.push(offset);
      last = offset;
    }
    return kept;
  }
}
