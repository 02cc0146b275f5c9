/** `cache`: what the prompt cache gave and what it did not, and how long to keep what is written to it. */
import type { Reader } from '../../reader/questions.ts';
import { defineEndpoint, sendJson, type Endpoint } from '../endpoint.ts';
import { toFilters, withFilters } from '../filters.ts';
import { cacheLedgerSchema, ttlAdviceSchema } from '../schemas/cache.ts';

/** @param now wall clock, epoch ms, for times that count back from now */
export function cacheEndpoints(reader: Reader, now: () => number): readonly Endpoint[] {
  return [
    defineEndpoint({
      path: '/cache',
      summary: 'What the prompt cache saved, net of what writes cost more, and what was missed, by cause.',
      query: withFilters({}),
      answer: { kind: 'json', schema: cacheLedgerSchema },
      async handle(query, _request, response) {
        sendJson(response, await reader.ask('cache', { filters: toFilters(query, now()) }));
      },
    }),
    defineEndpoint({
      path: '/cache/ttl',
      summary: 'What the latest calls would have cost with all writes for five minutes, or for an hour.',
      query: withFilters({}),
      answer: { kind: 'json', schema: ttlAdviceSchema },
      async handle(query, _request, response) {
        sendJson(response, await reader.ask('cacheTtl', { filters: toFilters(query, now()) }));
      },
    }),
  ];
}
