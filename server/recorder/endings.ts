/** Calls that have ended: digested, written, and what could not be kept of them told; tried again while nothing can be written. */
import type { Pricer } from '../pricing/engine.ts';
import type { FinishChange } from '../store/change.ts';
import type { CallAssembly, EndedCall } from './assembly.ts';
import { finishChange } from './changes.ts';
import type { Entry } from './commits.ts';
import { digest, digestBlindly, type Digested, type DigestContext } from './digest.ts';
import { finishedCall } from './finished.ts';
import type { Kept } from './keeper.ts';
import type { Ending, Ledger } from './ledger.ts';
import { vitals, type WorkerSetup } from './protocol.ts';
import type { Reports } from './reports.ts';

export interface EndingsOptions {
  readonly setup: Pick<WorkerSetup, 'quarantine' | 'resume' | 'vitals'>;
  readonly pricer: Pricer;
  readonly context: DigestContext;
  readonly ledger: Ledger;
  readonly reports: Reports;
}

/** An ending that is ready to be written. */
interface Finished {
  readonly call: CallAssembly;
  readonly change: FinishChange;
  readonly digested: Digested;
}

export class Endings {
  readonly #options: EndingsOptions;
  readonly #resumed: ReadonlySet<number>;
  readonly #vitals: Int32Array;
  /** Could not be written anywhere; not acknowledged, so that another worker would have them too. */
  #owed: Finished[] = [];

  constructor(options: EndingsOptions) {
    this.#options = options;
    this.#resumed = new Set(options.setup.resume.map(({ number }) => number));
    this.#vitals = new Int32Array(options.setup.vitals);
  }

  /** Never rejects: a call that cannot be understood is written without being understood. */
  async entryOf({ call, end }: Ending): Promise<Entry> {
    const digested = await this.#digest(call.number, call.finish(end));
    const finished = { call, digested, change: finishChange(call, digested) };
    return this.#entry(finished, (kept) => {
      const { reports } = this.#options;
      reports.finished(finishedCall(finished.change.row, call.head));
      reports.settled('ended', [call], kept === 'whole' && digested.cut.length === 0);
      reports.row('end', finished.change.row);
    });
  }

  /** Those that could not be written, for another try. */
  owed(): Entry[] {
    return this.#owed.splice(0).map((finished) => this.#entry(finished, () => undefined));
  }

  /** Counts as lost what is owed: nobody will try again. */
  giveUp(): void {
    for (const one of this.#owed.splice(0)) this.#judge(one, 'lost');
  }

  #entry(finished: Finished, tell: (kept: Kept) => void): Entry {
    const { call, change } = finished;
    const bytes = change.parts.reduce((sum, part) => sum + part.bytes.byteLength, 0);
    const settle = ([kept = 'not']: readonly Kept[]): void => {
      if (kept === 'not') this.#owed.push(finished);
      else {
        this.#judge(finished, kept);
        this.#options.ledger.finished(call);
      }
      tell(kept);
    };
    return { changes: [change], bytes, settle };
  }

  async #digest(number: number, whole: EndedCall): Promise<Digested> {
    const { setup, pricer, context } = this.#options;
    if (setup.quarantine.includes(number)) {
      return digestBlindly(
        whole,
        'the recorder died of this call three times and did not look into it again',
      );
    }
    Atomics.store(this.#vitals, vitals.digesting, number);
    try {
      return await digest(whole, pricer, context);
    } catch (error) {
      return digestBlindly(
        whole,
        `could not be understood: ${error instanceof Error ? error.message : String(error)}`,
      );
    } finally {
      Atomics.store(this.#vitals, vitals.digesting, 0);
      Atomics.add(this.#vitals, vitals.beat, 1);
    }
  }

  #judge({ call, change, digested }: Finished, kept: Kept): void {
    const isInStore = (part: 'request' | 'response'): boolean =>
      kept !== 'lost' && change.saved.includes(part);
    const leftOut =
      kept === 'whole' ? [] : change.parts.map(({ part }) => part).filter((part) => !isInStore(part));
    const bodies = new Set([...digested.cut, ...leftOut]).size;
    const rows = kept === 'lost' ? 1 : 0;
    // A worker before may have judged otherwise.
    if (rows + bodies === 0 && !this.#resumed.has(call.number)) return;
    this.#options.reports.lost(call.number, { rows, bodies });
  }
}
