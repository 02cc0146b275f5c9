/** The asking side: keeps one reading process, gives it one question at a time, and ends it when it takes too long. */
import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { startArguments } from '../threads.ts';
import { SearchDamaged } from '../store/errors.ts';
import { fromFailure } from './failure.ts';
import { ready, type Answer, type Answered, type Asked, type Setup } from './protocol.ts';
import {
  QuestionTooSlow,
  ReaderUnavailable,
  type JsonOf,
  type QuestionName,
  type Questions,
  type Reader,
} from './questions.ts';

export interface ReaderOptions {
  /** As `--store`. */
  readonly target: string;
  /** Longest time for one question, from when the process gets it. */
  readonly limitMs: number;
  /** The user's price file, for what calls would have cost otherwise; none if not given. */
  readonly prices?: Setup['prices'];
  /** The full-text index could not be read for these searches: who writes it can make it anew. */
  readonly onSearchDamaged?: (searches: readonly string[]) => void;
  /** A process that was asked nothing for so long is ended, for its 130 MB. Default one minute. */
  readonly idleMs?: number;
}

interface Pending {
  readonly asked: Asked;
  readonly resolve: (answer: Answer) => void;
  readonly reject: (error: Error) => void;
  /** A process broke down on it once already. */
  wasRetried: boolean;
}

const childPath = fileURLToPath(new URL('./child.ts', import.meta.url));
const MOST_PENDING = 1000;
const STARTUP_LIMIT_MS = 30_000;
const FIRST_DELAY_MS = 100;
const LONGEST_DELAY_MS = 5000;
const MOST_FAILED_STARTS = 3;
const STDERR_TAIL = 2000;
const IDLE_MS = 60_000;

/** Starts no process before the first question, and a new one when one breaks down or has been ended for want of questions. */
export function startReader(options: ReaderOptions): ReadingProcess {
  return new ReadingProcess(options);
}

class ReadingProcess implements Reader {
  readonly #options: ReaderOptions;
  readonly #queue: Pending[] = [];
  #current: Pending | null = null;
  #child: ChildProcess | null = null;
  #isReady = false;
  #isClosed = false;
  #lastId = 0;
  /** Breakdowns since the last answer. */
  #breakdowns = 0;
  /** Of the question, of the start, or of the pause before it: there is never more than one to wait for. */
  #timer: NodeJS.Timeout | undefined;
  #idleTimer: NodeJS.Timeout | undefined;

  constructor(options: ReaderOptions) {
    this.#options = options;
  }

  /** The process that reads just now; null between two of them. */
  get pid(): number | null {
    return this.#child?.pid ?? null;
  }

  ask<Name extends QuestionName>(
    name: Name,
    args: Questions[Name]['args'],
  ): Promise<Questions[Name]['answer']> {
    // The answer to a name has its name's type: reader and child share one table of questions.
    return this.#enqueue(name, args, false) as Promise<Questions[Name]['answer']>;
  }

  askJson<Name extends QuestionName>(name: Name, args: Questions[Name]['args']): Promise<JsonOf<Name>> {
    // Asked for bytes, the child answers with nothing else.
    return this.#enqueue(name, args, true) as Promise<JsonOf<Name>>;
  }

