/** Reads HTTP/1.1 messages off a connection with as little work as possible, so that the bench measures the proxy and not itself. */

export interface MessageEvents {
  /** Start line and header lines, without the empty line. */
  head(text: string): void;
  body(bytes: Buffer): void;
  end(): void;
}

const headEnd = Buffer.from('\r\n\r\n');
const none = Buffer.alloc(0);

type Phase = 'head' | 'length' | 'chunk-size' | 'chunk' | 'chunk-end' | 'trailers';

/** For well-formed messages of a length or in chunks, one after the other; not for what ends with its connection. */
export class MessageReader {
  readonly #events: MessageEvents;
  #phase: Phase = 'head';
  #rest: Buffer = none;
  #leftBytes = 0;

  constructor(events: MessageEvents) {
    this.#events = events;
  }

  feed(chunk: Buffer): void {
    let data = this.#rest.byteLength === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    this.#rest = none;
    while (data.byteLength > 0) {
      const usedBytes = this.#step(data);
      if (usedBytes === 0) {
        this.#rest = data;
        return;
      }
      data = data.subarray(usedBytes);
    }
  }

  /** Takes what it can from the beginning; 0: needs more. */
  #step(data: Buffer): number {
    switch (this.#phase) {
      case 'head':
        return this.#readHead(data);
      case 'length':
      case 'chunk': {
        const bytes = data.byteLength <= this.#leftBytes ? data : data.subarray(0, this.#leftBytes);
        this.#leftBytes -= bytes.byteLength;
        this.#events.body(bytes);
        if (this.#leftBytes === 0) {
          if (this.#phase === 'length') this.#finish();
          else this.#phase = 'chunk-end';
        }
        return bytes.byteLength;
      }
      case 'chunk-size': {
        const at = data.indexOf('\r\n');
        if (at === -1) return 0;
        this.#leftBytes = Number.parseInt(data.toString('latin1', 0, at), 16);
        this.#phase = this.#leftBytes === 0 ? 'trailers' : 'chunk';
        return at + 2;
      }
      case 'chunk-end':
        if (data.byteLength < 2) return 0;
        this.#phase = 'chunk-size';
        return 2;
      case 'trailers': {
        const at = data.indexOf('\r\n');
        if (at === -1) return 0;
        if (at === 0) this.#finish();
        return at + 2;
      }
      default:
        return this.#phase satisfies never;
    }
  }

  #readHead(data: Buffer): number {
    const at = data.indexOf(headEnd);
    if (at === -1) return 0;
    const text = data.toString('latin1', 0, at);
    this.#leftBytes = Number(headerOf(text, 'content-length') ?? 0);
    const isChunked = headerOf(text, 'transfer-encoding') !== null;
    this.#phase = isChunked ? 'chunk-size' : 'length';
    this.#events.head(text);
    if (!isChunked && this.#leftBytes === 0) this.#finish();
    return at + headEnd.byteLength;
  }

  #finish(): void {
    this.#phase = 'head';
    this.#events.end();
  }
}

const patterns = new Map<string, RegExp>();

/** The first line of that name in a head; null when there is none. */
export function headerOf(head: string, name: string): string | null {
  let pattern = patterns.get(name);
  if (pattern === undefined) patterns.set(name, (pattern = new RegExp(`\\r\\n${name}: *([^\\r]*)`, 'i')));
  return pattern.exec(head)?.[1] ?? null;
}
