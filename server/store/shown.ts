/** Rows of the store as they are served. Pure: whoever only shows rows needs no database for it. */
import type { Call, CallDetail, CostLine, CostRevision } from './served.ts';
import type { CallDetailsRow, CallRow, CostRevisionRow } from './tables.ts';
import type { WholeCall } from './write.ts';

/** ECMAScript's time values end here; beyond, a date has no text. */
const MAX_TIME_MS = 8.64e15;

/** A row as it is served; columns that `row` leaves out are null. */
export function toCall(row: WholeCall | CallRow): Call {
  return {
    id: row.id,
    // The writer takes these four from closed sets; the view and the API promise the same.
    state: row.state as Call['state'],
    error_kind: row.error_kind ?? null,
    message_state: row.message_state ?? null,
    method: row.method,
    path: row.path,
    query: row.query ?? null,
    status: row.status ?? null,
    started_ms: row.started_ms,
    started: rfc3339(row.started_ms),
    ended_ms: row.ended_ms ?? null,
    ended: row.ended_ms === null || row.ended_ms === undefined ? null : rfc3339(row.ended_ms),
    ...measures(row),
    cost_source: (row.cost_source ?? null) as Call['cost_source'],
    cache_miss_cause: (row.cache_miss_cause ?? null) as Call['cache_miss_cause'],
    cache_miss_at: row.cache_miss_at ?? null,
    ...attribution(row),
    request_sha256: row.request_sha256 ?? null,
    response_sha256: row.response_sha256 ?? null,
    bodies: row.bodies as Call['bodies'],
    attempt_of: row.attempt_of ?? null,
    replay_of: row.replay_of ?? null,
    demo: row.demo ?? 0,
    kind: row.kind ?? null,
    preview: row.preview ?? null,
  };
}

function measures(row: WholeCall | CallRow) {
  return {
    ttfb_us: row.ttfb_us ?? null,
    ttft_us: row.ttft_us ?? null,
    duration_us: row.duration_us ?? null,
    stream: row.stream ?? null,
    requested_model: row.requested_model ?? null,
    model: row.model ?? null,
    stop_reason: row.stop_reason ?? null,
    input_tokens: row.input_tokens ?? null,
    output_tokens: row.output_tokens ?? null,
    thinking_tokens: row.thinking_tokens ?? null,
    cache_read_tokens: row.cache_read_tokens ?? null,
    cache_write_5m_tokens: row.cache_write_5m_tokens ?? null,
    cache_write_1h_tokens: row.cache_write_1h_tokens ?? null,
    web_search_requests: row.web_search_requests ?? null,
    usage_complete: row.usage_complete ?? null,
    service_tier: row.service_tier ?? null,
    inference_geo: row.inference_geo ?? null,
    speed: row.speed ?? null,
    cost_nano_usd: row.cost_nano_usd ?? null,
    reported_cost_nano_usd: row.reported_cost_nano_usd ?? null,
    cache_saved_nano_usd: row.cache_saved_nano_usd ?? null,
    cache_lost_tokens: row.cache_lost_tokens ?? null,
    cache_lost_nano_usd: row.cache_lost_nano_usd ?? null,
    request_bytes: row.request_bytes ?? null,
    response_bytes: row.response_bytes ?? null,
  };
}

function attribution(row: WholeCall | CallRow) {
  return {
    user_id: row.user_id ?? null,
    team: row.team ?? null,
    session_id: row.session_id ?? null,
    agent_id: row.agent_id ?? null,
    parent_agent_id: row.parent_agent_id ?? null,
    key_id: row.key_id ?? null,
    key_hint: row.key_hint ?? null,
    client: row.client ?? null,
    tags: parseTags(row.tags ?? null),
    upstream: row.upstream ?? null,
    upstream_request_id: row.upstream_request_id ?? null,
  };
}

export function toCosts({ computed_cost_nano_usd: computed, reported_cost_nano_usd: reported }: CallRow) {
  return {
    computed_cost_nano_usd: computed,
    cost_difference_nano_usd: computed === null || reported === null ? null : reported - computed,
  };
}

export function toRevision(row: CostRevisionRow): CostRevision {
  return {
    revision: row.revision,
    created_ms: row.created_ms,
    created: rfc3339(row.created_ms),
    cost_nano_usd: row.cost_nano_usd,
    // As in the row of the call: from a closed set, and our own JSON.
    cost_source: row.cost_source as Call['cost_source'],
    computed_cost_nano_usd: row.computed_cost_nano_usd,
    cost_lines: (parseJson(row.cost_lines) ?? []) as CostLine[],
    book_version: row.book_version,
    reason: row.reason,
  };
}

export function toDetails(row: CallDetailsRow | undefined) {
  return {
    request_headers: headerPairs(row?.request_headers ?? null) ?? [],
    response_headers: headerPairs(row?.response_headers ?? null),
    status_message: row?.status_message ?? null,
    // These are the recorder's own JSON, written in the shapes that are served.
    usage: parseJson(row?.usage ?? null) as CallDetail['usage'],
    cost_lines: (parseJson(row?.cost_lines ?? null) ?? []) as CostLine[],
    request_facts: parseJson(row?.request_facts ?? null) as CallDetail['request_facts'],
    notes: (parseJson(row?.notes ?? null) ?? []) as string[],
  };
}

/** The flat `[name, value, …]` of a JSON column as pairs; null when there is none. */
function headerPairs(json: string | null): [string, string][] | null {
  const flat = parseJson(json);
  if (!Array.isArray(flat)) return null;
  const texts = flat.map(String);
  return texts.flatMap((name, index): [string, string][] =>
    index % 2 === 0 ? [[name, texts[index + 1] ?? '']] : [],
  );
}

function parseTags(json: string | null): Record<string, string> | null {
  const tags = parseJson(json);
  if (typeof tags !== 'object' || tags === null || Array.isArray(tags)) return null;
  return Object.fromEntries(Object.entries(tags).map(([name, value]) => [name, String(value)]));
}

/** The value of a JSON column; null also for one that is damaged, so that a single row never fails a page. */
function parseJson(json: string | null): unknown {
  if (json === null) return null;
  try {
    return JSON.parse(json);
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    throw error;
  }
}

/** A moment as RFC 3339 in UTC, also one that no date can hold. */
export function rfc3339(ms: number): string {
  return new Date(Math.min(Math.max(ms, -MAX_TIME_MS), MAX_TIME_MS)).toISOString();
}
