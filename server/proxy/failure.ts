/**
 * What goes wrong on the way, in the words that the proxy answers and records: from Node's errors and the phase of the call to a KIND, from a KIND
 * to a status and a body in the API's own shape. Pure.
 */
import type { ErrorKind, ProxyErrorKind } from '../exchange.ts';

/** How far the exchange with the upstream had come. */
export type Phase = 'connecting' | 'waiting' | 'streaming';

/** How the upstream said where its answer ends. */
export type Framing = 'length' | 'chunked' | 'close';

interface Answer {
  readonly status: number;
  readonly message: string;
}

const ANSWERS: Readonly<Record<ProxyErrorKind, Answer>> = {
  connect_refused: { status: 502, message: 'The upstream refused the connection.' },
  connect_timeout: { status: 504, message: 'The upstream did not accept a connection in time.' },
  dns: { status: 502, message: "The upstream's name could not be resolved." },
  tls: { status: 502, message: 'No secure connection to the upstream could be made.' },
  upstream_reset: { status: 502, message: 'The upstream reset the connection before it answered.' },
  upstream_eof: { status: 502, message: 'The upstream closed the connection before it answered.' },
  upstream_protocol: { status: 502, message: "The upstream's answer is not valid HTTP." },
  header_overflow: { status: 502, message: "The header of the upstream's answer is larger than allowed." },
  ttfb_timeout: { status: 504, message: 'The upstream did not begin to answer in time.' },
  bad_request: {
    status: 400,
    message: 'The request is not valid HTTP, or not one that can be forwarded safely.',
  },
  request_too_large: { status: 413, message: 'The request is larger than allowed.' },
  audit_unavailable: {
    status: 503,
    message: 'Calls cannot be recorded at the moment, and audit mode forwards none unrecorded.',
  },
  shutting_down: { status: 503, message: 'The proxy is shutting down.' },
  budget_exceeded: { status: 503, message: 'The budget for these calls is used up.' },
};

const RETRY_AFTER_S = 5;

/** An answer made by the proxy itself, ready to be written. */
export interface FailureAnswer {
  readonly status: number;
  readonly headers: readonly string[];
  readonly body: string;
}

/** Whether the proxy answers with this kind itself. */
export function isProxyErrorKind(kind: string | null): kind is ProxyErrorKind {
  return kind !== null && Object.hasOwn(ANSWERS, kind);
}

/** Builds the answer for `kind`. `callId` is null for refused requests, which have no record. `status` and `message` override the usual ones. */
export function failureAnswer(
  kind: ProxyErrorKind,
  callId: string | null,
  override: { readonly status?: number; readonly message?: string } = {},
): FailureAnswer {
  const usual = ANSWERS[kind];
  const status = override.status ?? usual.status;
  const type = status === 503 ? 'overloaded_error' : 'api_error';
  const message = override.message ?? usual.message;
  const body = JSON.stringify({ type: 'error', error: { type, message }, request_id: null });
  const headers = [
    'content-type',
    'application/json',
    'content-length',
    String(Buffer.byteLength(body)),
    'x-weir-error',
    kind,
  ];
  if (status === 503) headers.push('retry-after', String(RETRY_AFTER_S));
  if (callId !== null) headers.push('x-weir-call-id', callId);
  return { status, headers, body };
}

/** Raised by our own timers, so that they take the same way as Node's errors. */
export class TimeoutError extends Error {
  readonly kind: 'connect_timeout' | 'ttfb_timeout' | 'upstream_stall';

  constructor(kind: TimeoutError['kind']) {
    super(kind);
    this.kind = kind;
  }
}

/** Raised where an answer must not be passed on: it is not valid HTTP, or two readers could understand it differently. */
export class ProtocolError extends Error {}

/** The upstream sends no more before its answer is whole: a FIN, in the word that Node has for it. */
export class UpstreamClosed extends Error {
  readonly code = 'ECONNRESET';
}

/** Raised for the head of an answer that is larger than allowed, in the word of Node's own parser. */
export class HeadOverflow extends Error {
  readonly code = 'HPE_HEADER_OVERFLOW';

  constructor() {
    super('the head is larger than allowed');
  }
}

const DNS_CODES = new Set([
  'ENOTFOUND',
  'EAI_AGAIN',
  'EAI_FAIL',
  'EAI_NODATA',
  'EAI_NONAME',
  'ENODATA',
  'ESERVFAIL',
]);
const REFUSED_CODES = new Set([
  'ECONNREFUSED',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'EHOSTDOWN',
  'ENETDOWN',
  'EADDRNOTAVAIL',
  'ENOENT',
  'EACCES',
]);
const TLS_CODE =
  /^(?:ERR_TLS|ERR_SSL|CERT_|UNABLE_TO_|DEPTH_ZERO|SELF_SIGNED|HOSTNAME_MISMATCH|INVALID_CA|PATH_LENGTH|EPROTO)/;

/** The kind of an error that came before the answer's head. */
export function kindBeforeHead(error: Error, phase: Phase, isTls: boolean): ProxyErrorKind {
  if (error instanceof TimeoutError) return error.kind === 'upstream_stall' ? 'ttfb_timeout' : error.kind;
  const code = errorCode(error);
  if (error instanceof ProtocolError) return 'upstream_protocol';
  if (code === 'HPE_HEADER_OVERFLOW') return 'header_overflow';
  if (code === 'HPE_INVALID_EOF_STATE') return 'upstream_eof';
  if (code.startsWith('HPE_')) return 'upstream_protocol';
  if (DNS_CODES.has(code)) return 'dns';
  if (TLS_CODE.test(code)) return 'tls';
  if (phase === 'connecting') {
    if (code === 'ETIMEDOUT') return 'connect_timeout';
    if (isTls && code === 'ECONNRESET') return 'tls';
    if (REFUSED_CODES.has(code)) return 'connect_refused';
    return 'connect_refused';
  }
  return isHangUp(error) ? 'upstream_eof' : 'upstream_reset';
}

/** The kind of a break after the answer's head. */
export function kindAfterHead(error: Error, framing: Framing): ErrorKind {
  if (error instanceof TimeoutError) return 'upstream_stall';
  if (error instanceof ProtocolError) return 'upstream_protocol';
  const code = errorCode(error);
  if (code.startsWith('HPE_') && code !== 'HPE_INVALID_EOF_STATE') return 'upstream_protocol';
  const wasReset = code !== 'HPE_INVALID_EOF_STATE' && !isHangUp(error);
  if (wasReset) return 'upstream_reset';
  return framing === 'length' ? 'upstream_truncated' : 'upstream_eof';
}

/** Node words a clean FIN as ECONNRESET too (`socket hang up`, `aborted`); only a real reset comes from a system call. */
function isHangUp(error: Error): boolean {
  return errorCode(error) === 'ECONNRESET' && !('syscall' in error);
}

/** `error.code`, or an empty string. */
export function errorCode(error: unknown): string {
  if (typeof error !== 'object' || error === null || !('code' in error)) return '';
  return typeof error.code === 'string' ? error.code : '';
}

/** What broke, for the record: codes and Node's own words, never anything that a peer chose. */
export function errorDetail(error: Error): string {
  const code = errorCode(error);
  const reason = 'reason' in error && typeof error.reason === 'string' ? `: ${error.reason}` : '';
  if (code === '') return error.message;
  return `${code}${reason}`;
}
