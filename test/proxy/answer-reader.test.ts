import http from 'node:http';
import { Duplex } from 'node:stream';
import { expect, it } from 'vitest';
import { AnswerReader } from '../../server/proxy/answer-reader.ts';
import type { ReadHead } from '../../server/proxy/answer-reader.ts';
import { Dice } from '../../server/demo/dice.ts';
import { HeadOverflow } from '../../server/proxy/failure.ts';

const LIMIT_BYTES = 4096;

/** What a reader made of the bytes of a connection. */
interface Read {
  readonly outcome: 'whole' | 'cut' | 'refused';
  readonly status: number | null;
  readonly rawHeaders: readonly string[];
  readonly interim: readonly number[];
  readonly body: string;
  readonly trailers: readonly string[];
}

/** Reads pieces and then the end of the connection. `pauseAfter`: of the parts of the body, one is followed by a pause. */
function ours(pieces: readonly Buffer[], pauseAfter = -1): Read {
  const interim: number[] = [];
  const body: Buffer[] = [];
  let head: ReadHead | null = null;
  let trailers: readonly string[] = [];
  const reader = new AnswerReader(
    {
      interim: (each) => interim.push(each.statusCode),
      head: (each) => (head = each),
      data: (bytes) => {
        if (body.push(bytes) - 1 === pauseAfter) reader.pause();
      },
      end: (each) => (trailers = each),
    },
    LIMIT_BYTES,
  );
  const read = (outcome: Read['outcome']): Read => ({
    outcome,
    status: head?.statusCode ?? null,
    rawHeaders: head?.rawHeaders ?? [],
    interim,
    body: Buffer.concat(body).toString('latin1'),
    trailers,
  });
  try {
    for (const piece of pieces) {
      reader.read(piece);
      reader.resume();
    }
    return read(reader.finish() ? 'whole' : 'cut');
  } catch {
    return read('refused');
  }
}

/** The same by Node's own client. */
async function nodes(pieces: readonly Buffer[]): Promise<Read> {
  const interim: number[] = [];
  const body: Buffer[] = [];
  const over = Promise.withResolvers<Read>();
  const connection = new Duplex({ read: () => undefined, write: (_chunk, _encoding, done) => done() });
  const request = http.request({
    createConnection: () => connection,
    method: 'POST',
    path: '/',
    maxHeaderSize: LIMIT_BYTES,
  });
  let answer: http.IncomingMessage | null = null;
  const resolve = (outcome: Read['outcome']): void =>
    over.resolve({
      outcome,
      status: answer?.statusCode ?? null,
      rawHeaders: answer?.rawHeaders ?? [],
      interim,
      body: Buffer.concat(body).toString('latin1'),
      trailers: answer?.rawTrailers ?? [],
    });
  request.on('information', ({ statusCode }) => interim.push(statusCode));
  request.on('error', (error: NodeJS.ErrnoException) =>
    resolve(
      error.code?.startsWith('HPE_') === true && error.code !== 'HPE_INVALID_EOF_STATE' ? 'refused' : 'cut',
    ),
  );
  request.on('response', (response) => {
    answer = response;
    response.on('data', (chunk: Buffer) => body.push(chunk));
    response.on('end', () => resolve('whole'));
    response.on('error', (error: NodeJS.ErrnoException) =>
      resolve(
        error.code?.startsWith('HPE_') === true && error.code !== 'HPE_INVALID_EOF_STATE' ? 'refused' : 'cut',
      ),
    );
  });
  request.end();
  for (const piece of pieces) connection.push(piece);
  connection.push(null);
  return over.promise;
}

const FIELDS = [
  'Content-Type: a/b',
  'x-empty:',
  'X-Bytes: \u00e9\u00ff',
  'x-dup: 1',
  'X-DUP:\t 2 ',
  'Connection: close',
  'Keep-Alive: timeout=5',
];

