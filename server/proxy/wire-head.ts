/**
 * The heads of messages, written as they were read. Node's documented ways would merge, reorder or add lines; what is used around them stands here
 * and nowhere else (docs/decisions/010-exact-heads.md).
 */
import type http from 'node:http';
import type { RawHeaders } from '../exchange.ts';
import { clientHeaders } from './headers.ts';
import { ProtocolError } from './failure.ts';
import type { Framing } from './failure.ts';
import type { ClientResponse, UpstreamAnswer } from './sides.ts';

const NOTHING = Buffer.alloc(0);

/** Node's own way to write a head from a flat list; it is what `http.request({ headers: [...] })` calls, which httpxy does not offer. */
interface HeadWriter {
  _storeHeader(firstLine: string, headers: readonly string[]): void;
  useChunkedEncodingByDefault: boolean;
}

/**
 * Gives an outgoing request its line and headers, byte for byte. Must be called before its first byte is written; replaces whatever headers it had.
 * Throws what Node throws for characters that may not stand in a head.
 */
export function writeRequestHead(
  request: http.ClientRequest,
  target: string,
  headers: readonly string[],
): void {
  const writer = request as unknown as HeadWriter;
  // Without this, a POST without a body would be given an empty chunked one.
  writer.useChunkedEncodingByDefault = false;
  writer._storeHeader(`${request.method} ${target} HTTP/1.1\r\n`, headers);
}

/** How the end of `answer` can be told. */
export function framingOf(answer: Pick<UpstreamAnswer, 'headers'>): Framing {
  const headers = answer.headers;
  if (headers['transfer-encoding'] !== undefined) return 'chunked';
  return headers['content-length'] === undefined ? 'close' : 'length';
}

/** Throws a `ProtocolError` for answers that are well-formed and that two readers could understand differently. */
export function assertAnswer(answer: Pick<UpstreamAnswer, 'statusCode' | 'headers'>): void {
  const status = answer.statusCode ?? 0;
  if (status === 101) throw new ProtocolError('a switch of protocols that nobody asked for');
  if (status < 200 || status > 999) throw new ProtocolError('a status outside 200 to 999');
  const coding = answer.headers['transfer-encoding'];
  if (coding === undefined) return;
  if (answer.headers['content-length'] !== undefined)
    throw new ProtocolError('both content-length and transfer-encoding');
  if (coding.trim().toLowerCase() !== 'chunked')
    throw new ProtocolError('a transfer coding that nobody asked for');
}

/** The line and the headers of an answer, as they were read. */
export type AnswerHead = Pick<UpstreamAnswer, 'statusCode' | 'statusMessage' | 'rawHeaders'>;

/** The same of an interim answer (1xx). */
export type InterimHead = Pick<http.InformationEvent, 'statusCode' | 'statusMessage'> & {
  readonly rawHeaders: RawHeaders;
};

/** Writes the upstream's head to the client. `mayPersist`: the connection may carry another request afterwards. */
export function writeAnswerHead(
  answer: AnswerHead,
  response: ClientResponse,
  call: { readonly id: string; readonly framing: Framing; readonly mayPersist: boolean },
): void {
  const status = answer.statusCode ?? 0;
  const request = response.req;
  const hasBody = request.method !== 'HEAD' && status !== 204 && status !== 304;
  const canHaveTrailers = call.framing === 'chunked' && hasBody && request.httpVersion === '1.1';
  clearHead(response);
  response.sendDate = false;
  // Persistence is the default of HTTP/1.1: only its end needs a line.
  if (call.mayPersist && response.shouldKeepAlive && request.httpVersion === '1.1')
    response.removeHeader('connection');
  response.writeHead(
    status,
    answer.statusMessage ?? '',
    clientHeaders(answer.rawHeaders, call.id, canHaveTrailers),
  );
}

/** Sends a head that waits for its body. Not `flushHeaders`: Node writes a head that goes alone as UTF-8, and bytes beyond ASCII as two. */
export function flushHead(response: ClientResponse): void {
  if (!response.destroyed && !response.writableEnded) response.write(NOTHING);
}

/** Removes what Express or its middleware have set: any header set before makes Node reorder and merge the rest. */
export function clearHead(response: ClientResponse): void {
  for (const name of response.getHeaderNames()) response.removeHeader(name);
}

/** The lines of an interim answer (1xx), as they came. */
export function interimHead(information: InterimHead): string {
  let head = `HTTP/1.1 ${information.statusCode} ${information.statusMessage}\r\n`;
  for (let i = 0; i < information.rawHeaders.length; i += 2) {
    head += `${information.rawHeaders[i]}: ${information.rawHeaders[i + 1]}\r\n`;
  }
  return `${head}\r\n`;
}

/** Flat trailer lines as the pairs that Node's `addTrailers` takes. */
export function trailerPairs(raw: readonly string[]): [string, string][] {
  const pairs: [string, string][] = [];
  for (let i = 0; i < raw.length; i += 2) pairs.push([raw[i] ?? '', raw[i + 1] ?? '']);
  return pairs;
}
