/** What the main thread and the recorder's worker say to each other. Plain data: it crosses a thread border. */
import type { ExchangeEnd, ExchangeHead, ExchangeOpen, KeptStage } from '../exchange.ts';
import type { ShownCost } from '../pricing/engine.ts';
import type { Seal } from '../store/seal.ts';
import type { StoreErrorCode } from '../store/errors.ts';
import type { RetentionPolicy } from '../store/retention.ts';
import type { WholeCall } from '../store/write.ts';
import type { NotedHeads } from './chain-notes.ts';
import type { FinishedCall } from './finished.ts';
import type { Loss } from './losses.ts';

/** Handed to every worker when it starts. */
export interface WorkerSetup {
  readonly target: string;
  readonly durability: 'full' | 'normal';
  /** Who records, and what seals the chain. */
  readonly seal?: Seal;
  readonly spillDir: string;
  /** Text of the user's price file and what to call it in errors; null: none. */
  readonly prices: { readonly text: string; readonly name: string } | null;
  /** Which figure is the cost of a call that has two; `computed` if not given. */
  readonly cost?: ShownCost;
  /** How long what is recorded stays; for ever if not given. */
  readonly retention?: RetentionPolicy;
  /** The first worker of the process is refused a store that cannot be opened; the others begin without it. */
  readonly isFirst: boolean;
  /** Calls of this process that go on: everything else that is open was left by a process that is gone. */
  readonly resume: readonly { readonly number: number; readonly open: ExchangeOpen }[];
  /** Keys of calls on which workers have died (`vitals.digesting`): stored without looking into them. */
  readonly quarantine: readonly number[];
  /** Bytes that calls under way may hold in the worker; beyond it their bodies are cut. */
  readonly assemblyBytes: number;
  /** Audit mode: each stage of a call is reported as soon as it is settled. */
  readonly reportStages: boolean;
  /** Three 32-bit integers: `vitals`. */
  readonly vitals: SharedArrayBuffer;
}

/** Places in `WorkerSetup.vitals`. */
export const vitals = {
  /** A key of the call that is being looked into, 0 for none: what a worker dies on. */
  digesting: 0,
  /** Counts up while the worker lives. */
  beat: 1,
  /** The system's number of the worker's thread, when calls go before it; else 0. */
  thread: 2,
} as const;

/** Milliseconds of a clock that both threads share and nobody sets; `performance.now()` begins with its thread. */
export function threadsNowMs(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}

/** Numbers for each piece of a body, so that a thousand pieces are one array. */
export const spanFields = 5;

/** Everything that happened in a few milliseconds. Applied in the order of its fields. */
export interface Batch {
  readonly kind: 'batch';
  /** Counts up from 1 through the life of the process. */
  readonly seq: number;
  /** By `threadsNowMs`. */
  readonly sentMs: number;
  readonly opens: readonly { readonly number: number; readonly open: ExchangeOpen }[];
  /** Where the spans lie; stays untouched until the batch is acknowledged. */
  readonly slab: SharedArrayBuffer | null;
  /** `[number of the call, 0 request | 1 response, offset in the slab, length, microseconds since the call's start]` each. */
  readonly spans: Float64Array;
  readonly heads: readonly { readonly number: number; readonly head: ExchangeHead }[];
  readonly ends: readonly { readonly number: number; readonly end: ExchangeEnd }[];
}

export type ToWorker =
  | Batch
  /** Rows are only sent back while somebody watches. */
  | { readonly kind: 'watch'; readonly on: boolean }
  /** Somebody searched for this and found the index damaged. */
  | { readonly kind: 'searchDamaged'; readonly searches: readonly string[] }
  /** Somebody waits for what was sent before: it is written at once. */
  | { readonly kind: 'flush' }
  /** Writes what there is and closes the store; answered by `closed`. */
  | { readonly kind: 'close' };

/** Sent as lists of several. */
export type FromWorker =
  | { readonly kind: 'ready' }
  /** The worker cannot start; `message` is one sentence for the user. */
  | { readonly kind: 'refused'; readonly message: string; readonly code: StoreErrorCode | null }
  /** Everything of these batches is on the disk, but for what is counted as lost. */
  | { readonly kind: 'acknowledged'; readonly seqs: readonly number[] }
  /** That stage of these calls is on the disk, or (`kept` false) it could not be brought there whole. */
  | {
      readonly kind: 'settled';
      readonly stage: KeptStage;
      readonly numbers: readonly number[];
      readonly kept: boolean;
    }
  | { readonly kind: 'rows'; readonly event: 'open' | 'end'; readonly rows: readonly WholeCall[] }
  /** For the metrics: calls that have ended, and how long each commit into the store took. */
  | {
      readonly kind: 'counted';
      readonly finished: readonly FinishedCall[];
      readonly commitsUs: readonly number[];
    }
  | { readonly kind: 'state'; readonly state: KeepingState }
  /** The verdict on a call's ending, when not all of it could be kept, or when another worker may have had another verdict. */
  | { readonly kind: 'lost'; readonly number: number; readonly loss: Loss }
  /** Lost of what had been spilled, after it was acknowledged. */
  | { readonly kind: 'spillLost'; readonly loss: Loss }
  /** One sentence for the log: something happened that is over by now. */
  | { readonly kind: 'notice'; readonly message: string }
  /** Of the chains, to be noted elsewhere. */
  | { readonly kind: 'heads'; readonly heads: NotedHeads }
  | { readonly kind: 'closed' };

/** How the keeping goes. */
export interface KeepingState {
  /** One sentence; null while all is well. */
  readonly trouble: string | null;
  /** Waiting in files of their own: until the store can be written again, or until there is time to look into them. */
  readonly spilledBytes: number;
  /** The latter part of them. */
  readonly undigestedBytes: number;
  /** When all that was to be removed by its age or for its size had gone for the last time, epoch ms; null before. */
  readonly retentionDoneMs: number | null;
}
