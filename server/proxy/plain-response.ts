/**
 * The response to a plain request, written to the connection as the call says it: head as one text, body with a length or in chunks.
 */
import { EventEmitter } from 'node:events';
import { STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import type { PlainRequest } from './plain-request.ts';
import type { ClientResponse } from './sides.ts';

/** Up to here parts go out as one piece, which costs less than several. */
const JOINED_LIMIT_BYTES = 16 * 1024;
const LINE_END = Buffer.from('\r\n');

export class PlainResponse extends EventEmitter implements ClientResponse {
  readonly req: PlainRequest;
  /** Null when the response is over. */
  socket: Socket | null;
  shouldKeepAlive: boolean;
  sendDate = true;
  chunkedEncoding = false;
  headersSent = false;
  writableEnded = false;
  destroyed = false;
  /** Until the first bytes of the body take it along. */
  #head = '';
  #hasBody = true;
  #trailers = '';

  constructor(req: PlainRequest, mayPersist: boolean) {
    super();
    this.req = req;
    this.socket = req.socket;
    this.shouldKeepAlive = mayPersist;
  }

  /** Nobody sets headers before `writeHead`. */
  getHeaderNames(): string[] {
    return [];
  }

  removeHeader(): void {}

  /** Plain requests expect nothing. */
  writeContinue(): void {}

  writeHead(status: number, statusMessage: string | string[], headers?: string[]): void {
    const [message, flat] =
      typeof statusMessage === 'string'
        ? [statusMessage, headers ?? []]
        : [STATUS_CODES[status] ?? '', statusMessage];
    let head = `HTTP/1.1 ${status} ${message}\r\n`;
    let hasLength = false;
    for (let i = 0; i < flat.length; i += 2) {
      const name = flat[i] ?? '';
      hasLength ||= name.length === 14 && name.toLowerCase() === 'content-length';
      head += `${name}: ${flat[i + 1]}\r\n`;
    }
    this.#hasBody = status !== 204 && status !== 304;
    this.chunkedEncoding = this.#hasBody && !hasLength;
    if (this.sendDate) head += `Date: ${new Date().toUTCString()}\r\n`;
    // Persistence is the default of HTTP/1.1: only its end needs a line.
    if (!this.shouldKeepAlive) head += 'Connection: close\r\n';
    if (this.chunkedEncoding) head += 'Transfer-Encoding: chunked\r\n';
    this.#head = `${head}\r\n`;
    this.headersSent = true;
  }

  write(chunk: Buffer): boolean {
    const { byteLength } = chunk;
    if (byteLength === 0 || !this.#hasBody) return this.#send([]);
    if (!this.chunkedEncoding) return this.#send([chunk]);
    return this.#send([Buffer.from(`${byteLength.toString(16)}\r\n`, 'latin1'), chunk, LINE_END]);
  }

  addTrailers(pairs: [string, string][]): void {
    for (const [name, value] of pairs) this.#trailers += `${name}: ${value}\r\n`;
  }

  end(body?: Buffer | string): void {
    if (this.writableEnded || this.socket === null) return;
    if (body !== undefined) this.write(typeof body === 'string' ? Buffer.from(body) : body);
    this.#send(this.chunkedEncoding ? [Buffer.from(`0\r\n${this.#trailers}\r\n`, 'latin1')] : []);
    this.writableEnded = true;
    this.socket = null;
    this.emit('finish');
  }

  destroy(): void {
    this.socket?.destroy();
  }

  /** The connection is gone. */
  closed(): void {
    this.destroyed = true;
    this.emit('close');
  }

  #send(parts: readonly Buffer[]): boolean {
    const { socket } = this;
    if (socket === null || socket.destroyed) return true;
    const head = this.#head;
    this.#head = '';
    if (head === '' && parts.length === 0) return true;
    // What one turn of the event loop writes goes out together.
    if (socket.writableCorked === 0) {
      socket.cork();
      process.nextTick(() => socket.uncork());
    }
    const bodyBytes = parts.reduce((sum, { byteLength }) => sum + byteLength, 0);
    if (bodyBytes <= JOINED_LIMIT_BYTES) return socket.write(joined(head, parts, bodyBytes));
    let hasRoom = head === '' || socket.write(head, 'latin1');
    for (const part of parts) hasRoom = socket.write(part);
    return hasRoom;
  }
}

function joined(head: string, parts: readonly Buffer[], bodyBytes: number): Buffer {
  const all = Buffer.allocUnsafe(head.length + bodyBytes);
  let at = head === '' ? 0 : all.write(head, 'latin1');
  for (const part of parts) {
    all.set(part, at);
    at += part.byteLength;
  }
  return all;
}
