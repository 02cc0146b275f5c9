/** An upstream that answers from the record. */
import http from 'node:http';
import { decodeBody, joinChunks } from '../messages/decode.ts';
import { headerValue } from '../messages/headers.ts';
import { failureAnswer } from '../proxy/failure.ts';
import { maskedQuery } from '../proxy/headers.ts';
import { admit } from '../proxy/refusal.ts';
import { serverOptions } from '../proxy/server.ts';
import { isOwnTarget, splitTarget } from '../proxy/target.ts';
import { clearHead } from '../proxy/wire-head.ts';
import type { ProxyErrorKind } from '../exchange.ts';
import type { Reader } from '../reader/questions.ts';
import type { Library } from './library.ts';
import type { AskedRequest } from './matching.ts';
import { answerMiss, explainMiss } from './miss.ts';
import { play } from './play.ts';

export interface PlaybackOptions {
  readonly library: Library;
  readonly reader: Reader;
  /** 1 as recorded; 0 without any pause. */
  readonly speed: number;
  readonly maxHeaderBytes: number;
  /** Takes the requests that no recording answers; null: they hear why. */
  readonly forward: ((request: http.IncomingMessage, response: http.ServerResponse) => void) | null;
  /** A sentence for each request that no recording answers. */
  readonly onMiss: (sentence: string) => void;
}

/** More than any API takes; it has to lie in memory to be compared. */
const mostBodyBytes = 64 * 1024 * 1024;

/** Makes the server; it does not listen yet. */
export function createPlayback(options: PlaybackOptions): http.Server {
  const arrivalMs = createArrivals();
  const handle = (request: http.IncomingMessage, response: http.ServerResponse): void => {
    const startedMs = arrivalMs();
    answer(options, request, response, startedMs).catch((error: unknown) => {
      if (response.destroyed) return;
      const why = error instanceof Error ? error.message : String(error);
      options.onMiss(`${request.method} ${request.url} could not be answered: ${why}`);
      if (response.headersSent) response.destroy();
      else refuse(response, 'upstream_protocol', `The recording cannot be played: ${why}`);
    });
  };
  const server = http.createServer(serverOptions(options), handle);
  server.on('checkContinue', (request: http.IncomingMessage, response: http.ServerResponse) => {
    response.writeContinue();
    handle(request, response);
  });
  return server;
}

/**
 * When a request came, by `performance.now()`. Requests that are read in one turn of the event loop had all come when it began: the time
 * that those before it take is not counted as if it had come later.
 */
function createArrivals(): () => number {
  let turnMs: number | null = null;
  const forget = (): void => {
    turnMs = null;
  };
  return () => {
    if (turnMs !== null) return turnMs;
    turnMs = performance.now();
    setImmediate(forget);
    return turnMs;
  };
}

async function answer(
  { library, reader, speed, forward, onMiss }: PlaybackOptions,
  request: http.IncomingMessage,
  response: http.ServerResponse,
  startedMs: number,
): Promise<void> {
  const target = request.url ?? '';
  if (isOwnTarget(target)) {
    answerProbe(target, response);
    return;
  }
  const admission = admit(request, false);
  if ('reason' in admission) {
    refuse(response, 'bad_request', admission.message);
    return;
  }
  const body = await readBody(request);
  if (body === null) {
    refuse(response, 'request_too_large', `The request is larger than ${mostBodyBytes} bytes.`);
    return;
  }
  const asked = await understand(request, admission.target, body);
  const found = library.find(asked);
  if (found.entry !== null) {
    const answer = library.answer(found.entry.id);
    const recording = answer instanceof Promise ? await answer : answer;
    if (recording === null) throw new Error(`the call ${found.entry.id} was removed from the record`);
    play(recording, response, { startedMs, speed });
  } else if (forward === null) {
    const miss = await explainMiss(asked, found.why, library, reader);
    onMiss(miss.message);
    answerMiss(response, miss);
  } else {
    onMiss(`No recording answers ${asked.method} ${asked.path}: it goes to the upstream.`);
    forward(withBody(request, body), response);
  }
}

async function understand(
  request: http.IncomingMessage,
  target: string,
  body: Buffer,
): Promise<AskedRequest> {
  const { path, query } = splitTarget(target);
  const headers = request.rawHeaders;
  const encoding = headerValue(headers, 'content-encoding');
  return {
    method: request.method ?? '',
    path,
    query: query === null ? null : maskedQuery(query),
    headers,
    body,
    decodedBody: encoding === null ? body : await undone(body, encoding),
  };
}

/** What cannot be decoded stays as it is. */
async function undone(body: Buffer, encoding: string): Promise<Uint8Array> {
  const { chunks, problem } = await decodeBody([{ bytes: body, atUs: 0 }], encoding);
  return problem === null ? joinChunks(chunks) : body;
}

/** The whole body; null when it is too large. Rejects when the client leaves before its end. */
async function readBody(request: http.IncomingMessage): Promise<Buffer | null> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.byteLength;
    if (bytes <= mostBodyBytes) chunks.push(chunk);
  }
  return bytes > mostBodyBytes ? null : Buffer.concat(chunks);
}

/** The same request, to be read once more. */
function withBody(request: http.IncomingMessage, body: Buffer): http.IncomingMessage {
  const again = new http.IncomingMessage(request.socket);
  again.method = request.method ?? '';
  again.url = request.url ?? '';
  again.httpVersion = request.httpVersion;
  again.httpVersionMajor = request.httpVersionMajor;
  again.httpVersionMinor = request.httpVersionMinor;
  again.rawHeaders = withoutExpect(request.rawHeaders);
  again.rawTrailers = request.rawTrailers;
  again.complete = true;
  if (body.byteLength > 0) again.push(body);
  again.push(null);
  return again;
}

/** The client was told to go on already. */
function withoutExpect(raw: readonly string[]): string[] {
  return raw.filter((_, at) => raw[at - (at % 2)]?.toLowerCase() !== 'expect');
}

/** So that a script can wait until there is something to ask. */
function answerProbe(target: string, response: http.ServerResponse): void {
  const isProbe = /^\/-\/(?:healthz|readyz)$/.test(target);
  response.writeHead(isProbe ? 200 : 404, { 'content-type': 'text/plain' });
  response.end(isProbe ? 'ok\n' : 'A playback has no pages of its own.\n');
}

function refuse(response: http.ServerResponse, kind: ProxyErrorKind, message: string): void {
  const refusal = failureAnswer(kind, null, { message });
  clearHead(response);
  response.writeHead(refusal.status, [...refusal.headers]);
  response.end(refusal.body);
}
