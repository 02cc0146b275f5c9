/** Sends calls through a port and measures them: closed loops of JSON calls, and paced streams that are opened at once. */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { setTimeout } from 'node:timers/promises';
import { headerOf, MessageReader } from './message-reader.ts';
import { jsonAnswer, serialDigits, serialText, type RequestBody } from './payload.ts';
import type { Upstream } from './upstream.ts';

export interface JsonRun {
  readonly calls: number;
  readonly seconds: number;
  readonly latenciesUs: readonly number[];
  /** Answers that were not what the upstream had sent. */
  readonly damaged: number;
}

export interface JsonPlan {
  readonly port: number;
  readonly body: RequestBody;
  readonly connections: number;
  readonly seconds: number;
  /** Asked before each call: false holds the calls back, because the record is too far behind. */
  readonly mayCall: () => boolean;
}

let lastSerial = 0;

/** Each connection sends its next call when its last one was answered. */
export async function runJson({ port, body, connections, seconds, mayCall }: JsonPlan): Promise<JsonRun> {
  const latenciesUs: number[] = [];
  let damaged = 0;
  const startMs = performance.now();
  const endMs = startMs + seconds * 1000;
  const loops = Array.from({ length: connections }, async () => {
    const caller = new Caller(await open(port), body);
    while (performance.now() < endMs) {
      if (!mayCall()) {
        await setTimeout(5);
        continue;
      }
      const sentMs = performance.now();
      if (!(await caller.call())) damaged++;
      latenciesUs.push((performance.now() - sentMs) * 1000);
    }
    caller.close();
  });
  await Promise.all(loops);
  return { calls: latenciesUs.length, seconds: (performance.now() - startMs) / 1000, latenciesUs, damaged };
}

/** Of a call; `stream`: how many events how many ms apart, `100x20`. */
export function requestHead(serial: number, body: RequestBody, stream: string | null): string {
  return (
    'POST /v1/messages?beta=true HTTP/1.1\r\nHost: bench\r\nContent-Type: application/json\r\n' +
    `Content-Length: ${body.bytes.byteLength}\r\nx-api-key: sk-bench-0123456789abcdef0123\r\nanthropic-version: 2023-06-01\r\n` +
    `User-Agent: bench\r\n${stream === null ? '' : `x-bench-stream: ${stream}\r\n`}x-bench-serial: ${serial}\r\n\r\n`
  );
}

function writeRequest(socket: Socket, body: RequestBody, stream: string | null): number {
  const serial = ++lastSerial;
  const bytes = Buffer.from(body.bytes);
  bytes.write(serialText(serial), body.serialAt, serialDigits, 'latin1');
  const head = Buffer.from(requestHead(serial, body, stream), 'latin1');
  if (bytes.byteLength < 4096) {
    socket.write(Buffer.concat([head, bytes]));
  } else {
    socket.cork();
    socket.write(head);
    socket.write(bytes);
    socket.uncork();
  }
  return serial;
}

class Caller {
  readonly #socket: Socket;
  readonly #body: RequestBody;
  readonly #parts: Buffer[] = [];
  #status = '';
  #answered = Promise.withResolvers<void>();

  constructor(socket: Socket, body: RequestBody) {
    this.#socket = socket;
    this.#body = body;
    const reader = new MessageReader({
      head: (text) => (this.#status = text.slice(9, 12)),
      body: (bytes) => void this.#parts.push(bytes),
      end: () => this.#answered.resolve(),
    });
    socket.on('data', (chunk) => reader.feed(chunk));
    socket.on('close', () => this.#answered.reject(new Error('the connection closed under a call')));
  }

  /** Whether the answer was the one for this call, byte for byte. */
  async call(): Promise<boolean> {
    this.#parts.length = 0;
    this.#answered = Promise.withResolvers();
    const serial = writeRequest(this.#socket, this.#body, null);
    await this.#answered.promise;
    const sent = jsonAnswer(serial);
    const got = this.#parts.length === 1 ? this.#parts[0] : Buffer.concat(this.#parts);
    return this.#status === '200' && got?.toString('latin1') === sent.slice(sent.indexOf('\r\n\r\n') + 4);
  }

  close(): void {
    this.#answered.promise.catch(() => undefined);
    this.#socket.destroy();
  }
}

export interface StreamRun {
  readonly streams: number;
  readonly firstBytesUs: readonly number[];
  /** Of each event, from when the upstream wrote it. */
  readonly delaysUs: readonly number[];
  readonly damaged: number;
}

export interface StreamPlan {
  readonly port: number;
  readonly upstream: Upstream;
  readonly body: RequestBody;
  readonly streams: number;
  readonly events: number;
  readonly everyMs: number;
  /** Over how long the beginnings are spread; 0: all at once. */
  readonly spreadMs: number;
  /** Called when half of the events have come. */
  readonly halfway?: () => void;
}

export async function runStreams(plan: StreamPlan): Promise<StreamRun> {
  const firstBytesUs: number[] = [];
  const delaysUs: number[] = [];
  let damaged = 0;
  const sockets = await Promise.all(Array.from({ length: plan.streams }, () => open(plan.port)));
  const half =
    plan.halfway === undefined ? null : setTimeout((plan.events * plan.everyMs) / 2).then(plan.halfway);
  await Promise.all(
    sockets.map(async (socket, index) => {
      if (plan.spreadMs > 0) await setTimeout((index / plan.streams) * plan.spreadMs);
      const isWhole = await readStream(socket, plan, firstBytesUs, delaysUs);
      if (!isWhole) damaged++;
    }),
  );
  await half;
  return { streams: plan.streams, firstBytesUs, delaysUs, damaged };
}

async function readStream(
  socket: Socket,
  { body, upstream, events, everyMs }: StreamPlan,
  firstBytesUs: number[],
  delaysUs: number[],
): Promise<boolean> {
  const parts: Buffer[] = [];
  const ended = Promise.withResolvers<void>();
  let isOk = false;
  let nowUs = 0;
  let rest = '';
  const reader = new MessageReader({
    head: (text) => (isOk = text.startsWith('HTTP/1.1 200') && headerOf(text, 'content-type') !== null),
    body(bytes) {
      if (parts.length === 0) firstBytesUs.push(nowUs - sentUs);
      parts.push(bytes);
      // An event may come in pieces: what has no end yet is looked at again.
      const text = rest + bytes.toString('latin1');
      const end = text.lastIndexOf('\n\n');
      rest = text.slice(end + 1);
      if (end === -1) return;
      for (const [, atUs] of text.slice(0, end).matchAll(/@(\d+) /g)) delaysUs.push(nowUs - Number(atUs));
    },
    end: () => ended.resolve(),
  });
  socket.on('data', (chunk) => {
    nowUs = performance.now() * 1000;
    reader.feed(chunk);
  });
  socket.on('close', () => ended.resolve());
  const sentUs = performance.now() * 1000;
  const serial = writeRequest(socket, body, `${events}x${everyMs}`);
  await ended.promise;
  socket.destroy();
  const sent = upstream.takeStream(serial);
  return isOk && sent !== null && Buffer.concat(parts).equals(sent);
}

async function open(port: number): Promise<Socket> {
  const socket = connect({ port, host: '127.0.0.1', noDelay: true });
  await once(socket, 'connect');
  socket.on('error', () => undefined);
  return socket;
}
