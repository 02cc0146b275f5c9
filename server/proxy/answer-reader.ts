/**
 * Reads one answer from the bytes of a connection (RFC 9112): interim heads, the head, the body with its framing removed, trailers. What two readers
 * could understand differently is a `ProtocolError`, never a guess.
 */
import type { RawHeaders } from '../exchange.ts';
import { HeadOverflow, ProtocolError } from './failure.ts';
import type { Framing } from './failure.ts';
import { END_OF_HEAD, isFitHead, LENGTH, readFields } from './head-lines.ts';
import { assertAnswer, framingOf } from './wire-head.ts';

/** The lines of a head as they were read, and the few fields that decide how it goes on, lower case; a repeated one with `, ` between. */
export interface ReadHead {
  readonly statusCode: number;
  readonly statusMessage: string;
  readonly rawHeaders: RawHeaders;
  readonly headers: Readonly<Partial<Record<DecidingField, string>>>;
  /** The connection may carry another call when the answer's end has been read. */
  readonly mayPersist: boolean;
}

export interface AnswerListener {
  interim(head: ReadHead): void;
  head(head: ReadHead): void;
  data(bytes: Buffer): void;
  /** The answer is whole. */
  end(trailers: RawHeaders): void;
}

export type DecidingField =
  | 'connection'
  | 'content-encoding'
  | 'content-length'
  | 'content-type'
  | 'keep-alive'
  | 'transfer-encoding';

const DECIDING: ReadonlySet<string> = new Set<DecidingField>([
  'connection',
  'content-encoding',
  'content-length',
  'content-type',
  'keep-alive',
  'transfer-encoding',
]);

