/**
 * What a call needs of its two sides. On the client's side these are Node's own request and response, or those of `plain-request.ts` and `plain-response.ts`;
 * on the upstream's side Node's (`middleware.ts`), or those of `dispatch.ts`.
 */
import type http from 'node:http';
import type { Socket } from 'node:net';
import type { RawHeaders } from '../exchange.ts';

/** The request of a client. */
export type ClientRequest = Pick<
  http.IncomingMessage,
  'method' | 'url' | 'httpVersion' | 'rawHeaders' | 'rawTrailers' | 'socket' | 'complete' | 'errored'
> & {
  on(event: 'data', listener: (chunk: Buffer) => void): unknown;
  on(event: 'end', listener: () => void): unknown;
  on(event: 'error', listener: (error: Error) => void): unknown;
  once(event: 'close', listener: () => void): unknown;
  pause(): unknown;
  resume(): unknown;
};

/** The response to it. */
export type ClientResponse = Pick<
  http.ServerResponse,
  | 'destroyed'
  | 'headersSent'
  | 'writableEnded'
  | 'chunkedEncoding'
  | 'shouldKeepAlive'
  | 'sendDate'
  | 'socket'
  | 'writeContinue'
  | 'getHeaderNames'
  | 'removeHeader'
> & {
  readonly req: ClientRequest;
  on(event: 'close', listener: () => void): unknown;
  once(event: 'drain' | 'finish' | 'socket', listener: () => void): unknown;
  writeHead(status: number, headers: string[]): unknown;
  writeHead(status: number, statusMessage: string, headers: string[]): unknown;
  /** False: wait for `drain`. */
  write(chunk: Buffer): boolean;
  addTrailers(pairs: [string, string][]): void;
  end(body?: Buffer | string): unknown;
  destroy(): unknown;
};

/** The way of a call to the upstream. */
export interface UpstreamRequest {
  /** Null before there is a connection. */
  readonly socket: Socket | null;
  /** The connection has carried a call before. */
  readonly reusedSocket: boolean;
  readonly writableNeedDrain: boolean;
  /** Line and headers, byte for byte; throws for characters that may not stand in a head. */
  writeHead(target: string, headers: readonly string[]): void;
  destroy(): void;
}

/** The upstream's answer, as far as its head tells, and what can be done to it. */
export interface UpstreamAnswer {
  readonly statusCode?: number | undefined;
  readonly statusMessage?: string | undefined;
  readonly rawHeaders: RawHeaders;
  readonly rawTrailers: RawHeaders;
  /** In lower case; of those here, a repeated one with `, ` between. */
  readonly headers: {
    readonly 'content-encoding'?: string | undefined;
    readonly 'content-length'?: string | undefined;
    readonly 'content-type'?: string | undefined;
    readonly 'keep-alive'?: string | readonly string[] | undefined;
    readonly 'transfer-encoding'?: string | undefined;
  };
  readonly socket: Socket;
  /** The whole answer has been read. */
  readonly complete: boolean;
  pause(): unknown;
  resume(): unknown;
  destroy(): unknown;
}
