/**
 * Audit mode: an answer is not whole for the client before its record is on the disk. What makes it whole is held back: the
 * last byte of a body with a length, the end of a stream, everything from `message_stop` on where events can be read, and
 * the head itself where there is no body.
 */
import type { Exchange, KeptStage } from '../exchange.ts';
import { NotKept } from '../exchange.ts';
import type { Framing } from './failure.ts';
import type { UpstreamAnswer } from './sides.ts';

/** How long a record may take to reach the disk before the client is told that it could not be made. */
const KEEPING_LIMIT_MS = 10_000;
const STOP = Buffer.from('message_stop');

export class Withholding {
  /** Nothing will follow the head. */
  readonly holdsHead: boolean;
  readonly #held: Buffer[] = [];
  readonly #hasReadableEvents: boolean;
  #awaitedBytes: number;
  /** The end of the chunk before, in which the beginning of the marker may stand. */
  #tail = Buffer.alloc(0);

  /** `method`: of the request. */
  constructor(answer: UpstreamAnswer, framing: Framing, method: string) {
    const { headers, statusCode } = answer;
    this.#awaitedBytes = framing === 'length' ? Number(headers['content-length']) : Number.POSITIVE_INFINITY;
    this.holdsHead =
      method === 'HEAD' || statusCode === 204 || statusCode === 304 || this.#awaitedBytes === 0;
    const isEncoded = (headers['content-encoding'] ?? 'identity') !== 'identity';
    this.#hasReadableEvents = !isEncoded && (headers['content-type'] ?? '').startsWith('text/event-stream');
  }

  /** The part of a chunk that may go on now, perhaps none of it; the rest is held. */
  pass(chunk: Buffer): Buffer {
    const from = this.#held.length > 0 ? 0 : this.#holdFrom(chunk);
    this.#awaitedBytes -= chunk.byteLength;
    if (from < chunk.byteLength) this.#held.push(chunk.subarray(from));
    return chunk.subarray(0, from);
  }

  /** All that was held. */
  release(): Buffer {
    return Buffer.concat(this.#held);
  }

  #holdFrom(chunk: Buffer): number {
    if (chunk.byteLength >= this.#awaitedBytes) return Math.max(0, chunk.byteLength - 1);
    if (!this.#hasReadableEvents) return chunk.byteLength;
    const joined = Buffer.concat([this.#tail, chunk]);
    const at = joined.indexOf(STOP);
    if (at !== -1) return Math.max(0, at - this.#tail.byteLength);
    this.#tail = joined.subarray(Math.max(0, joined.byteLength - STOP.byteLength + 1));
    return chunk.byteLength;
  }
}

/** `Exchange.kept` with a limit of ten seconds. */
export async function keptInTime(exchange: Exchange, stage: KeptStage): Promise<void> {
  const limit = Promise.withResolvers<never>();
  const timer = setTimeout(() => limit.reject(new NotKept('the record took too long')), KEEPING_LIMIT_MS);
  try {
    await Promise.race([exchange.kept(stage), limit.promise]);
  } finally {
    clearTimeout(timer);
  }
}
