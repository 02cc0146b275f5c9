/** `settings`, `prices`, `retention`: how this program is set up, to be looked at. Nothing in it is secret. */
import { z } from 'zod';
import type { Reader } from '../../reader/questions.ts';
import type { RetentionPolicy } from '../../store/retention.ts';
import { defineEndpoint, sendJson, type Endpoint } from '../endpoint.ts';
import { moment } from '../filters.ts';
import { resolveMoment } from '../moment.ts';
import { pricesSchema, retentionSchema, settingsSchema } from '../schemas/program.ts';
import type { Retention, Settings } from '../wire.ts';

export interface RetentionDeps {
  readonly policy: RetentionPolicy;
  /** When everything that was due had gone for the last time since the start, epoch ms; null before. */
  doneMs(): number | null;
}

export function settingsEndpoint(settings: () => Settings): Endpoint {
  return defineEndpoint({
    path: '/settings',
    summary: 'Every setting as it holds, who said so, and where the data lies. Without secrets.',
    query: z.strictObject({}),
    answer: { kind: 'json', schema: settingsSchema },
    handle(_query, _request, response) {
      sendJson(response, settings());
    },
  });
}

/** @param now wall clock, epoch ms */
export function pricesEndpoint(reader: Reader, now: () => number): Endpoint {
  return defineEndpoint({
    path: '/prices',
    summary: 'The prices in effect for the models of the record, and what the price file sets.',
    query: z.strictObject({
      at: moment.optional().meta({ description: 'Prices of this moment instead of now; as `from`.' }),
    }),
    answer: { kind: 'json', schema: pricesSchema },
    async handle({ at }, _request, response) {
      const nowMs = now();
      const atMs = at === undefined ? nowMs : resolveMoment(at, nowMs);
      sendJson(response, await reader.ask('prices', { atMs }));
    },
  });
}

/** @param now wall clock, epoch ms */
export function retentionEndpoint(reader: Reader, deps: RetentionDeps, now: () => number): Endpoint {
  return defineEndpoint({
    path: '/retention',
    summary: 'How long what is kept, what a run would remove now, and what the record takes.',
    query: z.strictObject({}),
    answer: { kind: 'json', schema: retentionSchema },
    async handle(_query, _request, response) {
      const { policy } = deps;
      const planned = await reader.ask('retention', { policy, nowMs: now() });
      const doneMs = deps.doneMs();
      const retention: Retention = {
        policy: {
          bodies_ms: policy.bodiesMs,
          calls_ms: policy.callsMs,
          store_bytes: policy.storeBytes,
        },
        last_run_ms: doneMs,
        last_run: doneMs === null ? null : new Date(doneMs).toISOString(),
        ...planned,
      };
      sendJson(response, retention);
    },
  });
}
