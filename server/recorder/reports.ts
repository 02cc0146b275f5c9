/** What the worker tells the main thread about its work, with the next `send`: each thing when it is new, and only what somebody wants to hear. */
import type { KeptStage } from '../exchange.ts';
import type { WholeCall } from '../store/write.ts';
import type { CallAssembly } from './assembly.ts';
import type { NotedHeads } from './chain-notes.ts';
import type { FinishedCall } from './finished.ts';
import type { Loss } from './losses.ts';
import type { FromWorker, KeepingState } from './protocol.ts';

type RowEvent = 'open' | 'end';

export class Reports {
  readonly #post: (messages: readonly FromWorker[]) => void;
  readonly #withStages: boolean;
  /** Since they were last told. */
  readonly #finished: FinishedCall[] = [];
  readonly #commitsUs: number[] = [];
  readonly #rows: Record<RowEvent, WholeCall[]> = { open: [], end: [] };
  #outbox: FromWorker[] = [];
  #isWatched = false;
  #lastState = '';

  /** @param withStages whether somebody waits to hear what is kept of a call */
  constructor(post: (messages: readonly FromWorker[]) => void, withStages: boolean) {
    this.#post = post;
    this.#withStages = withStages;
  }

  /** Tells what there is to tell, all at once: each message wakes the other thread. */
  send(): void {
    if (this.#outbox.length === 0) return;
    this.#post(this.#outbox);
    this.#outbox = [];
  }

  /** Rows are told only while somebody watches. */
  watch(on: boolean): void {
    this.#isWatched = on;
  }

  /** Told with the next `counts`. */
  row(event: RowEvent, row: WholeCall): void {
    if (this.#isWatched) this.#rows[event].push(row);
  }

  settled(stage: KeptStage, calls: readonly CallAssembly[], kept: boolean): void {
    if (!this.#withStages || calls.length === 0) return;
    this.#outbox.push({ kind: 'settled', stage, numbers: calls.map(({ number }) => number), kept });
  }

  lost(number: number, loss: Loss): void {
    this.#outbox.push({ kind: 'lost', number, loss });
  }

  spillLost(loss: Loss): void {
    this.#outbox.push({ kind: 'spillLost', loss });
  }

  notice(message: string): void {
    this.#outbox.push({ kind: 'notice', message });
  }

  acknowledged(seqs: number[]): void {
    if (seqs.length > 0) this.#outbox.push({ kind: 'acknowledged', seqs });
  }

  /** For the metrics; told with the next `counts`. */
  finished(call: FinishedCall): void {
    this.#finished.push(call);
  }

  committed(us: number): void {
    this.#commitsUs.push(us);
  }

  counts(): void {
    for (const event of ['open', 'end'] as const) {
      const rows = this.#rows[event].splice(0);
      if (rows.length > 0) this.#outbox.push({ kind: 'rows', event, rows });
    }
    if (this.#finished.length + this.#commitsUs.length === 0) return;
    this.#outbox.push({
      kind: 'counted',
      finished: this.#finished.splice(0),
      commitsUs: this.#commitsUs.splice(0),
    });
  }

  state(state: KeepingState): void {
    const text = JSON.stringify(state);
    if (text === this.#lastState) return;
    this.#lastState = text;
    this.#outbox.push({ kind: 'state', state });
  }

  heads(heads: NotedHeads): void {
    this.#outbox.push({ kind: 'heads', heads });
  }

  closed(): void {
    this.#outbox.push({ kind: 'closed' });
  }
}