/** An answer as servers send it: every way of framing, interim heads, trailers, extensions of chunks. */
function ordinary(dice: Dice): string {
  const fields = FIELDS.filter(() => dice.next() < 0.4);
  const body = 'the body of it'.repeat(dice.whole(0, 6 - 1));
  const status = dice.pick(['200 OK', '200 ', '529 Overloaded', '404 Not \u00e9']);
  const before = dice.next() < 0.3 ? 'HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n' : '';
  const head = (framing: string[]): string =>
    `${before}HTTP/1.${dice.pick(['1', '1', '0'])} ${status}\r\n${[...fields, ...framing].map((line) => `${line}\r\n`).join('')}\r\n`;
  const way = dice.whole(0, 4 - 1);
  if (way === 0) return head([`Content-Length: ${body.length}`]) + body;
  if (way === 1) return head([]) + body;
  if (way === 2) return head(['Content-Length: 0']).replace(status, '204 No Content');
  const parts = body === '' ? [] : [body.slice(0, 5), body.slice(5)];
  const chunks = parts.map((part) => `${part.length.toString(16)}${dice.pick(['', ';a=b'])}\r\n${part}\r\n`);
  return `${head(['Transfer-Encoding: chunked'])}${chunks.join('')}0\r\n${dice.pick(['', 'X-Sum: 3\r\n'])}\r\n`;
}

/** The same with one thing wrong, or strange. */
function strange(dice: Dice): string {
  const text = ordinary(dice);
  const at = dice.whole(0, text.length - 1);
  const way = dice.whole(0, 5 - 1);
  if (way === 0) return text.slice(0, at);
  if (way === 1)
    return (
      text.slice(0, at) + dice.pick(['\r', '\n', '\0', ' ', ':', '\u00e9', '\r\n', '0']) + text.slice(at)
    );
  if (way === 2) return text.slice(0, at) + text.slice(at + 1);
  if (way === 3) return text.slice(0, at) + String.fromCharCode(dice.whole(0, 256 - 1)) + text.slice(at + 1);
  return text.replace(
    '\r\n',
    `\r\n${dice.pick(['Content-Length: 3', 'Content-Length: +3', 'Transfer-Encoding: gzip', 'Transfer-Encoding: chunked', ' folded', 'Bad Name: x', ': x', 'Content-Length: 99999999999999999999'])}\r\n`,
  );
}

function pieces(dice: Dice, text: string): Buffer[] {
  const bytes = Buffer.from(text, 'latin1');
  const cut: Buffer[] = [];
  for (let at = 0; at < bytes.length;) {
    const length = dice.next() < 0.3 ? 1 + dice.whole(0, 3 - 1) : 1 + dice.whole(0, bytes.length - 1);
    cut.push(bytes.subarray(at, at + length));
    at += length;
  }
  return cut;
}

/** How many bytes belong to the answer, told by giving it byte for byte. */
function bytesRead(text: string): number {
  const reader = quiet();
  const bytes = Buffer.from(text, 'latin1');
  let at = 0;
  for (; at < bytes.length && !reader.isDone; at += 1) reader.read(bytes.subarray(at, at + 1));
  return at;
}

function quiet(): AnswerReader {
  const nothing = (): void => undefined;
  return new AnswerReader({ interim: nothing, head: nothing, data: nothing, end: nothing }, LIMIT_BYTES);
}

it('reads what servers send as Node does, in whatever pieces it comes, and with pauses', async () => {
  const dice = new Dice(1);
  for (let round = 0; round < 300; round += 1) {
    const cut = pieces(dice, ordinary(dice));
    const read = ours(cut);
    expect(read, Buffer.concat(cut).toString('latin1')).toEqual(await nodes(cut));
    expect(read.outcome).toBe('whole');
    expect(ours(cut, dice.whole(0, 4 - 1))).toEqual(read);
  }
});

it('reads nothing in another way than Node does: the same, or it refuses', async () => {
  const dice = new Dice(2);
  let refused = 0;
  for (let round = 0; round < 1500; round += 1) {
    const text = strange(dice);
    const cut = pieces(dice, text);
    const read = ours(cut);
    if (read.outcome === 'refused') {
      refused += 1;
      continue;
    }
    // What follows a whole answer is not part of it; Node looks at it nevertheless.
    const own = cut.length === 0 ? [] : [Buffer.concat(cut).subarray(0, bytesRead(text))];
    const byNode = await nodes(own);
    if (read.outcome === 'whole') expect(read, JSON.stringify(text)).toEqual(byNode);
    else expect(byNode.outcome, JSON.stringify(text)).not.toBe('whole');
  }
  expect(refused).toBeGreaterThan(100);
  expect(refused).toBeLessThan(1000);
});

it('refuses a head larger than allowed, also one that never ends', () => {
  const line = `x: ${'y'.repeat(LIMIT_BYTES)}\r\n`;
  expect(() => quiet().read(Buffer.from(`HTTP/1.1 200 OK\r\n${line}\r\n`))).toThrow(HeadOverflow);
  expect(() => quiet().read(Buffer.from(`HTTP/1.1 200 OK\r\n${line}`))).toThrow(HeadOverflow);
});
