/**
 * What http-proxy-middleware is given in place of the client's response. It listens here and may destroy this as it likes: httpxy destroys the
 * upstream when the response closes and the response when the upstream breaks, each in its own order and without telling why. The call decides those
 * things itself, from one place (docs/decisions/011-stand-in-response.md).
 */
import { EventEmitter } from 'node:events';
import type http from 'node:http';
import type { Call } from './call.ts';

export class Outlet extends EventEmitter {
  readonly call: Call;
  /** The fields that httpxy reads. */
  writableFinished = false;
  headersSent = false;
  finished = false;
  destroyed = false;

  constructor(call: Call) {
    super();
    this.call = call;
  }

  /** Called by httpxy when the upstream breaks; the call is told of it by listeners of `middleware.ts`. */
  destroy(): this {
    return this;
  }

  /** The call is over: lets the middleware's promise resolve without touching the upstream. */
  close(): void {
    if (this.destroyed) return;
    this.writableFinished = true;
    this.destroyed = true;
    this.emit('close');
  }

  /** The one place where the stand-in is passed off as the response. */
  asResponse(): http.ServerResponse {
    return this as unknown as http.ServerResponse;
  }
}

/** The call behind a response that the middleware hands back in its events. */
export function callBehind(response: unknown): Call | null {
  return response instanceof Outlet ? response.call : null;
}
