/**
 * How the listening server must be made so that nothing in Node or Express stands between a client and the forwarder.
 */
import http from 'node:http';

/** Express's application, as far as it matters here: it gives every request and response these prototypes. */
export interface PrototypeSource {
  readonly request: object;
  readonly response: object;
}

export interface ServerClasses {
  readonly IncomingMessage: typeof http.IncomingMessage;
  readonly ServerResponse: typeof http.ServerResponse;
}

/**
 * Classes for `http.createServer` whose instances are born with the prototypes that Express gives them on every request; changing the prototype of
 * a living object makes it slow everywhere. Measured at 1.5 times the calls for small answers.
 */
export function createServerClasses(app: PrototypeSource): ServerClasses {
  return {
    IncomingMessage: bornWith(http.IncomingMessage, app.request) as typeof http.IncomingMessage,
    ServerResponse: bornWith(http.ServerResponse, app.response) as typeof http.ServerResponse,
  };
}

/** A constructor like `type` for objects with another prototype. A function, because the prototype of a class cannot be replaced. */
function bornWith(type: new (...args: never[]) => object, prototype: object): unknown {
  function Born(...args: never[]): object {
    return Reflect.construct(type, args, Born);
  }
  Born.prototype = prototype;
  return Born;
}

export const HEADERS_TIMEOUT_MS = 30_000;
/** Above what clients and load balancers keep idle connections for, so that they close first. */
export const KEEP_ALIVE_TIMEOUT_MS = 75_000;
const TCP_PROBE_AFTER_MS = 30_000;

/** Options for `http.createServer`. `maxHeaderBytes`: of a whole request head. */
export function serverOptions(limits: { readonly maxHeaderBytes: number }): http.ServerOptions {
  return {
    maxHeaderSize: limits.maxHeaderBytes,
    headersTimeout: HEADERS_TIMEOUT_MS,
    keepAliveTimeout: KEEP_ALIVE_TIMEOUT_MS,
    // A whole upload may take as long as it takes; a trickle is ended by the forwarder.
    requestTimeout: 0,
    // The forwarder says it in the API's shape.
    requireHostHeader: false,
    // Clients that vanish without a word (sleep, lost network) are found by the kernel.
    keepAlive: true,
    keepAliveInitialDelay: TCP_PROBE_AFTER_MS,
    noDelay: true,
  };
}
