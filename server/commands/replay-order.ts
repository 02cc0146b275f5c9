/** What a user asks `weir replay` to do, out of its options. */
import { createHash, randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { parseUsd } from '../api/money.ts';
import type { ReplayRequest } from '../api/wire.ts';
import { isObject, parseJson } from '../messages/json.ts';
import { filterQuery } from './filter-flags.ts';
import { BadOption, readQueryFlags, toParameters, type QueryOptions } from './query-flags.ts';
import type { StoreTargetOptions } from './store-target.ts';

export interface ReplayOptions extends StoreTargetOptions {
  readonly upstream?: string;
  readonly model?: string;
  readonly set?: string;
  readonly stream?: boolean;
  readonly concurrency: string;
  readonly maxCost?: string;
  readonly batch?: string;
  readonly out?: string;
  readonly dryRun?: boolean;
  readonly json?: boolean;
}

/** The filters, but for the names that mean the request that goes out; replays are not sent again unless asked for. */
export const replayFilters = z.strictObject({
  ...filterQuery.omit({ model: true, stream: true, upstream: true }).shape,
  recorded_model: filterQuery.shape.model,
  recorded_stream: filterQuery.shape.stream,
  recorded_upstream: filterQuery.shape.upstream,
});

/** Which calls: their ids, or the query of `GET calls`. */
export type ReplaySelection =
  | { readonly kind: 'ids'; readonly ids: readonly string[] }
  | { readonly kind: 'filters'; readonly query: string };

export interface ReplayOrder {
  readonly selection: ReplaySelection;
  /** What is said to the program for each call. */
  readonly request: Pick<ReplayRequest, 'upstream' | 'model' | 'set' | 'stream'>;
  /** The same for the same arguments, so that a run that was broken off goes on; a new one for a single call without a name. */
  readonly batch: string;
  readonly concurrency: number;
  readonly maxCostNanoUsd: number | null;
  readonly isDry: boolean;
  readonly asJson: boolean;
  readonly out: { readonly path: string; readonly format: 'csv' | 'ndjson' } | null;
}

/** @throws BadOption */
export function readReplayOrder(ids: readonly string[], options: ReplayOptions & QueryOptions): ReplayOrder {
  const selection = selectionOf(ids, options);
  const request = {
    ...(options.upstream !== undefined && { upstream: options.upstream }),
    ...(options.model !== undefined && { model: options.model }),
    ...(options.set !== undefined && { set: patchOf(options.set) }),
    ...(options.stream !== undefined && { stream: options.stream }),
  };
  return {
    selection,
    request,
    batch: batchOf(options.batch, selection, request),
    concurrency: concurrencyOf(options.concurrency),
    maxCostNanoUsd: maxCostOf(options.maxCost),
    isDry: options.dryRun === true,
    asJson: options.json === true,
    out: outOf(options.out),
  };
}

function selectionOf(ids: readonly string[], options: QueryOptions): ReplaySelection {
  const key: unknown = options['key'];
  if (Array.isArray(key) && key.some((value) => typeof value === 'string' && !/^(?:k_|$)/.test(value))) {
    throw new BadOption(
      '--key chooses calls by the id of their key (k_…). A key itself is never an option: set ANTHROPIC_API_KEY or ANTHROPIC_AUTH_TOKEN.',
    );
  }
  readQueryFlags(options, replayFilters);
  const query = toParameters(options, replayFilters);
  if (ids.length > 0 && query.size > 0) {
    throw new BadOption('Name calls by their ids, or choose them by filters, not both.');
  }
  if (ids.length === 0 && query.size === 0) {
    throw new BadOption('Which calls? Give their ids, or filters such as --session S or --from 1h.');
  }
  if (ids.length > 0) return { kind: 'ids', ids: [...new Set(ids)] };
  const asked = new URLSearchParams();
  for (const [name, value] of query) asked.append(name.replace(/^recorded_/, ''), value);
  if (!asked.has('replay')) asked.append('replay', 'false');
  return { kind: 'filters', query: asked.toString() };
}

function patchOf(text: string): Record<string, unknown> {
  const json = text.startsWith('@') ? fileText(text.slice(1)) : text;
  const parsed = parseJson(json);
  if (parsed.ok && isObject(parsed.value)) return parsed.value;
  throw new BadOption(
    `--set takes a JSON object, a merge patch such as '{"max_tokens":500}', or @FILE with one.`,
  );
}

function fileText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw new BadOption(`--set: ${path} cannot be read.`, { cause: error });
  }
}

function batchOf(given: string | undefined, selection: ReplaySelection, request: object): string {
  if (given !== undefined) {
    if (/^[\x21-\x7e]{1,100}$/.test(given)) return given;
    throw new BadOption('--batch takes up to 100 visible ASCII characters without spaces.');
  }
  if (selection.kind === 'ids' && selection.ids.length === 1) return `b_${randomUUID().slice(0, 13)}`;
  const asked = selection.kind === 'ids' ? selection.ids.toSorted() : selection.query;
  return `b_${createHash('sha256')
    .update(JSON.stringify([asked, request]))
    .digest('hex')
    .slice(0, 12)}`;
}

function concurrencyOf(text: string): number {
  if (/^(?:[1-9]|[1-5]\d|6[0-4])$/.test(text)) return Number(text);
  throw new BadOption(`--concurrency must be a whole number from 1 to 64, not "${text.slice(0, 40)}".`);
}

function maxCostOf(text: string | undefined): number | null {
  if (text === undefined) return null;
  const nanoUsd = parseUsd(text.replace(/^\$/, ''));
  if (nanoUsd !== null) return nanoUsd;
  throw new BadOption(`--max-cost must be an amount of dollars such as 0.50, not "${text.slice(0, 40)}".`);
}

function outOf(path: string | undefined): ReplayOrder['out'] {
  if (path === undefined) return null;
  const format = /\.(csv|ndjson)$/i.exec(path)?.[1]?.toLowerCase();
  if (format === 'csv' || format === 'ndjson') return { path, format };
  throw new BadOption('--out takes a file that ends in .csv or .ndjson.');
}
