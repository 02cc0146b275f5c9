/** `health`: how the program itself is doing. */
import { z } from 'zod';
import { defineEndpoint, sendJson, type Endpoint } from '../endpoint.ts';
import { healthSchema } from '../schemas/program.ts';
import type { Health } from '../wire.ts';

export function healthEndpoint(health: () => Health): Endpoint {
  return defineEndpoint({
    path: '/health',
    summary: 'Store, queue, lag, losses and sizes.',
    query: z.strictObject({}),
    answer: { kind: 'json', schema: healthSchema },
    handle(_query, _request, response) {
      sendJson(response, health());
    },
  });
}
