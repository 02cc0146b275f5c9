/**
 * Parses requests of a conversation without parsing again what the ones before held: the elements of the lists at the top
 * (messages, tools, system) are known by their bytes, and come back as the same objects. Nobody may change them.
 */
import { endOfString } from './json-string.ts';
import { isObject, parseJson, type JsonObject } from './json.ts';
import { RecentBytes } from './recent-bytes.ts';

const halfBytes = 8 * 1024 * 1024;
const mostElementBytes = 1024 * 1024;
/** Parsing less is as fast as comparing it. */
const minKnownBytes = 256;

const quote = 0x22;
const comma = 0x2c;
const openArray = 0x5b;
const closeArray = 0x5d;
const openObject = 0x7b;
const closeObject = 0x7d;

export class KnownJson {
  readonly #elements = new RecentBytes<unknown>(halfBytes, mostElementBytes);

  /** Null when the bytes are no JSON object, or one that has to be parsed as a whole to know. */
  parse(bytes: Buffer): JsonObject | null {
    if (bytes[0] !== openObject) return null;
    const ranges = listElements(bytes, this.#elements);
    const frame = parseJson(frameOf(bytes, ranges));
    if (!frame.ok || !isObject(frame.value)) return null;
    const elements: unknown[] = [];
    for (const { start, end, known } of ranges) {
      const element = known ?? this.#element(bytes.subarray(start, end));
      if (element === undefined) return null;
      elements.push(element);
    }
    const whole: JsonObject = frame.value;
    for (const [name, value] of Object.entries(whole)) {
      // Each of its elements was cut out, and its number stands in its place.
      if (Array.isArray(value))
        define(
          whole,
          name,
          value.map((place) => elements[Number(place)]),
        );
    }
    return whole;
  }

  /** Undefined for what is no JSON. */
  #element(bytes: Buffer): unknown {
    const isWorthKnowing = bytes.byteLength >= minKnownBytes;
    const known = isWorthKnowing ? this.#elements.find(bytes) : undefined;
    if (known !== undefined) return known;
    const parsed = parseJson(bytes.toString());
    if (!parsed.ok) return undefined;
    if (isWorthKnowing) this.#elements.add(bytes, parsed.value);
    return parsed.value;
  }
}

/** `__proto__` too is a name like any other. */
function define(target: JsonObject, name: string, value: unknown): void {
  Object.defineProperty(target, name, { value, enumerable: true, writable: true, configurable: true });
}

interface Range {
  readonly start: number;
  readonly end: number;
  /** What it is, where that is known by now. */
  readonly known: unknown;
}

/** Where the elements of the lists directly in the object lie; of what is no JSON anything. */
function listElements(bytes: Buffer, elements: RecentBytes<unknown>): Range[] {
  const ranges: Range[] = [];
  let depth = 0;
  /** Of the running element; -1 outside of such lists. */
  let start = -1;
  let known: unknown;
  /** Returns the last byte before what is to be looked at next: nothing within an element that is known, as it is whole. */
  const begin = (at: number): number => {
    start = at + 1;
    const found = elements.findAt(bytes, start);
    const isWhole = found !== undefined && (bytes[found.end] === comma || bytes[found.end] === closeArray);
    known = isWhole ? found.value : undefined;
    return isWhole ? found.end - 1 : at;
  };
  for (let at = 0; at < bytes.length; at += 1) {
    switch (bytes[at]) {
      case quote:
        at = endOfString(bytes, at + 1);
        break;
      case openArray:
        depth += 1;
        if (depth === 2) at = begin(at);
        break;
      case openObject:
        depth += 1;
        break;
      case comma:
        if (depth !== 2 || start < 0) break;
        ranges.push({ start, end: at, known });
        at = begin(at);
        break;
      case closeArray:
        if (depth === 2 && start >= 0 && !isEmptyList(bytes, start, at))
          ranges.push({ start, end: at, known });
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

/** The text with a number for each element: valid JSON only if the whole is, given that the elements are. */
function frameOf(bytes: Buffer, ranges: readonly Range[]): string {
  let [frame, from] = ['', 0];
  for (const [index, { start, end }] of ranges.entries()) {
    frame += `${bytes.toString('utf8', from, start)}${index}`;
    from = end;
  }
  return frame + bytes.toString('utf8', from);
}
