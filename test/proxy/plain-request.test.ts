import http from 'node:http';
import { Duplex } from 'node:stream';
import { expect, it } from 'vitest';
import { Dice } from '../../server/demo/dice.ts';
import { readPlainHead } from '../../server/proxy/plain-request.ts';

const LIMIT_BYTES = 4096;

/** What Node's own server makes of a head; null when it refuses it, or asks for more. */
function nodes(bytes: Buffer): Promise<http.IncomingMessage | null> {
  const read = Promise.withResolvers<http.IncomingMessage | null>();
  const server = http.createServer({ maxHeaderSize: LIMIT_BYTES, requireHostHeader: false }, (req) =>
    read.resolve(req),
  );
  for (const event of ['checkContinue', 'checkExpectation', 'upgrade', 'clientError'])
    server.on(event, () => read.resolve(null));
  const connection = new Duplex({ read: () => undefined, write: (_chunk, _encoding, done) => done() });
  connection.on('error', () => undefined);
  server.emit('connection', connection);
  connection.push(bytes);
  connection.push(null);
  return read.promise;
}

const FIELDS = [
  'Host: w',
  'Content-Length: 2',
  'x-api-key: sk-ant-1',
  'X-Dup: 1',
  'x-dup:\t2 ',
  'x-empty:',
  'x-bytes: \u00e9\u00ff',
  'Connection: keep-alive',
  'connection: close',
  'Accept: */*',
];
const ODD_FIELDS = [
  'Host: other',
  'Content-Length: 3',
  'Content-Length: +2',
  'content-length: 2, 2',
  'Transfer-Encoding: chunked',
  'Transfer-Encoding : chunked',
  'Expect: 100-continue',
  'Upgrade: h2c',
  'Connection: upgrade',
  ' folded',
  'Bad Name: 1',
  ': 1',
  'x: \0',
  'x: a\rb',
];

function ordinary(dice: Dice): string[] {
  return [
    `POST ${dice.pick(['/v1/messages', '/v1/messages?beta=true', '/-/as/ann/v1/messages'])} HTTP/1.1`,
    ...FIELDS.slice(0, 2),
    ...FIELDS.slice(2, -3).filter(() => dice.next() < 0.5),
    ...(dice.next() < 0.5 ? [dice.pick(FIELDS.slice(-3))] : []),
  ];
}

/** A head with one thing wrong, or strange. */
function strange(dice: Dice): string {
  const lines = ordinary(dice);
  if (dice.next() < 0.4) lines.splice(dice.whole(1, lines.length), 0, dice.pick(ODD_FIELDS));
  else if (dice.next() < 0.2)
    lines[0] = dice.pick([
      'GET /v1/messages HTTP/1.1',
      'POST /v1/messages HTTP/1.0',
      'POST /v1/messages#a HTTP/1.1',
      'POST http://w/v1/messages HTTP/1.1',
      'POST /v1/files HTTP/1.1',
      'POST  /v1/messages HTTP/1.1',
      'POST /v1/messages HTTP/2.0',
    ]);
  const text = `${lines.join('\r\n')}\r\n\r\n{}`;
  if (dice.next() < 0.3) return text;
  const at = dice.whole(0, text.length - 1);
  return `${text.slice(0, at)}${dice.pick(['', '\n', '\r', '\0', ' ', ':', '\u00e9', String.fromCharCode(dice.whole(0, 255))])}${text.slice(at + dice.whole(0, 1))}`;
}

it('takes ordinary requests for messages, with what Node would read of them', async () => {
  const dice = new Dice(1);
  for (let round = 0; round < 200; round += 1) {
    const bytes = Buffer.from(`${ordinary(dice).join('\r\n')}\r\n\r\n{}`, 'latin1');
    const plain = readPlainHead(bytes, LIMIT_BYTES);
    const byNode = await nodes(bytes);
    expect(plain).toMatchObject({
      target: byNode?.url,
      rawHeaders: byNode?.rawHeaders,
      lengthBytes: 2,
      mayPersist: byNode?.headers.connection !== 'close',
      headBytes: bytes.byteLength - 2,
    });
  }
});

it('takes nothing that Node would refuse, or read in another way', async () => {
  const dice = new Dice(2);
  let taken = 0;
  for (let round = 0; round < 2000; round += 1) {
    const bytes = Buffer.from(strange(dice), 'latin1');
    const plain = readPlainHead(bytes, LIMIT_BYTES);
    if (plain === null) continue;
    taken += 1;
    const byNode = await nodes(bytes);
    expect(byNode, bytes.toString('latin1')).toMatchObject({
      method: 'POST',
      httpVersion: '1.1',
      url: plain.target,
      rawHeaders: plain.rawHeaders,
      headers: { 'content-length': String(plain.lengthBytes) },
    });
  }
  expect(taken).toBeGreaterThan(200);
});

it.each([
  ['only a part of a head', 'POST /v1/messages HTTP/1.1\r\nHost: w\r\nContent-Length: 2\r\n'],
  ['two lengths', 'POST /v1/messages HTTP/1.1\r\nHost: w\r\nContent-Length: 2\r\nContent-Length: 2\r\n\r\n'],
  ['two hosts', 'POST /v1/messages HTTP/1.1\r\nHost: w\r\nHost: w\r\nContent-Length: 2\r\n\r\n'],
  ['no host', 'POST /v1/messages HTTP/1.1\r\nContent-Length: 2\r\n\r\n'],
  ['no length', 'POST /v1/messages HTTP/1.1\r\nHost: w\r\n\r\n'],
  [
    'both length and chunks',
    'POST /v1/messages HTTP/1.1\r\nHost: w\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n',
  ],
  [
    'an expectation',
    'POST /v1/messages HTTP/1.1\r\nHost: w\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n',
  ],
  [
    'fields named by Connection',
    'POST /v1/messages HTTP/1.1\r\nHost: w\r\nContent-Length: 2\r\nConnection: x-hop\r\n\r\n',
  ],
  ['another path', 'POST /v1/messages/batches HTTP/1.1\r\nHost: w\r\nContent-Length: 2\r\n\r\n'],
  [
    'a head as large as allowed',
    `POST /v1/messages HTTP/1.1\r\nHost: w\r\nContent-Length: 2\r\nx: ${'y'.repeat(LIMIT_BYTES)}\r\n\r\n`,
  ],
])('leaves %s to Node', (_name, head) => {
  expect(readPlainHead(Buffer.from(head), LIMIT_BYTES)).toBeNull();
});
