/** `export`: all calls that pass the filters, as one file. */
import type { Request, Response } from 'express';
import { z } from 'zod';
import { encodeParquet } from '../../export/parquet-thread.ts';
import type { Reader } from '../../reader/questions.ts';
import { sendRows, writeAll } from '../collection.ts';
import { defineEndpoint, type Endpoint } from '../endpoint.ts';
import { toFilters, withFilters } from '../filters.ts';
import { allPages, telling } from '../pages.ts';
import { askCallLines, callColumns } from './calls.ts';

const formats = ['csv', 'ndjson', 'parquet'] as const;

const format = z
  .enum(formats, { error: `must be one of ${formats.join(', ')}` })
  .meta({ description: 'Of the file.' });

/** @param now wall clock, epoch ms, for times that count back from now */
export function exportEndpoint(reader: Reader, now: () => number): Endpoint {
  return defineEndpoint({
    path: '/export',
    summary: 'All calls that pass the filters as one file, newest first, without bodies.',
    query: withFilters({ format }),
    answer: { kind: 'file', types: ['text/csv', 'application/x-ndjson', 'application/vnd.apache.parquet'] },
    async handle(query, request, response) {
      const filters = toFilters(query, now());
      const { format } = query;
      const askLines = askCallLines(reader, filters)(format === 'parquet' ? 'ndjson' : format);
      const pages = allPages(telling(response, askLines), null);
      if (format === 'parquet') await sendParquet(request, response, pages);
      else await sendRows(request, response, format, { name: 'calls', columns: callColumns, pages });
    },
  });
}

async function sendParquet(
  request: Request,
  response: Response,
  pages: AsyncIterable<Uint8Array>,
): Promise<void> {
  for await (const bytes of encodeParquet(pages)) {
    if (!response.headersSent) {
      response.setHeader('content-type', 'application/vnd.apache.parquet');
      response.setHeader('content-disposition', 'attachment; filename="weir-calls.parquet"');
      if (request.method === 'HEAD') break;
    }
    await writeAll(response, bytes);
    if (response.destroyed) return;
  }
  response.end();
}
