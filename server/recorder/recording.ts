/**
 * The worker's loop: takes batches, digests the calls that ended, commits in groups, acknowledges. What queues up while one
 * commit runs becomes the next group. Bytes of a call that goes on are saved when the oldest of them is half a second old.
 */
import { KnownJson } from '../messages/known-json.ts';
import { createPricer, type Pricer } from '../pricing/engine.ts';
import { parsePriceFile } from '../pricing/price-file.ts';
import type { FinishChange, StoreChange } from '../store/change.ts';
import { AssemblyBudget, type CallAssembly } from './assembly.ts';
import { Attempts, learnAttempts } from './attempts.ts';
import { CacheWatch } from './cache-watch.ts';
import { ChainNotes } from './chain-notes.ts';
import { Backlog } from './backlog.ts';
import { finishChange, openChange, progressChange } from './changes.ts';
import { digest, digestBlindly, openRow, type Digested, type DigestContext } from './digest.ts';
import { finishedCall } from './finished.ts';
import { Keeper, type Kept } from './keeper.ts';
import { Ledger, type Ending } from './ledger.ts';
import { vitals, type Batch, type FromWorker, type ToWorker, type WorkerSetup } from './protocol.ts';
import { Reports } from './reports.ts';
import { resumedCalls, type ResumedCall } from './resumption.ts';
import { createNewText } from './new-text.ts';
import { PaidResults } from './paid-results.ts';
import { Upkeep } from './upkeep.ts';
import { Survivors } from './survivors.ts';

/** Half of the second that a killed process may lose. */
const saveAfterMs = 500;
const saveBytes = 256 * 1024;
const tickMs = 100;
/** What is digested before it is committed: calls, and bytes of their bodies. */
const groupCalls = 64;
const groupBytes = 8 * 1024 * 1024;
/** When nothing can be written anywhere. */
const retryAfterMs = 1000;
/** Of what an earlier process had spilled, so much time at most goes by before calls are recorded. */
const importAtStartMs = 2000;

/** An ending that is ready to be written. */
interface Finished {
  readonly call: CallAssembly;
  readonly change: FinishChange;
  readonly digested: Digested;
}

/**
 * Opens the store, settles what earlier processes left open, and returns what takes messages from then on.
 * @throws StoreError, PriceFileError: one sentence for the user
 */
export async function startRecording(
  setup: WorkerSetup,
  post: (message: FromWorker) => void,
): Promise<(message: ToWorker) => void> {
  const overrides = setup.prices === null ? null : parsePriceFile(setup.prices.text, setup.prices.name);
  const pricer = createPricer(overrides === null ? {} : { overrides });
  const keeper = new Keeper({
    ...setup,
    mustOpen: setup.isFirst,
    onNotice: (message) => post({ kind: 'notice', message }),
    onSpillLost: (changes) => {
      const lost = changes.filter((change) => change.kind === 'finish');
      const bodies = lost.reduce((sum, { parts }) => sum + parts.length, 0);
      post({ kind: 'spillLost', loss: { rows: lost.length, bodies } });
    },
  });
  const loop = new RecordingLoop(setup, keeper, pricer, post);
  await loop.recover();
  return (message) => loop.receive(message);
}

class RecordingLoop {
  readonly #setup: WorkerSetup;
  readonly #keeper: Keeper;
  readonly #pricer: Pricer;
  readonly #context: DigestContext & { readonly attempts: Attempts };
  readonly #reports: Reports;
  readonly #chainNotes: ChainNotes;
  readonly #budget: AssemblyBudget;
  readonly #ledger: Ledger;
  readonly #survivors: Survivors;
  readonly #upkeep: Upkeep;
  readonly #backlog: Backlog;
  readonly #vitals: Int32Array;
  readonly #inbox: ToWorker[] = [];
  /** Endings that could not be written anywhere; not acknowledged, so that another worker would have them too. */
  #owed: Finished[] = [];
  readonly #resumed: ReadonlySet<number>;
  #generation: number;
  #nextSaveMs = 0;
  #isBusy = false;
  readonly #tick: NodeJS.Timeout;

