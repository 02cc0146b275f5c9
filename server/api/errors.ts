/** What our own side answers when it refuses or fails: one error type, one table, RFC 9457 on the wire. */
import type { ErrorRequestHandler, Request, Response } from 'express';
import {
  BadCursor,
  BadQuestion,
  QuestionTooSlow,
  ReaderUnavailable,
  SearchDamaged,
  StoreError,
  Unsupported,
} from '../reader/questions.ts';
import { ReplayRefused } from '../replay/refused.ts';
import { isForPage, sendPlainPage } from './plain-page.ts';
import type { Problem } from './wire.ts';

const table = {
  bad_request: { status: 400, title: 'The request is malformed' },
  bad_parameter: { status: 400, title: 'A parameter is wrong' },
  bad_body: { status: 400, title: 'The body of the request is wrong' },
  unknown_upstream: { status: 400, title: 'There is no such upstream' },
  bad_cursor: { status: 400, title: 'The cursor is not valid' },
  unauthorized: { status: 401, title: 'A token is needed' },
  foreign_host: { status: 403, title: 'This host name is not allowed' },
  foreign_origin: { status: 403, title: 'Requests from other sites are not allowed' },
  not_found: { status: 404, title: 'Not found' },
  method_not_allowed: { status: 405, title: 'This method is not allowed here' },
  conflict: { status: 409, title: 'That is not possible' },
  key_missing: { status: 409, title: 'A key is missing' },
  body_too_large: { status: 413, title: 'The body is too long' },
  query_too_long: { status: 414, title: 'The query is too long' },
  unsupported_media_type: { status: 415, title: 'The body is no JSON' },
  internal: { status: 500, title: 'Something went wrong inside Weir' },
  unsupported: { status: 501, title: 'This version cannot do that' },
  store_unavailable: { status: 503, title: 'The store cannot be read' },
  search_damaged: { status: 503, title: 'The search index is damaged' },
  too_slow: { status: 503, title: 'The question took too long' },
  too_many_readers: { status: 503, title: 'Too many live readers' },
  dashboard_missing: { status: 503, title: 'The dashboard is not built' },
} as const satisfies Record<string, { status: number; title: string }>;

export type ApiErrorCode = keyof typeof table;

/** Every status that a problem may have, for the description of the API. */
export const problemStatuses: readonly number[] = [
  ...new Set(Object.values(table).map((row) => row.status)),
].sort((a, b) => a - b);

/** A refusal or failure whose message may be shown to anyone who may ask; the cause is for the log only. */
export class ApiError extends Error {
  override readonly name = 'ApiError';
  readonly code: ApiErrorCode;
  readonly publicMessage: string;

  constructor(code: ApiErrorCode, publicMessage: string, options: { cause?: unknown } = {}) {
    super(`${code}: ${publicMessage}`, options);
    this.code = code;
    this.publicMessage = publicMessage;
  }

  get status(): number {
    return table[this.code].status;
  }
}

/** The body of the answer to `error`, `application/problem+json`. */
function toProblem(error: ApiError): Problem {
  const { status, title } = table[error.code];
  return { type: `urn:weir:problem:${error.code}`, title, status, detail: error.publicMessage };
}

/** What is written where an answer failed on our side. Fields, then a sentence, as pino takes them. */
export interface ApiLog {
  error(fields: object, message: string): void;
}

/** The last handler of our side: maps whatever was thrown to a problem, or cuts an answer that has already begun. */
export function handleErrors(log: ApiLog): ErrorRequestHandler {
  return (thrown: unknown, request: Request, response: Response, _next) => {
    const error = toApiError(thrown);
    if (error.code === 'internal' || error.code === 'store_unavailable') {
      // The path only: a query may hold a token.
      log.error({ err: error.cause, path: request.path }, 'a request to our own side failed');
    }
    // A half-sent answer must look broken, not finished.
    if (response.headersSent) response.destroy();
    else sendProblem(request, response, error);
  };
}

function toApiError(thrown: unknown): ApiError {
  if (thrown instanceof ApiError) return thrown;
  const code = codeOf(thrown);
  const publicMessage = sentences[code] ?? (thrown instanceof Error ? thrown.message : '');
  return new ApiError(code, publicMessage, { cause: thrown });
}

function codeOf(thrown: unknown): ApiErrorCode {
  if (thrown instanceof ReplayRefused) return thrown.code;
  if (thrown instanceof QuestionTooSlow) return 'too_slow';
  if (thrown instanceof BadCursor) return 'bad_cursor';
  if (thrown instanceof BadQuestion) return 'bad_parameter';
  if (thrown instanceof Unsupported) return 'unsupported';
  if (thrown instanceof SearchDamaged) return 'search_damaged';
  if (thrown instanceof StoreError || thrown instanceof ReaderUnavailable) return 'store_unavailable';
  // Express throws this for a path parameter whose percent-encoding is broken.
  if (thrown instanceof URIError) return 'bad_request';
  return 'internal';
}

/** What is said instead of the error's own message; those of `BadQuestion`, `Unsupported` and `ReplayRefused` are written for the user. */
const sentences: Partial<Record<ApiErrorCode, string>> = {
  too_slow:
    'The store took longer than it may for one question; ask for a shorter time range or fewer groups.',
  bad_cursor: 'This cursor was not given by this server; begin again without one.',
  store_unavailable: 'The store cannot be read at the moment; the log of the program says why.',
  search_damaged: 'The search index is damaged and is being made anew: search again in a while.',
  bad_request: 'The path is not correctly percent-encoded.',
  internal: 'The request failed; the log of the program says why.',
};

function sendProblem(request: Request, response: Response, error: ApiError): void {
  if (error.code === 'unauthorized') response.setHeader('www-authenticate', 'Bearer realm="weir"');
  const problem = toProblem(error);
  if (isForPage(request)) {
    sendPlainPage(response, problem.status, problem.title, problem.detail);
    return;
  }
  const body = Buffer.from(JSON.stringify(problem));
  response.statusCode = problem.status;
  response.setHeader('content-type', 'application/problem+json');
  response.setHeader('content-length', body.byteLength);
  response.setHeader('cache-control', 'no-store');
  response.end(body);
}
