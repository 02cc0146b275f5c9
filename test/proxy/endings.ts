/**
 * The table of endings: every way a call can end, as a script for the upstream and for the client, with what must come of it.
 */
import net from 'node:net';
import type { AddressInfo } from 'node:net';
import type { CallState, ErrorKind } from '../../server/exchange.ts';
import type { ForwarderOptions } from '../../server/proxy/forward.ts';
import type { RawClient } from '../support/client.ts';
import type { Reply, Script, Upstream } from '../support/upstream.ts';

export interface Variant {
  readonly format: 'JSON' | 'SSE';
  readonly connection: 'keep-alive' | 'close';
  readonly way: keyof typeof WAYS;
}

/** Each ending is the same on all of them (docs/decisions/043-bare-connections.md). `more`: lines of the head. */
const WAYS = {
  bare: { path: '/v1/messages', more: '' },
  // A `Trailer` is enough for Node to read the request; it does not go upstream without chunks.
  'read by Node': { path: '/v1/messages', more: 'Trailer: x\r\n' },
  middleware: { path: '/v1/files', more: '' },
} as const;

export const VARIANTS: readonly Variant[] = (['bare', 'read by Node', 'middleware'] as const).flatMap(
  (way) => [
    { format: 'JSON', connection: 'keep-alive', way },
    { format: 'JSON', connection: 'close', way },
    { format: 'SSE', connection: 'keep-alive', way },
    { format: 'SSE', connection: 'close', way },
  ],
);

export interface Ending {
  readonly state: Exclude<CallState, 'open'>;
  readonly errorKind: ErrorKind | null;
  /** What the client saw: `502 dns`, `200 whole`, `200 broken`, `nothing`, or `left`. */
  readonly client: string;
}

/** What a scripted client is given. */
export interface ClientKit {
  readonly variant: Variant;
  readonly client: RawClient;
  readonly upstream: Upstream;
  readonly request: string;
  /** Ends the proxy's process, as far as the forwarder knows. */
  readonly shutDown: () => Promise<void>;
}

export interface Case {
  readonly name: string;
  readonly options?: Partial<ForwarderOptions>;
  /** Where calls go instead of to the scripted upstream. */
  readonly target?: () => Promise<{ url: URL; close: () => Promise<void> }>;
  readonly script?: (variant: Variant) => Script;
  /** What the client does; by default it sends its request and reads. */
  readonly client?: (kit: ClientKit) => Promise<void>;
  readonly ending: (variant: Variant) => Ending;
}

const MESSAGE = '{"type":"message","content":[]}';
const HALF = MESSAGE.slice(0, 12);
const FRAMES = [
  'event: message_start\ndata: {"type":"message_start"}\n\n',
  'event: message_delta\ndata: {"type":"message_delta"}\n\n',
  'event: message_stop\ndata: {"type":"message_stop"}\n\n',
] as const;

/** The head of an ordinary answer of this variant. */
function answerHead(reply: Reply, { format, connection }: Variant, status = 200): Reply {
  if (format === 'SSE') return reply.head(status, { 'content-type': 'text/event-stream', connection });
  return reply.raw(
    `HTTP/1.1 ${status} OK\r\nContent-Type: application/json\r\nContent-Length: ${MESSAGE.length}\r\nConnection: ${connection}\r\n\r\n`,
  );
}

function firstPart(reply: Reply, variant: Variant): Reply {
  return answerHead(reply, variant)[variant.format === 'SSE' ? 'chunk' : 'raw'](
    variant.format === 'SSE' ? FRAMES[0] : HALF,
  );
}

function lastPart(reply: Reply, variant: Variant): void {
  if (variant.format === 'SSE') reply.chunk(FRAMES[1]).chunk(FRAMES[2]).end();
  else reply.raw(MESSAGE.slice(HALF.length));
  if (variant.connection === 'close') reply.fin();
}

function wholeAnswer(reply: Reply, variant: Variant): void {
  lastPart(firstPart(reply, variant), variant);
}

/** A listener that treats each connection as told; for what happens before HTTP. */
async function listener(onConnection: (socket: net.Socket) => void, protocol: 'http' | 'https') {
  const sockets = new Set<net.Socket>();
  const server = net.createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => socket.destroy());
    onConnection(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const close = (): Promise<void> =>
    new Promise((resolve) => {
      for (const socket of sockets) socket.destroy();
      server.close(() => resolve());
    });
  return { url: new URL(`${protocol}://127.0.0.1:${port}`), close };
}

