/**
 * The worker's loop: takes batches, digests the calls that ended, commits in groups, acknowledges. What comes within a tenth of a
 * second of a commit waits for the next one; in audit mode, where calls wait for their record, nothing does.
 */
import { QuietCollection } from '../heap.ts';
import { KnownJson } from '../messages/known-json.ts';
import { createPricer, type Pricer } from '../pricing/engine.ts';
import { parsePriceFile } from '../pricing/price-file.ts';
import { AssemblyBudget, type CallAssembly } from './assembly.ts';
import { Attempts, learnAttempts } from './attempts.ts';
import { probeSearch } from '../store/search-probe.ts';
import { CacheWatch } from './cache-watch.ts';
import { ChainNotes } from './chain-notes.ts';
import { Backlog } from './backlog.ts';
import { openChange } from './changes.ts';
import { Commits, groupBytes, groupCalls, type Entry } from './commits.ts';
import { openRow, type DigestContext } from './digest.ts';
import { Endings } from './endings.ts';
import { Keeper, type Kept } from './keeper.ts';
import { Ledger, type Ending } from './ledger.ts';
import { vitals, type FromWorker, type ToWorker, type WorkerSetup } from './protocol.ts';
import { Overflow } from './overflow.ts';
import { Progress } from './progress.ts';
import { Reports } from './reports.ts';
import { resumedCalls, type ResumedCall } from './resumption.ts';
import { createNewText } from './new-text.ts';
import { PaidResults } from './paid-results.ts';
import { spillFolder } from './spill.ts';
import { Undigested } from './undigested.ts';
import { Upkeep } from './upkeep.ts';
import { Survivors } from './survivors.ts';

const tickMs = 100;
/** From one look at whether nothing goes on to the next. */
const lookEveryMs = 1000;
/** From one commit to the next, unless a whole group waits. */
const rhythmMs = 100;
/** What nobody had time to look into by then waits for the next start. */
const drainAtCloseMs = 8000;
/** Of what an earlier process had spilled, so much time at most goes by before calls are recorded. */
const importAtStartMs = 2000;

/**
 * Opens the store, settles what earlier processes left open, and returns what takes messages from then on.
 * @throws StoreError, PriceFileError: one sentence for the user
 */
export async function startRecording(
  setup: WorkerSetup,
  post: (messages: readonly FromWorker[]) => void,
): Promise<(message: ToWorker) => void> {
  const overrides = setup.prices === null ? null : parsePriceFile(setup.prices.text, setup.prices.name);
  const pricer = createPricer(overrides === null ? {} : { overrides });
  const keeper = new Keeper({
    ...setup,
    mustOpen: setup.isFirst,
    onNotice: (message) => post([{ kind: 'notice', message }]),
    onSpillLost: (changes) => {
      const lost = changes.filter((change) => change.kind === 'finish');
      const bodies = lost.reduce((sum, { parts }) => sum + parts.length, 0);
      post([{ kind: 'spillLost', loss: { rows: lost.length, bodies } }]);
    },
  });
  const loop = new RecordingLoop(setup, keeper, pricer, post);
  await loop.recover();
  return (message) => loop.receive(message);
}

class RecordingLoop {
  readonly #setup: WorkerSetup;
  readonly #keeper: Keeper;
  readonly #context: DigestContext & { readonly attempts: Attempts };
  readonly #reports: Reports;
  readonly #chainNotes: ChainNotes;
  readonly #budget: AssemblyBudget;
  readonly #ledger: Ledger;
  readonly #commits: Commits;
  readonly #endings: Endings;
  readonly #progress: Progress;
  readonly #waiting: Undigested;
  readonly #overflow: Overflow;
  readonly #survivors: Survivors;
  readonly #upkeep: Upkeep;
  readonly #backlog: Backlog;
  readonly #vitals: Int32Array;
  readonly #inbox: ToWorker[] = [];
  /** Waits for the next commit. */
  #ended: Ending[] = [];
  #writtenMs = Number.NEGATIVE_INFINITY;
  #nextWrite: NodeJS.Timeout | null = null;
  #isComing = false;
  #generation: number;
  #isBusy = false;
  readonly #quiet = new QuietCollection();
  #nextLookMs = 0;
  readonly #tick: NodeJS.Timeout;

