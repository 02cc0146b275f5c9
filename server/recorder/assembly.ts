/** One call as the worker puts it together from batches, until it has ended and can be digested. */
import { createHash, hash, type Hash } from 'node:crypto';
import type { Direction, ExchangeEnd, ExchangeHead, ExchangeOpen } from '../exchange.ts';
import type { TimedChunk } from '../messages/decode.ts';
import type { BodyPart } from '../store/write.ts';
import { HeldChunks } from './held-chunks.ts';

/** Above this a body is hashed and counted but not kept. */
const bodyCapBytes = 64 * 1024 * 1024;

/** What was kept of one body. */
export interface KeptBody {
  readonly chunks: readonly TimedChunk[];
  readonly keptBytes: number;
  /** All of it was kept. */
  readonly whole: boolean;
  /** Of the wire bytes, hex; null when not all of them were seen. */
  readonly sha256: string | null;
}

/** A call that has ended, ready to be digested. */
export interface EndedCall {
  readonly open: ExchangeOpen;
  readonly head: ExchangeHead | null;
  readonly end: ExchangeEnd;
  readonly request: KeptBody;
  readonly response: KeptBody;
}

/** Bytes that all unfinished calls together may hold in memory. */
export class AssemblyBudget {
  #heldBytes = 0;
  readonly #limitBytes: number;

  constructor(limitBytes: number) {
    this.#limitBytes = limitBytes;
  }

  tryHold(bytes: number): boolean {
    if (this.#heldBytes + bytes > this.#limitBytes) return false;
    this.#heldBytes += bytes;
    return true;
  }

  release(bytes: number): void {
    this.#heldBytes -= bytes;
  }
}

class BodyAssembly {
  readonly #chunks = new HeldChunks();
  /** From the first byte on that is not kept; until then what is kept is hashed when it is whole. */
  #hash: Hash | null = null;
  readonly #budget: AssemblyBudget;
  #seenBytes = 0;
  #keptBytes = 0;
  #isWhole = true;
  #savedChunks = 0;
  #savedSegments = 0;

  constructor(budget: AssemblyBudget) {
    this.#budget = budget;
  }

  /** Copies `bytes`. */
  add(bytes: Uint8Array, atUs: number): void {
    this.#seenBytes += bytes.byteLength;
    const fits = this.#keptBytes + bytes.byteLength <= bodyCapBytes;
    if (this.#isWhole && fits && this.#budget.tryHold(bytes.byteLength)) {
      this.#keptBytes += bytes.byteLength;
      this.#chunks.add(bytes, atUs);
    } else {
      this.#isWhole = false;
      this.#hash ??= hashOf(this.#chunks.from(0));
      // One that is not shared: what is hashed may not change under the hashing.
      this.#hash.update(bytes.slice());
    }
  }

  /** What came before is gone: nothing that comes is kept, as it would stand in the wrong place. */
  cut(): void {
    this.#isWhole = false;
  }

  /** What is not in a segment yet, and the number of the segment that it makes; null when there is nothing. */
  unsaved(): { readonly segment: number; readonly chunks: readonly TimedChunk[] } | null {
    const chunks = this.#chunks.from(this.#savedChunks);
    return chunks.length === 0 ? null : { segment: this.#savedSegments, chunks };
  }

  /** What `unsaved` gave is on the disk. */
  saved(): void {
    if (this.#savedChunks < this.#chunks.count) this.#savedSegments++;
    this.#savedChunks = this.#chunks.count;
  }

  /** The store that held its segments is gone. */
  forgetSaved(): void {
    this.#savedChunks = 0;
    this.#savedSegments = 0;
  }

  /** All that was kept of it is in segments. */
  get isSaved(): boolean {
    return this.#savedSegments > 0 && this.#savedChunks === this.#chunks.count;
  }

  /** What a store already holds of it. */
  restore(segments: readonly (readonly TimedChunk[])[]): void {
    for (const { bytes, atUs } of segments.flat()) this.add(bytes, atUs);
    this.#savedChunks = this.#chunks.count;
    this.#savedSegments = segments.length;
  }

  /** @param wireBytes how many there were: where fewer came here, the copy was cut on its way */
  finish(wireBytes: number): KeptBody {
    const sawAll = this.#seenBytes === wireBytes;
    const chunks = this.#chunks.from(0);
    return {
      chunks,
      keptBytes: this.#keptBytes,
      whole: this.#isWhole && sawAll,
      sha256: sawAll ? (this.#hash?.digest('hex') ?? sha256Of(chunks)) : null,
    };
  }

  release(): void {
    this.#budget.release(this.#keptBytes);
    this.#keptBytes = 0;
  }
}

function hashOf(chunks: readonly TimedChunk[]): Hash {
  const hash = createHash('sha256');
  for (const { bytes } of chunks) hash.update(bytes);
  return hash;
}

/** In one go where there is one chunk, which takes half the time. */
function sha256Of(chunks: readonly TimedChunk[]): string {
  const [only, ...others] = chunks;
  if (only === undefined || others.length > 0) return hashOf(chunks).digest('hex');
  return hash('sha256', only.bytes, 'hex');
}

export class CallAssembly {
  readonly number: number;
  readonly open: ExchangeOpen;
  readonly request: BodyAssembly;
  readonly response: BodyAssembly;
  head: ExchangeHead | null = null;
  /** Its row is on the disk. */
  isBegun = false;
  /** Its ending has come; it is not written yet. */
  hasEnded = false;
  #savedHead: ExchangeHead | null = null;
  #ended: EndedCall | null = null;
  /** Batches up to this one are in it. */
  lastSeq = 0;
  /** Batches up to this one are on the disk; whatever of them comes again is left out. */
  savedSeq = 0;
  /** When the oldest byte came that is not on the disk, by the monotonic clock; null when there is none. */
  unsavedSinceMs: number | null = null;
  unsavedBytes = 0;

  constructor(number: number, open: ExchangeOpen, budget: AssemblyBudget) {
    this.number = number;
    this.open = open;
    this.request = new BodyAssembly(budget);
    this.response = new BodyAssembly(budget);
  }

  add(direction: Direction, bytes: Uint8Array, atUs: number): void {
    this[direction].add(bytes, atUs);
    this.unsavedBytes += bytes.byteLength;
    this.touch();
  }

  /** Something about it is not on the disk. */
  touch(): void {
    this.unsavedSinceMs ??= performance.now();
  }

  /** The head of the answer, while it is not on the disk. */
  get unsavedHead(): ExchangeHead | null {
    return this.head === this.#savedHead ? null : this.head;
  }

  /** All of it that came is on the disk. */
  saved(): void {
    this.isBegun = true;
    this.#savedHead = this.head;
    this.request.saved();
    this.response.saved();
    this.savedSeq = this.lastSeq;
    this.unsavedSinceMs = null;
    this.unsavedBytes = 0;
  }

  /** The store that held its row and its segments is gone: all of it has to be written again. */
  forgetSaved(): void {
    this.isBegun = false;
    this.#savedHead = null;
    this.request.forgetSaved();
    this.response.forgetSaved();
    this.touch();
  }

  /** Sides of which everything is in segments, so that the final row can do without them. */
  savedParts(): BodyPart[] {
    return (['request', 'response'] as const).filter((part) => this[part].isSaved);
  }

  /** The same one each time. */
  finish(end: ExchangeEnd): EndedCall {
    this.#ended ??= {
      open: this.open,
      head: this.head,
      end,
      request: this.request.finish(end.requestBytes),
      response: this.response.finish(end.responseBytes),
    };
    return this.#ended;
  }

  release(): void {
    this.request.release();
    this.response.release();
  }
}