const STATUS_LINE = /^HTTP\/1\.([01]) ([0-9]{3})(?: (.*))?$/;
const VERSION = 'HTTP/1.';
/** A chunk's size, perhaps with extensions, which mean nothing to us. */
const CHUNK_LINE =
  /^([0-9A-Fa-f]{1,12})(?:;[!#$%&'*+\-.^_`|~0-9A-Za-z]+(?:=(?:[!#$%&'*+\-.^_`|~0-9A-Za-z]+|"[^"\\\r\n]*"))?)*$/;
const CHUNK_LINE_LIMIT_BYTES = 16 * 1024;
const NOTHING = Buffer.alloc(0);

type State = 'head' | 'length' | 'close' | 'chunk-size' | 'chunk' | 'chunk-end' | 'trailers' | 'done';

export class AnswerReader {
  readonly #listener: AnswerListener;
  readonly #maxHeadBytes: number;
  #state: State = 'head';
  /** What has come and could not be read yet. */
  #rest: Buffer | null = null;
  /** How much of what is read now had come, and been looked at, before. */
  #knownBytes = 0;
  /** Bytes of the body, or of the chunk, that are still to come. */
  #leftBytes = 0;
  #isPaused = false;
  #mayPersist = false;

  constructor(listener: AnswerListener, maxHeadBytes: number) {
    this.#listener = listener;
    this.#maxHeadBytes = maxHeadBytes;
  }

  get isDone(): boolean {
    return this.#state === 'done';
  }

  /** The whole answer has been read, nothing came behind it, and the connection may carry another call. */
  get leavesConnection(): boolean {
    return this.isDone && this.#mayPersist && this.#rest === null;
  }

  /** Nothing was read, not even a part of a head. */
  get isUntouched(): boolean {
    return this.#state === 'head' && this.#rest === null;
  }

  /** Takes the next bytes of the connection. Throws `ProtocolError` and `HeadOverflow`. */
  read(chunk: Buffer): void {
    const rest = this.#rest;
    const bytes = rest === null ? chunk : Buffer.concat([rest, chunk]);
    this.#rest = null;
    this.#knownBytes = rest?.byteLength ?? 0;
    let at = 0;
    while (at < bytes.byteLength && !this.#isPaused && this.#state !== 'done') {
      const next = this.#step(bytes, at);
      if (next === at) break;
      at = next;
    }
    if (at < bytes.byteLength) this.#rest = bytes.subarray(at);
    if (this.#state === 'length' && this.#leftBytes === 0 && !this.#isPaused) this.#end([]);
  }

  /** Reads no further than the listener has been told; `resume` goes on with what had come. */
  pause(): void {
    this.#isPaused = true;
  }

  /** Throws as `read` does. */
  resume(): void {
    if (!this.#isPaused) return;
    this.#isPaused = false;
    this.read(NOTHING);
  }

  /** The upstream sends no more. Returns whether that made, or found, the answer whole. */
  finish(): boolean {
    if (this.#state === 'close') this.#end([]);
    return this.isDone;
  }

  /** Reads one part from `at` on; returns where it ends, `at` when more bytes are needed. */
  #step(bytes: Buffer, at: number): number {
    switch (this.#state) {
      case 'head':
        return this.#readHead(bytes, at);
      case 'chunk-size':
        return this.#readChunkSize(bytes, at);
      case 'chunk-end':
        return this.#readChunkEnd(bytes, at);
      case 'trailers':
        return this.#readTrailers(bytes, at);
      case 'close':
        this.#listener.data(at === 0 ? bytes : bytes.subarray(at));
        return bytes.byteLength;
      default:
        return this.#readBody(bytes, at);
    }
  }

  #readHead(bytes: Buffer, at: number): number {
    const end = this.#endOfHead(bytes, at);
    if (end === -1) return at;
    const head = parseHead(bytes.toString('latin1', at, end));
    const { statusCode } = head;
    if (statusCode >= 100 && statusCode < 200 && statusCode !== 101) {
      if (head.headers['content-length'] !== undefined || head.headers['transfer-encoding'] !== undefined)
        throw new ProtocolError('an interim answer with a body');
      this.#listener.interim(head);
      return end + END_OF_HEAD.length;
    }
    this.#mayPersist = head.mayPersist;
    assertAnswer(head);
    this.#enterBody(head, framingOf(head));
    this.#listener.head(head);
    return end + END_OF_HEAD.length;
  }

  #enterBody({ statusCode, headers }: ReadHead, framing: Framing): void {
    const length = headers['content-length'];
    if (framing === 'length' && !LENGTH.test(length ?? '')) throw new ProtocolError('a length that is none');
    const hasBody = statusCode !== 204 && statusCode !== 304;
    if (!hasBody || framing === 'length') {
      this.#state = 'length';
      this.#leftBytes = hasBody ? Number(length) : 0;
    } else {
      this.#state = framing === 'chunked' ? 'chunk-size' : 'close';
      if (framing === 'close') this.#mayPersist = false;
    }
  }

  #readBody(bytes: Buffer, at: number): number {
    const end = Math.min(bytes.byteLength, at + this.#leftBytes);
    this.#leftBytes -= end - at;
    // Before the listener hears it: it may pause, and what follows is then read later.
    if (this.#leftBytes === 0 && this.#state === 'chunk') this.#state = 'chunk-end';
    this.#listener.data(at === 0 && end === bytes.byteLength ? bytes : bytes.subarray(at, end));
    return end;
  }

  #readChunkSize(bytes: Buffer, at: number): number {
    const end = bytes.indexOf('\r\n', at, 'latin1');
    if (end === -1 ? bytes.byteLength - at > CHUNK_LINE_LIMIT_BYTES : end - at > CHUNK_LINE_LIMIT_BYTES)
      throw new ProtocolError('a chunk without a size');
    if (end === -1) return at;
    const size = CHUNK_LINE.exec(bytes.toString('latin1', at, end))?.[1];
    if (size === undefined) throw new ProtocolError('a chunk without a size');
    this.#leftBytes = Number.parseInt(size, 16);
    this.#state = this.#leftBytes === 0 ? 'trailers' : 'chunk';
    return end + 2;
  }

  #readChunkEnd(bytes: Buffer, at: number): number {
    if (bytes[at] !== 0x0d || (bytes.byteLength > at + 1 && bytes[at + 1] !== 0x0a))
      throw new ProtocolError('a chunk longer than its size');
    if (bytes.byteLength < at + 2) return at;
    this.#state = 'chunk-size';
    return at + 2;
  }

  #readTrailers(bytes: Buffer, at: number): number {
    if (bytes[at] === 0x0d && bytes[at + 1] === 0x0a) {
      this.#end([]);
      return at + 2;
    }
    const end = this.#endOfHead(bytes, at);
    if (end === -1) return at;
    const trailers: string[] = [];
    const lines = bytes.toString('latin1', at, end);
    if (!isFitHead(lines) || !readFields(lines, 0, (name, _lower, value) => trailers.push(name, value)))
      throw new ProtocolError('unfit trailers');
    this.#end(trailers);
    return end + END_OF_HEAD.length;
  }

  #endOfHead(bytes: Buffer, at: number): number {
    const end = bytes.indexOf(END_OF_HEAD, at, 'latin1');
    if ((end === -1 ? bytes.byteLength : end) - at > this.#maxHeadBytes) throw new HeadOverflow();
    if (end === -1) this.#assertBeginning(bytes, at);
    return end;
  }

  /** What will never be a head is not waited for. */
  #assertBeginning(bytes: Buffer, at: number): void {
    const beginning = bytes.toString('latin1', at, at + VERSION.length);
    const isVersion = this.#state !== 'head' || VERSION.startsWith(beginning);
    const latest = bytes.toString('latin1', Math.max(at, this.#knownBytes - 1));
    // The last line end may be on its way.
    if (!isVersion || !isFitHead(latest.endsWith('\r') ? `${latest}\n` : latest))
      throw new ProtocolError('not a head of HTTP/1.1');
  }

  #end(trailers: RawHeaders): void {
    this.#state = 'done';
    this.#listener.end(trailers);
  }
}

/** A head without its empty line. */
function parseHead(head: string): ReadHead {
  const lineEnd = head.indexOf('\r\n');
  const line = STATUS_LINE.exec(lineEnd === -1 ? head : head.slice(0, lineEnd));
  if (line === null || !isFitHead(head)) throw new ProtocolError('not a head of HTTP/1.1');
  const rawHeaders: string[] = [];
  const headers: Partial<Record<string, string>> = {};
  const isRead = readFields(head, lineEnd === -1 ? head.length : lineEnd + 2, (name, lowerName, value) => {
    rawHeaders.push(name, value);
    if (!DECIDING.has(lowerName)) return;
    const before = headers[lowerName];
    headers[lowerName] = before === undefined ? value : `${before}, ${value}`;
  });
  if (!isRead) throw new ProtocolError('a line of the head that is no field');
  const connection = headers['connection']?.toLowerCase() ?? '';
  return {
    statusCode: Number(line[2]),
    statusMessage: line[3] ?? '',
    rawHeaders,
    headers,
    mayPersist: line[1] === '1' ? !/\bclose\b/.test(connection) : /\bkeep-alive\b/.test(connection),
  };
}
