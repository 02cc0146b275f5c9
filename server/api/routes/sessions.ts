/** `sessions`: the runs of related calls, and one of them with its agents and calls. */
import type { Request } from 'express';
import { z } from 'zod';
import type { Reader } from '../../reader/questions.ts';
import { defineEndpoint, sendJson, type Endpoint } from '../endpoint.ts';
import { ApiError } from '../errors.ts';
import { toFilters, withFilters } from '../filters.ts';
import { cursor, largestPage, limit, sendPages, usualPage } from '../pages.ts';
import {
  sessionDetailSchema,
  sessionSchema,
  sessionsPageSchema,
  sessionTotalsSchema,
} from '../schemas/sessions.ts';
import type { Session } from '../wire.ts';

/** @param now wall clock, epoch ms, for times that count back from now */
export function sessionEndpoints(reader: Reader, now: () => number): readonly Endpoint[] {
  return [listSessions(reader, now), oneSession(reader)];
}

const columns = [
  ...Object.keys(sessionSchema.shape).filter((name) => name !== 'totals'),
  ...Object.keys(sessionTotalsSchema.shape).filter((name) => name !== 'calls'),
];

function listSessions(reader: Reader, now: () => number): Endpoint {
  return defineEndpoint({
    path: '/sessions',
    summary:
      'Sessions of the calls that pass the filters, the one that began last first. As CSV and NDJSON all of them, unless there is a limit.',
    query: withFilters({ limit, cursor }),
    answer: { kind: 'collection', schema: sessionsPageSchema },
    async handle(query, request, response) {
      const filters = toFilters(query, now());
      await sendPages<Session>(request, response, query, {
        name: 'sessions',
        columns,
        usualRows: usualPage,
        askPage: (rows, from) => reader.ask('sessions', { filters, limit: rows, cursor: from }),
        toLine: ({ totals, models, ...session }) => ({ ...totals, ...session, models: models.join(' ') }),
      });
    },
  });
}

function oneSession(reader: Reader): Endpoint {
  return defineEndpoint({
    path: '/sessions/:id',
    summary:
      'One session: the tree of its agents, its totals, and its calls in order with the size of their context and the idle time before them.',
    query: z.strictObject({ limit, cursor }),
    answer: { kind: 'json', schema: sessionDetailSchema },
    async handle(query, request, response) {
      const session = await reader.ask('session', {
        id: idOf(request),
        limit: query.limit ?? largestPage,
        cursor: query.cursor ?? null,
      });
      if (session === null) throw new ApiError('not_found', 'There is no session with this id.');
      sendJson(response, session);
    },
  });
}

/** Clients choose the names of their sessions: any text. */
function idOf(request: Request): string {
  const id = request.params['id'];
  return typeof id === 'string' ? id : '';
}
