import { once } from 'node:events';
import { expect, test } from 'vitest';
import { encodeLines } from '../../server/export/lines.ts';
import {
  BadCursor,
  BadQuestion,
  QuestionTooSlow,
  ReaderUnavailable,
  StoreError,
  Unsupported,
  type Questions,
  type Reader,
} from '../../server/reader/questions.ts';
import type { CallsPage, Problem } from '../../server/api/wire.ts';
import { liveCall } from './live-call.ts';
import { noReader, serveApi } from './served.ts';

type CallsQuestion = Pick<Questions['calls']['args'], 'limit' | 'cursor'>;

/** Answers `calls`, as rows or lines, with what `page` makes of the question, and nothing else. */
function readerOf(page: (question: CallsQuestion) => Promise<CallsPage>): Reader {
  return {
    ...noReader,
    // The name tells which of the questions it is, which the type of the arguments cannot follow.
    async ask(name, args) {
      if (name === 'calls') return page(args as CallsQuestion);
      if (name !== 'callLines') return noReader.ask(name, args);
      const { format, columns } = args as Questions['callLines']['args'];
      const { items, next_cursor } = await page(args as CallsQuestion);
      return { bytes: Buffer.from(encodeLines(format, columns, items)), next_cursor };
    },
  };
}

const fullPage = (limit: number, next: string | null): CallsPage => ({
  items: Array.from({ length: limit }, () => liveCall({ preview: 'x'.repeat(200) })),
  next_cursor: next,
});

test('pages are asked for only as fast as they are read, and no more when the client has left', async () => {
  const asked: number[] = [];
  const gone = Promise.withResolvers<void>();
  const served = await serveApi({
    reader: readerOf(async ({ limit }) => {
      asked.push(limit);
      return fullPage(limit, `page-${asked.length}`);
    }),
  });
  const incoming = await served.start('/-/api/v1/calls.ndjson');
  incoming.once('close', () => gone.resolve());
  await once(incoming, 'readable');
  // Nothing is read on: what the connection takes fills up, and then asking has to stop.
  let before = -1;
  while (before !== asked.length && asked.length < 200) {
    before = asked.length;
    for (let turn = 0; turn < 50; turn += 1) await new Promise((resolve) => setImmediate(resolve));
  }
  expect(asked.length).toBeGreaterThan(1);
  expect(asked.length).toBeLessThan(200);
  incoming.destroy();
  await gone.promise;
  expect((await served.ask('/-/healthz')).status).toBe(200);
  expect(asked.length - before).toBeLessThanOrEqual(1);
  expect(served.logged).toEqual([]);
});

test('a file whose making fails half-way is cut, not ended', async () => {
  const served = await serveApi({
    reader: readerOf(({ limit, cursor }) =>
      cursor === null ? Promise.resolve(fullPage(limit, 'second')) : Promise.reject(new QuestionTooSlow()),
    ),
  });
  const incoming = await served.start('/-/api/v1/calls.csv');
  expect(incoming.statusCode).toBe(200);
  const read = async (): Promise<void> => {
    for await (const chunk of incoming) expect(chunk.length).toBeGreaterThan(0);
  };
  await expect(read()).rejects.toThrow('aborted');
});

test('a file whose making fails at once is a problem instead', async () => {
  const served = await serveApi({ reader: readerOf(() => Promise.reject(new QuestionTooSlow('30 s'))) });
  for (const path of ['calls', 'calls.csv', 'calls.ndjson']) {
    const answer = await served.ask(`/-/api/v1/${path}`);
    expect([path, answer.status, answer.headers['content-type']]).toEqual([
      path,
      503,
      'application/problem+json',
    ]);
    expect(answer.headers['content-disposition']).toBeUndefined();
    expect(JSON.parse(answer.text)).toMatchObject({ type: 'urn:weir:problem:too_slow', status: 503 });
  }
});

test.each([
  [
    new BadCursor('x'),
    400,
    'bad_cursor',
    'This cursor was not given by this server; begin again without one.',
  ],
  [new BadQuestion('Say it otherwise.'), 400, 'bad_parameter', 'Say it otherwise.'],
  [new Unsupported('Not yet.'), 501, 'unsupported', 'Not yet.'],
  [
    new StoreError('corrupt', '/secret/path is damaged'),
    503,
    'store_unavailable',
    /^The store cannot be read/,
  ],
  [new ReaderUnavailable('closed'), 503, 'store_unavailable', /^The store cannot be read/],
  [new Error('secret'), 500, 'internal', /^The request failed/],
  ['no error at all', 500, 'internal', /^The request failed/],
])('%s of the reader is %i %s', async (thrown, status, code, detail) => {
  const served = await serveApi({
    reader: readerOf(async () => {
      throw thrown;
    }),
  });
  const answer = await served.ask('/-/api/v1/calls');
  const problem: Problem = JSON.parse(answer.text);
  expect([answer.status, problem.status, problem.type]).toEqual([status, status, `urn:weir:problem:${code}`]);
  expect(problem.detail).toMatch(detail);
  expect(answer.text).not.toContain('secret');
  const isOurFault = code === 'internal' || code === 'store_unavailable';
  expect(served.logged.map(({ fields }) => fields)).toEqual(
    isOurFault ? [{ err: thrown, path: '/api/v1/calls' }] : [],
  );
});

test('HEAD asks for one page and sends none of it', async () => {
  let asked = 0;
  const served = await serveApi({
    reader: readerOf(async ({ limit }) => {
      asked += 1;
      return fullPage(limit, 'more');
    }),
  });
  for (const path of ['calls', 'calls.csv', 'calls.ndjson']) {
    asked = 0;
    const answer = await served.ask(`/-/api/v1/${path}`, { method: 'HEAD' });
    expect([path, answer.status, answer.text, asked]).toEqual([path, 200, '', 1]);
  }
});

test.each([
  ['', '*/*', 'application/json; charset=utf-8'],
  ['', 'text/html,application/xhtml+xml,*/*;q=0.8', 'application/json; charset=utf-8'],
  ['', 'text/csv', 'text/csv; charset=utf-8; header=present'],
  ['', 'application/x-ndjson', 'application/x-ndjson; charset=utf-8'],
  ['', 'application/json, text/csv;q=0.5', 'application/json; charset=utf-8'],
  ['', 'image/png', 'application/json; charset=utf-8'],
  ['.csv', 'application/json', 'text/csv; charset=utf-8; header=present'],
  ['.ndjson', '*/*', 'application/x-ndjson; charset=utf-8'],
])('calls%s for %s is %s', async (suffix, accept, type) => {
  const served = await serveApi({ reader: readerOf(async () => fullPage(1, null)) });
  const answer = await served.ask(`/-/api/v1/calls${suffix}`, { headers: { accept } });
  expect([answer.status, answer.headers['content-type']]).toEqual([200, type]);
  expect(answer.headers['vary']).toMatch(/accept/i);
});
