/**
 * A connection to PostgreSQL with the surface of better-sqlite3: synchronous, as all of the store is. A thread of its own holds the
 * socket; the calling thread sleeps until that has answered. docs/decisions/030-postgres-synchronously.md says why.
 */
import { MessageChannel, receiveMessageOnPort, Worker, type MessagePort } from 'node:worker_threads';
import { startArguments } from '../../threads.ts';
import { PostgresError } from './error.ts';
import type { FromWire, ToWire, WireResult, WireSetup, WireStatement } from './protocol.ts';
import { statementFor, type PostgresStatement } from './statement.ts';

export interface ConnectionOptions {
  readonly url: string;
  /** Longest wait for a connection; default 3000. */
  readonly connectMs?: number;
  /** Longest wait for one statement, and for all of a transaction; default 30,000. */
  readonly answerMs?: number;
  /** After every connecting, before anything else is asked; what it throws is what the caller gets, and there is no connection. */
  readonly onConnected?: (connection: PostgresConnection) => void;
}

const defaultConnectMs = 3000;
const defaultAnswerMs = 30_000;
/** After a connection was refused the first wait, doubled each time. */
const firstPauseMs = 250;
const longestPauseMs = 5000;
/** Statements without an answer that anybody wants are sent together, at most so many. */
const mostHeld = 200;

type Transact = <Args extends unknown[], Result>(
  fn: (...args: Args) => Result,
) => TransactionFunction<Args, Result>;
interface TransactionFunction<Args extends unknown[], Result> {
  (...args: Args): Result;
  readonly default: (...args: Args) => Result;
  readonly deferred: (...args: Args) => Result;
  readonly immediate: (...args: Args) => Result;
  readonly exclusive: (...args: Args) => Result;
}

interface WireThread {
  readonly worker: Worker;
  readonly port: MessagePort;
  readonly answered: Int32Array;
}

export class PostgresConnection {
  readonly #options: ConnectionOptions;
  #thread: WireThread | null = null;
  #isConnected = false;
  #isConnecting = false;
  #depth = 0;
  /** Statements of the transaction under way that are not sent yet, with who wants to know what came of them. */
  #held: { readonly statement: WireStatement; readonly settle: (result: WireResult) => void }[] = [];
  /** Until when a transaction may take. */
  #deadlineMs = Infinity;
  #nextTryMs = 0;
  #pauseMs = firstPauseMs;
  #lastRefusal: PostgresError | null = null;

  constructor(options: ConnectionOptions) {
    this.#options = options;
  }

  get inTransaction(): boolean {
    return this.#depth > 0;
  }

  prepare(sql: string): PostgresStatement {
    return statementFor(this, sql);
  }

  /** Statements without parameters, several at once. */
  exec(sql: string): this {
    this.ask({ text: sql, values: null });
    return this;
  }

  /** As better-sqlite3 does it: inside another transaction it is a part that can fail alone. */
  readonly transaction: Transact = (fn) => {
    const run = (...args: Parameters<typeof fn>): ReturnType<typeof fn> => this.#transact(() => fn(...args));
    return Object.assign(run, { default: run, deferred: run, immediate: run, exclusive: run });
  };

  /** The answer to a statement; those that were held back go before it. @throws PostgresError */
  ask(statement: WireStatement): WireResult {
    const held = this.#held.splice(0);
    const results = this.#send([...held.map((one) => one.statement), statement]);
    for (const [index, { settle }] of held.entries()) settle(results[index] ?? noResult);
    return results.at(-1) ?? noResult;
  }

