/** `live`: the feed over HTTP. */
import { defineEndpoint, type Endpoint } from '../endpoint.ts';
import { ApiError } from '../errors.ts';
import { toFilters, withFilters } from '../filters.ts';
import { matchesFilters } from '../live-filter.ts';
import type { LiveFeed } from '../live.ts';
import { callSchema, liveGapSchema } from '../schemas/call.ts';

/** @param now wall clock, epoch ms, for times that count back from now */
export function liveEndpoint(feed: LiveFeed, now: () => number): Endpoint {
  return defineEndpoint({
    path: '/live',
    summary:
      'Server-sent events open, progress and end, each with a call as data; gap when events were missed. Last-Event-ID resumes.',
    query: withFilters({}),
    answer: { kind: 'events', schemas: [callSchema, liveGapSchema] },
    handle(query, request, response) {
      const filters = toFilters(query, now());
      if (filters.q !== undefined) {
        throw new ApiError(
          'bad_parameter',
          'The parameter "q" searches what is stored; the live feed cannot take it.',
        );
      }
      response.setHeader('content-type', 'text/event-stream; charset=utf-8');
      // Reverse proxies (nginx) would otherwise collect the stream before they pass it on.
      response.setHeader('x-accel-buffering', 'no');
      if (request.method === 'HEAD') {
        response.end();
        return;
      }
      const lastEventId = request.headers['last-event-id'];
      const unsubscribe = feed.subscribe(
        response,
        (call) => matchesFilters(call, filters),
        typeof lastEventId === 'string' && lastEventId !== '' ? lastEventId : null,
      );
      if (unsubscribe === null) {
        response.removeHeader('x-accel-buffering');
        throw new ApiError('too_many_readers', 'As many readers as may follow the live feed already do.');
      }
      response.once('close', unsubscribe);
      // A frame written between the break and its `close` is reported here; the break itself is all that matters.
      response.once('error', unsubscribe);
    },
  });
}
