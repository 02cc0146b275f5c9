/**
 * Which connections to the upstream may be used again. Nothing is retried, so a connection must not be reused when the upstream may be closing it at that moment: with plain
 * reuse, a third of the calls to an upstream that closes idle connections a few ms after answering failed (docs/decisions/013-connection-reuse.md).
 *
 * A connection is offered again after it has stayed open and silent for a while: `PROBATION_MS` as long as this upstream has not shown that it keeps
 * idle connections, `QUARANTINE_MS` afterwards; and for at most `IDLE_LIMIT_MS`, or what the upstream announces less a second. When it closes an idle
 * connection, half of that age is the limit for a minute, and below `PROBATION_MS` there is no reuse at all.
 */
import type { Duplex } from 'node:stream';
import type { Socket } from 'node:net';
import type { Clock } from '../exchange.ts';

/** Longer than upstreams that close "at once" (0-5 ms) take, shorter than anybody's next call to a model. */
export const QUARANTINE_MS = 10;
/** An upstream that keeps an idle connection for so long does not close the others within milliseconds. */
export const PROBATION_MS = 500;
/** Below the 5 s after which common servers close. */
export const IDLE_LIMIT_MS = 4000;
/** An upstream that announces how long it waits may be that much early by our clock. */
const HINT_MARGIN_MS = 1000;
const LEARNED_FOR_US = 60_000_000;

/** What is known of how long this upstream leaves idle connections open. */
export class IdleRules {
  readonly #clock: Clock;
  #limitMs = IDLE_LIMIT_MS;
  #learnedUs = 0;
  #keepsIdle = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  nowUs(): number {
    return this.#clock.monotonicUs();
  }

  /** Ms for which a connection may be offered again; 0: not at all. */
  limitMs(): number {
    if (this.#limitMs < IDLE_LIMIT_MS && this.nowUs() - this.#learnedUs > LEARNED_FOR_US)
      this.#limitMs = IDLE_LIMIT_MS;
    return this.#limitMs;
  }

  /** Ms for which a connection must have been idle before it is offered. */
  holdBackMs(): number {
    return this.#keepsIdle ? QUARANTINE_MS : PROBATION_MS;
  }

  /** A connection was still open after so long. */
  survived(idleMs: number): void {
    if (idleMs >= PROBATION_MS) this.#keepsIdle = true;
  }

  /** The upstream closed a connection that had been idle for so long, or had just been given a call after it. */
  closedByUpstream(idleMs: number): void {
    if (idleMs < PROBATION_MS) this.#keepsIdle = false;
    const limitMs = idleMs < PROBATION_MS ? 0 : Math.floor(idleMs / 2);
    if (limitMs >= this.limitMs()) return;
    this.#limitMs = limitMs;
    this.#learnedUs = this.nowUs();
  }
}

/** A connection, as far as its idle times are concerned. */
interface Rest {
  /** Undefined while it carries its first call. */
  sinceUs?: number;
  isIdle: boolean;
  closedByUs: boolean;
  /** What the upstream has announced, less our margin; null when it has said nothing. */
  hintMs: number | null;
}

/** What both ways of sending share: what happens when a connection becomes idle, is taken again, or closes meanwhile. */
export class IdleConnections {
  readonly #rules: IdleRules;
  readonly #rests = new WeakMap<Duplex, Rest>();
  readonly #maxIdle: number;
  #idleNow = 0;

  constructor(clock: Clock, maxIdle: number) {
    this.#rules = new IdleRules(clock);
    this.#maxIdle = maxIdle;
  }

  /** A new connection. One pair of listeners for its whole life: adding and removing them with each call costs more than all else here. */
  watch<S extends Duplex>(socket: S): S {
    const rest: Rest = { isIdle: false, closedByUs: false, hintMs: null };
    this.#rests.set(socket, rest);
    socket.once('close', () => {
      if (!rest.isIdle) return;
      rest.isIdle = false;
      this.#idleNow -= 1;
      if (!rest.closedByUs) this.#rules.closedByUpstream(this.#restedMs(rest));
    });
    // Before the agent's own listener, which closes the connection.
    socket.prependListener('timeout', () => {
      if (rest.isIdle) rest.closedByUs = true;
    });
    return socket;
  }

  /** The answer on this connection had a `Keep-Alive` header, which may say how long the upstream will keep it open. */
  hear(socket: Duplex, keepAlive: string): void {
    const seconds = /timeout=(\d{1,6})/i.exec(keepAlive)?.[1];
    const rest = this.#rests.get(socket);
    if (seconds !== undefined && rest !== undefined)
      rest.hintMs = Math.max(0, Number(seconds) * 1000 - HINT_MARGIN_MS);
  }

  /** A reused connection broke before a byte of the answer came: the upstream had been closing it. */
  brokeOnReuse(socket: Duplex): void {
    const idleMs = this.#idleMs(socket);
    if (idleMs !== null) this.#rules.closedByUpstream(idleMs);
  }

  /** How long this connection is held back; one whose upstream announces how long it waits needs no probation. */
  holdBackMs(socket: Duplex): number {
    const hintMs = this.#rests.get(socket)?.hintMs ?? null;
    return hintMs === null ? this.#rules.holdBackMs() : QUARANTINE_MS;
  }

  survived(idleMs: number): void {
    this.#rules.survived(idleMs);
  }

  /** Decides about a connection that has just answered; false closes it. */
  keep(socket: Socket): boolean {
    const rest = this.#rests.get(socket);
    if (rest === undefined || this.#idleNow >= this.#maxIdle) return false;
    const limitMs = Math.min(this.#rules.limitMs(), rest.hintMs ?? IDLE_LIMIT_MS);
    if (limitMs <= this.holdBackMs(socket)) return false;
    rest.sinceUs = this.#rules.nowUs();
    rest.isIdle = true;
    this.#idleNow += 1;
    socket.setTimeout(limitMs);
    return true;
  }

  /** The connection carries a call again. */
  take(socket: Socket): void {
    socket.setTimeout(0);
    const rest = this.#rests.get(socket);
    if (rest?.isIdle !== true) return;
    rest.isIdle = false;
    this.#idleNow -= 1;
  }

  /** Connections that we close ourselves teach nothing. */
  forget(socket: Duplex): void {
    const rest = this.#rests.get(socket);
    if (rest !== undefined) rest.closedByUs = true;
  }

  /** How long a connection had been idle before the call that it carries, or has been; null: never. */
  #idleMs(socket: Duplex): number | null {
    const rest = this.#rests.get(socket);
    return rest?.sinceUs === undefined ? null : this.#restedMs(rest);
  }

  #restedMs({ sinceUs = 0 }: Rest): number {
    return (this.#rules.nowUs() - sinceUs) / 1000;
  }
}