async function closedPort() {
  const gone = await listener(() => undefined, 'http');
  await gone.close();
  return { url: gone.url, close: () => Promise.resolve() };
}

const failed = (errorKind: ErrorKind, client: string) => (): Ending => ({
  state: 'failed',
  errorKind,
  client,
});
const broken =
  (json: ErrorKind, sse: ErrorKind) =>
  ({ format }: Variant): Ending => ({
    state: 'failed',
    errorKind: format === 'JSON' ? json : sse,
    client: '200 broken',
  });
const completed = (client: string) => (): Ending => ({ state: 'completed', errorKind: null, client });
const aborted = (errorKind: ErrorKind) => (): Ending => ({ state: 'aborted', errorKind, client: 'left' });
const answeredRaw = (text: string) => (): Script => (_request, reply) => void reply.raw(text);
const LIMITS = { connectMs: 5000, firstByteMs: 5000, idleMs: 5000 };

const beforeAnswer: readonly Case[] = [
  {
    name: 'the upstream refuses the connection',
    target: closedPort,
    ending: failed('connect_refused', '502 connect_refused'),
  },
  {
    name: "the upstream's name does not resolve",
    target: () =>
      Promise.resolve({ url: new URL('http://upstream.invalid'), close: () => Promise.resolve() }),
    ending: failed('dns', '502 dns'),
  },
  {
    name: 'no connection is made in time',
    options: { timeouts: { ...LIMITS, connectMs: 80 } },
    target: () => listener(() => undefined, 'https'),
    ending: failed('connect_timeout', '504 connect_timeout'),
  },
  {
    name: 'what answers the TLS handshake is not TLS',
    target: () => listener((socket) => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n'), 'https'),
    ending: failed('tls', '502 tls'),
  },
  {
    name: 'the TLS handshake is cut off',
    target: () => listener((socket) => socket.once('data', () => socket.end()), 'https'),
    ending: failed('tls', '502 tls'),
  },
  {
    name: 'the TLS handshake is reset',
    target: () => listener((socket) => socket.once('data', () => socket.resetAndDestroy()), 'https'),
    ending: failed('tls', '502 tls'),
  },
  {
    name: 'reset before the head',
    script: () => (_request, reply) => reply.reset(),
    ending: failed('upstream_reset', '502 upstream_reset'),
  },
  {
    name: 'closed before the head',
    script: () => (_request, reply) => reply.fin(),
    ending: failed('upstream_eof', '502 upstream_eof'),
  },
  {
    name: 'closed within the head',
    script: () => (_request, reply) => reply.raw('HTTP/1.1 200 OK\r\nContent-Ty').fin(),
    ending: failed('upstream_eof', '502 upstream_eof'),
  },
  {
    name: 'no head in time',
    options: { timeouts: { ...LIMITS, firstByteMs: 80 } },
    script: () => () => undefined,
    ending: failed('ttfb_timeout', '504 ttfb_timeout'),
  },
  {
    name: 'something other than HTTP',
    script: answeredRaw('220 smtp.example ESMTP ready\r\n'),
    ending: failed('upstream_protocol', '502 upstream_protocol'),
  },
  {
    name: 'a switch of protocols that nobody asked for',
    script: answeredRaw('HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\nConnection: Upgrade\r\n\r\n'),
    ending: failed('upstream_protocol', '502 upstream_protocol'),
  },
  {
    name: 'status 101 without Upgrade',
    script: answeredRaw('HTTP/1.1 101 Switching Protocols\r\n\r\n'),
    ending: failed('upstream_protocol', '502 upstream_protocol'),
  },
  {
    name: 'a head larger than allowed',
    options: { maxHeaderBytes: 8192 },
    script: answeredRaw(`HTTP/1.1 200 OK\r\nX-Large: ${'a'.repeat(9000)}\r\nContent-Length: 0\r\n\r\n`),
    ending: failed('header_overflow', '502 header_overflow'),
  },
  {
    name: 'both content-length and transfer-encoding',
    script: answeredRaw(
      'HTTP/1.1 200 OK\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n',
    ),
    ending: failed('upstream_protocol', '502 upstream_protocol'),
  },
  {
    name: 'two different lengths',
    script: answeredRaw('HTTP/1.1 200 OK\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabcd'),
    ending: failed('upstream_protocol', '502 upstream_protocol'),
  },
  {
    name: 'a transfer coding that nobody asked for',
    script: answeredRaw('HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n'),
    ending: failed('upstream_protocol', '502 upstream_protocol'),
  },
];

const withinAnswer: readonly Case[] = [
  {
    name: 'reset within the answer',
    script: (variant) => async (request, reply) => {
      firstPart(reply, variant);
      // A reset overtakes what its receiver has not read yet.
      await released(request.socket);
      reply.reset();
    },
    client: async ({ client, request, upstream }) => {
      client.send(request);
      await client.until((received) => received.includes('\r\n\r\n'));
      release((await upstream.request(0)).socket);
    },
    ending: broken('upstream_reset', 'upstream_reset'),
  },
  {
    name: 'closed within the answer',
    script: (variant) => (_request, reply) => firstPart(reply, variant).fin(),
    ending: broken('upstream_truncated', 'upstream_eof'),
  },
  {
    name: 'silence within the answer',
    options: { timeouts: { ...LIMITS, idleMs: 80 } },
    script: (variant) => (_request, reply) => void firstPart(reply, variant),
    ending: broken('upstream_stall', 'upstream_stall'),
  },
  {
    name: 'broken framing within the answer',
    script: (variant) => (_request, reply) =>
      void firstPart(reply, { ...variant, format: 'SSE' }).raw('xyz\r\n'),
    ending: broken('upstream_protocol', 'upstream_protocol'),
  },
  {
    name: 'all events, but no terminator',
    script: (variant) => (_request, reply) => {
      reply.head(200, { 'content-type': 'text/event-stream', connection: variant.connection });
      for (const frame of FRAMES) reply.chunk(frame);
      reply.fin();
    },
    ending: broken('upstream_eof', 'upstream_eof'),
  },
];

const whole: readonly Case[] = [
  {
    name: 'the answer arrives whole',
    script: (variant) => (_request, reply) => wholeAnswer(reply, variant),
    ending: completed('200 whole'),
  },
  {
    name: 'the answer ends with its connection',
    script: () => (_request, reply) =>
      reply.raw('HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\nto the end').fin(),
    ending: completed('200 whole'),
  },
  {
    name: 'bytes follow the whole answer',
    script: (variant) => (_request, reply) => {
      wholeAnswer(reply, variant);
      reply.raw('and then some');
    },
    ending: completed('200 whole'),
  },
  {
    name: 'the upstream answers with an error status',
    script: () => (_request, reply) =>
      void reply.json(529, { type: 'error', error: { type: 'overloaded_error' } }),
    ending: completed('529 whole'),
  },
  {
    name: 'an error event after status 200',
    script: () => (_request, reply) =>
      void reply.sse([FRAMES[0], 'event: error\ndata: {"type":"error"}\n\n']),
    ending: completed('200 whole'),
  },
  {
    name: 'the stream ends without message_stop',
    script: () => (_request, reply) => void reply.sse([FRAMES[0], FRAMES[1]]),
    ending: completed('200 whole'),
  },
  {
    name: 'an early 413 while the client uploads',
    script: () => (_request, reply) =>
      void reply.json(413, { type: 'error', error: { type: 'request_too_large' } }),
    client: async ({ client, variant }) => {
      client.send(uploadHead(variant, 1_000_000)).send('a'.repeat(1000));
      await client.until((received) => received.includes('request_too_large'));
    },
    ending: completed('413 whole'),
  },
];

const clientLeaves: readonly Case[] = [
  { ...leaving('while it uploads', 'leave'), ending: aborted('client_abort_upload') },
  { ...leaving('while it uploads', 'reset'), ending: aborted('client_abort_upload') },
  { ...leaving('while it waits', 'leave'), ending: aborted('client_abort') },
  { ...leaving('while it waits', 'reset'), ending: aborted('client_abort') },
  { ...leaving('within the answer', 'leave'), ending: aborted('client_abort') },
  { ...leaving('within the answer', 'reset'), ending: aborted('client_abort') },
  {
    name: 'the client closes its sending side and waits',
    script: (variant) => async (request, reply) => {
      await request.body;
      await released(request.socket);
      wholeAnswer(reply, variant);
    },
    client: async ({ client, request, upstream }) => {
      client.send(request).halfClose();
      await client.until((received) => received.startsWith('HT'));
      release((await upstream.request(0)).socket);
    },
    ending: completed('200 whole'),
  },
  {
    name: 'the client closes its sending side within the answer',
    script: (variant) => async (request, reply) => {
      firstPart(reply, variant);
      await released(request.socket);
      lastPart(reply, variant);
    },
    client: async ({ client, request, upstream, variant }) => {
      client.send(request);
      await client.until((received) => received.includes('\r\n\r\n'));
      client.halfClose();
      if (variant.format === 'SSE') await client.until((received) => received.endsWith('00'));
      release((await upstream.request(0)).socket);
    },
    ending: completed('200 whole'),
  },
  {
    name: "the request's body is not valid",
    script: () => () => undefined,
    client: async ({ client, variant, upstream }) => {
      client.send(chunkedHead(variant)).send('3\r\nabc\r\n');
      await upstream.request(0);
      client.send('no size\r\n');
    },
    ending: failed('bad_request', '400 bad_request'),
  },
  {
    name: 'the process ends',
    script: (variant) => (_request, reply) => void firstPart(reply, variant),
    client: async ({ client, request, shutDown }) => {
      client.send(request);
      await client.until((received) => received.includes('\r\n\r\n'));
      await shutDown();
    },
    ending: () => ({ state: 'interrupted', errorKind: 'shutdown', client: '200 broken' }),
  },
];

function leaving(
  when: 'while it uploads' | 'while it waits' | 'within the answer',
  how: 'leave' | 'reset',
): Omit<Case, 'ending'> {
  return {
    name: `the client ${how === 'leave' ? 'closes its connection' : 'resets its connection'} ${when}`,
    script: (variant) => (_request, reply) => {
      if (when !== 'within the answer') return;
      // Without chunks there is nothing that could be sent early: a leaving is seen with the next bytes of the answer.
      if (variant.format === 'JSON') drip(reply);
      else firstPart(reply, variant);
    },
    client: async ({ client, request, upstream, variant }) => {
      if (when === 'while it uploads') client.send(uploadHead(variant, 1_000_000)).send('a'.repeat(1000));
      else client.send(request);
      await upstream.request(0);
      if (when === 'within the answer') await client.until((received) => received.includes('\r\n\r\n'));
      client[how]();
    },
  };
}

/** An answer of known length that comes byte by byte. */
function drip(reply: Reply): void {
  reply.raw('HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 100000\r\n\r\n');
  const timer = setInterval(() => reply.raw(' '), 5);
  reply.whenClosed(() => clearInterval(timer));
}

/** Upstream connections whose script waits for the client. */
const held = new WeakMap<net.Socket, () => void>();

function released(socket: net.Socket): Promise<void> {
  return new Promise((resolve) => held.set(socket, resolve));
}

function release(socket: net.Socket): void {
  held.get(socket)?.();
}

function uploadHead(variant: Variant, bytes: number): string {
  return headOf(variant, `Content-Length: ${bytes}`);
}

function chunkedHead(variant: Variant): string {
  return headOf(variant, 'Transfer-Encoding: chunked');
}

function headOf({ connection, way }: Variant, framing: string): string {
  const { path, more } = WAYS[way];
  return `POST ${path} HTTP/1.1\r\nHost: weir\r\nConnection: ${connection}\r\n${more}${framing}\r\n\r\n`;
}

/** The ordinary request of a variant. */
export function ordinaryRequest(variant: Variant): string {
  const body = JSON.stringify({ model: 'm', max_tokens: 1, messages: [], stream: variant.format === 'SSE' });
  return `${uploadHead(variant, body.length)}${body}`;
}

export const GROUPS: readonly { readonly title: string; readonly cases: readonly Case[] }[] = [
  { title: 'The upstream fails before it answers', cases: beforeAnswer },
  { title: 'The upstream fails within its answer', cases: withinAnswer },
  { title: 'The answer arrives whole', cases: whole },
  { title: 'The client, or this process, ends the call', cases: clientLeaves },
];
