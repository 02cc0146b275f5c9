/**
 * The forwarder: takes every request that is not ours to the upstream, messages directly and the rest with http-proxy-middleware, and makes an exchange of it. Decides what is
 * admitted, keeps the calls that run, and ends them when the process does.
 */
import type http from 'node:http';
import type { Duplex } from 'node:stream';
import { Exchange } from '../exchange.ts';
import type { BodyPolicy, Clock, ExchangeOpen, RawHeaders, Sink } from '../exchange.ts';
import { closeAgent, createAgent } from './agent.ts';
import { Call } from './call.ts';
import type { CallContext, UpstreamTimeouts } from './call.ts';
import type { ConnectionLimits } from './descriptors.ts';
import { ClientConnections } from './client-connections.ts';
import { ConnectionPool } from './connection-pool.ts';
import { createDispatch } from './dispatch.ts';
import { failureAnswer } from './failure.ts';
import { headerValue, maskedHeaders, maskedQuery, upstreamHeaders } from './headers.ts';
import { createIdentify } from './identity.ts';
import { IdleConnections } from './idle-connections.ts';
import { createIdMaker } from './ids.ts';
import type { Middleware } from './middleware.ts';
import { writeOwnAnswer } from './own-answer.ts';
import type { PlainRequest } from './plain-request.ts';
import { HEADERS_TIMEOUT_MS, KEEP_ALIVE_TIMEOUT_MS } from './server.ts';
import type { ClientRequest, ClientResponse } from './sides.ts';
import { admit, parserRefusal, refuseConnection } from './refusal.ts';
import type { RefusalReason } from './refusal.ts';
import { isMessagesCall, isOwnTarget, splitTarget, upstreamTarget } from './target.ts';
import type { Target } from './target.ts';

export interface ForwarderOptions {
  /** Origin, and a path prefix if there is one. */
  readonly upstream: URL;
  readonly sink: Sink;
  readonly clock: Clock;
  /** The installation's secret, under which credentials are hashed. */
  readonly identitySecret: Buffer;
  readonly timeouts: UpstreamTimeouts;
  readonly onClientAbort: 'cancel' | 'drain';
  /** `audit` needs a sink that answers `Recording.kept`. */
  readonly logMode: 'normal' | 'audit';
  /** Of the head of an answer. */
  readonly maxHeaderBytes: number;
  readonly bodies: BodyPolicy;
  readonly demo: boolean;
  readonly limits: ConnectionLimits;
  /** Called for each request that is refused and therefore has no record. */
  onRefused(reason: RefusalReason): void;
  /** See `CallContext.onAnswered`. */
  onAnswered?(overheadUs: number): void;
}

export interface Forwarder {
  /**
   * Takes any request whose target is not ours (`isOwnTarget`). Nothing before may have set a header of the response (`x-powered-by` off): it would
   * not be sent, but Node would then merge and reorder those of the answer. `via` takes the exchange instead of the usual sink: for requests that
   * the program itself makes, and knows more of than a client may say.
   */
  handle(req: http.IncomingMessage, res: http.ServerResponse, via?: Sink): void;
  /** Takes the connections of a server that does not listen yet, and what it reports outside of ordinary requests. */
  attach(server: http.Server): void;
  activeCalls(): number;
  /** Takes no more calls, waits up to `timeoutMs` for those that run, then ends them as `interrupted`. */
  drain(timeoutMs: number): Promise<void>;
  /** Ends everything at once and closes the connections to the upstream. */
  close(): Promise<void>;
}

/** A body of known length, which the client sends without being asked for it. */
function hasPlainBody(raw: RawHeaders): boolean {
  return headerValue(raw, 'content-length') !== null && headerValue(raw, 'expect') === null;
}

/** Bodies of telemetry are recorded by size and hash only. */
const TELEMETRY_PATH = /^\/api\/event_logging(?:\/|$)/;
const UPLOAD_CHECK_MS = 10_000;
const READ_MIDDLEWARE_AFTER_MS = 1000;

