/**
 * The main thread's side of recording: hands batches to the worker, starts another one when it dies or hangs, and sends that
 * one again what the first had not acknowledged.
 */
import { setTimeout } from 'node:timers/promises';
import type { Worker } from 'node:worker_threads';
import type { Sink } from '../exchange.ts';
import { QuietCollection } from '../heap.ts';
import type { StoreErrorCode } from '../store/errors.ts';
import type { WholeCall } from '../store/write.ts';
import { Batcher } from './batcher.ts';
import type { NotedHeads } from './chain-notes.ts';
import type { FinishedCall } from './finished.ts';
import { coreAccountOf, GivingWay } from './giving-way.ts';
import { Losses } from './losses.ts';
import { recordingBudget, type RecordingBudget } from './memory.ts';
import {
  vitals,
  type Batch,
  type FromWorker,
  type KeepingState,
  type ToWorker,
  type WorkerSetup,
} from './protocol.ts';
import { takeThread } from './thread.ts';

export interface RecorderOptions extends Pick<
  WorkerSetup,
  'target' | 'durability' | 'seal' | 'spillDir' | 'prices' | 'cost' | 'reportStages' | 'retention'
> {
  /** Bytes that may wait for the worker; beyond it bodies are cut and counted. Default: a share of the memory limit. */
  readonly queueBytes?: number;
  /** What the whole process may take; null or absent: what the container or the machine allows. */
  readonly memoryLimitBytes?: number | null;
  /** The same for everything that is not a body; beyond it whole calls go unrecorded and are counted. Default 64 MB. */
  readonly rowBytes?: number;
  /** A worker that shows no sign of life for so long, with work before it, is ended. Default 10 s. */
  readonly hangMs?: number;
  onRows(event: 'open' | 'end', rows: readonly WholeCall[]): void;
  /** For the metrics: calls that have ended, and how long each commit into the store took. */
  readonly onCounted?: (finished: readonly FinishedCall[], commitsUs: readonly number[]) => void;
  /** The heads of the chains, when recording begins, every hour in which they changed, and when it ends. */
  readonly onHeads?: (heads: NotedHeads) => void;
  /** One sentence each time the keeping of the record gets into trouble, null when it is well again. */
  onTrouble(message: string | null): void;
}

/** The store cannot be opened; the message is one sentence for the user. */
export class RecorderRefused extends Error {
  override readonly name = 'RecorderRefused';
  /** What the store refused; null when it was something else. */
  readonly code: StoreErrorCode | null;

  constructor(message: string, code: StoreErrorCode | null) {
    super(message);
    this.code = code;
  }
}

export interface Recorder extends Sink {
  /** Rows are reported to `onRows` only while this is on. */
  watch(on: boolean): void;
  health(): RecorderHealth;
  /** The index could not be read for these searches: it is looked at, and made anew if need be. */
  searchDamaged(searches: readonly string[]): void;
  /** Resolves when everything that was reported has been written, and what was spilled for want of time has been looked into. */
  caughtUp(): Promise<void>;
  /** Writes what there is and closes the store. */
  close(): Promise<void>;
}

export interface RecorderHealth extends KeepingState {
  /** Calls whose row could not be kept, and bodies that could not be kept whole, since the program began. */
  readonly rowsLost: number;
  readonly bodiesLost: number;
  readonly queueBytes: number;
  readonly lagMs: number;
}

/** A worker that shows no sign of life for so long, with work before it, is ended. SQLite may rightly take seconds. */
const hangMs = 10_000;
const lookEveryMs = 1000;
const restartAfterMs = [0, 100, 500, 2000, 5000];
const deathsUntilQuarantine = 3;
/** How often the first worker may die before it is ready, until the program does not start. */
const firstStarts = 5;
/** From such a lag on the record is not what it promises to be. */
const lagLimitMs = 5000;
/** How long closing waits for a worker that has to be started first. */
const closeWithinMs = 15_000;

/**
 * Starts the worker and waits until its store is open.
 * @throws RecorderRefused
 */
export async function startRecorder(options: RecorderOptions): Promise<Recorder> {
  const recorder = new SupervisedRecorder(options);
  await recorder.start();
  return recorder;
}

class SupervisedRecorder implements Recorder {
  readonly #options: RecorderOptions;
  readonly #budget: RecordingBudget;
  readonly #batcher: Batcher;
  readonly #losses = new Losses();
  readonly #vitals = new Int32Array(new SharedArrayBuffer(12));
  readonly #way = new GivingWay(coreAccountOf(() => Atomics.load(this.#vitals, vitals.thread)));
  readonly #deaths = new Map<number, number>();
  readonly #quiet = new QuietCollection();
  readonly #look: NodeJS.Timeout;
  #worker: Worker | null = null;
  #isReady = false;
  #isWatched = false;
  #isFirst = true;
  #restarts = 0;
  /** Of the start that is under way, or of the pause before it; never rejects. */
  #starting: Promise<void> | null = null;
  #isClosing = false;
  #closed: PromiseWithResolvers<void> | null = null;
  #trouble: string | null = null;
  #spilledBytes = 0;
  #undigestedBytes = 0;
  readonly #digested: (() => void)[] = [];
  #retentionDoneMs: number | null = null;
  #lastBeat = 0;
  #lastBeatMs = 0;