  constructor(setup: WorkerSetup, keeper: Keeper, pricer: Pricer, post: (message: FromWorker) => void) {
    this.#setup = setup;
    this.#upkeep = new Upkeep(setup.retention ?? { bodiesMs: null, callsMs: null, storeBytes: null });
    this.#budget = new AssemblyBudget(setup.assemblyBytes);
    this.#ledger = new Ledger(this.#budget);
    this.#keeper = keeper;
    this.#backlog = new Backlog(keeper);
    this.#pricer = pricer;
    this.#context = {
      attempts: new Attempts(),
      knownJson: new KnownJson(),
      newText: createNewText(),
      paidResults: new PaidResults(() => keeper.store),
      cacheWatch: new CacheWatch(() => keeper.store),
      ...(setup.cost !== undefined && { shownCost: setup.cost }),
    };
    this.#reports = new Reports(post, setup.reportStages);
    this.#chainNotes = new ChainNotes((heads) => this.#reports.heads(heads));
    this.#vitals = new Int32Array(setup.vitals);
    this.#generation = keeper.generation;
    this.#resumed = new Set(setup.resume.map(({ number }) => number));
    this.#survivors = new Survivors(keeper, pricer, this.#context);
    this.#tick = setInterval(() => {
      this.#beat();
      this.#workUnlessBusy();
    }, tickMs);
  }

  receive(message: ToWorker): void {
    this.#inbox.push(message);
    this.#workUnlessBusy();
  }

  #workUnlessBusy(): void {
    if (!this.#isBusy) void this.#work();
  }

  /** Goes on with the calls of this process, and ends those of processes that are gone. */
  async recover(): Promise<void> {
    this.#isBusy = true;
    const untilMs = performance.now() + importAtStartMs;
    while (this.#keeper.hasSpilled && performance.now() < untilMs && this.#keeper.whenIdle()) this.#beat();
    learnAttempts(this.#context.attempts, this.#keeper.store);
    for (const resumed of resumedCalls(this.#setup.resume, this.#keeper, this.#budget)) {
      this.#goOn(resumed);
    }
    await this.#settleSurvivors();
    this.#generation = this.#keeper.generation;
    this.#isBusy = false;
  }

  #goOn({ number, open, call, hasEnded }: ResumedCall): void {
    this.#beat();
    if (call === null) {
      this.#ledger.miss(number, open);
      return;
    }
    this.#ledger.adopt(call);
    // The worker before may have died between writing this and saying so.
    this.#reports.settled('begun', [call], true);
    if (hasEnded) this.#reports.settled('ended', [call], true);
  }

  /** Calls of processes that are gone; those that wait in the spill have to be in the store before. */
  async #settleSurvivors(): Promise<void> {
    if (this.#survivors.areSettled || this.#keeper.hasSpilled) return;
    const ours = new Set([...this.#ledger.calls()].map(({ open }) => open.id));
    await this.#survivors.settle(ours, () => this.#beat());
  }

  async #work(): Promise<void> {
    this.#isBusy = true;
    do {
      const messages = this.#inbox.splice(0);
      const batches = messages.filter((message) => message.kind === 'batch');
      for (const message of messages) if (message.kind === 'watch') this.#reports.watch(message.on);
      await this.#record(batches);
      // Before anything can be well again: what went wrong is told even if only for a moment.
      this.#reportState();
      if (messages.some(({ kind }) => kind === 'close')) {
        this.#close();
        return;
      }
    } while (this.#inbox.length > 0);
    const hasMore = this.#keeper.whenIdle();
    this.#attend();
    await this.#backlog.step();
    this.#writeAnewIfReplaced();
    await this.#settleSurvivors();
    this.#reportState();
    this.#isBusy = false;
    // Messages that have come meanwhile go first.
    if (hasMore || this.#inbox.length > 0) setImmediate(() => this.#workUnlessBusy());
  }

  /** Removes a little of what is too old. */
  #attend(): void {
    const doubt = this.#upkeep.doubt;
    this.#keeper.attend((store, writer) => {
      this.#upkeep.step(store, writer);
      this.#chainNotes.look(store);
    });
    if (this.#upkeep.doubt !== null && this.#upkeep.doubt !== doubt) {
      this.#reports.notice(this.#upkeep.doubt);
    }
  }

  async #record(batches: readonly Batch[]): Promise<void> {
    const begun = new Set<CallAssembly>();
    const ended: Ending[] = [];
    for (const batch of batches) {
      const taken = this.#ledger.take(batch);
      for (const call of taken.begun) begun.add(call);
      ended.push(...taken.ended);
    }
    // A call that both began and ended here is written once, whole.
    for (const { call } of ended) begun.delete(call);
    this.#begin([...begun]);
    for (const group of groupsOf(ended)) await this.#finish(group);
    this.#payOwed();
    this.#saveProgress(saveAfterMs);
    this.#reports.counts();
    this.#reports.acknowledged(this.#ledger.acknowledgeable());
  }

  #begin(begun: readonly CallAssembly[]): void {
    const kept = this.#keep(begun.map(openChange));
    for (const [index, call] of begun.entries()) {
      call.isBegun = kept[index] === 'whole';
      if (!call.isBegun) call.touch();
    }
    this.#reports.settled(
      'begun',
      begun.filter(({ isBegun }) => isBegun),
      true,
    );
    this.#reports.settled(
      'begun',
      begun.filter(({ isBegun }) => !isBegun),
      false,
    );
    this.#reports.rows(
      'open',
      begun.map(({ open }) => openRow(open)),
    );
  }

  async #finish(ended: readonly Ending[]): Promise<void> {
    const finished: Finished[] = [];
    for (const ending of ended) {
      const digested = await this.#digest(ending);
      finished.push({ call: ending.call, digested, change: finishChange(ending.call, digested) });
      this.#beat();
    }
    const kept = this.#keepFinished(finished);
    for (const [index, { call, change, digested }] of finished.entries()) {
      this.#reports.finished(finishedCall(change.row, call.head));
      this.#reports.settled('ended', [call], kept[index] === 'whole' && digested.cut.length === 0);
    }
    this.#reports.rows(
      'end',
      finished.map(({ change }) => change.row),
    );
  }

  #keepFinished(finished: readonly Finished[]): Kept[] {
    const kept = this.#keep(finished.map(({ change }) => change));
    for (const [index, one] of finished.entries()) {
      const verdict = kept[index] ?? 'not';
      if (verdict === 'not') {
        this.#owed.push(one);
        continue;
      }
      this.#judge(one, verdict);
      this.#ledger.finished(one.call);
    }
    return kept;
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
    this.#reports.lost(call.number, { rows, bodies });
  }

  #payOwed(): void {
    if (this.#owed.length === 0 || performance.now() < this.#nextSaveMs) return;
    this.#keepFinished(this.#owed.splice(0));
  }

  async #digest({ call, end }: Ending): Promise<Digested> {
    const whole = call.finish(end);
    if (this.#setup.quarantine.includes(call.number)) {
      return digestBlindly(
        whole,
        'the recorder died of this call three times and did not look into it again',
      );
    }
    Atomics.store(this.#vitals, vitals.digesting, call.number);
    try {
      return await digest(whole, this.#pricer, this.#context);
    } catch (error) {
      return digestBlindly(
        whole,
        `could not be understood: ${error instanceof Error ? error.message : String(error)}`,
      );
    } finally {
      Atomics.store(this.#vitals, vitals.digesting, 0);
    }
  }

  #saveProgress(afterMs: number): void {
    const nowMs = performance.now();
    const owed = new Set(this.#owed.map(({ call }) => call));
    const due: CallAssembly[] = [];
    for (const call of this.#ledger.calls()) {
      const { unsavedSinceMs, unsavedBytes } = call;
      if (owed.has(call)) continue;
      if (unsavedSinceMs === null) {
        // Of a call that only began, or whose batches came a second time, everything is there already.
        if (call.lastSeq > call.savedSeq) this.#ledger.saved(call);
      } else if (nowMs - unsavedSinceMs >= afterMs || unsavedBytes >= saveBytes) due.push(call);
    }
    if (nowMs < this.#nextSaveMs && afterMs > 0) return;
    let group: CallAssembly[] = [];
    let bytes = 0;
    for (const call of due) {
      group.push(call);
      bytes += call.unsavedBytes;
      if (bytes < groupBytes) continue;
      this.#save(group);
      group = [];
      bytes = 0;
    }
    this.#save(group);
  }

  #save(calls: readonly CallAssembly[]): void {
    if (calls.length === 0) return;
    const changes = calls.map((call): StoreChange[] =>
      call.isBegun ? [progressChange(call)] : [openChange(call), progressChange(call)],
    );
    const kept = this.#keep(changes.flat());
    let at = 0;
    for (const [index, call] of calls.entries()) {
      const own = kept.slice(at, (at += changes[index]?.length ?? 0));
      // What no store takes is not tried again: the ending has all of it once more.
      if (!own.includes('not')) this.#ledger.saved(call);
    }
    this.#beat();
  }

  #keep(changes: readonly StoreChange[]): Kept[] {
    const begunMs = performance.now();
    const kept = this.#keeper.commit(changes);
    // In trouble it went elsewhere.
    if (changes.length > 0 && this.#keeper.trouble === null) {
      this.#reports.committed(Math.round((performance.now() - begunMs) * 1000));
    }
    if (kept.includes('not')) this.#nextSaveMs = performance.now() + retryAfterMs;
    return kept;
  }

  /** Another file has taken the store's place: what runs is written into it from its beginning. */
  #writeAnewIfReplaced(): void {
    if (this.#generation === this.#keeper.generation) return;
    this.#generation = this.#keeper.generation;
    for (const call of this.#ledger.calls()) call.forgetSaved();
    this.#saveProgress(0);
  }

  #beat(): void {
    Atomics.add(this.#vitals, vitals.beat, 1);
  }

  #reportState(): void {
    const { trouble, spilledBytes } = this.#keeper;
    this.#reports.state({ trouble, spilledBytes, retentionDoneMs: this.#upkeep.doneMs });
  }

  #close(): void {
    clearInterval(this.#tick);
    this.#nextSaveMs = 0;
    this.#payOwed();
    for (const one of this.#owed.splice(0)) this.#judge(one, 'lost');
    this.#saveProgress(0);
    this.#keeper.attend((store) => this.#chainNotes.tellNow(store));
    this.#keeper.close();
    this.#reportState();
    this.#reports.closed();
  }
}

function* groupsOf(ended: readonly Ending[]): Generator<Ending[]> {
  let group: Ending[] = [];
  let bytes = 0;
  for (const ending of ended) {
    group.push(ending);
    bytes += ending.end.requestBytes + ending.end.responseBytes;
    if (group.length < groupCalls && bytes < groupBytes) continue;
    yield group;
    group = [];
    bytes = 0;
  }
  if (group.length > 0) yield group;
}
