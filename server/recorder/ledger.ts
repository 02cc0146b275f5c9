/**
 * Which calls are under way in the worker, and which batches may be acknowledged: those of which everything is on the disk.
 * Until then the main thread keeps them, to send them again to a worker that takes over.
 */
import type { ExchangeEnd, ExchangeOpen } from '../exchange.ts';
import { CallAssembly, type AssemblyBudget } from './assembly.ts';
import { spanFields, type Batch } from './protocol.ts';

/** A call whose ending was reported. */
export interface Ending {
  readonly call: CallAssembly;
  readonly end: ExchangeEnd;
  /** When its batch was sent, by `threadsNowMs`. */
  readonly sentMs: number;
}

export class Ledger {
  readonly #budget: AssemblyBudget;
  readonly #calls = new Map<number, CallAssembly>();
  /** Calls that go on and of which neither store nor spill has anything. */
  readonly #missing = new Map<number, ExchangeOpen>();
  /** Batches that are not acknowledged, with the calls that still hold them back. */
  readonly #waiting = new Map<number, Set<number>>();

  constructor(budget: AssemblyBudget) {
    this.#budget = budget;
  }

  /** Whether no call runs. */
  get isEmpty(): boolean {
    return this.#calls.size === 0;
  }

  calls(): Iterable<CallAssembly> {
    return this.#calls.values();
  }

  /** Takes a call over from a worker that has died; what the store holds of it must be in it, up to its `savedSeq`. */
  adopt(call: CallAssembly): void {
    this.#calls.set(call.number, call);
  }

  /**
   * A call to be taken over of which nothing can be found. When its beginning comes again, nothing of it was acknowledged and it is
   * whole; else its bytes are gone with the file that held them.
   */
  miss(number: number, open: ExchangeOpen): void {
    this.#missing.set(number, open);
  }

  #begin(number: number, open: ExchangeOpen): CallAssembly {
    this.#missing.delete(number);
    const call = new CallAssembly(number, open, this.#budget);
    this.#calls.set(number, call);
    return call;
  }

  /** Applies a batch; returns the calls that begin in it and those that end in it. */
  take(batch: Batch): { readonly begun: CallAssembly[]; readonly ended: Ending[] } {
    const holders = new Set<number>();
    const begun: CallAssembly[] = [];
    const find = (number: number): CallAssembly | undefined => {
      const missing = this.#missing.get(number);
      if (missing === undefined) return this.#calls.get(number);
      const call = this.#begin(number, missing);
      call.request.cut();
      call.response.cut();
      begun.push(call);
      return call;
    };
    const touch = (number: number): CallAssembly | undefined => {
      const call = find(number);
      // Everything up to `savedSeq` is on the disk already: it comes again because a worker died before it could say so.
      if (call === undefined || batch.seq <= call.savedSeq) return undefined;
      call.lastSeq = batch.seq;
      holders.add(number);
      return call;
    };
    for (const { number, open } of batch.opens) {
      if (!this.#calls.has(number)) begun.push(this.#begin(number, open));
      touch(number);
    }
    this.#addSpans(batch, touch);
    for (const { number, head } of batch.heads) {
      const call = touch(number);
      if (call === undefined) continue;
      call.head = head;
      call.touch();
    }
    const ended = batch.ends.flatMap(({ number, end }) => {
      const call = touch(number);
      // An ending that is on the disk already has nothing left to wait for.
      if (call === undefined) {
        this.#calls.delete(number);
        return [];
      }
      call.hasEnded = true;
      return [{ call, end, sentMs: batch.sentMs }];
    });
    this.#waiting.set(batch.seq, holders);
    return { begun, ended };
  }

  #addSpans({ spans, slab }: Batch, touch: (number: number) => CallAssembly | undefined): void {
    if (slab === null) return;
    for (let at = 0; at < spans.length; at += spanFields) {
      const call = touch(spans[at] ?? 0);
      if (call === undefined) continue;
      const direction = spans[at + 1] === 0 ? 'request' : 'response';
      call.add(direction, new Uint8Array(slab, spans[at + 2], spans[at + 3]), spans[at + 4] ?? 0);
    }
  }

  /** All that came of this call is on the disk. */
  saved(call: CallAssembly): void {
    call.saved();
    this.#letGo(call);
  }

  /** The call's final row is on the disk. */
  finished(call: CallAssembly): void {
    this.#calls.delete(call.number);
    this.#letGo(call);
    call.release();
  }

  /** Batches that nothing holds back any more; they are forgotten here. */
  acknowledgeable(): number[] {
    const free = [...this.#waiting].filter(([, holders]) => holders.size === 0).map(([seq]) => seq);
    for (const seq of free) this.#waiting.delete(seq);
    return free;
  }

  #letGo({ number, lastSeq }: CallAssembly): void {
    for (const [seq, holders] of this.#waiting) if (seq <= lastSeq) holders.delete(number);
  }
}
