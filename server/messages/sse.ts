/**
 * Server-sent events of a recorded stream: lines and fields by eventsource-parser, around it what a recording needs besides
 * the data: when an event arrived, how large it was, and the last one even when the stream stopped before its blank line.
 */
import { createParser } from 'eventsource-parser';
import type { EventSourceParser } from 'eventsource-parser';
import type { TimedChunk } from './chunks.ts';

/** One event of a decoded stream. */
export interface SseEvent {
  /** Position in the stream, from 0. */
  readonly index: number;
  /** Arrival of the event's last byte, microseconds from the start of the call. */
  readonly atUs: number;
  /** The `event:` name; null without one. */
  readonly event: string | null;
  /** The `data:` lines, joined with LF; empty for an event that has only a name. */
  readonly data: string;
  /** Bytes of the event with its field names and its blank line (comments before it included). */
  readonly bytes: number;
  /** The stream ended before the event's blank line. */
  readonly atEof: boolean;
}

const lineFeed = 10;
const carriageReturn = 13;
/** The end of an event: two line ends of any kind, where CR LF is one. */
const blankLine = /\r\n(?:\r\n?|\n)|\n(?:\r\n?|\n)|\r(?:\r\n?)/g;

/** An `event` line; its last one names the event, an empty one takes the name away. */
const nameLine = /(?:^|[\r\n])event(?:: ?([^\r\n]*)|(?=[\r\n]|$))/g;

/** Every event of a stream, in order; stops reading after `limit` events. */
export function readEvents(chunks: Iterable<TimedChunk>, limit = Number.POSITIVE_INFINITY): SseEvent[] {
  const events: SseEvent[] = [];
  if (limit <= 0) return events;
  for (const event of eachEvent(chunks)) {
    events.push(event);
    if (events.length >= limit) break;
  }
  return events;
}

/** The events one at a time, so that a stream need not be held twice. */
export function* eachEvent(chunks: Iterable<TimedChunk>): Generator<SseEvent, void> {
  const lines = new WholeLines();
  const framing = new Framing();
  let lastUs = 0;
  for (const chunk of chunks) {
    lastUs = chunk.atUs;
    const whole = lines.take(chunk.bytes);
    if (whole !== null) yield* framing.read(whole, lastUs);
  }
  yield* framing.end(lines.rest(), lastUs);
}

/**
 * Cuts the stream behind its last complete line. No UTF-8 sequence crosses a line end, so every cut can be decoded on its
 * own; a CR that is the last byte waits, because LF may follow. Pieces of a long line are joined once, not once each.
 */
class WholeLines {
  #held: Uint8Array[] = [];

  take(bytes: Uint8Array): Uint8Array | null {
    // As most arrive.
    if (this.#held.length === 0 && bytes.at(-1) === lineFeed) return bytes;
    const heldCr = this.#held.at(-1)?.at(-1) === carriageReturn;
    const end = afterLastLine(bytes);
    // The held CR is a line end by itself as soon as anything follows.
    if (end === 0 && !(heldCr && bytes.byteLength > 0)) {
      if (bytes.byteLength > 0) this.#held.push(bytes);
      return null;
    }
    const whole =
      this.#held.length === 0 ? bytes.subarray(0, end) : concat(this.#held, bytes.subarray(0, end));
    this.#held = end === bytes.byteLength ? [] : [bytes.subarray(end)];
    return whole;
  }

  rest(): Uint8Array {
    return concat(this.#held, new Uint8Array());
  }
}

function afterLastLine(bytes: Uint8Array): number {
  return Math.max(bytes.lastIndexOf(lineFeed), bytes.lastIndexOf(carriageReturn, -2)) + 1;
}

function concat(parts: readonly Uint8Array[], last: Uint8Array): Uint8Array {
  return Buffer.concat([...parts, last]);
}

/** Whole lines in, events out. Always stands at the start of a line. */
class Framing {
  readonly #parser: EventSourceParser;
  #parsed: { event: string | null; data: string } | null = null;
  /** Name of an event that had no data so far: the parser keeps that to itself. */
  #name: string | null = null;
  #index = 0;
  #bytes = 0;
  #isFirst = true;

  constructor() {
    this.#parser = createParser({
      onEvent: (message) => {
        this.#parsed = { event: message.event ?? null, data: message.data };
      },
    });
  }

