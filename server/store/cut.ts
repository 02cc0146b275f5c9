/**
 * Where to cut a body so that what two requests have in common becomes the same pieces: around the elements of JSON arrays and
 * around long strings. It only proposes offsets, so any bytes can be cut and put together again. Pure.
 */

import { closeArray, closeObject, comma, openArray, openObject, quote } from '../messages/json-bytes.ts';
import { endOfString } from '../messages/json-string.ts';
import {
  leastElementBytes,
  placedElements,
  type KnownElement,
  type PlacedElement,
} from '../messages/known-json.ts';
import { listElements, type Range } from '../messages/list-elements.ts';

/** Elements from this size on are cut out; smaller ones stay with their neighbours. */
const minElementBytes = 128;
/** Strings from this size on are cut out of what surrounds them: a moved cache mark must not bring the text again. */
const minStringBytes = 1024;
/** Small elements in a row are cut about every so many bytes, at their beginnings, so that a list can grow at its end. */
const runBytes = 1024;
/** Less between two cuts goes with what follows it: it would cost more to name than to repeat. */
export const minPieceBytes = 24;
/** Arrays deeper than this are not cut, so that nesting alone cannot make many pieces. */
const deepestArray = 12;

/** A part of a body that is cut without a look at the others. */
export interface Stretch extends Range {
  /** That it is the whole of, but for the comma before it; null for what is not known. */
  readonly element: KnownElement | null;
}

/** All of a body: each large element of a list at the top of a request alone, and what lies between them. */
export function stretchesOf(bytes: Buffer): Stretch[] {
  const stretches: Stretch[] = [];
  let reached = 0;
  for (const { start, end, element } of placedElements(bytes) ?? listElements(bytes, nothingKnown)) {
    if (end - start < leastElementBytes) continue;
    // A comma alone is not worth naming.
    const from = reached > 0 && start === reached + 1 && bytes[reached] === comma ? reached : start;
    if (from > reached) stretches.push({ start: reached, end: from, element: null });
    stretches.push({ start: from, end, element });
    reached = end;
  }
  if (reached < bytes.byteLength) stretches.push({ start: reached, end: bytes.byteLength, element: null });
  return stretches;
}

const nothingKnown = {
  at: () => null,
  of: (start: number, end: number): PlacedElement => ({ start, end, element: null }),
};

/** The bytes of a stretch in pieces; one for what does not look like JSON. */
export function piecesOf(bytes: Buffer, stretch: Range): Buffer[] {
  const starts = [stretch.start, ...proposeCuts(bytes, stretch)];
  return starts.map((start, index) => bytes.subarray(start, starts[index + 1] ?? stretch.end));
}

/** Ascending offsets at which pieces begin, without the first and the end. */
function proposeCuts(bytes: Buffer, { start, end }: Range): number[] {
  if (bytes[0] !== openObject && bytes[0] !== openArray) return [];
  const cuts = new CutList(start);
  /** For each open array the offset of its running element; -1 for an object. */
  const open: number[] = bytes[start] === comma ? [start] : [];
  let arrays = open.length;
  for (let at = start; at < end; at += 1) {
    switch (bytes[at]) {
      case quote: {
        const close = endOfString(bytes, at + 1);
        if (close - at - 1 >= minStringBytes) cuts.around(at + 1, close);
        at = close;
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
  return cuts.sorted(end);
}

class CutList {
  readonly #offsets: number[] = [];
  readonly #start: number;
  #last: number;

  constructor(start: number) {
    this.#start = start;
    this.#last = start;
  }

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

  sorted(end: number): number[] {
    const kept: number[] = [];
    let last = this.#start;
    // Both ends of an element are only known behind all that is in it. Sorted as numbers, which takes no comparing function.
    for (const offset of Float64Array.from(this.#offsets).sort()) {
      if (offset - last < minPieceBytes || offset >= end) continue;
      kept.push(offset);
      last = offset;
    }
    return kept;
  }
}
