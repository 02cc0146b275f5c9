/** `stats` and `facets`: calls counted, summed and grouped. */
import { whatIfColumns, type Reader } from '../../reader/questions.ts';
import { formatOf, sendCollection, sendRows, setIncomplete } from '../collection.ts';
import { defineEndpoint, type Endpoint } from '../endpoint.ts';
import { toFilters, withFilters } from '../filters.ts';
import { facetsSchema, statsSchema } from '../schemas/stats.ts';
import { statsQuery, toStatsQuestion } from '../stats-query.ts';
import type { Metric, Stats } from '../wire.ts';

/** @param now wall clock, epoch ms, for times that count back from now */
export function statsEndpoint(reader: Reader, now: () => number): Endpoint {
  return defineEndpoint({
    path: '/stats',
    summary: 'Metrics over calls, by time slice and by groups, with totals.',
    query: statsQuery,
    answer: { kind: 'collection', schema: statsSchema },
    async handle(query, request, response) {
      const question = toStatsQuestion(query, now());
      const format = formatOf(request);
      if (format === 'json') {
        sendCollection(response, await reader.askJson('stats', question));
        return;
      }
      const stats = await reader.ask('stats', question);
      setIncomplete(response, stats.incomplete ?? null);
      await sendRows(request, response, format, { name: 'stats', ...flatten(stats, question.metrics) });
    },
  });
}

/** The rows as a table; where two periods are compared, a first column tells them apart. */
function flatten(stats: Stats, asked: readonly Metric[]) {
  const columns = [
    ...(stats.bucket === null ? [] : ['start_ms', 'start']),
    ...stats.group_by,
    ...asked,
    ...(stats.what_if === undefined ? [] : whatIfColumns),
  ];
  if (stats.previous === undefined) return { columns, pages: [stats.rows] };
  const current = stats.rows.map((row) => ({ period: 'current', ...row }));
  const previous = stats.previous.rows.map((row) => ({ period: 'previous', ...row }));
  return { columns: ['period', ...columns], pages: [current, previous] };
}

/** @param now wall clock, epoch ms, for times that count back from now */
export function facetsEndpoint(reader: Reader, now: () => number): Endpoint {
  return defineEndpoint({
    path: '/facets',
    summary: 'The values that the filters can take, each with the number of calls that have it.',
    query: withFilters({}),
    answer: { kind: 'collection', schema: facetsSchema },
    async handle(query, request, response) {
      const { facets, incomplete } = await reader.ask('facets', { filters: toFilters(query, now()) });
      setIncomplete(response, incomplete);
      const format = formatOf(request);
      if (format === 'json') {
        sendCollection(response, facets);
        return;
      }
      const rows = Object.entries(facets).flatMap(([filter, values]) =>
        values.map((value) => ({ filter, ...value })),
      );
      await sendRows(request, response, format, {
        name: 'facets',
        columns: ['filter', 'value', 'count'],
        pages: [rows],
      });
    },
  });
}