  constructor(
    setup: WorkerSetup,
    keeper: Keeper,
    pricer: Pricer,
    post: (messages: readonly FromWorker[]) => void,
  ) {
    this.#setup = setup;
    this.#upkeep = new Upkeep(setup.retention ?? { bodiesMs: null, callsMs: null, storeBytes: null });
    this.#budget = new AssemblyBudget(setup.assemblyBytes);
    this.#ledger = new Ledger(this.#budget);
    this.#keeper = keeper;
    const folder = spillFolder(setup.spillDir, setup.target);
    this.#backlog = new Backlog(keeper, folder);
    const knownJson = new KnownJson();
    this.#context = {
      attempts: new Attempts(),
      knownJson,
      newText: createNewText(),
      paidResults: new PaidResults(() => keeper.store),
      cacheWatch: new CacheWatch(() => keeper.store),
      ...(setup.cost !== undefined && { shownCost: setup.cost }),
    };
    this.#reports = new Reports(post, setup.reportStages);
    this.#commits = new Commits(keeper, this.#reports);
    this.#progress = new Progress(this.#ledger, knownJson);
    this.#endings = new Endings({
      setup,
      pricer,
      context: this.#context,
      ledger: this.#ledger,
      reports: this.#reports,
    });
    this.#waiting = new Undigested(folder, (keptAs, deaths) => {
      // One call with its two bodies, as far as anybody can tell.
      this.#reports.spillLost({ rows: 1, bodies: 2 });
      this.#reports.notice(
        deaths === 0
          ? `Some recorded calls could not be read; they are kept in ${keptAs}.`
          : `A recorded call is left out, as the program has ended over it ${deaths} times; it is kept in ${keptAs}.`,
      );
    });
    this.#overflow = new Overflow({
      waiting: this.#waiting,
      keeper,
      commits: this.#commits,
      endings: this.#endings,
    });
    this.#chainNotes = new ChainNotes((heads) => this.#reports.heads(heads));
    this.#vitals = new Int32Array(setup.vitals);
    this.#generation = keeper.generation;
    this.#survivors = new Survivors(keeper, pricer, this.#context);
    this.#tick = setInterval(() => {
      this.#beat();
      this.#workUnlessBusy();
      this.#collectWhenQuiet();
    }, tickMs);
  }

  #collectWhenQuiet(): void {
    const nowMs = performance.now();
    if (nowMs < this.#nextLookMs) return;
    this.#nextLookMs = nowMs + lookEveryMs;
    const isQuiet = this.#ledger.isEmpty && this.#overflow.isEmpty;
    this.#quiet.look(isQuiet ? this.#commits.endedMs : null);
  }

  receive(message: ToWorker): void {
    this.#inbox.push(message);
    this.#workSoon();
  }

  /** When all that has come is here: begun with the first message, work would be done anew for each of the others. */
  #workSoon(): void {
    if (this.#isComing) return;
    this.#isComing = true;
    setImmediate(() => {
      this.#isComing = false;
      this.#workUnlessBusy();
    });
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
    while (performance.now() < untilMs && (await this.#overflow.step()));
    for (const resumed of resumedCalls(this.#setup.resume, this.#keeper, this.#budget)) {
      this.#goOn(resumed);
    }
    await this.#settleSurvivors();
    this.#generation = this.#keeper.generation;
    this.#reportState();
    this.#reports.send();
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
    if (this.#survivors.areSettled || this.#keeper.hasSpilled || !this.#overflow.isEmpty) return;
    const ours = new Set([...this.#ledger.calls()].map(({ open }) => open.id));
    await this.#survivors.settle(ours, () => this.#beat());
  }

  async #work(): Promise<void> {
    this.#isBusy = true;
    let hasWritten = false;
    do {
      const messages = this.#inbox.splice(0);
      this.#take(messages);
      const isAsked = messages.some(({ kind }) => kind !== 'batch');
      if (isAsked || this.#isDue()) {
        // A call that has just begun will be back at once, and waits for whatever is done meanwhile.
        const haveOnlyBegun = this.#setup.reportStages && messages.length > 0 && this.#ended.length === 0;
        await (isAsked ? this.#writeAll() : this.#write());
        hasWritten ||= isAsked || !haveOnlyBegun;
      }
      this.#reports.counts();
      // Before anything can be well again: what went wrong is told even if only for a moment.
      this.#reportState();
      this.#reports.acknowledged(this.#ledger.acknowledgeable());
      this.#reports.send();
      if (messages.some(({ kind }) => kind === 'close')) {
        await this.#close();
        return;
      }
    } while (this.#inbox.length > 0);
    const isBehind = await this.#overflow.step();
    const hasMore = hasWritten && (await this.#rest());
    this.#reports.send();
    this.#isBusy = false;
    // Messages that have come meanwhile go first.
    const hasEnded = this.#ended.length > 0;
    if (hasMore || isBehind || this.#inbox.length > 0 || (hasEnded && this.#isDue())) {
      setImmediate(() => this.#workUnlessBusy());
    } else if (hasEnded || !hasWritten) this.#workInTime();
  }

  /** What is done between two commits; true when there is more of it. */
  async #rest(): Promise<boolean> {
    const hasMore = this.#keeper.whenIdle();
    this.#attend();
    await this.#backlog.step();
    this.#writeAnewIfReplaced();
    await this.#settleSurvivors();
    this.#reportState();
    return hasMore;
  }

  #isDue(): boolean {
    if (this.#setup.reportStages || performance.now() >= this.#writtenMs + rhythmMs) return true;
    const bytes = this.#ended.reduce((sum, { end }) => sum + end.requestBytes + end.responseBytes, 0);
    // What is only brought to the disk goes there in groups of any number.
    return bytes >= groupBytes || (this.#ended.length >= groupCalls && this.#overflow.isEmpty);
  }

  #workInTime(): void {
    const inMs = Math.max(0, this.#writtenMs + rhythmMs - performance.now());
    this.#nextWrite ??= setTimeout(() => {
      this.#nextWrite = null;
      this.#workUnlessBusy();
    }, inMs);
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

  #take(messages: readonly ToWorker[]): void {
    const begun = new Set<CallAssembly>();
    for (const message of messages) {
      if (message.kind === 'watch') this.#reports.watch(message.on);
      if (message.kind === 'searchDamaged')
        this.#keeper.attend((store) => probeSearch(store, message.searches));
      if (message.kind !== 'batch') continue;
      const taken = this.#ledger.take(message);
      for (const call of taken.begun) begun.add(call);
      this.#ended.push(...taken.ended);
    }
    // A call that both began and ended here is written once, whole.
    const running = [...begun].filter(({ hasEnded }) => !hasEnded);
    for (const call of running) this.#reports.row('open', openRow(call.open));
    if (this.#setup.reportStages) this.#begin(running);
    else for (const call of running) call.touch();
  }

  /** On the disk, or told not to be there, when it returns. */
  #begin(calls: readonly CallAssembly[]): void {
    if (calls.length === 0) return;
    for (const call of calls) this.#commits.add(this.#beginning(call));
    this.#commits.flush();
    // What has ended meanwhile takes longer.
    if (this.#ended.length > 0) this.#reports.send();
  }

  #beginning(call: CallAssembly): Entry {
    const settle = ([kept]: readonly Kept[]): void => {
      call.isBegun = kept === 'whole';
      if (!call.isBegun) call.touch();
      this.#reports.settled('begun', [call], call.isBegun);
    };
    return { changes: [openChange(call)], bytes: 0, settle };
  }

  /** Everything that is due; of what has ended no more than a group, so that what comes meanwhile is heard. */
  async #write(): Promise<void> {
    const isAudit = this.#setup.reportStages;
    const ended = isAudit ? this.#ended : this.#overflow.take(this.#ended);
    const group = firstGroup(ended);
    const committedMs = this.#commits.endedMs;
    const isOnDisk = ended.length < this.#ended.length;
    this.#ended = ended.slice(group.length);
    for (const ending of group) this.#commits.add(await this.#endings.entryOf(ending));
    if (!this.#commits.isPaused) {
      for (const entry of [...this.#endings.owed(), ...this.#progress.due()]) this.#commits.add(entry);
    }
    this.#commits.flush();
    if (isOnDisk || this.#commits.endedMs !== committedMs) this.#writtenMs = performance.now();
  }

  async #writeAll(): Promise<void> {
    do await this.#write();
    while (this.#ended.length > 0);
  }

  /** Another file has taken the store's place: what runs is written into it from its beginning. */
  #writeAnewIfReplaced(): void {
    if (this.#generation === this.#keeper.generation) return;
    this.#generation = this.#keeper.generation;
    for (const call of this.#ledger.calls()) call.forgetSaved();
    this.#saveAll();
  }

  #beat(): void {
    Atomics.add(this.#vitals, vitals.beat, 1);
  }

  #reportState(): void {
    const { trouble, spilledBytes } = this.#keeper;
    const undigestedBytes = this.#waiting.bytes;
    this.#reports.state({
      trouble,
      spilledBytes: spilledBytes + undigestedBytes,
      undigestedBytes,
      retentionDoneMs: this.#upkeep.doneMs,
    });
  }

  #saveAll(): void {
    for (const entry of this.#progress.all()) this.#commits.add(entry);
    this.#commits.flush();
  }

  async #close(): Promise<void> {
    clearInterval(this.#tick);
    if (this.#nextWrite !== null) clearTimeout(this.#nextWrite);
    await this.#writeAll();
    await this.#overflow.drain(drainAtCloseMs);
    for (const entry of this.#endings.owed()) this.#commits.add(entry);
    this.#commits.flush();
    this.#endings.giveUp();
    this.#saveAll();
    this.#keeper.attend((store) => this.#chainNotes.tellNow(store));
    this.#keeper.close();
    this.#reportState();
    this.#reports.closed();
    this.#reports.send();
  }
}

/** As many as belong into one transaction, at least one where there are any. */
function firstGroup(ended: readonly Ending[]): readonly Ending[] {
  let bytes = 0;
  for (const [index, { end }] of ended.slice(0, groupCalls).entries()) {
    bytes += end.requestBytes + end.responseBytes;
    if (bytes >= groupBytes) return ended.slice(0, index + 1);
  }
  return ended.slice(0, groupCalls);
}
