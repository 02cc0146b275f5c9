/**
 * The chunks of one body while its call runs: bytes one after another in a few blocks, places and times as plain numbers. An object and a
 * buffer for each chunk of a stream took four times the memory of its bytes.
 */
import type { TimedChunk } from '../messages/decode.ts';

/** A block is as large as all before it, within these bounds; a larger chunk has one of its own. */
const [leastBlockBytes, mostBlockBytes] = [512, 256 * 1024];
/** In `#places`, for each chunk. */
const placeFields = 4;

export class HeldChunks {
  readonly #blocks: Uint8Array[] = [];
  /** `[block, offset in it, length, microseconds since the call's start]` each. */
  readonly #places: number[] = [];
  #bytes = 0;
  #blockUsed = 0;

  get count(): number {
    return this.#places.length / placeFields;
  }

  /** Copies `bytes`. */
  add(bytes: Uint8Array, atUs: number): void {
    const length = bytes.byteLength;
    let block = this.#blocks.at(-1);
    if (block === undefined || this.#blockUsed + length > block.byteLength) {
      const blockBytes = Math.min(Math.max(this.#bytes, leastBlockBytes), mostBlockBytes);
      // A body that comes whole takes no more than its bytes.
      block = new Uint8Array(this.count === 0 ? length : Math.max(length, blockBytes));
      this.#blocks.push(block);
      this.#blockUsed = 0;
    }
    block.set(bytes, this.#blockUsed);
    this.#places.push(this.#blocks.length - 1, this.#blockUsed, length, atUs);
    this.#blockUsed += length;
    this.#bytes += length;
  }

  /** The chunks from the one with this index on, as views. */
  from(index: number): TimedChunk[] {
    const chunks: TimedChunk[] = [];
    for (let at = index * placeFields; at < this.#places.length; at += placeFields) {
      const [block = 0, offset = 0, length = 0, atUs = 0] = this.#places.slice(at, at + placeFields);
      const bytes = this.#blocks[block]?.subarray(offset, offset + length);
      if (bytes !== undefined) chunks.push({ bytes, atUs });
    }
    return chunks;
  }
}
