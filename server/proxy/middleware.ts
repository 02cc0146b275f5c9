/** The way of all calls that are not messages of known length. A file of its own, because what it imports is only read when it is needed. */
import type http from 'node:http';
import { createProxyMiddleware } from 'http-proxy-middleware';
import type { Call } from './call.ts';
import { ProtocolError, UpstreamClosed } from './failure.ts';
import { callBehind } from './outlet.ts';
import type { UpstreamRequest } from './sides.ts';
import { trailerPairs, writeRequestHead } from './wire-head.ts';

export type Middleware = (req: http.IncomingMessage, res: http.ServerResponse) => Promise<void>;

/** http-proxy-middleware without its plugins: those would answer errors in plain text, in the middle of a stream too. */
export function createMiddleware(upstream: URL, agent: http.Agent, maxHeaderBytes: number): Middleware {
  const isTls = upstream.protocol === 'https:';
  const hostname = upstream.hostname.replace(/^\[|\]$/g, '');
  const target = {
    protocol: upstream.protocol,
    host: hostname,
    hostname,
    port: upstream.port || (isTls ? '443' : '80'),
    pathname: '',
  };
  return createProxyMiddleware({
    target,
    agent,
    // What httpxy begins the options of its request with; it is the only way for one that it does not know.
    ssl: { maxHeaderSize: maxHeaderBytes },
    ejectPlugins: true,
    selfHandleResponse: true,
    plugins: [
      (server) => {
        server.on('proxyReq', (proxyReq, req, res) => {
          const call = callBehind(res);
          if (call !== null) tellOfRequest(req, proxyReq, call);
        });
        server.on('proxyRes', (proxyRes, _req, res) => {
          const call = callBehind(res);
          if (call !== null) tellOfAnswer(proxyRes, call);
        });
        server.on('error', (error, _req, res) => callBehind(res)?.upstreamFailed(asError(error)));
        server.on('econnreset', (error, _req, res) => callBehind(res)?.upstreamFailed(asError(error)));
      },
    ],
  });
}

function tellOfRequest(req: http.IncomingMessage, proxyReq: http.ClientRequest, call: Call): void {
  call.sending(asUpstreamRequest(proxyReq));
  if (proxyReq.destroyed) return;
  // httpxy pipes the request in the same turn of the loop, after this: the listener sees the chunks that the pipe sees, at the pipe's pace.
  req.on('data', (chunk: Buffer) => call.uploading(chunk));
  req.on('end', () => {
    call.uploaded();
    if (req.rawTrailers.length > 0 && proxyReq.chunkedEncoding)
      proxyReq.addTrailers(trailerPairs(req.rawTrailers));
  });
  proxyReq.on('information', (information) => call.interim(information));
  proxyReq.on('upgrade', (_answer, socket) => {
    socket.destroy();
    call.upstreamFailed(new ProtocolError('a switch of protocols that nobody asked for'));
  });
}

function tellOfAnswer(proxyRes: http.IncomingMessage, call: Call): void {
  proxyRes.on('data', (chunk: Buffer) => call.answerChunk(chunk));
  proxyRes.on('end', () => {
    if (proxyRes.complete) call.answered();
  });
  proxyRes.on('close', () => {
    if (!proxyRes.complete) call.upstreamFailed(new UpstreamClosed('closed before its end'));
  });
  // Last, so that what came with the head is heard before the end of this turn.
  call.answering(proxyRes);
}

function asUpstreamRequest(proxyReq: http.ClientRequest): UpstreamRequest {
  return {
    get socket() {
      return proxyReq.socket;
    },
    get reusedSocket() {
      return proxyReq.reusedSocket;
    },
    get writableNeedDrain() {
      return proxyReq.writableNeedDrain;
    },
    writeHead: (target, headers) => writeRequestHead(proxyReq, target, headers),
    destroy: () => void proxyReq.destroy(),
  };
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error('unknown');
}