  constructor(options: RecorderOptions) {
    this.#options = options;
    this.#budget = recordingBudget(options.memoryLimitBytes ?? null);
    this.#batcher = new Batcher({
      queueBytes: options.queueBytes ?? this.#budget.queueBytes,
      ...(options.rowBytes === undefined ? {} : { rowBytes: options.rowBytes }),
      send: (batch) => this.#send(batch),
      onLost: (loss) => this.#losses.add(loss),
    });
    this.#look = setInterval(() => {
      this.#endIfHanging();
      this.#quiet.look(this.#batcher.sentWhenQuiet);
    }, lookEveryMs);
    this.#look.unref();
  }

  open: Sink['open'] = (exchange) => this.#batcher.open(exchange);

  searchDamaged(searches: readonly string[]): void {
    this.#post({ kind: 'searchDamaged', searches });
  }

  watch(on: boolean): void {
    this.#isWatched = on;
    this.#post({ kind: 'watch', on });
  }

  async caughtUp(): Promise<void> {
    const emptied = this.#batcher.emptied();
    this.#post({ kind: 'flush' });
    await emptied;
    if (this.#undigestedBytes > 0) await new Promise<void>((resolve) => this.#digested.push(resolve));
  }

  health(): RecorderHealth {
    const { rows, bodies } = this.#losses.total();
    const lagMs = Math.round(this.#batcher.lagMs());
    const late = lagMs > lagLimitMs ? `The record is ${Math.round(lagMs / 1000)} s behind.` : null;
    return {
      trouble: this.#trouble ?? late,
      spilledBytes: this.#spilledBytes,
      undigestedBytes: this.#undigestedBytes,
      retentionDoneMs: this.#retentionDoneMs,
      rowsLost: rows,
      bodiesLost: bodies,
      queueBytes: this.#batcher.queueBytes,
      lagMs,
    };
  }

  /** Resolves when a worker has its store open, rejects when the first one cannot have it. */
  async start(): Promise<void> {
    for (let tried = 1; ; tried++) {
      try {
        await this.#startWorker();
        this.#isFirst = false;
        return;
      } catch (error) {
        if (error instanceof RecorderRefused || tried === firstStarts) {
          clearInterval(this.#look);
          throw error;
        }
      }
    }
  }

  /** Rejects with `RecorderRefused` when it says why it cannot begin, with another error when it ends without a word. */
  async #startWorker(): Promise<void> {
    const started = Promise.withResolvers<void>();
    const worker = takeThread();
    worker.postMessage(this.#setup());
    this.#worker = worker;
    this.#lastBeatMs = performance.now();
    let died: unknown = new Error('The recorder ended before it was ready.');
    worker.on('message', (messages: readonly FromWorker[]) => {
      for (const message of messages) {
        if (message.kind === 'ready') started.resolve();
        else if (message.kind === 'refused')
          started.reject(new RecorderRefused(message.message, message.code));
        else this.#receive(message);
      }
    });
    worker.on('error', (error) => {
      died = error;
      this.#setTrouble(`The recorder failed: ${error instanceof Error ? error.message : String(error)}`);
    });
    worker.on('exit', () => {
      this.#ended(worker);
      started.reject(died);
    });
    try {
      await started.promise;
    } catch (error) {
      if (this.#worker === worker) this.#worker = null;
      await worker.terminate();
      throw error;
    }
    // It may have ended right after its last word.
    if (this.#worker !== worker) throw died;
    this.#isReady = true;
    this.#post({ kind: 'watch', on: this.#isWatched });
    for (const batch of this.#batcher.unacknowledged()) this.#post(batch);
  }

  async close(): Promise<void> {
    this.#isClosing = true;
    clearInterval(this.#look);
    this.#batcher.flush();
    const untilMs = performance.now() + closeWithinMs;
    // A worker that dies now is replaced once more: what it had not written is still here.
    do {
      if (!this.#isReady) await (this.#starting ?? this.#restart());
      if (await this.#closeWorker()) break;
    } while (performance.now() < untilMs);
    await this.#worker?.terminate();
    this.#worker = null;
    const unrecorded = this.#batcher.live().length;
    if (unrecorded > 0) this.#options.onTrouble(`The end of ${unrecorded} calls could not be recorded.`);
  }

  /** Whether it has written everything and said so. */
  async #closeWorker(): Promise<boolean> {
    if (!this.#isReady) return false;
    this.#closed = Promise.withResolvers();
    this.#post({ kind: 'close' });
    await this.#closed.promise;
    return this.#isReady;
  }

  #setup(): WorkerSetup {
    const { target, durability, seal, spillDir, prices, cost, retention, reportStages } = this.#options;
    const quarantine = [...this.#deaths].filter(([, count]) => count >= deathsUntilQuarantine);
    return {
      target,
      durability,
      ...(seal !== undefined && { seal }),
      spillDir,
      prices,
      ...(cost !== undefined && { cost }),
      ...(retention !== undefined && { retention }),
      reportStages,
      assemblyBytes: this.#budget.assemblyBytes,
      isFirst: this.#isFirst,
      resume: this.#batcher.live(),
      quarantine: quarantine.map(([key]) => key),
      vitals: this.#vitals.buffer,
    };
  }

  #send(batch: Batch): void {
    this.#post(batch);
    this.#way.giveWay(this.#batcher.lagMs());
  }

  /** What is posted to no worker, or to one that is not ready, is sent again when one is. */
  #post(message: ToWorker): void {
    if (this.#isReady) this.#worker?.postMessage(message);
  }

  #receive(message: Exclude<FromWorker, { kind: 'ready' | 'refused' }>): void {
    switch (message.kind) {
      case 'acknowledged':
        this.#restarts = 0;
        for (const seq of message.seqs) {
          for (const number of this.#batcher.acknowledge(seq)) this.#losses.close(number);
        }
        break;
      case 'settled':
        for (const number of message.numbers) this.#batcher.settle(number, message.stage, message.kept);
        break;
      case 'rows':
        this.#options.onRows(message.event, message.rows);
        break;
      case 'counted':
        this.#options.onCounted?.(message.finished, message.commitsUs);
        break;
      case 'state':
        this.#spilledBytes = message.state.spilledBytes;
        this.#undigestedBytes = message.state.undigestedBytes;
        if (this.#undigestedBytes === 0) for (const resolve of this.#digested.splice(0)) resolve();
        this.#retentionDoneMs = message.state.retentionDoneMs ?? this.#retentionDoneMs;
        this.#setTrouble(message.state.trouble);
        break;
      case 'lost':
        this.#losses.judge(message.number, message.loss);
        break;
      case 'spillLost':
        this.#losses.add(message.loss);
        break;
      case 'notice':
        this.#options.onTrouble(message.message);
        break;
      case 'heads':
        this.#options.onHeads?.(message.heads);
        break;
      case 'closed':
        this.#closed?.resolve();
        break;
      default:
        message satisfies never;
    }
  }

  #setTrouble(trouble: string | null): void {
    if (trouble === this.#trouble) return;
    this.#trouble = trouble;
    this.#options.onTrouble(trouble);
  }

  #ended(worker: Worker): void {
    if (this.#worker !== worker) return;
    const wasReady = this.#isReady;
    this.#worker = null;
    this.#isReady = false;
    const key = Atomics.exchange(this.#vitals, vitals.digesting, 0);
    if (key !== 0) this.#deaths.set(key, (this.#deaths.get(key) ?? 0) + 1);
    this.#closed?.resolve();
    // Who starts one learns of its end by himself.
    if (!wasReady || this.#isClosing) return;
    if (this.#trouble === null) this.#setTrouble('The recorder ended and is being started again.');
    void this.#restart();
  }

  /** Until there is one; while closing, tries once. */
  async #restart(): Promise<void> {
    const restarting = this.#tryUntilStarted();
    this.#starting = restarting;
    await restarting;
    this.#starting = null;
  }

  async #tryUntilStarted(): Promise<void> {
    while (!this.#isReady) {
      const afterMs = restartAfterMs[Math.min(this.#restarts, restartAfterMs.length - 1)] ?? 0;
      this.#restarts++;
      await setTimeout(afterMs);
      try {
        await this.#startWorker();
      } catch (error) {
        this.#setTrouble(error instanceof Error ? error.message : String(error));
        if (this.#isClosing) return;
      }
    }
  }

  #endIfHanging(): void {
    const beat = Atomics.load(this.#vitals, vitals.beat);
    const nowMs = performance.now();
    const limitMs = this.#options.hangMs ?? hangMs;
    // The first one may have a large store to bring to this version.
    if (beat !== this.#lastBeat || this.#worker === null || this.#isFirst) {
      this.#lastBeat = beat;
      this.#lastBeatMs = nowMs;
    } else if (nowMs - this.#lastBeatMs > limitMs && this.#batcher.lagMs() > limitMs) {
      this.#setTrouble('The recorder hung and is being started again.');
      this.#lastBeatMs = nowMs;
      void this.#worker?.terminate();
    }
  }
}
