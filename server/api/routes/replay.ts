/** Sending recorded calls again. */
import type { Request } from 'express';
import { z } from 'zod';
import type { Replayer } from '../../replay/replayer.ts';
import { defineAction, defineEndpoint, sendJson, type Endpoint } from '../endpoint.ts';
import { ApiError } from '../errors.ts';
import { callDetailSchema, replayPlanSchema, replayRequestSchema, upstreamsSchema } from '../schemas.ts';
import type { ReplayRequest } from '../wire.ts';
import { idOf } from './calls.ts';

export function replayEndpoints(replayer: Replayer): readonly Endpoint[] {
  return [upstreams(replayer), plan(replayer), send(replayer)];
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
