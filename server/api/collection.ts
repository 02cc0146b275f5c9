/** A collection in the form that was asked for: one JSON answer, or its rows as CSV or NDJSON, page by page. */
import { once } from 'node:events';
import type { Request, Response } from 'express';
import { encodeCsvHead } from '../export/csv.ts';
import { encodeLines, type LineFormat } from '../export/lines.ts';
import { sendJson, sendJsonBytes } from './endpoint.ts';

export type Format = 'json' | LineFormat;

/** Endings of a collection's path that name its format. */
export const formatSuffixes = ['.csv', '.ndjson'] as const;

/** One sentence where not everything that was asked for could be looked at in time. */
export const incompleteHeader = 'x-weir-incomplete';

/** Says it of an answer that has not begun yet. */
export function setIncomplete(response: Response, sentence: string | null): void {
  if (sentence === null || response.headersSent) return;
  // It may name what was searched for.
  response.setHeader(incompleteHeader, sentence.replaceAll(/[^\t\x20-\x7e]/g, '?'));
}

type Row = Readonly<Record<string, unknown>>;

export interface Rows {
  /** Names the download. */
  readonly name: string;
  /** Keys of a row, in the order of the CSV's columns. */
  readonly columns: readonly string[];
  /** As rows, or as their lines. */
  readonly pages: AsyncIterable<readonly Row[] | Uint8Array> | Iterable<readonly Row[]>;
}

/** By the path's ending, else by `Accept`; JSON for who does not say. */
export function formatOf(request: Request): Format {
  if (request.path.endsWith('.csv')) return 'csv';
  if (request.path.endsWith('.ndjson')) return 'ndjson';
  const accepted = request.accepts([
    'application/json',
    'text/csv',
    'application/x-ndjson',
    'application/ndjson',
  ]);
  if (accepted === 'text/csv') return 'csv';
  return accepted === 'application/x-ndjson' || accepted === 'application/ndjson' ? 'ndjson' : 'json';
}

/** Answers 200 with `value` as JSON, or with the bytes of it; it also comes in other forms. */
export function sendCollection(response: Response, value: object): void {
  response.setHeader('vary', 'accept');
  if (value instanceof Uint8Array) sendJsonBytes(response, value);
  else sendJson(response, value);
}

/**
 * Streams `rows`; no more than one page and what the connection holds is in memory. A page that cannot be had before the
 * head went out rejects; after that the connection is cut, so that half a file never looks like a whole one.
 */
export async function sendRows(
  request: Request,
  response: Response,
  format: LineFormat,
  rows: Rows,
): Promise<void> {
  const type =
    format === 'csv' ? 'text/csv; charset=utf-8; header=present' : 'application/x-ndjson; charset=utf-8';
  let isFirst = true;
  for await (const page of rows.pages) {
    if (isFirst) {
      isFirst = false;
      response.setHeader('vary', 'accept');
      response.setHeader('content-type', type);
      response.setHeader('content-disposition', `attachment; filename="weir-${rows.name}.${format}"`);
      if (request.method === 'HEAD') break;
      if (format === 'csv') response.write(encodeCsvHead(rows.columns));
    }
    await writeAll(response, page instanceof Uint8Array ? page : encodeLines(format, rows.columns, page));
    if (response.destroyed) return;
  }
  response.end();
}

/** Resolves when the connection takes more, or is gone. */
export async function writeAll(response: Response, data: string | Uint8Array): Promise<void> {
  if (data.length === 0 || response.write(data) || response.destroyed) return;
  const settled = new AbortController();
  const options = { signal: settled.signal };
  // Whoever left will never drain.
  await Promise.race([once(response, 'drain', options), once(response, 'close', options)]).finally(() =>
    settled.abort(),
  );
}
