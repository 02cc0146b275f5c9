/** The upstream of the bench: raw sockets, compares every byte of every request, answers as JSON or as a paced stream. */
import { once } from 'node:events';
import { createServer, type Socket } from 'node:net';
import { headerOf, MessageReader } from './message-reader.ts';
import {
  jsonAnswer,
  serialDigits,
  serialText,
  streamEvent,
  streamHead,
  type RequestBody,
} from './payload.ts';

export interface Upstream {
  readonly port: number;
  /** Requests that arrived whole, and those of them that were not what was sent. */
  readonly seen: { requests: number; damaged: number };
  /** The body of a stream as it was written, once; null for none of that serial. */
  takeStream(serial: number): Buffer | null;
  close(): Promise<void>;
}

interface Stream {
  readonly socket: Socket;
  readonly serial: number;
  readonly events: number;
  readonly everyMs: number;
  readonly written: Buffer[];
  sent: number;
  nextMs: number;
}

/** `bodies`: all that may be sent, told apart by their length. */
export async function startUpstream(bodies: readonly RequestBody[]): Promise<Upstream> {
  const byLength = new Map(bodies.map((body) => [body.bytes.byteLength, body]));
  const seen = { requests: 0, damaged: 0 };
  const streams = new Set<Stream>();
  const done = new Map<number, Buffer>();
  const sockets = new Set<Socket>();

  const server = createServer({ noDelay: true }, (socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    socket.on('close', () => sockets.delete(socket));
    let serial = 0;
    let plan: string | null = null;
    let checker: BodyChecker | null = null;
    const reader = new MessageReader({
      head(text) {
        serial = Number(headerOf(text, 'x-bench-serial') ?? 0);
        plan = headerOf(text, 'x-bench-stream');
        const body = byLength.get(Number(headerOf(text, 'content-length') ?? 0));
        checker = body === undefined ? null : new BodyChecker(body, serial);
      },
      body: (bytes) => checker?.take(bytes),
      end() {
        seen.requests++;
        if (checker?.isWhole !== true) seen.damaged++;
        if (plan === null) {
          socket.write(jsonAnswer(serial), 'latin1');
          return;
        }
        const [events = 0, everyMs = 0] = plan.split('x').map(Number);
        socket.write(streamHead, 'latin1');
        streams.add({ socket, serial, events, everyMs, written: [], sent: 0, nextMs: performance.now() });
        pace();
      },
    });
    socket.on('data', (chunk) => reader.feed(chunk));
  });

  let timer: NodeJS.Timeout | null = null;
  const pace = (): void => {
    const nowMs = performance.now();
    for (const stream of streams) {
      while (stream.nextMs <= nowMs && stream.sent < stream.events) sendEvent(stream);
      if (stream.sent < stream.events && !stream.socket.destroyed) continue;
      if (!stream.socket.destroyed) stream.socket.write('0\r\n\r\n');
      streams.delete(stream);
      done.set(stream.serial, Buffer.concat(stream.written));
    }
    if (timer !== null) clearTimeout(timer);
    timer = streams.size === 0 ? null : setTimeout(pace, 1);
  };

  server.listen(0, '127.0.0.1', 4096);
  await once(server, 'listening');
  const address = server.address();
  return {
    port: typeof address === 'object' && address !== null ? address.port : 0,
    seen,
    takeStream(serial) {
      const bytes = done.get(serial) ?? null;
      done.delete(serial);
      return bytes;
    },
    async close() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}

function sendEvent(stream: Stream): void {
  const text = streamEvent(stream.sent, stream.events, stream.serial, Math.round(performance.now() * 1000));
  const bytes = Buffer.from(`${text.length.toString(16)}\r\n${text}\r\n`, 'latin1');
  stream.socket.write(bytes);
  stream.written.push(bytes.subarray(bytes.indexOf('\n') + 1, -2));
  stream.sent++;
  stream.nextMs += stream.everyMs;
}

/** Compares a request's body with what was sent, whatever pieces it comes in. */
class BodyChecker {
  readonly #body: RequestBody;
  readonly #serial: string;
  #at = 0;
  #isSame = true;

  constructor(body: RequestBody, serial: number) {
    this.#body = body;
    this.#serial = serialText(serial);
  }

  take(bytes: Buffer): void {
    const { bytes: sent, serialAt } = this.#body;
    const end = this.#at + bytes.byteLength;
    if (end <= serialAt || this.#at >= serialAt + serialDigits) {
      this.#isSame &&= bytes.equals(sent.subarray(this.#at, end));
    } else {
      const expected = Buffer.from(sent.subarray(this.#at, end));
      for (let digit = 0; digit < serialDigits; digit++) {
        const at = serialAt + digit - this.#at;
        if (at >= 0 && at < expected.byteLength) expected[at] = this.#serial.charCodeAt(digit);
      }
      this.#isSame &&= bytes.equals(expected);
    }
    this.#at = end;
  }

  get isWhole(): boolean {
    return this.#isSame && this.#at === this.#body.bytes.byteLength;
  }
}
