/**
 * One call on its way between client and upstream: hears both sides, and decides alone how it ends. Everything that can happen to it arrives at one of
 * its methods; the first ending wins.
 */
import type { CallState, ErrorKind, Exchange } from '../exchange.ts';
import type { IdleConnections } from './idle-connections.ts';
import {
  errorCode,
  errorDetail,
  failureAnswer,
  kindAfterHead,
  kindBeforeHead,
  ProtocolError,
} from './failure.ts';
import type { Framing, Phase } from './failure.ts';
import type { ClientRequest, ClientResponse, UpstreamAnswer, UpstreamRequest } from './sides.ts';
import { breakConnection, LeavingClient } from './leaving-client.ts';
import { maskedHeaders } from './headers.ts';
import { Outlet } from './outlet.ts';
import { writeOwnAnswer } from './own-answer.ts';
import { writeFailure } from './patient-socket.ts';
import { Silence } from './silence.ts';
import { UploadPace } from './upload-pace.ts';
import { keptInTime, Withholding } from './withholding.ts';
import type { InterimHead } from './wire-head.ts';
import {
  assertAnswer,
  flushHead,
  framingOf,
  interimHead,
  trailerPairs,
  writeAnswerHead,
} from './wire-head.ts';

/** Limits in ms; 0 switches a limit off. */
export interface UpstreamTimeouts {
  readonly connectMs: number;
  readonly firstByteMs: number;
  /** Without a byte, once the answer has begun. */
  readonly idleMs: number;
}

/** What all calls share. */
export interface CallContext {
  readonly timeouts: UpstreamTimeouts;
  readonly onClientAbort: 'cancel' | 'drain';
  /** `audit`: nothing is sent, and nothing is whole for the client, before its record is on the disk. */
  readonly logMode: 'normal' | 'audit';
  readonly isTls: boolean;
  readonly connections: IdleConnections;
  /** Told once for each call that is answered: microseconds for which it was in our hands until the head of its answer was the client's. */
  onAnswered(overheadUs: number): void;
  /** Told once, when the call is over. */
  onOver(call: Call): void;
}

/** Bounds of reading on for the record when the client has left. */
const DRAIN_LIMIT_BYTES = 64 * 1024 * 1024;
const DRAIN_LIMIT_MS = 10 * 60 * 1000;

export class Call {
  readonly exchange: Exchange;
  readonly #req: ClientRequest;
  readonly #res: ClientResponse;
  readonly #context: CallContext;
  readonly #target: string;
  readonly #headers: readonly string[];
  readonly #expectsContinue: boolean;
  readonly #leaving: LeavingClient;
  readonly #silence = new Silence((error) => this.upstreamFailed(error));
  readonly #pace = new UploadPace();
  #proxyReq: UpstreamRequest | null = null;
  #proxyRes: UpstreamAnswer | null = null;
  /** From the start of the call until there was a connection to send it on. */
  #heldUs = 0;
  #phase: Phase = 'connecting';
  #framing: Framing = 'close';
  #hasContinued = false;
  #isClientGone = false;
  #withholding: Withholding | null = null;
  #outlet: Outlet | null = null;

