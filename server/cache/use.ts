/** What a call read from and wrote to the prompt cache. Pure. */
import { asArray, asCount, asObject } from '../messages/json.ts';
import type { JsonObject } from '../messages/json.ts';

/** Tokens. */
export interface CacheUse {
  readonly read: number;
  readonly write5m: number;
  readonly write1h: number;
  /** Neither read nor written. */
  readonly input: number;
  /** What its prompt had left in the cache when the call was done: of the last run, where a call made several. */
  readonly left: number;
}

/** All of the prompt, cached or not. */
export function promptTokensOf({ read, write5m, write1h, input }: CacheUse): number {
  return read + write5m + write1h + input;
}

/** @param usage the merged usage; null when it does not tell of a cache */
export function cacheUseOf(usage: JsonObject | null): CacheUse | null {
  const top = runOf(usage);
  if (top === null) return null;
  // With server tools a call runs several times: the first run shows what it found, the last one what it left.
  const runs = asArray(usage?.['iterations'])
    .map(asObject)
    .filter((run) => run?.['type'] === 'message' || run?.['type'] === 'fallback_message');
  const first = runOf(runs[0] ?? null) ?? top;
  const last = runOf(runs.at(-1) ?? null) ?? top;
  return { ...first, left: last.read + last.write5m + last.write1h };
}

function runOf(run: JsonObject | null): Omit<CacheUse, 'left'> | null {
  const total = asCount(run?.['cache_creation_input_tokens']);
  // Who tells only of writes has read nothing.
  const read = asCount(run?.['cache_read_input_tokens']) ?? (total === null ? null : 0);
  const input = asCount(run?.['input_tokens']);
  if (run === null || read === null || input === null) return null;
  const split = asObject(run['cache_creation']);
  const long = asCount(split?.['ephemeral_1h_input_tokens']) ?? 0;
  // A total that changed after the split was sent is the better word.
  const written = total ?? long + (asCount(split?.['ephemeral_5m_input_tokens']) ?? 0);
  const write1h = Math.min(long, written);
  return { read, input, write1h, write5m: written - write1h };
}