  /** Within a transaction goes with the next one that is asked, so that a row to write costs no way to the server of its own. */
  tell(statement: WireStatement, settle: (result: WireResult) => void): void {
    if (!this.inTransaction) settle(this.ask(statement));
    else if (this.#held.push({ statement, settle }) >= mostHeld) this.flush();
  }

  /** Sends what is held back. */
  flush(): void {
    const held = this.#held.splice(0);
    if (held.length === 0) return;
    const results = this.#send(held.map((one) => one.statement));
    for (const [index, { settle }] of held.entries()) settle(results[index] ?? noResult);
  }

  /** Connects when there is no connection; tells what it cannot be had for. @throws PostgresError */
  connect(): void {
    if (this.#isConnected || this.#isConnecting) return;
    if (performance.now() < this.#nextTryMs && this.#lastRefusal !== null) throw this.#lastRefusal;
    this.#isConnecting = true;
    try {
      this.#exchange({ kind: 'connect' }, this.#options.connectMs ?? defaultConnectMs, startGraceMs);
      this.#isConnected = true;
      this.#options.onConnected?.(this);
      this.#pauseMs = firstPauseMs;
      this.#lastRefusal = null;
    } catch (error) {
      this.#isConnected = false;
      if (error instanceof PostgresError) this.#lastRefusal = error;
      this.#nextTryMs = performance.now() + this.#pauseMs;
      this.#pauseMs = Math.min(this.#pauseMs * 2, longestPauseMs);
      throw error;
    } finally {
      this.#isConnecting = false;
    }
  }

  close(): void {
    const thread = this.#thread;
    if (thread === null) return;
    try {
      if (this.#isConnected) this.#exchange({ kind: 'close' }, 1000);
    } catch (error) {
      // It is let go either way.
      if (!(error instanceof PostgresError)) throw error;
    }
    this.#dropThread();
  }

  #transact<Result>(fn: () => Result): Result {
    const [begin, commit, rollback] =
      this.#depth === 0
        ? ['BEGIN', 'COMMIT', 'ROLLBACK']
        : [
            `SAVEPOINT weir_${this.#depth}`,
            `RELEASE weir_${this.#depth}`,
            `ROLLBACK TO weir_${this.#depth}; RELEASE weir_${this.#depth}`,
          ];
    if (this.#depth === 0) {
      this.connect();
      this.#deadlineMs = performance.now() + (this.#options.answerMs ?? defaultAnswerMs);
    }
    this.#depth += 1;
    try {
      this.tell({ text: begin, values: [] }, () => undefined);
      const result = fn();
      // A part is done with what is sent next: if it fails then, all of it does.
      if (this.#depth > 1) this.tell({ text: commit, values: [] }, () => undefined);
      // The server answers a commit of what has failed with a rollback, and no error.
      else if (this.ask({ text: commit, values: [] }).command === 'ROLLBACK')
        throw new PostgresError('The transaction had failed before.', '25P02', false);
      return result;
    } catch (error) {
      this.#undo(rollback);
      throw error;
    } finally {
      this.#depth -= 1;
      if (this.#depth === 0) this.#deadlineMs = Infinity;
    }
  }

  #undo(rollback: string): void {
    const begin = this.#depth === 1 ? 'BEGIN' : `SAVEPOINT weir_${this.#depth - 1}`;
    const begun = this.#held.findLastIndex(({ statement }) => statement.text === begin);
    // What was not sent yet is undone by not being sent; behind a beginning that was sent, all of it belongs to this.
    this.#held.splice(Math.max(begun, 0));
    if (begun >= 0 || !this.#isConnected) return;
    try {
      this.exec(rollback);
    } catch (error) {
      if (!(error instanceof PostgresError)) throw error;
      // Whatever it is, nothing of the transaction may stay.
      this.#lose();
    }
  }

  #send(statements: readonly WireStatement[]): readonly WireResult[] {
    // A transaction that has lost its connection is not continued on another one.
    if (!this.#isConnected && this.#depth > 0 && !this.#isConnecting) {
      throw new PostgresError('The connection to PostgreSQL was lost.', '08006', true);
    }
    this.connect();
    const limitMs = this.#options.answerMs ?? defaultAnswerMs;
    const leftMs = Math.max(Math.min(limitMs, this.#deadlineMs - performance.now()), 1);
    return this.#exchange({ kind: 'run', statements }, leftMs);
  }

  #exchange(message: ToWire, limitMs: number, grantedMs = graceMs): readonly WireResult[] {
    const { port, answered } = (this.#thread ??= this.#startThread());
    const before = Atomics.load(answered, 0);
    port.postMessage(message);
    const untilMs = performance.now() + limitMs + grantedMs;
    while (Atomics.load(answered, 0) === before) {
      const leftMs = untilMs - performance.now();
      if (leftMs > 0) Atomics.wait(answered, 0, before, leftMs);
      else {
        this.#lose();
        throw new PostgresError(`PostgreSQL did not answer within ${Math.round(limitMs)} ms.`, '08006', true);
      }
    }
    const received = receiveMessageOnPort(port);
    // The only messages on this port are those of wire.ts.
    const answer = received?.message as FromWire;
    if (answer.ok) return answer.results;
    const { message: text, code, isLost } = answer.failure;
    if (isLost) this.#isConnected = false;
    throw new PostgresError(text, code, isLost);
  }

  #startThread(): WireThread {
    const { port1, port2 } = new MessageChannel();
    // Of this thread alone: one that was given up may still count.
    const answered = new SharedArrayBuffer(4);
    const workerData: WireSetup = {
      url: this.#options.url,
      connectMs: this.#options.connectMs ?? defaultConnectMs,
      answered,
      port: port2,
    };
    const worker = new Worker(new URL('./wire.ts', import.meta.url), {
      workerData,
      transferList: [port2],
      execArgv: [...startArguments],
    });
    worker.unref();
    port1.unref();
    return { worker, port: port1, answered: new Int32Array(answered) };
  }

  /** The connection, and its thread: whatever it is still doing, its answer must not be taken for another one's. */
  #lose(): void {
    this.#isConnected = false;
    this.#dropThread();
  }

  #dropThread(): void {
    const thread = this.#thread;
    this.#thread = null;
    this.#isConnected = false;
    thread?.port.close();
    void thread?.worker.terminate();
  }
}

/** What a thread is given beyond the limit, which the server or node-postgres should keep. */
const graceMs = 1000;
/** The same when it may have to be started first. */
const startGraceMs = 5000;
const noResult: WireResult = { columns: [], rows: [], changes: 0, command: '' };
