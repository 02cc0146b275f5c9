/** `calls`: the list, and everything there is to know of one call. */
import type { Request, Response } from 'express';
import { z } from 'zod';
import type { LineFormat } from '../../export/lines.ts';
import { PassingBytes } from '../../heap.ts';
import type { BodyAnswer, Reader } from '../../reader/questions.ts';
import type { Filters } from '../../store/filters.ts';
import { formatOf } from '../collection.ts';
import { defineEndpoint, sendJsonBytes, type Endpoint } from '../endpoint.ts';
import { ApiError } from '../errors.ts';
import { toFilters, withFilters } from '../filters.ts';
import { cursor, largestPage, limit, sendPages, usualPage } from '../pages.ts';
import { callDiffSchema } from '../schemas/cache.ts';
import {
  callDetailSchema,
  callSchema,
  callsPageSchema,
  conversationSchema,
  eventsPageSchema,
  messageAnswerSchema,
  streamEventSchema,
} from '../schemas/call.ts';
import type { Call, StreamEvent } from '../wire.ts';

const nothing = z.strictObject({});
/** Of the CSV. */
export const callColumns = Object.keys(callSchema.shape);
/** Of texts in a diff. */
const usualCut = 20_000;

/** @param now wall clock, epoch ms, for times that count back from now */
export function callEndpoints(reader: Reader, now: () => number): readonly Endpoint[] {
  return [
    listCalls(reader, now),
    oneCall(reader),
    ...bodies(reader),
    message(reader),
    conversation(reader),
    diff(reader),
    events(reader),
  ];
}

function listCalls(reader: Reader, now: () => number): Endpoint {
  return defineEndpoint({
    path: '/calls',
    summary: 'Calls, newest first, without bodies. As CSV and NDJSON all of them, unless there is a limit.',
    query: withFilters({ limit, cursor }),
    answer: { kind: 'collection', schema: callsPageSchema },
    async handle(query, request, response) {
      const filters = toFilters(query, now());
      const snippets = formatOf(request) === 'json';
      const askPage = (rows: number, from: string | null) =>
        reader.ask('calls', { filters, limit: rows, cursor: from, snippets });
      await sendPages<Call>(request, response, query, {
        name: 'calls',
        columns: callColumns,
        usualRows: usualPage,
        askPage,
        askLines: askCallLines(reader, filters),
      });
    },
  });
}

/** Pages of calls, as lines that the reading process makes. */
export function askCallLines(reader: Reader, filters: Filters) {
  const passing = new PassingBytes();
  return (format: LineFormat) => async (limitRows: number, from: string | null) => {
    const asked = { filters, limit: limitRows, cursor: from, format, columns: callColumns };
    const { bytes, ...page } = await reader.ask('callLines', asked);
    passing.add(bytes.byteLength);
    return { ...page, items: bytes };
  };
}

function events(reader: Reader): Endpoint {
  return defineEndpoint({
    path: '/calls/:id/events',
    summary: 'The server-sent events of the answer. As CSV and NDJSON all of them, unless there is a limit.',
    query: z.strictObject({ limit, cursor }),
    answer: { kind: 'collection', schema: eventsPageSchema },
    async handle(query, request, response) {
      const id = idOf(request);
      const askPage = async (rows: number, from: string | null) =>
        found(await reader.ask('events', { id, limit: rows, cursor: from }));
      await sendPages<StreamEvent>(request, response, query, {
        name: `${id}-events`,
        columns: Object.keys(streamEventSchema.shape),
        usualRows: largestPage,
        askPage,
      });
    },
  });
}

function oneCall(reader: Reader): Endpoint {
  return ofOneCall(
    '',
    'One call: every column, the lines of its cost, its headers with secrets masked, its neighbours.',
    callDetailSchema,
    (id) => reader.askJson('call', { id }),
  );
}

function message(reader: Reader): Endpoint {
  return ofOneCall(
    '/message',
    'The message of the answer, put together from its events where it was streamed, and how it ended.',
    messageAnswerSchema,
    (id) => reader.askJson('message', { id }),
  );
}

