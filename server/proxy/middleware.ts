/** The way of all calls that are not messages. A file of its own, because what it imports is only read when it is needed. */
import type http from 'node:http';
import { createProxyMiddleware } from 'http-proxy-middleware';
import { callBehind } from './outlet.ts';

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
        server.on('proxyReq', (proxyReq, _req, res) => callBehind(res)?.sending(proxyReq));
        server.on('proxyRes', (proxyRes, _req, res) => callBehind(res)?.answering(proxyRes));
        server.on('error', (error, _req, res) => callBehind(res)?.upstreamFailed(asError(error)));
        server.on('econnreset', (error, _req, res) => callBehind(res)?.upstreamFailed(asError(error)));
      },
    ],
  });
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error('unknown');
}
