/** The usage and cost files that the Console exports. Models have their display names there. */
import { parseDecimal, shift } from '../pricing/decimal.ts';
import { canonicalModelId } from '../pricing/model-id.ts';
import type { Billed } from './billed.ts';
import { readCsv } from './csv.ts';

/** Half a cent: amounts of the Console are rounded to whole ones. */
const halfCentNanoUsd = 5_000_000;

/** Null for a file with other columns. */
export function readConsoleCsv(text: string): Billed[] | null {
  const lines = readCsv(text);
  const [first] = lines;
  if (first === undefined || !('usage_date_utc' in first)) return null;
  return lines.map((line) => {
    const amount = line['list_price_usd'] || line['cost_usd'];
    const cost = amount === undefined ? null : parseDecimal(amount);
    return {
      day: (line['usage_date_utc'] ?? '').slice(0, 10),
      model: modelOf(line),
      key: line['api_key_id'] || line['api_key'] || null,
      workspace: line['workspace'] || null,
      tokens: 'usage_input_tokens_no_cache' in line ? tokensOf(line) : null,
      nanoUsd: cost === null ? null : shift(cost, 9),
      slackNanoUsd: cost === null || cost.scale > 2 ? 0 : halfCentNanoUsd,
    };
  });
}

/** `Claude Haiku 4.5` is claude-haiku-4-5. */
function modelOf(line: Readonly<Record<string, string>>): string {
  const name = line['model_version'] || line['model'];
  if (name === undefined || name === '') return line['cost_type'] || 'other';
  return canonicalModelId(name.trim().toLowerCase().replaceAll(/\s+/g, '-'));
}

function tokensOf(line: Readonly<Record<string, string>>) {
  const count = (name: string): number => {
    const value = Number((line[name] ?? '').replaceAll(',', ''));
    return Number.isSafeInteger(value) ? value : 0;
  };
  return {
    input: count('usage_input_tokens_no_cache'),
    cache_write_5m: count('usage_input_tokens_cache_write_5m'),
    cache_write_1h: count('usage_input_tokens_cache_write_1h'),
    cache_read: count('usage_input_tokens_cache_read'),
    output: count('usage_output_tokens'),
  };
}