const cut = z
  .string()
  .regex(/^[1-9]\d{0,6}$/, { error: 'must be a whole number of characters, 1 to 9999999' })
  .transform(Number)
  .optional()
  .meta({
    description:
      'Strings of more characters become {"_weir": {"head", "characters"}}: the beginning, and how long they are.',
  });

function conversation(reader: Reader): Endpoint {
  return defineEndpoint({
    path: '/calls/:id/conversation',
    summary: "The request's system, tools and messages and the answer, parsed.",
    query: z.strictObject({ cut }),
    answer: { kind: 'json', schema: conversationSchema },
    async handle(query, request, response) {
      const args = { id: idOf(request), cut: query.cut ?? null };
      sendJsonBytes(response, found(await reader.askJson('conversation', args)));
    },
  });
}

function diff(reader: Reader): Endpoint {
  return defineEndpoint({
    path: '/calls/:id/diff',
    summary:
      'What became of each block of the prompt since the call before (same session, agent and kind), with estimated tokens and money, and why the cache was missed.',
    query: z.strictObject({
      against: z
        .string()
        .regex(/^[\w-]{1,64}$/, { error: 'must be the id of a call' })
        .optional()
        .meta({ description: 'Compare with this call instead.' }),
      cut: z
        .string()
        .regex(/^[1-9]\d{0,6}$/, { error: 'must be a whole number of characters, 1 to 9999999' })
        .transform(Number)
        .optional()
        .meta({ description: `Texts of more characters are shortened; ${usualCut} if not given.` }),
    }),
    answer: { kind: 'json', schema: callDiffSchema },
    async handle(query, request, response) {
      const args = { id: idOf(request), against: query.against ?? null, cut: query.cut ?? usualCut };
      sendJsonBytes(response, found(await reader.askJson('diff', args)));
    },
  });
}

function ofOneCall(
  part: string,
  summary: string,
  schema: z.ZodType,
  ask: (id: string) => Promise<Uint8Array | null>,
): Endpoint {
  return defineEndpoint({
    path: `/calls/:id${part}`,
    summary,
    query: nothing,
    answer: { kind: 'json', schema },
    async handle(_query, request, response) {
      sendJsonBytes(response, found(await ask(idOf(request))));
    },
  });
}

function bodies(reader: Reader): readonly Endpoint[] {
  return (['request', 'response'] as const).map((part) =>
    defineEndpoint({
      path: `/calls/:id/${part}`,
      summary: `The exact bytes of the ${part}'s body, as they were on the wire.`,
      query: nothing,
      answer: { kind: 'bytes' },
      async handle(_query, request, response) {
        const id = idOf(request);
        const body = await reader.ask('body', { id, part });
        if (body === null)
          throw new ApiError('not_found', `There is no such call, or its ${part} was not kept.`);
        sendBody(response, body, `${id}-${part}.bin`);
      },
    }),
  );
}

/** Never with its own content type: a browser must not run or show what was logged. */
function sendBody(response: Response, body: BodyAnswer, fileName: string): void {
  response.setHeader('content-type', 'application/octet-stream');
  response.setHeader('content-disposition', `attachment; filename="${fileName}"`);
  response.setHeader('content-length', body.bytes.byteLength);
  if (body.contentType !== null) response.setHeader('x-weir-content-type', headerText(body.contentType));
  if (body.contentEncoding !== null)
    response.setHeader('x-weir-content-encoding', headerText(body.contentEncoding));
  response.end(body.bytes);
}

/** What an upstream sent may hold what Node refuses to send. */
function headerText(value: string): string {
  return value.replace(/[^\t\x20-\x7e\x80-\xff]/g, '');
}

/** The call that the path names. @throws ApiError `not_found` */
export function idOf(request: Request): string {
  const id = request.params['id'];
  // Nothing else was ever given out as an id, and it becomes part of a file's name.
  if (typeof id !== 'string' || !/^[\w-]{1,64}$/.test(id)) throw notFound();
  return id;
}

function found<Row>(answer: Row | null): Row {
  if (answer === null) throw notFound();
  return answer;
}

export function notFound(): ApiError {
  return new ApiError('not_found', 'There is no call with this id.');
}
