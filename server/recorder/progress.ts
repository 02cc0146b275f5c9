/** Calls that go on: their row and what has come of them, written before a killed process would lose a second of it. */
import type { KnownJson } from '../messages/known-json.ts';
import type { CallAssembly } from './assembly.ts';
import { openChange, progressChange } from './changes.ts';
import type { Entry } from './commits.ts';
import type { Ledger } from './ledger.ts';

/** A call that ends sooner is written once, whole. */
const beginAfterMs = 250;
/** Half of the second that a killed process may lose. */
const saveAfterMs = 500;
const saveBytes = 256 * 1024;

export class Progress {
  readonly #ledger: Ledger;
  readonly #knownJson: KnownJson;

  constructor(ledger: Ledger, knownJson: KnownJson) {
    this.#ledger = ledger;
    this.#knownJson = knownJson;
  }

  /** Calls that run long enough to have a row, and what is half a second old by now. */
  due(): Entry[] {
    const nowMs = performance.now();
    return this.#entriesOf(({ isBegun, unsavedSinceMs, unsavedBytes }) => {
      if (unsavedSinceMs === null) return false;
      const ageMs = nowMs - unsavedSinceMs;
      return isBegun ? ageMs >= saveAfterMs || unsavedBytes >= saveBytes : ageMs >= beginAfterMs;
    });
  }

  /** Everything that is not on the disk. */
  all(): Entry[] {
    return this.#entriesOf(({ unsavedSinceMs }) => unsavedSinceMs !== null);
  }

  #entriesOf(isDue: (call: CallAssembly) => boolean): Entry[] {
    const entries: Entry[] = [];
    for (const call of this.#ledger.calls()) {
      // Its ending has all of it.
      if (call.hasEnded) continue;
      // Of a call that only began, or whose batches came a second time, everything is there already.
      if (call.unsavedSinceMs === null && call.lastSeq > call.savedSeq) this.#ledger.saved(call);
      if (isDue(call)) entries.push(this.#entryOf(call));
    }
    return entries;
  }

  #entryOf(call: CallAssembly): Entry {
    const progress = progressChange(call);
    for (const { part, bytes } of progress.segments) if (part === 'request') this.#knownJson.locate(bytes);
    return {
      changes: call.isBegun ? [progress] : [openChange(call), progress],
      bytes: call.unsavedBytes,
      settle: (kept) => {
        // What no store takes is not tried again: the ending has all of it once more.
        if (!kept.includes('not')) this.#ledger.saved(call);
      },
    };
  }
}
