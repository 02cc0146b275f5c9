/** Collections that come in pages: one of them as JSON, all of them as CSV and NDJSON. */
import type { Request, Response } from 'express';
import { z } from 'zod';
import type { LineFormat } from '../export/lines.ts';
import { formatOf, sendCollection, sendRows, setIncomplete } from './collection.ts';

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

interface PageOf<Items> {
  readonly items: Items;
  readonly next_cursor: string | null;
  readonly incomplete?: string;
}

type AskPage<Items> = (limit: number, cursor: string | null) => Promise<PageOf<Items>>;

export interface Paging<Row> {
  /** Names the download. */
  readonly name: string;
  /** Of the CSV. */
  readonly columns: readonly string[];
  /** Rows of a JSON page for who gives no limit. */
  readonly usualRows: number;
  readonly askPage: AskPage<Row[]>;
  /** The same as lines, where another process can make them; then there is no `toLine`. */
  readonly askLines?: (format: LineFormat) => AskPage<Uint8Array>;
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
  const format = formatOf(request);
  const from = query.cursor ?? null;
  if (format === 'json') {
    sendCollection(response, await telling(response, paging.askPage)(query.limit ?? usualRows, from));
    return;
  }
  const askPart = telling<Record<string, unknown>[] | Uint8Array>(
    response,
    paging.askLines?.(format) ?? asRows(format, paging),
  );
  const pages =
    query.limit === undefined ? allPages(askPart, from) : onePage(response, askPart, query.limit, from);
  await sendRows(request, response, format, { name, columns, pages });
}

/** Also says of a page in which something is missing that it is so. */
export function telling<Items>(response: Response, ask: AskPage<Items>): AskPage<Items> {
  return async (rows, from) => {
    const page = await ask(rows, from);
    setIncomplete(response, page.incomplete ?? null);
    return page;
  };
}

function asRows<Row extends object>(
  format: LineFormat,
  { askPage, toLine }: Paging<Row>,
): AskPage<Record<string, unknown>[]> {
  return async (rows, from) => {
    const page = await askPage(rows, from);
    const encode = format === 'csv' && toLine !== undefined ? toLine : asRow;
    return { ...page, items: page.items.map(encode) };
  };
}

function asRow(item: object): Record<string, unknown> {
  return { ...item };
}

/** Every page from `from` on, as large as pages can be. */
export async function* allPages<Items>(askPage: AskPage<Items>, from: string | null) {
  let page = await askPage(largestPage, from);
  yield page.items;
  while (page.next_cursor !== null) {
    page = await askPage(largestPage, page.next_cursor);
    yield page.items;
  }
}

/** There is no room for the cursor among the rows, so it goes into a header. */
async function* onePage<Items>(
  response: Response,
  askPage: AskPage<Items>,
  limitRows: number,
  from: string | null,
) {
  const page = await askPage(limitRows, from);
  if (page.next_cursor !== null) response.setHeader('x-weir-next-cursor', page.next_cursor);
  yield page.items;
}
