/**
 * Sends a call to the upstream: one `http.request`, the upload piped into it, and what happens reported to the call. The same as what
 * http-proxy-middleware does for the other requests, for less (docs/decisions/040-direct-dispatch.md).
 */
import http from 'node:http';
import https from 'node:https';
import { isIP } from 'node:net';
import type { Call } from './call.ts';

export type Dispatch = (req: http.IncomingMessage, call: Call) => void;

/** `maxHeaderBytes`: of the head of an answer. */
export function createDispatch(upstream: URL, agent: http.Agent, maxHeaderBytes: number): Dispatch {
  const isTls = upstream.protocol === 'https:';
  const request = isTls ? https.request : http.request;
  const hostname = upstream.hostname.replace(/^\[|\]$/g, '');
  const fixed = {
    agent,
    host: hostname,
    hostname,
    port: upstream.port || (isTls ? '443' : '80'),
    // Line and headers are written by `Call.sending`, byte for byte.
    path: '/',
    setHost: false,
    // What Node would find out anew for each call; an address is no name to be asked for.
    servername: isIP(hostname) === 0 ? hostname : '',
    maxHeaderSize: maxHeaderBytes,
  };

  return (req, call) => {
    const failed = (error: Error): void => call.upstreamFailed(error);
    req.on('error', failed);
    let proxyReq: http.ClientRequest;
    try {
      proxyReq = request({ ...fixed, method: req.method });
    } catch (error) {
      // A method that this Node does not know, for instance.
      failed(error instanceof Error ? error : new Error('unknown'));
      return;
    }
    proxyReq.on('error', failed);
    proxyReq.once('socket', () => {
      call.sending(proxyReq);
      req.pipe(proxyReq);
    });
    proxyReq.once('response', (answer) => {
      if (!proxyReq.writableFinished) readOnAfterEarlyAnswer(req, proxyReq, answer);
      call.answering(answer);
      answer.on('error', failed);
    });
  };
}

/** An upstream that has answered before it had the whole upload gets no more of it; the client may send the rest. */
function readOnAfterEarlyAnswer(
  req: http.IncomingMessage,
  proxyReq: http.ClientRequest,
  answer: http.IncomingMessage,
): void {
  const readOn = (): void => {
    if (proxyReq.writableFinished) return;
    req.unpipe(proxyReq);
    req.resume();
  };
  answer.once('end', readOn);
  answer.once('close', () => {
    if (proxyReq.writableFinished) return;
    readOn();
    proxyReq.destroy();
  });
}
