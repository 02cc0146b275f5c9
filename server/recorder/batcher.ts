/**
 * Gathers what happens on the main thread into batches for the worker, because a message for each chunk would cost more than
 * the call itself. Nothing here parses or waits; a chunk costs one copy.
 */
import {
  NotKept,
  type Direction,
  type ExchangeEnd,
  type ExchangeHead,
  type ExchangeOpen,
  type KeptStage,
  type RawHeaders,
  type Recording,
  type Sink,
} from '../exchange.ts';
import type { Loss } from './losses.ts';
import { threadsNowMs, type Batch } from './protocol.ts';
import { SlabPool, type Slab } from './slab.ts';

/** A batch is sent when it is this old, so the record lags by no more than this while the worker keeps up. */
const batchAgeMs = 10;
const numbersPerBatch = 20_000;
/** What each of them occupies in memory, about. */
const [openBytes, headBytes, endBytes, spanBytes] = [1500, 500, 500, 5 * 8];
const defaultRowBytes = 64 * 1024 * 1024;

export interface BatcherOptions {
  /** Bytes of bodies that may wait for the worker; beyond it bodies are cut, calls go on. */
  readonly queueBytes: number;
  /** Bytes of everything else that may wait, as far as they can be told; beyond it whole calls go unrecorded. Default 64 MB. */
  readonly rowBytes?: number;
  send(batch: Batch): void;
  /** A call that could not be recorded at all, or a body of it. */
  onLost?(loss: Loss): void;
}

interface Gathering {
  slab: Slab | null;
  bytes: number;
  spans: number[];
  opens: { number: number; open: ExchangeOpen }[];
  heads: { number: number; head: ExchangeHead }[];
  ends: { number: number; end: ExchangeEnd }[];
  rowBytes: number;
}

interface Waiting {
  readonly batch: Batch;
  readonly slab: Slab | null;
  readonly bytes: number;
  readonly rowBytes: number;
  readonly sentMs: number;
}

export class Batcher implements Sink {
  readonly #options: BatcherOptions;
  readonly #slabs = new SlabPool();
  readonly #waiting = new Map<number, Waiting>();
  /** Calls whose ending is not acknowledged. */
  readonly #live = new Map<number, ExchangeOpen>();
  readonly #expected = new Map<string, PromiseWithResolvers<void>>();
  readonly #emptied: (() => void)[] = [];
  #gathering = emptyGathering();
  #timer: NodeJS.Timeout | null = null;
  #flushing: NodeJS.Immediate | null = null;
  #lastSeq = 0;
  #lastNumber = 0;
  #queueBytes = 0;
  #rowBytes = 0;

  constructor(options: BatcherOptions) {
    this.#options = options;
  }

  /** Bytes copied and not yet acknowledged by the worker. */
  get queueBytes(): number {
    return this.#queueBytes;
  }

  /** Batches sent so far; null while a call runs or its record is on the way. */
  get sentWhenQuiet(): number | null {
    return this.#live.size + this.#waiting.size === 0 ? this.#lastSeq : null;
  }

  /** Age in ms of the oldest batch that the worker has not acknowledged; 0 when there is none. */
  lagMs(): number {
    for (const { sentMs } of this.#waiting.values()) return performance.now() - sentMs;
    return 0;
  }

  /** Batches that were sent and not acknowledged, oldest first. */
  unacknowledged(): Batch[] {
    // A call whose ending is acknowledged must not begin again, though others hold back the batch that it began in.
    return [...this.#waiting.values()].map(({ batch }) => ({
      ...batch,
      opens: batch.opens.filter(({ number }) => this.#live.has(number)),
    }));
  }

