/**
 * The connections of clients. As long as plain requests come on one (`plain-request.ts`), they are read here; at the first other one the connection is
 * Node's for the rest of its life.
 */
import type { Socket } from 'node:net';
import { PlainRequest, readPlainHead } from './plain-request.ts';
import { PlainResponse } from './plain-response.ts';

export interface ClientConnectionsOptions {
  /** Of a whole request head. */
  readonly maxHeaderBytes: number;
  /** For a connection on which nothing has come yet. */
  readonly firstRequestTimeoutMs: number;
  /** Between two requests. */
  readonly keepAliveTimeoutMs: number;
  /** Takes a plain request, and answers it in every case. */
  handle(req: PlainRequest, res: PlainResponse): void;
  /** Takes a connection for good; nothing has been read from it that it does not get. */
  handOver(socket: Socket): void;
  /** A connection on which nothing has come for too long; nothing more is read from it here. */
  onSilent(socket: Socket): void;
}

export class ClientConnections {
  readonly #options: ClientConnectionsOptions;
  readonly #all = new Set<ClientConnection>();

  constructor(options: ClientConnectionsOptions) {
    this.#options = options;
  }

  /** Takes a new connection, which allows half of it to be closed. */
  accept(socket: Socket): void {
    const connection = new ClientConnection(socket, this.#options, () => this.#all.delete(connection));
    this.#all.add(connection);
  }

  /** Ends those that are here at once. */
  close(): void {
    for (const connection of this.#all) connection.destroy();
  }
}

class ClientConnection {
  readonly #socket: Socket;
  readonly #options: ClientConnectionsOptions;
  readonly #onGone: () => void;
  readonly #listeners: readonly (readonly [event: string, listener: (chunk: Buffer) => void])[];
  #req: PlainRequest | null = null;
  #res: PlainResponse | null = null;
  #hasHadRequest = false;
  /** What a pipelining client has sent ahead. */
  #ahead: Buffer | null = null;

  constructor(socket: Socket, options: ClientConnectionsOptions, onGone: () => void) {
    this.#socket = socket;
    this.#options = options;
    this.#onGone = onGone;
    this.#listeners = [
      ['data', (chunk: Buffer) => this.#received(chunk)],
      ['drain', () => this.#res?.emit('drain')],
      ['end', () => this.#ended()],
      // The closing follows, and ends the call.
      ['error', () => undefined],
      ['timeout', () => this.#silent()],
      ['close', () => this.#closed()],
    ];
    for (const [event, listener] of this.#listeners) socket.on(event, listener);
    socket.setTimeout(options.firstRequestTimeoutMs);
  }

  destroy(): void {
    this.#socket.destroy();
  }

  #received(chunk: Buffer): void {
    const req = this.#req;
    const rest = req === null || req.complete ? chunk : req.take(chunk);
    if (rest === null) return;
    // The end of a body may have been the end of its call.
    if (this.#req === null) this.#begin(rest);
    else this.#keepAhead(rest);
  }

  #begin(chunk: Buffer): void {
    const head = readPlainHead(chunk, this.#options.maxHeaderBytes);
    if (head === null) {
      this.#handOver(chunk);
      return;
    }
    const socket = this.#socket;
    socket.setTimeout(0);
    this.#hasHadRequest = true;
    const req = new PlainRequest(head, socket);
    const res = new PlainResponse(req, head.mayPersist);
    this.#req = req;
    this.#res = res;
    socket.pause();
    const rest = req.take(chunk.subarray(head.headBytes));
    if (rest !== null && rest.byteLength > 0) this.#keepAhead(rest);
    res.once('finish', () => this.#answered());
    try {
      this.#options.handle(req, res);
    } catch {
      // One call that we cannot handle must not end the others with the program.
      socket.destroy();
    }
  }

  #keepAhead(rest: Buffer): void {
    this.#ahead = this.#ahead === null ? rest : Buffer.concat([this.#ahead, rest]);
    this.#socket.pause();
  }

  #answered(): void {
    const req = this.#req;
    const isLast = this.#res?.shouldKeepAlive === false || this.#socket.readableEnded;
    if (req === null) return;
    if (req.complete) {
      this.#over(isLast);
      return;
    }
    // What is left of the upload is read first: closing on it would be seen as a reset, instead of the answer.
    req.once('close', () => this.#over(isLast));
    req.resume();
  }

  #over(isLast: boolean): void {
    const socket = this.#socket;
    if (isLast) {
      socket.destroySoon();
      return;
    }
    this.#req = null;
    this.#res = null;
    const ahead = this.#ahead;
    this.#ahead = null;
    socket.setTimeout(this.#options.keepAliveTimeoutMs);
    socket.resume();
    if (ahead !== null) this.#begin(ahead);
  }

  #ended(): void {
    if (this.#req === null) this.#socket.end();
    else if (!this.#req.complete) this.#socket.destroy();
    // Otherwise the client may be waiting for its answer (docs/decisions/012-half-close.md).
  }

  #silent(): void {
    if (this.#req !== null) return;
    if (this.#hasHadRequest) {
      this.#socket.destroy();
      return;
    }
    this.#leave();
    this.#options.onSilent(this.#socket);
  }

  #closed(): void {
    this.#onGone();
    this.#res?.closed();
  }

  #handOver(chunk: Buffer): void {
    const socket = this.#socket;
    this.#leave();
    // Paused, so that what is put back is read by whom it is for, before anything that comes later.
    socket.pause();
    socket.unshift(chunk);
    this.#options.handOver(socket);
    socket.resume();
  }

  #leave(): void {
    for (const [event, listener] of this.#listeners) this.#socket.removeListener(event, listener);
    this.#socket.setTimeout(0);
    this.#onGone();
  }
}
