/** Calls that have ended: digested, written, and what could not be kept of them told; tried again while nothing can be written. */
import { crc32 } from 'node:zlib';
import type { Pricer } from '../pricing/engine.ts';
import type { FinishChange } from '../store/change.ts';
import type { CallAssembly, EndedCall } from './assembly.ts';
import { finishChange } from './changes.ts';
import type { Entry } from './commits.ts';
import { digest, digestBlindly, type Digested, type DigestContext } from './digest.ts';
import { finishedCall } from './finished.ts';
import type { Kept } from './keeper.ts';
import type { Ending, Ledger } from './ledger.ts';
import type { Loss } from './losses.ts';
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
    const digested = await this.#digest(call.finish(end));
    // Of the answer it would be one body in many pieces: put together once, it is read faster ever after.
    const saved = call.savedParts().filter((part) => part === 'request');
    const finished = { call, digested, change: finishChange(digested, saved) };
    return this.#entry(finished, (kept) => {
      const { reports } = this.#options;
      reports.finished(finishedCall(finished.change.row, call.head));
      reports.settled('ended', [call], kept === 'whole' && digested.cut.length === 0);
      reports.row('end', finished.change.row);
    });
  }

  /** One that was on the disk already, undigested. Never rejects. @param isDeadly is not looked into @param onKept is told what became of it */
  async entryOfKept(call: EndedCall, isDeadly: boolean, onKept: (kept: Kept) => void): Promise<Entry> {
    const change = finishChange(await this.#digest(call, isDeadly), []);
    const settle = ([kept = 'not']: readonly Kept[]): void => {
      onKept(kept);
      if (kept === 'not') return;
      const { reports } = this.#options;
      const bodies = kept === 'whole' ? 0 : change.parts.length;
      if (kept !== 'whole') reports.spillLost({ rows: kept === 'lost' ? 1 : 0, bodies });
      reports.finished(finishedCall(change.row, call.head));
      reports.row('end', change.row);
    };
    return { changes: [change], bytes: bytesOf(change), settle };
  }

  /** It is on the disk, undigested. */
  kept({ call, end }: Ending): void {
    const { open, request, response } = call.finish(end);
    const cut = open.bodies === 'metadata' ? [] : [request, response].filter(({ whole }) => !whole);
    this.#tellLoss(call.number, { rows: 0, bodies: cut.length });
    this.#options.ledger.finished(call);
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
    const settle = ([kept = 'not']: readonly Kept[]): void => {
      if (kept === 'not') this.#owed.push(finished);
      else {
        this.#judge(finished, kept);
        this.#options.ledger.finished(call);
      }
      tell(kept);
    };
    return { changes: [change], bytes: bytesOf(change), settle };
  }

  async #digest(whole: EndedCall, isDeadly = false): Promise<Digested> {
    const { setup, pricer, context } = this.#options;
    const key = deathKey(whole.open.id);
    if (isDeadly || setup.quarantine.includes(key)) {
      return digestBlindly(
        whole,
        'the recorder died of this call three times and did not look into it again',
      );
    }
    Atomics.store(this.#vitals, vitals.digesting, key);
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
    this.#tellLoss(call.number, { rows, bodies });
  }

  #tellLoss(number: number, loss: Loss): void {
    // A worker before may have judged otherwise.
    if (loss.rows + loss.bodies === 0 && !this.#resumed.has(number)) return;
    this.#options.reports.lost(number, loss);
  }
}

/** What a call is known by when the recorder dies of it, whether it is looked into at once or later: never 0, the same each time. */
function deathKey(id: string): number {
  return (crc32(id) >>> 2) + 1;
}

function bytesOf({ parts }: FinishChange): number {
  return parts.reduce((sum, part) => sum + part.bytes.byteLength, 0);
}
