/**
 * An event stream with its words apart from what they are wrapped in. Each event of an answer brings a few characters in some hundred
 * bytes that are always the same; together the characters are what the next request of the conversation repeats, and are
 * packed as such. Any bytes come back exactly, as nothing is understood: only cut. Pure.
 */
import { decodeVarints, encodeVarints } from './varints.ts';

/** A shorter stream is deflated as well as it is. */
const leastBytes = 512;
/** Smaller ones on the average are no stream that this is for, and would take more numbers than bytes. */
const leastEventBytes = 16;
const lengthBytes = 4;

/**
 * Numbers, the distinct beginnings and ends of events, and then the words of all of them: the last string of each. Null where that would
 * not be much smaller than the stream, or it is none.
 */
export function splitEvents(stream: Buffer): Buffer | null {
  if (stream.byteLength < leastBytes || !/^(event|data):/.test(stream.toString('latin1', 0, 6))) return null;
  const text = stream.toString('latin1');
  const [heads, tails] = [new Distinct(), new Distinct()];
  const lengths: number[] = [];
  let words = '';
  for (let at = 0; at < text.length;) {
    const event = text.slice(at, endOfEvent(text, at));
    const [from, to] = lastString(event);
    heads.add(event.slice(0, from));
    tails.add(event.slice(to));
    lengths.push(to - from);
    words += event.slice(from, to);
    at += event.length;
    if (lengths.length * leastEventBytes > at + leastBytes) return null;
  }
  const wrapping = heads.text() + tails.text();
  const numbers = encodeVarints([
    lengths.length,
    ...heads.lengths(),
    ...tails.lengths(),
    ...heads.places,
    ...tails.places,
    ...lengths,
  ]);
  const head = Buffer.allocUnsafe(lengthBytes);
  head.writeUInt32LE(numbers.byteLength);
  const split = Buffer.concat([head, numbers, Buffer.from(wrapping + words, 'latin1')]);
  return split.byteLength * 2 < stream.byteLength ? split : null;
}

/** The stream again. @throws for what `splitEvents` did not make of so many bytes */
export function joinEvents(split: Buffer, streamBytes: number): Buffer {
  const numbersEnd = lengthBytes + split.readUInt32LE(0);
  const numbers = decodeVarints(split.subarray(lengthBytes, numbersEnd));
  const text = split.toString('latin1', numbersEnd);
  let [next, at] = [0, 0];
  const take = (count: number): number[] => numbers.slice(next, (next += count));
  const cut = (length: number): string => text.slice(at, (at += length));
  const events = numbers[next++] ?? 0;
  const heads = take(numbers[next++] ?? 0);
  const tails = take(numbers[next++] ?? 0);
  const [headPlaces, tailPlaces, lengths] = [take(events), take(events), take(events)];
  const sum = lengths.reduce(
    (bytes, length, event) =>
      bytes + length + (heads[headPlaces[event] ?? -1] ?? NaN) + (tails[tailPlaces[event] ?? -1] ?? NaN),
    0,
  );
  // Before anything is unfolded: a damaged pack must not ask for more memory than the body has bytes.
  if (sum !== streamBytes || lengths.length !== events)
    throw new Error('events that do not make their stream');
  const [headTexts, tailTexts] = [heads.map(cut), tails.map(cut)];
  let stream = '';
  for (const [event, length] of lengths.entries()) {
    stream += `${headTexts[headPlaces[event] ?? 0]}${cut(length)}${tailTexts[tailPlaces[event] ?? 0]}`;
  }
  return Buffer.from(stream, 'latin1');
}

/** Texts by the order in which they first came. */
class Distinct {
  /** Of each text that came, where it stands among the distinct ones. */
  readonly places: number[] = [];
  readonly #known = new Map<string, number>();
  #last = '';
  #lastPlace = -1;

  add(text: string): void {
    // Most are as the one before, which is quicker to see than to look up.
    if (this.#lastPlace < 0 || text !== this.#last) {
      this.#lastPlace = this.#known.get(text) ?? this.#known.size;
      if (this.#lastPlace === this.#known.size) this.#known.set(text, this.#lastPlace);
      this.#last = text;
    }
    this.places.push(this.#lastPlace);
  }

  text(): string {
    return [...this.#known.keys()].join('');
  }

  /** How many there are, and the length of each. */
  lengths(): number[] {
    return [this.#known.size, ...[...this.#known.keys()].map((text) => text.length)];
  }
}

function endOfEvent(text: string, at: number): number {
  const blank = text.indexOf('\n\n', at);
  return blank === -1 ? text.length : blank + 2;
}

/** Where in an event its last string begins and ends, without its quotes; nothing at its end where there is none. */
function lastString(event: string): [number, number] {
  const close = event.lastIndexOf('"');
  if (close <= 0) return [event.length, event.length];
  let open = event.lastIndexOf('"', close - 1);
  while (open > 0 && isEscaped(event, open)) open = event.lastIndexOf('"', open - 1);
  return open < 0 ? [event.length, event.length] : [open + 1, close];
}

function isEscaped(text: string, at: number): boolean {
  let slashes = 0;
  while (text[at - 1 - slashes] === '\\') slashes += 1;
  return slashes % 2 === 1;
}
