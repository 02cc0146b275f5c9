/**
 * A client that closes its sending side may be gone or may only have said that it sends no more: both look the same (FIN). The difference shows when
 * something is written: a socket that is closed answers with a reset. So the next bytes that the client is to get anyway are sent a little earlier:
 * before the head these are the letters of `HTTP/1.1 `, with which every answer begins; between chunks it is a zero in front of the next chunk's
 * size, which changes nothing in it. A client that waits gets exactly the bytes of its answer (docs/decisions/012-half-close.md).
 */
import { Socket } from 'node:net';
import type { ClientResponse } from './sides.ts';
import { flushHead } from './wire-head.ts';

const BEGINNING = 'HTTP/1.1 ';
/** The reset comes with the answer to the first probe and is seen at the next; how long that takes depends on the distance. */
const PROBE_AFTER_MS = [0, 30, 300, 2000];
/** How long a slow reader of a broken answer may take for what had arrived before the break. */
const FLUSH_LIMIT_MS = 30_000;

export class LeavingClient {
  readonly #socket: Socket;
  readonly #res: ClientResponse;
  readonly #onFin = () => this.#probe(0);
  #timer: NodeJS.Timeout | null = null;
  #lettersSent = 0;
  #isHeadWritten = false;
  #isStopped = false;

  constructor(socket: Socket, res: ClientResponse) {
    this.#socket = socket;
    this.#res = res;
    // A pipelined request's response has no socket before its turn, and cannot be written to before either.
    if (res.socket === null) res.once('socket', () => this.#listen());
    else this.#listen();
  }

  /** From now on what is written belongs to the answer's body. */
  headWritten(): void {
    this.#isHeadWritten = true;
  }

  /** The call is over. */
  stop(): void {
    this.#isStopped = true;
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#socket.removeListener('end', this.#onFin);
  }

  #listen(): void {
    if (this.#isStopped) return;
    if (this.#socket.readableEnded) this.#probe(0);
    else this.#socket.once('end', this.#onFin);
  }

  #probe(attempt: number): void {
    const delayMs = PROBE_AFTER_MS[attempt];
    if (delayMs === undefined || this.#isStopped) return;
    this.#timer = setTimeout(() => {
      this.#sendProbe();
      this.#probe(attempt + 1);
    }, delayMs);
    this.#timer.unref();
  }

  #sendProbe(): void {
    const socket = this.#socket;
    // Bytes that wait to be written are a probe themselves.
    if (this.#res.socket !== socket || socket.destroyed || socket.writableLength > 0) return;
    if (this.#isHeadWritten) {
      if (this.#res.chunkedEncoding) socket.write('0');
      return;
    }
    const letter = BEGINNING[this.#lettersSent];
    if (letter === undefined) return;
    // `write` of the prototype: the socket's own one may already be the shortened one.
    Socket.prototype.write.call(socket, letter);
    if (this.#lettersSent === 0) this.#shortenNextWrite();
    this.#lettersSent += 1;
  }

  /** The letters that went ahead are missing from the next thing written, which begins with them. */
  #shortenNextWrite(): void {
    const socket = this.#socket;
    socket.write = (data: Uint8Array | string, ...rest: never[]): boolean => {
      Reflect.deleteProperty(socket, 'write');
      const sent = this.#lettersSent;
      this.#lettersSent = 0;
      return socket.write(data.slice(sent), ...rest);
    };
  }
}

/**
 * Breaks the connection to a client so that it cannot take its answer for a whole one, after what had come for it has been written.
 * `endIsEnd`: the client was told that the answer ends with the connection, so that only a reset says that it does not.
 */
export function breakConnection(res: ClientResponse, endIsEnd: boolean): void {
  const socket = res.socket;
  if (socket === null || socket.destroyed) {
    res.destroy();
    return;
  }
  flushHead(res);
  // `cork` may hold what was written in this turn.
  while (socket.writableCorked > 0) socket.uncork();
  if (!endIsEnd) socket.destroySoon();
  else if (socket.writableLength > 0) socket.once('drain', () => socket.resetAndDestroy());
  else socket.resetAndDestroy();
  setTimeout(() => socket.destroy(), FLUSH_LIMIT_MS).unref();
}
