/** Tells the heads of the chains now and then, so that they are noted where the store does not lie: docs/audit.md. */
import { notedHeads } from '../store/chain-reader.ts';
import type { Store } from '../store/open.ts';

const everyMs = 3_600_000;

export type NotedHeads = ReturnType<typeof notedHeads>;

export class ChainNotes {
  readonly #tell: (heads: NotedHeads) => void;
  #lastText = '[]';
  #nextMs = 0;

  constructor(tell: (heads: NotedHeads) => void) {
    this.#tell = tell;
  }

  /** Tells them if an hour has passed since the last look, and they have changed since. */
  look(store: Store): void {
    if (performance.now() >= this.#nextMs) this.tellNow(store);
  }

  /** Tells them if they have changed since they were told. */
  tellNow(store: Store): void {
    this.#nextMs = performance.now() + everyMs;
    const heads = notedHeads(store);
    const text = JSON.stringify(heads);
    if (text === this.#lastText) return;
    this.#lastText = text;
    this.#tell(heads);
  }
}
