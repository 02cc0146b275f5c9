/** Stored calls as the rules about the cache see them. */
import type { RawHeaders } from '../exchange.ts';
import { parseRequest } from '../messages/conversation.ts';
import { decodeBody, joinChunks } from '../messages/decode.ts';
import { headerValue } from '../messages/headers.ts';
import { asArray, asObject, parseJson, type JsonObject } from '../messages/json.ts';
import { betasOf } from '../messages/request.ts';
import { unpackChunks } from '../store/bodies.ts';
import { readBody } from '../store/calls.ts';
import type { StoredCall } from '../store/calls-before.ts';
import type { Store } from '../store/open.ts';
import type { WholeCall } from '../store/write.ts';
import type { CachedCall } from './cause.ts';
import { cacheUseOf, type CacheUse } from './use.ts';

/** Null for a call whose usage does not tell of a cache. */
export function cachedCallOf({ row, details }: StoredCall, request: JsonObject | null): CachedCall | null {
  const usage = parseJson(details.usage ?? 'null');
  const use = cacheUseOf(asObject(asObject(usage.ok ? usage.value : null)?.['merged']));
  return use === null ? null : cachedRow(row, use, betasOf(headersOf(details.request_headers), request));
}

export function cachedRow(row: WholeCall, use: CacheUse, betas: readonly string[]): CachedCall {
  const ttfbUs = row.ttfb_us ?? null;
  return {
    startedMs: row.started_ms,
    answeredMs: ttfbUs === null ? null : row.started_ms + ttfbUs / 1000,
    model: row.model ?? row.requested_model ?? null,
    betas,
    use,
  };
}

/** The request as a JSON object; null when it is none, or was not kept whole. Throws what SQLite throws. */
export async function readRequestBody(
  store: Store,
  { row, details }: StoredCall,
): Promise<JsonObject | null> {
  // What was imported from a session's file holds its newest turn only, and is truncated like a body that was cut.
  if (row.bodies !== 'full') return null;
  const chunks = readBody(store, row.id, 'request').flatMap(unpackChunks);
  if (chunks.length === 0) return null;
  const encoding = headerValue(headersOf(details.request_headers), 'content-encoding');
  const body = await decodeBody(chunks, encoding);
  return body.problem === null ? parseRequest(joinChunks(body.chunks)) : null;
}

/** The flat `[name, value, …]` of the column. */
export function headersOf(json: string): RawHeaders {
  const parsed = parseJson(json);
  return asArray(parsed.ok ? parsed.value : null).map(String);
}