  #enqueue<Name extends QuestionName>(
    name: Name,
    args: Questions[Name]['args'],
    isJson: boolean,
  ): Promise<Answer> {
    if (this.#isClosed) return Promise.reject(new ReaderUnavailable('the reader is closed'));
    if (this.#queue.length >= MOST_PENDING) {
      return Promise.reject(new ReaderUnavailable('too many questions are waiting for the store'));
    }
    return new Promise((resolve, reject) => {
      this.#lastId += 1;
      const asked = { id: this.#lastId, name, args, isJson } as Asked;
      this.#queue.push({ asked, resolve, reject, wasRetried: false });
      this.#askNext();
    });
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#stopTimer();
    this.#rejectAll('the reader is closed');
    const dropped = this.#drop();
    if (dropped !== null && dropped.exitCode === null && dropped.signalCode === null)
      await once(dropped, 'exit');
  }

  #askNext(): void {
    if (this.#isClosed || this.#current !== null || this.#queue.length === 0) return;
    // With no process but a timer we are in the pause after a breakdown.
    if (this.#child === null && this.#timer === undefined) this.#start();
    const child = this.#child;
    if (child === null || !this.#isReady) return;
    const next = this.#queue.shift();
    if (next === undefined) return;
    this.#current = next;
    clearTimeout(this.#idleTimer);
    this.#timer = setTimeout(() => this.#giveUp(), this.#options.limitMs);
    child.send(next.asked, (error) => {
      // A process that cannot be written to has ended, or is about to: `exit` follows.
      if (error !== null) child.kill('SIGKILL');
    });
  }

  #start(): void {
    const child = fork(childPath, [], {
      serialization: 'advanced',
      // The console is ours: nothing of the store may get onto it.
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
      execArgv: [...startArguments],
    });
    let complaint = '';
    child.stdout?.resume();
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      complaint = (complaint + text).slice(-STDERR_TAIL);
    });
    child.on('message', (message: typeof ready | Answered) => {
      if (this.#child !== child) return;
      if (message === ready) this.#becomeReady();
      else this.#settle(message);
    });
    child.once('error', (error) => this.#breakDown(child, error.message));
    child.once('exit', (code, signal) =>
      this.#breakDown(child, complaint || `it ended with ${signal ?? code}`),
    );
    this.#child = child;
    this.#isReady = false;
    this.#timer = setTimeout(() => child.kill('SIGKILL'), STARTUP_LIMIT_MS);
  }

  #becomeReady(): void {
    this.#stopTimer();
    this.#isReady = true;
    const { target, prices = null } = this.#options;
    const setup: Setup = { kind: 'setup', target, prices };
    this.#child?.send(setup);
    this.#askNext();
  }

  #settle(answered: Answered): void {
    const current = this.#current;
    if (current === null || current.asked.id !== answered.id) return;
    this.#stopTimer();
    this.#current = null;
    this.#breakdowns = 0;
    if (answered.ok) current.resolve(answered.answer);
    else this.#fail(current, fromFailure(answered.failure));
    this.#askNext();
    if (this.#current === null) {
      this.#idleTimer = setTimeout(() => this.#drop(), this.#options.idleMs ?? IDLE_MS).unref();
    }
  }

  #fail({ asked, reject }: Pending, error: Error): void {
    if (error instanceof SearchDamaged && 'filters' in asked.args && 'q' in asked.args.filters)
      this.#options.onSearchDamaged?.(asked.args.filters.q ?? []);
    reject(error);
  }

  #giveUp(): void {
    this.#stopTimer();
    const slow = this.#current;
    this.#current = null;
    this.#drop();
    const limit = `${this.#options.limitMs} ms`;
    slow?.reject(
      new QuestionTooSlow(`the store took longer than ${limit} for the question ${slow.asked.name}`),
    );
    this.#askNext();
  }

  #breakDown(broken: ChildProcess, reason: string): void {
    if (this.#child !== broken) return;
    this.#stopTimer();
    const wasReady = this.#isReady;
    this.#child = null;
    this.#isReady = false;
    this.#breakdowns += 1;
    if (this.#current !== null) this.#retryOrReject(this.#current, reason);
    this.#current = null;
    if (!wasReady && this.#breakdowns >= MOST_FAILED_STARTS) {
      this.#rejectAll(`the reading process does not start: ${reason}`);
    }
    const delayMs = Math.min(FIRST_DELAY_MS * 2 ** (this.#breakdowns - 1), LONGEST_DELAY_MS);
    this.#timer = setTimeout(() => {
      this.#stopTimer();
      this.#askNext();
    }, delayMs);
  }

  #retryOrReject(pending: Pending, reason: string): void {
    if (pending.wasRetried) {
      const cause = new Error(reason);
      pending.reject(new Error(`the reading process broke down twice on ${pending.asked.name}`, { cause }));
      return;
    }
    pending.wasRetried = true;
    this.#queue.unshift(pending);
  }

  #rejectAll(reason: string): void {
    if (this.#current !== null) this.#queue.unshift(this.#current);
    this.#current = null;
    for (const { reject } of this.#queue.splice(0)) reject(new ReaderUnavailable(reason));
  }

  /** Lets go of the process and ends it, whatever it does. */
  #drop(): ChildProcess | null {
    clearTimeout(this.#idleTimer);
    const dropped = this.#child;
    this.#child = null;
    this.#isReady = false;
    dropped?.kill('SIGKILL');
    return dropped;
  }

  #stopTimer(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }
}
