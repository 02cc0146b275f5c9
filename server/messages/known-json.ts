/**
 * Parses requests of a conversation without parsing again what the ones before held: the elements of the lists at the top
 * (messages, tools, system) are known by their bytes, and come back as the same objects. Nobody may change them.
 */
import { isObject, parseJson, type JsonObject } from './json.ts';
import { listElements, type Range } from './list-elements.ts';
import { RecentBytes, type Seen } from './recent-bytes.ts';

/** What it was parsed to. */
interface Element {
  readonly value: unknown;
  readonly headKey: number;
  /** The one behind it when it was seen last. */
  next: KnownElement | null;
}

/** The bytes of an element, the same object for the same bytes while they are known. */
export type KnownElement = Seen<Element>;

/** Where an element of a list lies in a request, and which it is; null for what is not known. */
export interface PlacedElement extends Range {
  readonly element: KnownElement | null;
}

/** What is not shared of eighty conversations of 440 kB. */
const mostBytes = 28 * 1024 * 1024;
const mostElementBytes = 1024 * 1024;
/** Parsing less is as fast as comparing it. */
export const leastElementBytes = 256;

/** Of bytes that were looked through, for whoever does something else with the same. */
const placed = new WeakMap<Buffer, readonly PlacedElement[]>();

/** Elements of the lists at the top of a request, where these very bytes (not a copy) were looked through; else null. */
export function placedElements(bytes: Buffer): readonly PlacedElement[] | null {
  return placed.get(bytes) ?? null;
}

export class KnownJson {
  readonly #elements = new RecentBytes<Element>(mostBytes, mostElementBytes, (seen) => this.#dropped(seen));
  /** The latest of those that begin alike. */
  readonly #heads = new Map<number, KnownElement>();

  /** Null when the bytes are no JSON object, or one that has to be parsed as a whole to know. */
  parse(bytes: Buffer): JsonObject | null {
    if (bytes[0] !== openObject) return null;
    const ranges = this.#ranges(bytes);
    const frame = parseJson(frameOf(bytes, ranges));
    if (!frame.ok || !isObject(frame.value)) return null;
    const elements: PlacedElement[] = [];
    const values: unknown[] = [];
    for (const range of ranges) {
      const { start, end } = range;
      const element = range.element ?? this.#find(bytes.subarray(start, end));
      const read = element?.value ?? parseJson(bytes.toString('utf8', start, end));
      if ('ok' in read && !read.ok) return null;
      values.push(read.value);
      const known = element ?? this.#add(bytes.subarray(start, end), read.value);
      link(elements.at(-1), known, start);
      elements.push(known === range.element ? range : { start, end, element: known });
    }
    placed.set(bytes, elements);
    return filled(frame.value, values);
  }

  /** Looks where in the bytes elements lie that are known, for `placedElements`; parses nothing. */
  locate(bytes: Buffer): void {
    placed.set(bytes, this.#ranges(bytes));
  }

  #ranges(bytes: Buffer): PlacedElement[] {
    return listElements<PlacedElement>(bytes, {
      at: (start, before) => this.#findAt(bytes, start, before?.element?.value.next ?? null),
      of: (start, end) => ({ start, end, element: null }),
    });
  }

  /** @param expected what is likely to stand there */
  #findAt(bytes: Buffer, start: number, expected: KnownElement | null): PlacedElement | null {
    const isExpected = expected !== null && isAt(bytes, start, expected);
    const element = isExpected ? expected : this.#findByHead(bytes, start);
    if (element === null) return null;
    this.#elements.use(element);
    return { start, end: start + element.bytes.byteLength, element };
  }

  #findByHead(bytes: Buffer, start: number): KnownElement | null {
    if (start + headBytes > bytes.byteLength) return null;
    const element = this.#heads.get(headKey(bytes, start)) ?? null;
    return element !== null && isAt(bytes, start, element) ? element : null;
  }

  #find(bytes: Buffer): KnownElement | null {
    return bytes.byteLength < leastElementBytes ? null : this.#elements.find(bytes);
  }

  #add(bytes: Buffer, value: unknown): KnownElement | null {
    if (bytes.byteLength < leastElementBytes) return null;
    const element = this.#elements.add(bytes, { value, headKey: headKey(bytes, 0), next: null });
    if (element !== null) this.#heads.set(element.value.headKey, element);
    return element;
  }

  #dropped(element: KnownElement): void {
    // Else each would keep the one behind it alive.
    element.value.next = null;
    const { headKey: key } = element.value;
    if (this.#heads.get(key) === element) this.#heads.delete(key);
  }
}

/** Remembers that `element` stands behind the one before it in one list. */
function link(before: PlacedElement | undefined, element: KnownElement | null, start: number): void {
  if (element !== null && before?.element?.isKept === true && before.end === start - 1)
    before.element.value.next = element;
}

function isAt(bytes: Buffer, start: number, { bytes: known }: KnownElement): boolean {
  const end = start + known.byteLength;
  return end <= bytes.byteLength && known.compare(bytes, start, end) === 0;
}

/** Each element of a list was cut out, and its number stands in its place. */
function filled(frame: JsonObject, values: readonly unknown[]): JsonObject {
  for (const [name, value] of Object.entries(frame)) {
    if (Array.isArray(value))
      define(
        frame,
        name,
        value.map((place) => values[Number(place)]),
      );
  }
  return frame;
}

/** `__proto__` too is a name like any other. */
function define(target: JsonObject, name: string, value: unknown): void {
  Object.defineProperty(target, name, { value, enumerable: true, writable: true, configurable: true });
}

/** The text with a number for each element: valid JSON only if the whole is, given that the elements are. */
function frameOf(bytes: Buffer, ranges: readonly Range[]): string {
  let [frame, from] = ['', 0];
  for (const [index, { start, end }] of ranges.entries()) {
    // Most have one comma between them, which costs more to decode than to write.
    const isOneComma = start === from + 1 && bytes[from] === comma;
    frame += `${isOneComma ? ',' : bytes.toString('utf8', from, start)}${index}`;
    from = end;
  }
  return frame + bytes.toString('utf8', from);
}

const [openObject, comma] = [0x7b, 0x2c];
/** So many tell the messages of a conversation apart: what they are made of, and an id or the first words. */
const headBytes = 128;

function headKey(bytes: Buffer, start: number): number {
  let [one, other] = [0, 0];
  for (let at = start; at < start + headBytes; at += 8) {
    one = Math.imul(one ^ bytes.readInt32LE(at), 0x9e3779b1);
    other = Math.imul(other ^ bytes.readInt32LE(at + 4), 0x01000193);
  }
  return (one >>> 0) * 0x100000 + ((other ^ (other >>> 12)) & 0xfffff);
}
