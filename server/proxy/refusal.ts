/**
 * Requests that are not forwarded because two readers could understand them differently (request smuggling) or because they do not ask for this
 * upstream. Refused requests are counted, never stored.
 */
import type { Duplex } from 'node:stream';
import { headerValues } from './headers.ts';
import { errorCode, failureAnswer } from './failure.ts';
import type { ClientRequest } from './sides.ts';
import { isOwnTarget } from './target.ts';

/** Why a request was refused; label of the counter. */
export type RefusalReason =
  | 'bad_request'
  | 'header_overflow'
  | 'request_timeout'
  | 'shutting_down'
  | 'connect'
  | 'connections'
  | 'host'
  | 'target'
  | 'framing';

/** A target in origin form, or why the request cannot be forwarded. */
export type Admission =
  | { readonly target: string }
  | { readonly reason: RefusalReason; readonly message: string };

/** Looks at the raw form of a request that Node's parser accepted. `hasPathPrefix`: the upstream lies behind a path. */
export function admit(req: ClientRequest, hasPathPrefix: boolean): Admission {
  const raw = req.rawHeaders;
  const hosts = headerValues(raw, 'host');
  if (hosts.length > 1) return { reason: 'host', message: 'The request has more than one Host header.' };
  if (hosts.length === 0 && req.httpVersion !== '1.0')
    return { reason: 'host', message: 'The request has no Host header.' };
  const codings = headerValues(raw, 'transfer-encoding');
  if (codings.length > 1 || (codings[0] ?? 'chunked').trim().toLowerCase() !== 'chunked') {
    return { reason: 'framing', message: 'The only transfer coding that can be forwarded is chunked.' };
  }
  if (codings.length > 0 && req.httpVersion === '1.0') {
    return { reason: 'framing', message: 'HTTP/1.0 has no transfer codings.' };
  }
  // The parser already refuses lengths that differ or accompany chunks; a repeated equal one is refused here, as most servers do.
  if (headerValues(raw, 'content-length').length > 1) {
    return { reason: 'framing', message: 'The request has more than one Content-Length header.' };
  }
  return admitTarget(req.method ?? '', req.url ?? '', hosts[0] ?? '', hasPathPrefix);
}

function admitTarget(method: string, rawTarget: string, host: string, hasPathPrefix: boolean): Admission {
  if (rawTarget.includes('#')) return { reason: 'target', message: 'The request target has a fragment.' };
  if (rawTarget.startsWith('/')) return { target: rawTarget };
  if (rawTarget === '*' && method === 'OPTIONS' && !hasPathPrefix) return { target: rawTarget };
  const absolute = /^http:\/\/([^/?]*)(.*)$/i.exec(rawTarget);
  if (absolute !== null && absolute[1]?.toLowerCase() === host.toLowerCase()) {
    const rest = absolute[2] ?? '';
    const target = rest.startsWith('/') ? rest : `/${rest}`;
    // Who serves a target was decided on its raw form; this one looked foreign and is ours.
    if (!isOwnTarget(target)) return { target };
  }
  return { reason: 'target', message: 'The request target does not belong to this host.' };
}

/** What the parser's own complaint is called and answered with. */
export function parserRefusal(error: Error): { reason: RefusalReason; status: number; message?: string } {
  const code = errorCode(error);
  if (code === 'HPE_HEADER_OVERFLOW') {
    return {
      reason: 'header_overflow',
      status: 431,
      message: 'The header of the request is larger than allowed.',
    };
  }
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT') {
    return { reason: 'request_timeout', status: 408, message: 'The request did not arrive in time.' };
  }
  return { reason: 'bad_request', status: 400 };
}

/** Answers on a bare connection, where no response object exists, and closes it. */
export function refuseConnection(
  socket: Duplex,
  kind: 'bad_request' | 'header_overflow',
  status: number,
  message?: string,
): void {
  if (!socket.writable) {
    socket.destroy();
    return;
  }
  const answer = failureAnswer(kind, null, message === undefined ? { status } : { status, message });
  let head = `HTTP/1.1 ${status} ${STATUS_WORDS[status] ?? 'Bad Request'}\r\n`;
  for (let i = 0; i < answer.headers.length; i += 2)
    head += `${answer.headers[i]}: ${answer.headers[i + 1]}\r\n`;
  socket.end(`${head}connection: close\r\n\r\n${answer.body}`);
  // The peer may go on sending; what it sends is of no interest, and leaving it unread would turn our answer into a reset.
  socket.on('error', () => socket.destroy());
  socket.resume();
  setTimeout(() => socket.destroy(), LINGER_MS).unref();
}

const LINGER_MS = 2000;
const STATUS_WORDS: Readonly<Record<number, string>> = {
  400: 'Bad Request',
  408: 'Request Timeout',
  431: 'Request Header Fields Too Large',
};
