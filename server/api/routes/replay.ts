/** Sending recorded calls again. */
import type { Request } from 'express';
import { z } from 'zod';
import type { Reader } from '../../reader/questions.ts';
import type { Replayer } from '../../replay/replayer.ts';
import { defineAction, defineEndpoint, sendJson, type Endpoint } from '../endpoint.ts';
import { ApiError } from '../errors.ts';
import { cursor, limit, sendPages, usualPage } from '../pages.ts';
import { callDetailSchema } from '../schemas/call.ts';
import {
  comparisonSchema,
  replayPlanSchema,
  replayRequestSchema,
  replayRowSchema,
  replaysPageSchema,
  upstreamsSchema,
} from '../schemas/replay.ts';
import type { ReplayRequest, ReplayRow } from '../wire.ts';
import { idOf, notFound } from './calls.ts';

export function replayEndpoints(replayer: Replayer, reader: Reader): readonly Endpoint[] {
  return [upstreams(replayer), plan(replayer), send(replayer), listReplays(reader), compare(reader)];
}

const idText = z
  .string()
  .regex(/^[\w-]{1,64}$/, { error: 'must be the id of a call' })
  .meta({ description: 'Id of a call.' });

function listReplays(reader: Reader): Endpoint {
  return defineEndpoint({
    path: '/replays',
    summary:
      'What was sent again, each beside the call that it repeats, newest first, with the sums over all of it. As CSV and NDJSON all rows, unless there is a limit.',
    query: z.strictObject({
      batch: z.string().min(1, 'must not be empty').optional().meta({ description: 'Name of a batch.' }),
      of: idText.optional(),
      limit,
      cursor,
    }),
    answer: { kind: 'collection', schema: replaysPageSchema },
    async handle({ batch, of, ...query }, request, response) {
      const filters = { ...(batch !== undefined && { batch }), ...(of !== undefined && { of }) };
      await sendPages<ReplayRow>(request, response, query, {
        name: 'replays',
        columns: Object.keys(replayRowSchema.shape),
        usualRows: usualPage,
        askPage: (rows, from) => reader.ask('replayRows', { filters, limit: rows, cursor: from }),
      });
    },
  });
}

function compare(reader: Reader): Endpoint {
  return defineEndpoint({
    path: '/calls/:id/compare',
    summary:
      'The answer of a call beside those of its newest replays, or of the calls that `with` names: text by words, tool calls by structure.',
    query: z.strictObject({
      with: z.array(idText).max(20, 'may be repeated 20 times at the most').optional(),
    }),
    answer: { kind: 'json', schema: comparisonSchema },
    async handle(query, request, response) {
      const answer = await reader.ask('comparison', { id: idOf(request), others: query.with ?? [] });
      if (answer === null) throw notFound();
      sendJson(response, answer);
    },
  });
}

function upstreams(replayer: Replayer): Endpoint {
  return defineEndpoint({
    path: '/upstreams',
    summary: 'The upstreams of the configuration, to which recorded calls can be sent again.',
    query: z.strictObject({}),
    answer: { kind: 'json', schema: upstreamsSchema },
    handle(_query, _request, response) {
      sendJson(response, { items: replayer.upstreams() });
    },
  });
}

function plan(replayer: Replayer): Endpoint {
  return defineAction({
    path: '/calls/:id/replay/plan',
    summary: 'What would be sent again, and what that would cost. Sends nothing.',
    body: replayRequestSchema,
    answer: { kind: 'json', schema: replayPlanSchema },
    statuses: [200],
    async handle(body, request, response) {
      sendJson(response, await replayer.plan(idOf(request), body));
    },
  });
}

function send(replayer: Replayer): Endpoint {
  return defineAction({
    path: '/calls/:id/replay',
    summary:
      'Sends the call again. The answer is the new call: when it has ended (201), or with `wait` false as soon as it has begun (202); the same one again (200) for the same idempotency key.',
    body: replayRequestSchema,
    answer: { kind: 'json', schema: callDetailSchema },
    statuses: [200, 201, 202],
    async handle(body, request, response) {
      const { call, isRepeated } = await replayer.send(idOf(request), withHeaderKey(body, request));
      response.statusCode = isRepeated ? 200 : body.wait === false ? 202 : 201;
      response.setHeader('location', `/-/api/v1/calls/${call.id}`);
      sendJson(response, call);
    },
  });
}

/** The field of the body as a header, as other APIs take it. */
function withHeaderKey(body: ReplayRequest, request: Request): ReplayRequest {
  const given = request.headers['idempotency-key'];
  if (given === undefined || body.idempotency_key !== undefined) return body;
  const parsed = replayRequestSchema.shape.idempotency_key.safeParse(given);
  if (!parsed.success) {
    throw new ApiError('bad_body', 'The header idempotency-key must be up to 200 visible ASCII characters.');
  }
  return { ...body, idempotency_key: parsed.data };
}
