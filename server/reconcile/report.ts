/**
 * Reads what a provider says was used and billed: pages of the Admin API (`usage_report/messages`, `cost_report`), of the Usage and
 * Cost Analytics API, and the Console's CSV files. Fields as documented in November 2026.
 */
import { asArray, asCount, asObject, asText, parseJson, type JsonObject } from '../messages/json.ts';
import { decimalOf, parseDecimal, shift, type Decimal } from '../pricing/decimal.ts';
import { canonicalModelId } from '../pricing/model-id.ts';
import type { Billed, TokenCounts } from './billed.ts';
import { readConsoleCsv } from './console-csv.ts';

export interface Report {
  readonly billed: readonly Billed[];
  /** Until when the provider has counted, RFC 3339; null where it does not say. */
  readonly refreshedAt: string | null;
}

/** It is none of the reports; one sentence. */
export class UnreadableReport extends Error {
  override readonly name = 'UnreadableReport';
}

/** @param name what to call it in errors @throws UnreadableReport */
export function readReport(text: string, name: string): Report {
  const begin = text.trimStart()[0];
  const billed = begin === '{' || begin === '[' ? null : readConsoleCsv(text);
  if (billed !== null) return { billed, refreshedAt: null };
  const pages = pagesOf(text);
  if (pages === null || pages.length === 0) {
    throw new UnreadableReport(
      `${name} is none of the reports that can be read: JSON of the Admin API (usage_report/messages, cost_report) or a CSV file of the Console.`,
    );
  }
  const found = pages.flatMap((page) => asArray(page['data']).map(asObject)).flatMap(billedOf);
  const refreshed = pages.map((page) => asText(page['data_refreshed_at'])).findLast((at) => at !== null);
  return { billed: found, refreshedAt: refreshed ?? null };
}

/** One page, a list of them, or one on each line; null when there is none. */
function pagesOf(text: string): JsonObject[] | null {
  const whole = parseJson(text);
  const lines = text.split('\n').filter((line) => line.trim() !== '');
  const values: unknown[] = whole.ok ? listOf(whole.value) : lines.map(valueOf);
  const pages: JsonObject[] = [];
  for (const value of values) {
    const page = asObject(value);
    if (page === null || !Array.isArray(page['data'])) return null;
    pages.push(page);
  }
  return pages;
}

function listOf(value: unknown): unknown[] {
  return Array.isArray(value) ? value : [value];
}

function valueOf(line: string): unknown {
  const parsed = parseJson(line);
  return parsed.ok ? parsed.value : null;
}

/** A bucket with results, or a row of the Analytics API. */
function billedOf(item: JsonObject | null): Billed[] {
  const day = asText(item?.['starting_at'])?.slice(0, 10);
  if (item === null || day === undefined) return [];
  const group = asObject(item['group']);
  if (group === null) return asArray(item['results']).flatMap((result) => resultOf(day, asObject(result)));
  const cost = asObject(item['cost']);
  return resultOf(day, {
    ...group,
    ...asObject(item['usage']),
    // The list price is what can be compared: discounts are nobody's usage.
    ...(cost === null ? {} : { amount: cost['list_amount'] ?? cost['amount'] }),
  });
}

function resultOf(day: string, result: JsonObject | null): Billed[] {
  if (result === null) return [];
  const model = asText(result['model']);
  const what = model === null ? (asText(result['cost_type']) ?? 'other') : canonicalModelId(model);
  const amount = amountOf(result['amount']);
  const isUsage = 'uncached_input_tokens' in result || 'output_tokens' in result;
  return [
    {
      day,
      model: what,
      key: asText(result['api_key_id']),
      workspace: asText(result['workspace_id']),
      tokens: isUsage ? tokensOf(result) : null,
      // Fractional cents.
      nanoUsd: amount === null ? null : shift(amount, 7),
      slackNanoUsd: 0,
    },
  ];
}

function amountOf(value: unknown): Decimal | null {
  return typeof value === 'number'
    ? decimalOf(value)
    : typeof value === 'string'
      ? parseDecimal(value)
      : null;
}

function tokensOf(result: JsonObject): TokenCounts {
  const written = asObject(result['cache_creation']);
  const count = (value: unknown): number => asCount(value) ?? 0;
  return {
    input: count(result['uncached_input_tokens']),
    cache_write_5m: count(written?.['ephemeral_5m_input_tokens']),
    cache_write_1h: count(written?.['ephemeral_1h_input_tokens']),
    cache_read: count(result['cache_read_input_tokens']),
    output: count(result['output_tokens']),
  };
}
