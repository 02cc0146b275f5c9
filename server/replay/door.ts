/**
 * A client inside the process: a request goes through the same HTTP parser, forwarder and recorder as everybody's, over a
 * connection in memory. No socket listens for it, so nobody outside can come in this way.
 */
import { createServer } from 'node:http';
import { Duplex } from 'node:stream';
import type { Sink } from '../exchange.ts';
import type { Forwarder } from '../proxy/forward.ts';
import { serverOptions } from '../proxy/server.ts';

export interface DoorRequest {
  readonly method: string;
  /** Path and query. */
  readonly target: string;
  /** Without framing and host. */
  readonly headers: readonly string[];
  readonly body: Uint8Array;
}

/** Resolves when the answer is over, however it ended; whether there was a call at all only `via` learns. */
export async function sendThrough(
  forwarder: Pick<Forwarder, 'handle'>,
  request: DoorRequest,
  via: Sink,
  maxHeaderBytes: number,
): Promise<void> {
  const over = Promise.withResolvers<void>();
  const [inner, outer] = connectedPair();
  const server = createServer(
    serverOptions({ maxHeaderBytes: maxHeaderBytes + framingBytes }),
    (req, res) => {
      res.once('close', over.resolve);
      forwarder.handle(req, res, via);
    },
  );
  for (const side of [inner, outer]) side.on('close', over.resolve).on('error', over.resolve);
  server.emit('connection', inner);
  outer.write(Buffer.from(headText(request), 'latin1'));
  outer.write(request.body);
  // The record is what the answer is for.
  outer.resume();
  await over.promise;
  outer.destroy();
  inner.destroy();
}

/** Room for the lines that are written here. */
const framingBytes = 1024;

function headText({ method, target, headers, body }: DoorRequest): string {
  const lines = [`${method} ${target} HTTP/1.1`, 'Host: upstream'];
  for (let at = 0; at + 1 < headers.length; at += 2) lines.push(`${headers[at]}: ${headers[at + 1]}`);
  const hasBody = body.byteLength > 0 || method === 'POST';
  if (hasBody) lines.push(`Content-Length: ${body.byteLength}`);
  return `${lines.join('\r\n')}\r\n\r\n`;
}

/** What the forwarder asks of a socket besides being a stream. */
class DoorSide extends Duplex {
  #other: DoorSide | null = null;
  #onRead: (() => void) | null = null;

  static join(one: DoorSide, other: DoorSide): void {
    one.#other = other;
    other.#other = one;
  }

  override _read(): void {
    const onRead = this.#onRead;
    this.#onRead = null;
    onRead?.();
  }

  override _write(chunk: Uint8Array, _encoding: BufferEncoding, done: () => void): void {
    const other = this.#other;
    if (other === null || other.destroyed) done();
    else if (other.push(chunk)) process.nextTick(done);
    else other.#onRead = done;
  }

  override _final(done: () => void): void {
    this.#other?.push(null);
    done();
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    const other = this.#other;
    this.#other = null;
    done(error);
    process.nextTick(() => other?.destroy());
  }

  destroySoon(): void {
    this.end(() => this.destroy());
  }

  resetAndDestroy(): void {
    this.destroy();
  }
}

function connectedPair(): [DoorSide, DoorSide] {
  const pair: [DoorSide, DoorSide] = [new DoorSide(), new DoorSide()];
  DoorSide.join(...pair);
  return pair;
}