/** Makes the forwarder for one upstream; it starts a timer and opens connections, which `close` ends. */
export function createForwarder(options: ForwarderOptions): Forwarder {
  const { upstream, clock, sink } = options;
  const isTls = upstream.protocol === 'https:';
  const pathPrefix = upstream.pathname.replace(/\/+$/, '');
  const upstreamName = `${upstream.origin}${pathPrefix}`;
  const connections = new IdleConnections(clock, options.limits.idle);
  const agent = createAgent(upstream.protocol, connections);
  const pool = new ConnectionPool(upstream, connections);
  const identify = createIdentify(options.identitySecret);
  const makeId = createIdMaker();
  const calls = new Set<Call>();
  /** The last call of a client's connection: the one whose request the parser is reading. */
  const lastCalls = new WeakMap<Duplex, Call>();
  let isDraining = false;
  let onIdle: (() => void) | null = null;
  let clients: ClientConnections | null = null;

  const context: CallContext = {
    timeouts: options.timeouts,
    onClientAbort: options.onClientAbort,
    logMode: options.logMode,
    isTls,
    connections,
    onAnswered: (overheadUs) => options.onAnswered?.(overheadUs),
    onOver: (call) => {
      calls.delete(call);
      if (calls.size === 0) onIdle?.();
    },
  };
  let middleware: Promise<Middleware> | null = null;
  const readMiddleware = (): Promise<Middleware> =>
    (middleware ??= import('./middleware.ts').then(({ createMiddleware }) =>
      createMiddleware(upstream, agent, options.maxHeaderBytes),
    ));
  // Reading it takes as long as all the rest of the proxy: not before a start, and not under calls.
  const reading = setTimeout(() => void readMiddleware(), READ_MIDDLEWARE_AFTER_MS);
  reading.unref();
  const dispatch = createDispatch(pool, options.maxHeaderBytes);
  const uploadCheck = setInterval(() => {
    const nowUs = clock.monotonicUs();
    for (const call of calls) call.checkUpload(nowUs);
  }, UPLOAD_CHECK_MS);
  uploadCheck.unref();

  function refuse(req: ClientRequest, res: ClientResponse, reason: RefusalReason, message: string): void {
    options.onRefused(reason);
    const kind = reason === 'shutting_down' ? 'shutting_down' : 'bad_request';
    // What follows a request that could be misread is not read at all. A closing under an upload would be seen as a reset instead of the answer.
    if (kind === 'bad_request') res.shouldKeepAlive = false;
    writeOwnAnswer(req, res, failureAnswer(kind, null, { message }));
  }

  function openExchange(req: ClientRequest, target: Target, via: Sink): Exchange {
    const startedMs = clock.now();
    const method = req.method ?? '';
    // TRACE answers with the request's own header, credentials and all.
    const isContentless = TELEMETRY_PATH.test(target.path) || method === 'TRACE';
    const open: ExchangeOpen = {
      id: makeId(startedMs),
      startedMs,
      method,
      path: target.path,
      query: target.query === null ? null : maskedQuery(target.query),
      requestHeaders: maskedHeaders(req.rawHeaders),
      upstream: upstreamName,
      attribution: identify(req.rawHeaders, target.name),
      bodies: isContentless ? 'metadata' : options.bodies,
      attemptOf: null,
      replayOf: null,
      demo: options.demo,
    };
    return new Exchange(open, via, clock);
  }

  function refuseWhileDraining(req: ClientRequest, res: ClientResponse): boolean {
    if (isDraining) refuse(req, res, 'shutting_down', 'The proxy is shutting down.');
    return isDraining;
  }

  function openCall(req: ClientRequest, res: ClientResponse, target: Target, via: Sink): Call {
    const raw = req.rawHeaders;
    const outgoing = {
      target: upstreamTarget(target, pathPrefix),
      headers: upstreamHeaders(raw, upstream.host),
      expectsContinue: headerValue(raw, 'expect')?.trim().toLowerCase() === '100-continue',
    };
    const call = new Call(req, res, openExchange(req, target, via), outgoing, context);
    calls.add(call);
    return call;
  }

  function handle(req: http.IncomingMessage, res: http.ServerResponse, via: Sink = sink): void {
    if (refuseWhileDraining(req, res)) return;
    const admission = admit(req, pathPrefix !== '');
    if ('reason' in admission) {
      refuse(req, res, admission.reason, admission.message);
      return;
    }
    const target = splitTarget(admission.target);
    const call = openCall(req, res, target, via);
    lastCalls.set(req.socket, call);
    if (isMessagesCall(req.method, target.path) && hasPlainBody(req.rawHeaders)) {
      call.start(() => dispatch(req, call));
      return;
    }
    // The middleware parses the URL and copies the headers for each call; both are replaced by the raw ones afterwards (`Call.sending`).
    req.url = '/';
    req.headers = {};
    call.start(() => void passOn(req, call));
  }

  /** What makes a request plain is more than `admit` asks for. */
  function handlePlain(req: PlainRequest, res: ClientResponse): void {
    if (refuseWhileDraining(req, res)) return;
    const call = openCall(req, res, splitTarget(req.url), sink);
    call.start(() => dispatch(req, call));
  }

  async function passOn(req: http.IncomingMessage, call: Call): Promise<void> {
    const pass = await readMiddleware();
    if (!call.exchange.hasEnded) await pass(req, call.outlet.asResponse());
  }

  function clientError(error: Error, socket: Duplex): void {
    const call = lastCalls.get(socket);
    if (call?.requestBroken(error) === true) {
      options.onRefused('bad_request');
      return;
    }
    const isBusy =
      '_httpMessage' in socket && socket._httpMessage !== null && socket._httpMessage !== undefined;
    const isParserError =
      'code' in error && typeof error.code === 'string' && /^(?:HPE_|ERR_HTTP_)/.test(error.code);
    if (isBusy || !isParserError) {
      socket.destroy();
      return;
    }
    const refusal = parserRefusal(error);
    options.onRefused(refusal.reason);
    const kind = refusal.reason === 'header_overflow' ? 'header_overflow' : 'bad_request';
    refuseConnection(socket, kind, refusal.status, refusal.message);
  }

  /** Puts the reading of plain requests before Node's. */
  function acceptPlain(server: http.Server): ClientConnections {
    const nodes = server.listeners('connection');
    const connections = new ClientConnections({
      maxHeaderBytes: options.maxHeaderBytes,
      firstRequestTimeoutMs: HEADERS_TIMEOUT_MS,
      keepAliveTimeoutMs: KEEP_ALIVE_TIMEOUT_MS,
      handle: handlePlain,
      handOver: (socket) => {
        for (const listener of nodes) listener.call(server, socket);
      },
      onSilent: (socket) =>
        clientError(Object.assign(new Error('silent'), { code: 'ERR_HTTP_REQUEST_TIMEOUT' }), socket),
    });
    server.removeAllListeners('connection');
    server.on('connection', (socket) => connections.accept(socket));
    return connections;
  }

  return {
    handle,
    attach(server) {
      // Not declared, documented nowhere, there since Node 0.x: without it a client's FIN ends its connection (docs/decisions/012-half-close.md).
      Object.assign(server, { httpAllowHalfOpen: true });
      server.on('clientError', clientError);
      clients = acceptPlain(server);
      // Those above the limit are closed as they come; the calls that run go on.
      server.maxConnections = options.limits.clients;
      server.on('drop', () => options.onRefused('connections'));
      const takeExpecting = (req: http.IncomingMessage, res: http.ServerResponse): void => {
        // For calls the upstream decides whether to go on; on our own side nothing else can be expected.
        if (isOwnTarget(req.url ?? '')) res.writeContinue();
        server.emit('request', req, res);
      };
      server.on('checkContinue', takeExpecting);
      server.on('checkExpectation', (req, res) => server.emit('request', req, res));
      server.on('connect', (_req, socket) => {
        options.onRefused('connect');
        refuseConnection(
          socket,
          'bad_request',
          400,
          'This is not a forward proxy: CONNECT is not supported.',
        );
      });
    },
    activeCalls: () => calls.size,
    async drain(timeoutMs) {
      isDraining = true;
      if (calls.size > 0) {
        await new Promise<void>((resolve) => {
          const timer = setTimeout(resolve, timeoutMs);
          onIdle = () => {
            clearTimeout(timer);
            resolve();
          };
        });
      }
      for (const call of calls) call.interrupt();
    },
    async close() {
      isDraining = true;
      clearInterval(uploadCheck);
      clearTimeout(reading);
      for (const call of calls) call.interrupt();
      closeAgent(agent, connections);
      pool.close();
      clients?.close();
    },
  };
}