  /** Calls whose ending is not acknowledged. */
  live(): { number: number; open: ExchangeOpen }[] {
    return [...this.#live].map(([number, open]) => ({ number, open }));
  }

  open(open: ExchangeOpen): Recording {
    if (this.#rowBytes > (this.#options.rowBytes ?? defaultRowBytes)) return this.#unrecorded();
    const number = ++this.#lastNumber;
    this.#live.set(number, open);
    this.#gathering.opens.push({ number, open });
    this.#charge(openBytes + headerBytes(open.requestHeaders));
    this.#sendSoon();
    // What follows a missing chunk would stand in the wrong place.
    const isCut = { request: false, response: false };
    return {
      chunk: (direction, bytes, atUs) => {
        isCut[direction] ||= this.#queueBytes + bytes.byteLength > this.#options.queueBytes;
        if (!isCut[direction]) this.#copy(number, direction, bytes, atUs);
      },
      head: (head) => {
        this.#gathering.heads.push({ number, head });
        this.#charge(headBytes + headerBytes(head.responseHeaders));
        this.#sendSoon();
      },
      end: (end) => {
        this.#gathering.ends.push({ number, end });
        this.#charge(endBytes);
        this.#sendSoon();
      },
      kept: (stage) => this.#expect(number, stage),
    };
  }

  /** Nothing of this call can be held: it goes on, and is counted. */
  #unrecorded(): Recording {
    this.#options.onLost?.({ rows: 1, bodies: 0 });
    const isLost = { request: false, response: false };
    return {
      chunk: (direction, bytes) => {
        if (bytes.byteLength === 0 || isLost[direction]) return;
        isLost[direction] = true;
        this.#options.onLost?.({ rows: 0, bodies: 1 });
      },
      head: () => undefined,
      end: () => undefined,
      kept: () => Promise.reject(new NotKept('too much waits to be recorded')),
    };
  }

  /** A stage of a call was brought to the disk, or could not be. */
  settle(number: number, stage: KeptStage, kept: boolean): void {
    const key = `${number} ${stage}`;
    const expected = this.#expected.get(key);
    this.#expected.delete(key);
    if (kept) expected?.resolve();
    else expected?.reject(new NotKept('the record could not be written'));
  }

  /** The worker is done with a batch; returns the numbers of the calls that end with it. */
  acknowledge(seq: number): number[] {
    const waiting = this.#waiting.get(seq);
    if (waiting === undefined) return [];
    this.#waiting.delete(seq);
    this.#queueBytes -= waiting.bytes;
    this.#rowBytes -= waiting.rowBytes;
    const ended = waiting.batch.ends.map(({ number }) => number);
    for (const number of ended) this.#live.delete(number);
    if (waiting.slab !== null) this.#slabs.release(waiting.slab);
    if (this.#waiting.size === 0) for (const resolve of this.#emptied.splice(0)) resolve();
    return ended;
  }

  /** Resolves when nothing that was reported waits for the disk any more. */
  emptied(): Promise<void> {
    this.flush();
    return this.#waiting.size === 0
      ? Promise.resolve()
      : new Promise((resolve) => this.#emptied.push(resolve));
  }

  /** Sends what was gathered, now. */
  flush(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    if (this.#flushing !== null) clearImmediate(this.#flushing);
    this.#flushing = null;
    const { slab, bytes, rowBytes, spans, opens, heads, ends } = this.#gathering;
    if (spans.length + opens.length + heads.length + ends.length === 0) return;
    this.#gathering = emptyGathering();
    const batch: Batch = {
      kind: 'batch',
      seq: ++this.#lastSeq,
      sentMs: threadsNowMs(),
      opens,
      slab: slab?.buffer ?? null,
      spans: Float64Array.from(spans),
      heads,
      ends,
    };
    this.#waiting.set(batch.seq, { batch, slab, bytes, rowBytes, sentMs: performance.now() });
    this.#options.send(batch);
  }

  #expect(number: number, stage: KeptStage): Promise<void> {
    const expected = Promise.withResolvers<void>();
    this.#expected.set(`${number} ${stage}`, expected);
    // What came from other connections in this turn goes with it: a message for each would cost more than the turn takes.
    this.#flushing ??= setImmediate(() => this.flush());
    return expected.promise;
  }

  #charge(bytes: number): void {
    this.#gathering.rowBytes += bytes;
    this.#rowBytes += bytes;
  }

  #sendSoon(): void {
    this.#timer ??= setTimeout(() => this.flush(), batchAgeMs);
  }

  #copy(number: number, direction: Direction, bytes: Uint8Array, atUs: number): void {
    const length = bytes.byteLength;
    if (length === 0) return;
    const slab = this.#slabs.roomFor(length);
    const isOther = this.#gathering.slab !== null && this.#gathering.slab !== slab;
    if (isOther || this.#gathering.spans.length >= numbersPerBatch) this.flush();
    if (this.#gathering.slab === null) {
      this.#gathering.slab = slab;
      slab.holders++;
    }
    slab.bytes.set(bytes, slab.usedBytes);
    this.#gathering.spans.push(number, direction === 'request' ? 0 : 1, slab.usedBytes, length, atUs);
    slab.usedBytes += length;
    this.#gathering.bytes += length;
    this.#queueBytes += length;
    this.#charge(spanBytes);
    this.#sendSoon();
  }
}

function emptyGathering(): Gathering {
  return { slab: null, bytes: 0, spans: [], opens: [], heads: [], ends: [], rowBytes: 0 };
}

function headerBytes(headers: RawHeaders): number {
  let bytes = 0;
  for (let i = 0; i < headers.length; i++) bytes += headers[i]?.length ?? 0;
  return bytes;
}