  constructor(
    req: ClientRequest,
    res: ClientResponse,
    exchange: Exchange,
    outgoing: {
      readonly target: string;
      readonly headers: readonly string[];
      readonly expectsContinue: boolean;
    },
    context: CallContext,
  ) {
    this.#req = req;
    this.#res = res;
    this.exchange = exchange;
    this.#target = outgoing.target;
    this.#headers = outgoing.headers;
    this.#expectsContinue = outgoing.expectsContinue;
    this.#context = context;
    this.#leaving = new LeavingClient(req.socket, res);
    res.on('close', () => this.#clientLeft());
  }

  /** What the middleware is given as the response. */
  get outlet(): Outlet {
    return (this.#outlet ??= new Outlet(this));
  }

  /** Calls `send` as soon as the call may go to the upstream. */
  start(send: () => void): void {
    if (this.#context.logMode === 'normal') send();
    else void this.#startWhenKept(send);
  }

  async #startWhenKept(send: () => void): Promise<void> {
    try {
      await keptInTime(this.exchange, 'begun');
    } catch (error) {
      this.#unrecorded(error);
      return;
    }
    if (!this.exchange.hasEnded) send();
  }

  /** The request to the upstream has its connection, though perhaps not an established one; nothing has been written to it. */
  sending(proxyReq: UpstreamRequest): void {
    this.#proxyReq = proxyReq;
    if (this.exchange.hasEnded) {
      proxyReq.destroy();
      return;
    }
    try {
      proxyReq.writeHead(this.#target, this.#headers);
    } catch (error) {
      this.#requestUnfit(error);
      return;
    }
    this.#heldUs = this.exchange.elapsedUs();
    this.#awaitConnection(proxyReq);
  }

  /** A part of the request's body, as it goes on to the upstream. */
  uploading(chunk: Buffer): void {
    this.exchange.requestChunk(chunk);
    if (this.#phase === 'waiting') this.#silence.broken();
  }

  /** The request's body is here whole. */
  uploaded(): void {
    this.exchange.requestComplete = true;
  }

  /** An interim answer of the upstream (1xx). */
  interim(information: InterimHead): void {
    const res = this.#res;
    if (this.exchange.hasEnded || this.#isClientGone || res.headersSent || this.#req.httpVersion !== '1.1')
      return;
    // Without a socket the response still waits behind an earlier one of a pipelining client: an interim answer has lost its point.
    if (res.socket === null) return;
    if (information.statusCode === 100 && this.#expectsContinue && !this.#hasContinued) {
      this.#hasContinued = true;
      res.writeContinue();
      return;
    }
    res.socket.write(interimHead(information), 'latin1');
  }

  /** The head of the upstream's answer is here. */
  answering(proxyRes: UpstreamAnswer): void {
    if (this.exchange.hasEnded) {
      proxyRes.destroy();
      return;
    }
    const arrivedUs = this.exchange.elapsedUs();
    try {
      assertAnswer(proxyRes);
      this.#framing = framingOf(proxyRes);
      if (this.#context.logMode === 'audit') {
        this.#withholding = new Withholding(proxyRes, this.#framing, this.#req.method ?? '');
      }
      if (!this.#isClientGone) this.#writeHead(proxyRes);
    } catch (error) {
      this.upstreamFailed(new ProtocolError(error instanceof Error ? errorDetail(error) : 'unfit head'));
      return;
    }
    this.#proxyRes = proxyRes;
    this.#phase = 'streaming';
    const keepAlive = proxyRes.headers['keep-alive'];
    if (keepAlive !== undefined) this.#context.connections.hear(proxyRes.socket, String(keepAlive));
    this.exchange.responseHead(
      proxyRes.statusCode ?? 0,
      proxyRes.statusMessage ?? '',
      maskedHeaders(proxyRes.rawHeaders),
    );
    if (!this.#isClientGone) this.#silence.limit('upstream_stall', this.#context.timeouts.idleMs);
    this.#headFollows();
    this.#context.onAnswered(this.#heldUs + this.exchange.elapsedUs() - arrivedUs);
  }

  /** A part of the answer's body. */
  answerChunk(chunk: Buffer): void {
    if (this.#isClientGone) {
      this.exchange.responseChunk(chunk);
      if (this.exchange.responseBytes > DRAIN_LIMIT_BYTES)
        this.upstreamFailed(new Error('too long to read on'));
      return;
    }
    const passed = this.#withholding?.pass(chunk) ?? chunk;
    const hasRoom = passed.byteLength === 0 || this.#res.write(passed);
    this.exchange.responseChunk(chunk);
    if (hasRoom) this.#silence.broken();
    else if (this.#proxyRes !== null) this.#holdBack(this.#proxyRes);
  }

  /** The answer is here whole. */
  answered(): void {
    if (this.exchange.hasEnded || this.#proxyRes === null) return;
    if (this.#isClientGone) {
      this.#end('aborted', 'client_abort');
      return;
    }
    const { rawTrailers } = this.#proxyRes;
    if (rawTrailers.length > 0 && this.#res.chunkedEncoding) this.#res.addTrailers(trailerPairs(rawTrailers));
    if (this.#withholding !== null) {
      void this.#releaseWhenKept(this.#withholding);
      return;
    }
    this.#res.end();
    this.#end('completed');
  }

  /** The upstream, or the way to it, broke; also called for what the middleware reports of the client's side. */
  upstreamFailed(error: Error): void {
    if (this.exchange.hasEnded) return;
    // The answer is here whole and about to be handed on: what its connection does afterwards is not part of it.
    if (this.#proxyRes?.complete === true) return;
    if (error === this.#req.errored || (this.#res.destroyed && !this.#isClientGone)) {
      this.#clientLeft();
      return;
    }
    if (this.#isClientGone) this.#end('aborted', 'client_abort', errorDetail(error));
    else if (this.#proxyRes === null) this.#answerFailure(error);
    else this.#breakAnswer(error);
    this.#proxyReq?.destroy();
  }

  /** The parser gave up on the request's body; true when the call answers for it. */
  requestBroken(error: Error): boolean {
    if (this.exchange.hasEnded || this.#req.complete) return false;
    const code = errorCode(error);
    if (!code.startsWith('HPE_') || code === 'HPE_INVALID_EOF_STATE' || this.#res.headersSent) return false;
    this.#end('failed', 'bad_request', errorDetail(error));
    this.#proxyReq?.destroy();
    this.#writeFailure('bad_request', {});
    this.#res.once('finish', () => this.#req.socket.destroySoon());
    return true;
  }

  /** Ends the call because our process ends. */
  interrupt(): void {
    if (this.exchange.hasEnded) return;
    this.#end('interrupted', 'shutdown');
    this.#proxyReq?.destroy();
    this.#res.destroy();
  }

  /** Asked from time to time: a body that merely trickles in is given up. */
  checkUpload(nowUs: number): void {
    if (this.exchange.hasEnded || this.exchange.requestComplete || this.#proxyReq === null) return;
    const isClientsTurn = !this.#proxyReq.writableNeedDrain && (!this.#expectsContinue || this.#hasContinued);
    if (this.#pace.isKept(nowUs, this.exchange.requestBytes, isClientsTurn)) return;
    this.#end('aborted', 'client_abort_upload', 'the body came too slowly');
    this.#proxyReq.destroy();
    if (this.#res.headersSent) this.#res.destroy();
    else this.#writeFailure('bad_request', { status: 408, message: 'The request did not arrive in time.' });
  }

  #awaitConnection(proxyReq: UpstreamRequest): void {
    const socket = proxyReq.socket;
    if (proxyReq.reusedSocket || socket === null || !socket.connecting) {
      this.#connected();
      return;
    }
    this.#silence.limit('connect_timeout', this.#context.timeouts.connectMs);
    socket.once(this.#context.isTls ? 'secureConnect' : 'connect', () => this.#connected());
  }

  #connected(): void {
    if (this.#phase !== 'connecting' || this.exchange.hasEnded) return;
    this.#phase = 'waiting';
    this.#silence.limit('ttfb_timeout', this.#context.timeouts.firstByteMs);
  }

  #writeHead(proxyRes: UpstreamAnswer): void {
    const mayPersist = !this.#expectsContinue || this.#hasContinued;
    writeAnswerHead(proxyRes, this.#res, { id: this.exchange.id, framing: this.#framing, mayPersist });
    this.#leaving.headWritten();
  }

  /** The first bytes of the body often come with the head: by the end of this turn they have taken the head along in one packet, or it goes alone. */
  #headFollows(): void {
    const res = this.#res;
    if (this.#withholding?.holdsHead === true) return;
    process.nextTick(() => {
      if (!this.#isClientGone) flushHead(res);
    });
  }

  /** The client reads slowly: so do we, and meanwhile the upstream's silence is our doing. */
  #holdBack(proxyRes: UpstreamAnswer): void {
    proxyRes.pause();
    this.#silence.stop();
    this.#res.once('drain', () => {
      if (this.exchange.hasEnded) return;
      this.#silence.limit('upstream_stall', this.#context.timeouts.idleMs);
      proxyRes.resume();
    });
  }

  async #releaseWhenKept(withholding: Withholding): Promise<void> {
    this.#record('completed');
    try {
      await keptInTime(this.exchange, 'ended');
      this.#res.end(withholding.release());
    } catch {
      // Whatever kept the record from the disk: the client gets no success that nobody logged.
      breakConnection(this.#res, this.#framing !== 'length' && !this.#res.chunkedEncoding);
    }
    this.#over();
  }

  #unrecorded(error: unknown): void {
    if (this.exchange.hasEnded) return;
    this.#end('failed', 'audit_unavailable', error instanceof Error ? error.message : null);
    this.#writeFailure('audit_unavailable', {});
  }

  #clientLeft(): void {
    if (this.exchange.hasEnded || this.#isClientGone) return;
    const isUploaded = this.exchange.requestComplete || this.#req.complete;
    if (this.#context.onClientAbort === 'drain' && isUploaded && this.#proxyReq !== null) {
      this.#isClientGone = true;
      this.#silence.limit('upstream_stall', DRAIN_LIMIT_MS);
      this.#proxyRes?.resume();
      return;
    }
    this.#end('aborted', isUploaded || this.#proxyRes !== null ? 'client_abort' : 'client_abort_upload');
    this.#proxyReq?.destroy();
  }

  #requestUnfit(error: unknown): void {
    this.#end('failed', 'bad_request', error instanceof Error ? errorDetail(error) : null);
    this.#proxyReq?.destroy();
    this.#writeFailure('bad_request', {});
  }

  #answerFailure(error: Error): void {
    const socket = this.#proxyReq?.socket ?? null;
    // A reset that a write has met reads as a clean end afterwards.
    const cause = (socket === null ? null : writeFailure(socket)) ?? error;
    const kind = kindBeforeHead(cause, this.#phase, this.#context.isTls);
    if (
      socket !== null &&
      this.#proxyReq?.reusedSocket === true &&
      (kind === 'upstream_reset' || kind === 'upstream_eof')
    ) {
      this.#context.connections.brokeOnReuse(socket);
    }
    this.#end('failed', kind, errorDetail(cause));
    this.#writeFailure(kind, {});
  }

  #writeFailure(
    kind: Parameters<typeof failureAnswer>[0],
    override: Parameters<typeof failureAnswer>[2],
  ): void {
    const res = this.#res;
    if (res.destroyed || res.headersSent) return;
    writeOwnAnswer(this.#req, res, failureAnswer(kind, this.exchange.id, override));
    this.#leaving.headWritten();
  }

  #breakAnswer(error: Error): void {
    const kind = kindAfterHead(error, this.#framing);
    this.#end('failed', kind, errorDetail(error));
    breakConnection(this.#res, this.#framing !== 'length' && !this.#res.chunkedEncoding);
  }

  /** The one place where a call ends. */
  #end(state: Exclude<CallState, 'open'>, kind: ErrorKind | null = null, detail: string | null = null): void {
    if (this.exchange.hasEnded) return;
    this.#record(state, kind, detail);
    this.#over();
  }

  #record(
    state: Exclude<CallState, 'open'>,
    kind: ErrorKind | null = null,
    detail: string | null = null,
  ): void {
    this.#silence.stop();
    this.#leaving.stop();
    this.exchange.end(state, kind, detail);
  }

  #over(): void {
    this.#context.onOver(this);
    this.#outlet?.close();
  }
}
