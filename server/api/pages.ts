/** Collections that come in pages: one of them as JSON, all of them as CSV and NDJSON. */
import type { Request, Response } from 'express';
import { z } from 'zod';
import { formatOf, sendCollection, sendRows, setIncomplete, type Format } from './collection.ts';

export const usualPage = 50;
export const largestPage = 500;

export const limit = z
  .string()
  .regex(/^(?:[1-9]\d?|[1-4]\d\d|500)$/, { error: `must be a whole number from 1 to ${largestPage}` })
  .transform(Number)
  .optional()
  .meta({
    description: `Rows of a page, ${usualPage} for calls and sessions, ${largestPage} for the events of a call and the calls of a session if not given.`,
  });
export const cursor = z
  .string()
  .min(1, 'must not be empty')
  .optional()
  .meta({ description: '`next_cursor` of the page before.' });

interface PageOf<Row> {
  readonly items: Row[];
  readonly next_cursor: string | null;
  readonly incomplete?: string;
}

export interface Paging<Row> {
  /** Names the download. */
  readonly name: string;
  /** Of the CSV. */
  readonly columns: readonly string[];
  /** Rows of a JSON page for who gives no limit. */
  readonly usualRows: number;
  readonly askPage: (limit: number, cursor: string | null) => Promise<PageOf<Row>>;
  /** A line of the CSV, where it is not the item itself. */
  readonly toLine?: (row: Row) => Record<string, unknown>;
}

/** Answers with one page of JSON, or with the rows of all pages; with a limit, of one page. */
export async function sendPages<Row extends object>(
  request: Request,
  response: Response,
  query: { limit?: number | undefined; cursor?: string | undefined },
  paging: Paging<Row>,
): Promise<void> {
  const { name, columns, usualRows } = paging;
  const askPage = async (rows: number, cursorOf: string | null) => {
    const page = await paging.askPage(rows, cursorOf);
    setIncomplete(response, page.incomplete ?? null);
    return page;
  };
  const format = formatOf(request);
  const from = query.cursor ?? null;
  if (format === 'json') {
    sendCollection(response, await askPage(query.limit ?? usualRows, from));
    return;
  }
  const pages =
    query.limit === undefined ? allPages(askPage, from) : onePage(response, await askPage(query.limit, from));
  await sendRows(request, response, format, { name, columns, pages: linesOf(pages, format, paging) });
}

async function* linesOf<Row extends object>(
  pages: AsyncIterable<Row[]> | Row[][],
  format: Exclude<Format, 'json'>,
  { toLine }: Paging<Row>,
) {
  for await (const page of pages) {
    yield page.map(format === 'csv' && toLine !== undefined ? toLine : asRow);
  }
}

function asRow(item: object): Record<string, unknown> {
  return { ...item };
}

/** Every page from `from` on, as large as pages can be. */
export async function* allPages<Row>(askPage: Paging<Row>['askPage'], from: string | null) {
  let page = await askPage(largestPage, from);
  yield page.items;
  while (page.next_cursor !== null) {
    page = await askPage(largestPage, page.next_cursor);
    yield page.items;
  }
}

/** There is no room for the cursor among the rows, so it goes into a header. */
function onePage<Row>(response: Response, page: PageOf<Row>): Row[][] {
  if (page.next_cursor !== null) response.setHeader('x-weir-next-cursor', page.next_cursor);
  return [page.items];
}
