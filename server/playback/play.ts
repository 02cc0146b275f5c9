/** Writes a recorded answer to a client as it came: the same pieces, after the same pauses, to the same ending. */
import type http from 'node:http';
import { headerValue } from '../messages/headers.ts';
import { failureAnswer, isProxyErrorKind } from '../proxy/failure.ts';
import { breakConnection } from '../proxy/leaving-client.ts';
import { clearHead, writeAnswerHead } from '../proxy/wire-head.ts';
import type { RecordingAnswer } from '../reader/questions.ts';

export interface Pace {
  /** When the request came, by `performance.now()`. */
  readonly startedMs: number;
  /** 1 as recorded, 2 twice as fast; 0 without any pause. */
  readonly speed: number;
}

/** Timers have whole milliseconds: what is due within this is written now rather than one too late. */
const earlyMs = 0.5;
const longestTimerMs = 2 ** 31 - 1;
/** Clients throw away what they have not read when a connection breaks: at another speed than the recorded one they get this long for it. */
const readingMs = 250;

/** Begins at once, goes at the client's pace where that is slower, and stops when the client leaves. */
export function play(recording: RecordingAnswer, response: http.ServerResponse, pace: Pace): void {
  new Playing(recording, response, pace).start();
}

class Playing {
  readonly #recording: RecordingAnswer;
  readonly #response: http.ServerResponse;
  readonly #pace: Pace;
  readonly #endUs: number;
  #hasHead = false;
  #nextMark = 0;
  #offset = 0;
  #writtenMs = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(recording: RecordingAnswer, response: http.ServerResponse, pace: Pace) {
    this.#recording = recording;
    this.#response = response;
    this.#pace = pace;
    this.#endUs = endUsOf(recording);
  }

  start(): void {
    this.#response.once('close', () => clearTimeout(this.#timer));
    this.#advance();
  }

  /** Every moment is reckoned from the start, so that a late timer makes no other one late. */
  #advance(): void {
    while (!this.#response.destroyed) {
      const waitMs = this.#dueMs() - performance.now();
      if (waitMs > earlyMs) {
        if (this.#hasHead) this.#response.flushHeaders();
        this.#timer = setTimeout(() => this.#advance(), Math.min(waitMs, longestTimerMs));
        return;
      }
      if (!this.#step()) return;
    }
  }

  #dueMs(): number {
    const { startedMs, speed } = this.#pace;
    const dueMs = speed === 0 ? 0 : startedMs + this.#nextUs() / 1000 / speed;
    const isBreak = this.#recording.state !== 'completed' && this.#nextMark === this.#recording.marks.length;
    return isBreak && speed !== 1 ? Math.max(dueMs, this.#writtenMs + readingMs) : dueMs;
  }

  #nextUs(): number {
    if (!this.#hasHead) return this.#recording.status === null ? this.#endUs : this.#recording.ttfbUs;
    return this.#recording.marks[this.#nextMark]?.[1] ?? this.#endUs;
  }

  /** False when there is nothing more to do by now. */
  #step(): boolean {
    if (!this.#hasHead) return this.#begin();
    const mark = this.#recording.marks[this.#nextMark];
    if (mark === undefined) {
      this.#end();
      return false;
    }
    const piece = this.#recording.bytes.subarray(this.#offset, this.#offset + mark[0]);
    this.#nextMark += 1;
    this.#offset += mark[0];
    this.#writtenMs = performance.now();
    if (this.#response.write(piece)) return true;
    this.#response.once('drain', () => this.#advance());
    return false;
  }

  #begin(): boolean {
    const { id, status, statusMessage, responseHeaders } = this.#recording;
    if (status === null) {
      this.#endWithoutHead();
      return false;
    }
    const head = { statusCode: status, statusMessage, rawHeaders: [...responseHeaders] };
    // Trailers are not in the record: none are announced.
    writeAnswerHead(head, this.#response, { id, framing: 'close', mayPersist: true });
    this.#hasHead = true;
    return true;
  }

  #end(): void {
    const { state, errorKind, responseHeaders } = this.#recording;
    const response = this.#response;
    if (state === 'completed') {
      response.end();
      return;
    }
    // To a client that was told neither a length nor chunks (HTTP/1.0) only a reset says that more should have come.
    const endIsEnd = !response.chunkedEncoding && headerValue(responseHeaders, 'content-length') === null;
    breakConnection(response, errorKind === 'upstream_reset' || endIsEnd);
  }

  /** What an upstream can do on a connection that it has accepted is done; of what it cannot, the client hears what it heard then. */
  #endWithoutHead(): void {
    const { id, state, errorKind } = this.#recording;
    const response = this.#response;
    if (state === 'failed' && errorKind === 'upstream_reset') response.socket?.resetAndDestroy();
    else if (state === 'failed' && errorKind !== 'upstream_eof' && isProxyErrorKind(errorKind)) {
      const answer = failureAnswer(errorKind, id);
      clearHead(response);
      response.writeHead(answer.status, [...answer.headers]);
      response.end(answer.body);
    } else response.destroy();
  }
}

/** An answer that tells its length is over with its last byte. */
function endUsOf({ state, responseHeaders, marks, ttfbUs, durationUs }: RecordingAnswer): number {
  const tellsLength = headerValue(responseHeaders, 'content-length') !== null;
  return state === 'completed' && tellsLength ? (marks.at(-1)?.[1] ?? ttfbUs) : durationUs;
}
