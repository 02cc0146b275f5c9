/** How much the store holds, for those who cannot wait for the answer. */
import type { Health } from '../api/wire.ts';
import type { Reader } from '../reader/questions.ts';

const askAgainAfterMs = 10_000;

type Size = Pick<Health['store'], 'bytes' | 'calls' | 'chain'>;
const unknown: Size = { bytes: null, calls: null, chain: null };

/** Returns what was last told, null until then; each look that finds it old has it asked for again. */
export function createStoreSize(reader: Reader): () => Size {
  let size = unknown;
  let askedMs = Number.NEGATIVE_INFINITY;
  const ask = async (): Promise<void> => {
    try {
      size = await reader.ask('size', {});
    } catch {
      // A reader that cannot answer has its own place in the health; an old count would only look like a new one.
      size = unknown;
    }
  };
  return () => {
    const nowMs = performance.now();
    if (nowMs - askedMs > askAgainAfterMs) {
      askedMs = nowMs;
      void ask();
    }
    return size;
  };
}
