/** Asks a playback for one stream and notes when each of its pieces comes. */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import type { BodyChunk } from '../../server/store/bodies.ts';
import { MessageReader } from '../overhead/message-reader.ts';

/** A recorded one. */
export interface Stream {
  readonly request: Buffer;
  readonly pieces: readonly BodyChunk[];
}

/** Of a recording that answers at once. */
export const warmUpRequest = Buffer.from('warm up');

export interface Heard {
  readonly latenessMs: readonly number[];
  readonly isSame: boolean;
}

/** A connection that asks for one stream; moments count from when its request was written. */
export class Caller {
  readonly #socket: Socket;
  readonly #stream: Stream;
  readonly #speed: number;
  #latenessMs: number[] = [];
  #isSame = true;
  #sentMs = 0;
  #ended = Promise.withResolvers<void>();

  static async open(port: number, stream: Stream, speed: number): Promise<Caller> {
    const socket = connect({ port, host: '127.0.0.1', noDelay: true });
    await once(socket, 'connect');
    return new Caller(socket, stream, speed);
  }

  constructor(socket: Socket, stream: Stream, speed: number) {
    this.#socket = socket;
    this.#stream = stream;
    this.#speed = speed;
    const reader = new MessageReader({
      head: () => undefined,
      body: (bytes) => this.#hear(bytes),
      end: () => this.#ended.resolve(),
    });
    socket.on('data', (bytes) => reader.feed(bytes));
    socket.on('error', (error) => this.#ended.reject(error));
    socket.on('close', () => this.#ended.reject(new Error('the connection closed under a stream')));
  }

  async warmUp(): Promise<void> {
    await this.#send(warmUpRequest);
  }

  async ask(): Promise<Heard> {
    await this.#send(this.#stream.request);
    return {
      latenessMs: this.#latenessMs,
      isSame: this.#isSame && this.#latenessMs.length === this.#stream.pieces.length,
    };
  }

  close(): void {
    this.#ended.promise.catch(() => undefined);
    this.#socket.destroy();
  }

  async #send(body: Buffer): Promise<void> {
    this.#latenessMs = [];
    this.#isSame = true;
    this.#ended = Promise.withResolvers();
    const head = `POST /v1/messages HTTP/1.1\r\nHost: bench\r\nContent-Length: ${body.byteLength}\r\n\r\n`;
    this.#sentMs = performance.now();
    this.#socket.write(Buffer.concat([Buffer.from(head), body]));
    await this.#ended.promise;
  }

  #hear(bytes: Buffer): void {
    const piece = this.#stream.pieces[this.#latenessMs.length];
    const dueMs = this.#speed === 0 ? 0 : (piece?.atUs ?? 0) / 1000 / this.#speed;
    this.#latenessMs.push(performance.now() - this.#sentMs - dueMs);
    this.#isSame &&= piece !== undefined && bytes.equals(piece.bytes);
  }
}