  read(bytes: Uint8Array, atUs: number): SseEvent[] {
    const events: SseEvent[] = [];
    const text = this.#decode(bytes);
    const isAscii = text.length === bytes.byteLength;
    const hasCr = text.includes('\r');
    for (let from = 0; from < text.length;) {
      const end = hasCr ? endOfEvent(text, from) : endOfLfEvent(text, from);
      const plain = hasCr || end === -1 || this.#bytes > 0 ? null : plainEvent(text, from, end);
      if (plain !== null) {
        const bytes = isAscii ? end - from : Buffer.byteLength(text.slice(from, end));
        events.push({ index: this.#index++, atUs, ...plain, bytes, atEof: false });
        from = end;
        continue;
      }
      const piece = text.slice(from, end === -1 ? text.length : end);
      this.#bytes += isAscii ? piece.length : Buffer.byteLength(piece);
      this.#feed(piece);
      if (end === -1) break;
      this.#dispatch(events, atUs, false);
      from = end;
    }
    return events;
  }

  end(rest: Uint8Array, atUs: number): SseEvent[] {
    const events = this.read(rest, atUs);
    this.#parser.feed('\n\n');
    this.#dispatch(events, atUs, true);
    return events;
  }

  #decode(bytes: Uint8Array): string {
    const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8');
    const hasMark = this.#isFirst && text.startsWith('\u{feff}');
    if (bytes.byteLength > 0) this.#isFirst = false;
    return hasMark ? text.slice(1) : text;
  }

  #feed(piece: string): void {
    // The parser takes a last CR for half a line end; only whole lines come in here, so it is one.
    this.#parser.feed(piece.endsWith('\r') ? `${piece}\n` : piece);
    if (this.#parsed !== null) return;
    for (const [, name] of piece.matchAll(nameLine))
      this.#name = name === undefined || name === '' ? null : name;
  }

  #dispatch(events: SseEvent[], atUs: number, atEof: boolean): void {
    const { event, data } = this.#parsed ?? { event: this.#name, data: '' };
    if (this.#parsed !== null || event !== null) {
      events.push({ index: this.#index++, atUs, event, data, bytes: this.#bytes, atEof });
    }
    this.#parsed = null;
    this.#name = null;
    this.#bytes = 0;
  }
}

/**
 * An event of one `event: NAME` line and one `data: TEXT` line, as the API sends nearly all of them: read without the parser,
 * which takes as long for it as parsing its JSON does. Null for whatever else stands there.
 */
function plainEvent(text: string, from: number, end: number): { event: string; data: string } | null {
  if (!text.startsWith('event: ', from)) return null;
  const nameEnd = text.indexOf('\n', from);
  if (nameEnd === from + 7 || !text.startsWith('data: ', nameEnd + 1)) return null;
  if (text.indexOf('\n', nameEnd + 7) !== end - 2) return null;
  return { event: text.slice(from + 7, nameEnd), data: text.slice(nameEnd + 7, end - 2) };
}

/** Where the event that begins at the line start `from` ends, behind its blank line; -1 when it does not. */
function endOfLfEvent(text: string, from: number): number {
  if (text.charCodeAt(from) === lineFeed) return from + 1;
  const at = text.indexOf('\n\n', from);
  return at === -1 ? -1 : at + 2;
}

function endOfEvent(text: string, from: number): number {
  if (text.startsWith('\r\n', from)) return from + 2;
  const first = text.charCodeAt(from);
  if (first === lineFeed || first === carriageReturn) return from + 1;
  blankLine.lastIndex = from;
  const match = blankLine.exec(text);
  return match === null ? -1 : match.index + match[0].length;
}
