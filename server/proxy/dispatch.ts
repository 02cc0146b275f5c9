/**
 * Sends a message to the upstream on a bare connection, and reports what happens to the call: for requests whose length is known, which is how all
 * clients of the API send them (docs/decisions/043-bare-connections.md).
 */
import type { Socket } from 'node:net';
import type { RawHeaders } from '../exchange.ts';
import { AnswerReader } from './answer-reader.ts';
import type { AnswerListener, ReadHead } from './answer-reader.ts';
import type { Call } from './call.ts';
import type { Connection, ConnectionPool, ConnectionUser } from './connection-pool.ts';
import { UpstreamClosed } from './failure.ts';
import { isFitHead } from './head-lines.ts';
import type { ClientRequest, UpstreamAnswer, UpstreamRequest } from './sides.ts';

export type Dispatch = (req: ClientRequest, call: Call) => void;

/** `maxHeaderBytes`: of the head of an answer. The request must have a `Content-Length`. */
export function createDispatch(pool: ConnectionPool, maxHeaderBytes: number): Dispatch {
  return (req, call) => {
    const passage = new Passage(req, call, pool, maxHeaderBytes);
    passage.start();
  };
}

/** Up to here a head and what follows it go out as one piece, which costs less than two. */
const JOINED_LIMIT_BYTES = 32 * 1024;

class Passage implements UpstreamRequest, ConnectionUser, AnswerListener {
  readonly #req: ClientRequest;
  readonly #call: Call;
  readonly #pool: ConnectionPool;
  readonly #connection: Connection;
  readonly #reader: AnswerReader;
  /** Line and headers, until the first bytes of the body take them along. */
  #head = '';
  #isUploaded = false;
  #isOver = false;
  #answer: Answer | null = null;

  constructor(req: ClientRequest, call: Call, pool: ConnectionPool, maxHeaderBytes: number) {
    this.#req = req;
    this.#call = call;
    this.#pool = pool;
    this.#connection = pool.take(this);
    this.#reader = new AnswerReader(this, maxHeaderBytes);
  }

  start(): void {
    const req = this.#req;
    this.#call.sending(this);
    if (this.#isOver) return;
    req.on('error', (error) => this.#call.upstreamFailed(error));
    req.on('data', (chunk) => {
      this.#call.uploading(chunk);
      if (!this.#send(chunk)) req.pause();
    });
    req.on('end', () => {
      this.#call.uploaded();
      this.#isUploaded = true;
      if (this.#head !== '') this.#send(null);
    });
    req.resume();
  }

  get socket(): Socket {
    return this.#connection.socket;
  }

  get reusedSocket(): boolean {
    return this.#connection.isReused;
  }

  get writableNeedDrain(): boolean {
    return this.socket.writableNeedDrain;
  }

  writeHead(target: string, headers: readonly string[]): void {
    let head = `POST ${target} HTTP/1.1\r\n`;
    for (let i = 0; i < headers.length; i += 2) head += `${headers[i]}: ${headers[i + 1]}\r\n`;
    head += 'Connection: keep-alive\r\n\r\n';
    if (!isFitHead(head)) throw new TypeError('a character that may not stand in a head');
    this.#head = head;
  }

  destroy(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#reader.pause();
    this.socket.destroy();
    // What the client still sends is read and thrown away.
    this.#req.resume();
  }

  pauseAnswer(): void {
    this.#reader.pause();
    this.socket.pause();
  }

  resumeAnswer(): void {
    if (this.#isOver) return;
    this.#read(() => this.#reader.resume());
    this.socket.resume();
  }

  get hasWholeAnswer(): boolean {
    return this.#reader.isDone;
  }

  received(chunk: Buffer): void {
    if (!this.#isOver) this.#read(() => this.#reader.read(chunk));
  }

  drained(): void {
    if (!this.#isOver) this.#req.resume();
  }

  ended(): void {
    if (this.#isOver) return;
    const wasUntouched = this.#reader.isUntouched;
    if (this.#reader.finish()) this.#finish();
    else
      this.failed(new UpstreamClosed(wasUntouched ? 'closed before the answer' : 'closed within the answer'));
  }

  failed(error: Error): void {
    if (this.#isOver) return;
    this.#call.upstreamFailed(error);
    this.destroy();
  }

  closed(): void {
    this.failed(new UpstreamClosed('closed'));
  }

  interim(head: ReadHead): void {
    this.#call.interim(head);
  }

  head(head: ReadHead): void {
    this.#answer = new Answer(head, this);
    this.#call.answering(this.#answer);
  }

  data(bytes: Buffer): void {
    if (!this.#isOver) this.#call.answerChunk(bytes);
  }

  end(trailers: RawHeaders): void {
    if (this.#isOver || this.#answer === null) return;
    this.#answer.rawTrailers = trailers;
    this.#call.answered();
  }

  #read(read: () => void): void {
    try {
      read();
    } catch (error) {
      this.failed(error instanceof Error ? error : new Error('unknown'));
      return;
    }
    if (this.#reader.isDone) this.#finish();
  }

  /** The answer has been read. An upstream that answered before it had the whole upload gets no more of it; the client may send the rest. */
  #finish(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    const isSent = this.#isUploaded && this.socket.writableLength === 0;
    if (isSent && this.#reader.leavesConnection) this.#pool.give(this.#connection);
    else this.socket.destroy();
    this.#req.resume();
  }

  /** False: wait until `drained`. */
  #send(chunk: Buffer | null): boolean {
    if (this.#isOver) return true;
    const head = this.#head;
    if (head === '') return chunk === null || this.socket.write(chunk);
    this.#head = '';
    if (chunk === null) return this.socket.write(head, 'latin1');
    if (chunk.byteLength <= JOINED_LIMIT_BYTES) return this.socket.write(joined(head, chunk));
    this.socket.cork();
    this.socket.write(head, 'latin1');
    const hasRoom = this.socket.write(chunk);
    this.socket.uncork();
    return hasRoom;
  }
}

class Answer implements UpstreamAnswer {
  readonly statusCode: number;
  readonly statusMessage: string;
  readonly rawHeaders: RawHeaders;
  readonly headers: ReadHead['headers'];
  rawTrailers: RawHeaders = [];
  readonly #passage: Passage;

  constructor(head: ReadHead, passage: Passage) {
    this.statusCode = head.statusCode;
    this.statusMessage = head.statusMessage;
    this.rawHeaders = head.rawHeaders;
    this.headers = head.headers;
    this.#passage = passage;
  }

  get socket(): Socket {
    return this.#passage.socket;
  }

  get complete(): boolean {
    return this.#passage.hasWholeAnswer;
  }

  pause(): void {
    this.#passage.pauseAnswer();
  }

  resume(): void {
    this.#passage.resumeAnswer();
  }

  destroy(): void {
    this.#passage.destroy();
  }
}

function joined(head: string, chunk: Buffer): Buffer {
  const both = Buffer.allocUnsafe(head.length + chunk.byteLength);
  both.write(head, 'latin1');
  both.set(chunk, head.length);
  return both;
}
