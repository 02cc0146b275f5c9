/**
 * The one kind of request that needs no parser: a whole head at once, of a message whose length is known, without anything that two readers could
 * understand differently. Everything else is left to Node's.
 */
import { EventEmitter } from 'node:events';
import type { Socket } from 'node:net';
import type { RawHeaders } from '../exchange.ts';
import { END_OF_HEAD, isFitHead, LENGTH, readFields } from './head-lines.ts';
import type { ClientRequest } from './sides.ts';
import { isMessagesCall, splitTarget } from './target.ts';

export interface PlainHead {
  readonly target: string;
  readonly rawHeaders: RawHeaders;
  /** Of the body. */
  readonly lengthBytes: number;
  /** The connection may carry another request afterwards. */
  readonly mayPersist: boolean;
  /** Of the head itself, with its empty line. */
  readonly headBytes: number;
}

const METHOD = Buffer.from('POST /');
const REQUEST_LINE = /^POST (\/[!"$-~]*) HTTP\/1\.1$/;
/** What asks for more than to be handed on. */
const NOT_PLAIN: ReadonlySet<string> = new Set(['transfer-encoding', 'expect', 'upgrade', 'trailer']);
/** Far below the number at which Node begins to drop some. */
const FIELDS_LIMIT = 200;

/** Reads the head with which `bytes` begin; null when it is not plain. `maxHeadBytes`: of the whole head. */
export function readPlainHead(bytes: Buffer, maxHeadBytes: number): PlainHead | null {
  if (bytes.compare(METHOD, 0, METHOD.byteLength, 0, Math.min(METHOD.byteLength, bytes.byteLength)) !== 0)
    return null;
  const end = bytes.indexOf(END_OF_HEAD, 0, 'latin1');
  if (end === -1 || end + END_OF_HEAD.length >= maxHeadBytes) return null;
  const head = bytes.toString('latin1', 0, end);
  const lineEnd = head.indexOf('\r\n');
  const target = lineEnd === -1 ? undefined : REQUEST_LINE.exec(head.slice(0, lineEnd))?.[1];
  if (target === undefined || !isMessagesCall('POST', splitTarget(target).path) || !isFitHead(head))
    return null;
  const plain = plainFields(head, lineEnd + 2);
  return plain && { ...plain, target, headBytes: end + END_OF_HEAD.length };
}

function plainFields(
  head: string,
  from: number,
): Pick<PlainHead, 'rawHeaders' | 'lengthBytes' | 'mayPersist'> | null {
  const rawHeaders: string[] = [];
  const lengths: string[] = [];
  const connections: string[] = [];
  let hosts = 0;
  let isPlain = true;
  const isRead = readFields(head, from, (name, lowerName, value) => {
    rawHeaders.push(name, value);
    if (lowerName === 'host') hosts += 1;
    else if (lowerName === 'content-length') lengths.push(value);
    else if (lowerName === 'connection') connections.push(value.toLowerCase());
    else if (NOT_PLAIN.has(lowerName)) isPlain = false;
  });
  const [length = '', ...moreLengths] = lengths;
  const [connection = 'keep-alive', ...moreConnections] = connections;
  const isAlone = hosts === 1 && moreLengths.length + moreConnections.length === 0;
  const isKnown = LENGTH.test(length) && (connection === 'keep-alive' || connection === 'close');
  if (!isRead || !isPlain || !isAlone || !isKnown || rawHeaders.length > 2 * FIELDS_LIMIT) return null;
  return { rawHeaders, lengthBytes: Number(length), mayPersist: connection === 'keep-alive' };
}

/** A request with such a head. Begins paused; `resume` hands on what has come at once. */
export class PlainRequest extends EventEmitter implements ClientRequest {
  readonly method = 'POST';
  readonly httpVersion = '1.1';
  readonly rawTrailers: string[] = [];
  readonly errored = null;
  readonly url: string;
  readonly rawHeaders: string[];
  readonly socket: Socket;
  complete = false;
  #leftBytes: number;
  #waiting: Buffer | null = null;
  #isFlowing = false;

  constructor(head: PlainHead, socket: Socket) {
    super();
    this.url = head.target;
    this.rawHeaders = [...head.rawHeaders];
    this.socket = socket;
    this.#leftBytes = head.lengthBytes;
  }

  /** Takes the part of `chunk` that belongs to the body; returns what follows it, null for nothing. */
  take(chunk: Buffer): Buffer | null {
    const part = chunk.byteLength <= this.#leftBytes ? chunk : chunk.subarray(0, this.#leftBytes);
    this.#leftBytes -= part.byteLength;
    if (this.#isFlowing) this.#hand(part);
    else this.#waiting = this.#waiting === null ? part : Buffer.concat([this.#waiting, part]);
    return part === chunk ? null : chunk.subarray(part.byteLength);
  }

  pause(): void {
    if (this.complete) return;
    this.#isFlowing = false;
    this.socket.pause();
  }

  resume(): void {
    if (this.#isFlowing || this.complete) return;
    this.#isFlowing = true;
    const waiting = this.#waiting;
    this.#waiting = null;
    if (waiting !== null) this.#hand(waiting);
    else if (this.#leftBytes === 0) this.#finish();
    // Also when the body is whole: what else comes, or that nothing more will, is the connection's to see.
    if (this.#isFlowing) this.socket.resume();
  }

  #hand(part: Buffer): void {
    if (part.byteLength > 0) this.emit('data', part);
    if (this.#leftBytes > 0) return;
    if (this.#isFlowing) this.#finish();
    // Paused by who took the last part: the end is told when it goes on.
  }

  #finish(): void {
    this.complete = true;
    this.emit('end');
    this.emit('close');
  }
}
