/**
 * Makes UUIDv7 (RFC 9562 5.7) ids: 48 bits of epoch ms, then a 12-bit counter, then 62 random bits. Ids of one maker grow strictly, also
 * within a millisecond and when the clock steps back, so that sorting by id is sorting by beginning.
 */
import { randomFillSync } from 'node:crypto';

const COUNTER_LIMIT = 0x1000;
/** Random bytes are drawn in bulk: one call of the generator serves 256 ids. */
const POOL_BYTES = 2048;

export type IdMaker = (nowMs: number) => string;

/** Returns a maker with its own counter. */
export function createIdMaker(): IdMaker {
  const pool = Buffer.alloc(POOL_BYTES);
  let poolHex = '';
  let poolAt = POOL_BYTES;
  let lastMs = -1;
  let counter = 0;

  return (nowMs) => {
    if (poolAt >= POOL_BYTES) {
      randomFillSync(pool);
      poolHex = pool.toString('hex');
      poolAt = 0;
    }
    const random = pool.readUInt16BE(poolAt);
    const tail = poolHex.slice(poolAt * 2 + 4, poolAt * 2 + 16);
    poolAt += 8;
    if (nowMs > lastMs) {
      lastMs = nowMs;
      // A random start in the lower half leaves room for 2048 more ids in the same millisecond.
      counter = random & 0x7ff;
    } else {
      counter += 1;
      if (counter === COUNTER_LIMIT) {
        lastMs += 1;
        counter = 0;
      }
    }
    return format(lastMs, counter, random, tail);
  };
}

/** `random`: 16 bits; `tail`: 48 more of them in hex. */
function format(ms: number, counter: number, random: number, tail: string): string {
  const time = ms.toString(16).padStart(12, '0');
  const variant = ((random & 0x3fff) | 0x8000).toString(16);
  return `${time.slice(0, 8)}-${time.slice(8)}-7${counter.toString(16).padStart(3, '0')}-${variant}-${tail}`;
}
