/**
 * The tables, once. `calls` is the small row that lists and statistics read; everything heavy stands beside it, so that a
 * list never touches a body. The stable surface for other programs is the view `calls_v1` (docs/record.md), not these.
 */
import { sql } from 'drizzle-orm';
import { blob, index, integer, primaryKey, sqliteTable, text } from 'drizzle-orm/sqlite-core';
import { detailText } from './detail-text.ts';
import { hashText } from './hash-text.ts';

/** One row for each call that was, or was about to be, sent upstream. NULL is unknown, 0 is a measured zero. */
export const calls = sqliteTable(
  'calls',
  {
    id: text('id').primaryKey(),
    state: text('state').notNull(),
    error_kind: text('error_kind'),
    message_state: text('message_state'),
    method: text('method').notNull(),
    path: text('path').notNull(),
    query: text('query'),
    status: integer('status'),
    started_ms: integer('started_ms').notNull(),
    ended_ms: integer('ended_ms'),
    ttfb_us: integer('ttfb_us'),
    ttft_us: integer('ttft_us'),
    duration_us: integer('duration_us'),
    stream: integer('stream'),
    requested_model: text('requested_model'),
    model: text('model'),
    stop_reason: text('stop_reason'),
    input_tokens: integer('input_tokens'),
    output_tokens: integer('output_tokens'),
    thinking_tokens: integer('thinking_tokens'),
    cache_read_tokens: integer('cache_read_tokens'),
    cache_write_5m_tokens: integer('cache_write_5m_tokens'),
    cache_write_1h_tokens: integer('cache_write_1h_tokens'),
    web_search_requests: integer('web_search_requests'),
    usage_complete: integer('usage_complete'),
    service_tier: text('service_tier'),
    inference_geo: text('inference_geo'),
    speed: text('speed'),
    cost_nano_usd: integer('cost_nano_usd'),
    cost_source: text('cost_source'),
    reported_cost_nano_usd: integer('reported_cost_nano_usd'),
    /** What the prices make of the usage, whichever figure is shown as the cost; NULL = unpriced. */
    computed_cost_nano_usd: integer('computed_cost_nano_usd'),
    /** What the cache reads would have cost more as plain input, less the premium paid for the writes; NULL = unpriced. */
    cache_saved_nano_usd: integer('cache_saved_nano_usd'),
    /** What the cost was for (cost-parts.ts), so that nobody has to read cost lines to add them up. */
    cost_input_nano_usd: integer('cost_input_nano_usd'),
    cost_output_nano_usd: integer('cost_output_nano_usd'),
    cost_cache_read_nano_usd: integer('cost_cache_read_nano_usd'),
    cost_cache_write_5m_nano_usd: integer('cost_cache_write_5m_nano_usd'),
    cost_cache_write_1h_nano_usd: integer('cost_cache_write_1h_nano_usd'),
    cost_tools_nano_usd: integer('cost_tools_nano_usd'),
    /** Why the prompt cache had less than it could have had: a `MissCause`; NULL = it had all that could be expected, or nothing was. */
    cache_miss_cause: text('cache_miss_cause'),
    /** The first thing that differs from the call before: `system.1`, `messages.4.content.0`, `thinking`; NULL = nothing of the request does. */
    cache_miss_at: text('cache_miss_at'),
    /** Tokens that the call before had left in the cache and that were not read from it; NULL = no miss. */
    cache_lost_tokens: integer('cache_lost_tokens'),
    /** What they cost more than they would have as reads; NULL = no miss, or unpriced. */
    cache_lost_nano_usd: integer('cache_lost_nano_usd'),
    user_id: text('user_id'),
    team: text('team'),
    session_id: text('session_id'),
    agent_id: text('agent_id'),
    parent_agent_id: text('parent_agent_id'),
    key_id: text('key_id'),
    key_hint: text('key_hint'),
    client: text('client'),
    /** JSON object, name to value. */
    tags: text('tags'),
    upstream: text('upstream'),
    upstream_request_id: text('upstream_request_id'),
    request_bytes: integer('request_bytes'),
    request_sha256: hashText('request_sha256'),
    response_bytes: integer('response_bytes'),
    response_sha256: hashText('response_sha256'),
    bodies: text('bodies').notNull(),
    attempt_of: text('attempt_of'),
    replay_of: text('replay_of'),
    demo: integer('demo').notNull().default(0),
    /** main, subagent, title, compaction, count_tokens, batch, … as far as it can be told. */
    kind: text('kind'),
    /** First words of the last user turn, or the tool whose result it carries; at most 160 characters; NULL in metadata mode. */
    preview: text('preview'),
  },
  (table) => [
    index('calls_started').on(table.started_ms, table.id),
    index('calls_session').on(table.session_id, table.started_ms, table.id),
    index('calls_replays')
      .on(table.replay_of, table.started_ms, table.id)
      .where(sql`replay_of IS NOT NULL`),
    // For what is to be removed: the oldest calls that still have bodies.
    index('calls_kept')
      .on(table.started_ms)
      .where(sql`bodies IN ('full', 'truncated')`),
    // Partial: an index over every state would tempt the planner to sort all completed calls for one page of them.
    index('calls_open')
      .on(table.started_ms, table.id)
      .where(sql`state = 'open'`),
  ],
);

/** What only the detail of a call shows. JSON columns hold the shapes of `server/api/wire.ts`. */
export const callDetails = sqliteTable('call_details', {
  call_id: text('call_id').primaryKey(),
  /** JSON, flat `[name, value, …]`, secrets masked. */
  request_headers: detailText('request_headers').notNull(),
  response_headers: detailText('response_headers'),
  status_message: text('status_message'),
  /** JSON `{start, delta, merged}`: the usage objects as the upstream sent them, and what they add up to. */
  usage: detailText('usage'),
  /** JSON `CostLine[]`. */
  cost_lines: detailText('cost_lines'),
  /** JSON: what the request asked for besides its messages (tools, effort, thinking, betas, cache breakpoints, …). */
  request_facts: detailText('request_facts'),
  /** JSON `string[]`: what was unusual, in words. */
  notes: text('notes'),
  /** Of the request, as `server/messages/fingerprint.ts` makes it: what tells an attempt again. NULL for a body that is no JSON. */
  fingerprint: text('fingerprint'),
  /** Of a running call: up to which batch of the recorder its bytes are saved. NULL once it has ended. */
  saved_seq: integer('saved_seq'),
  /** Of a running call: which of several writers records it. NULL once it has ended, and where there is only one. */
  writer: text('writer'),
  /** The entry of `chain` that its ending made; NULL before that, and of calls from before there was a chain. */
  chain: integer('chain'),
});

/**
 * The wire bytes of a request or an answer, exactly. A body of a running call may lie in several segments, each appended as
 * it arrived; a call that ended has one. The body is its segments in order.
 */
export const bodies = sqliteTable(
  'bodies',
  {
    call_id: text('call_id').notNull(),
    /** `request` or `response` */
    part: text('part').notNull(),
    segment: integer('segment').notNull().default(0),
    /**
     * What `bytes` is: the wire bytes `raw`, the same by `deflate` (deflateRaw), or a list of `slices` of packs (slices.ts) that make
     * them; `events`: that make them as event-text.ts takes them apart.
     */
    packing: text('packing').notNull(),
    bytes: blob('bytes', { mode: 'buffer' }).notNull(),
    /** Length of the wire bytes that are kept, before packing. */
    kept_bytes: integer('kept_bytes').notNull(),
    /** How the wire bytes arrived, chunk by chunk, with microseconds: marks.ts. */
    marks: blob('marks', { mode: 'buffer' }),
    /** First 8 bytes of the SHA-256 of the bytes that are kept; of lists only. */
    digest: blob('digest', { mode: 'buffer' }),
  },
  (table) => [primaryKey({ columns: [table.call_id, table.part, table.segment] })],
);

/** New pieces of bodies, those of a call together. No body refers to a pack of another UTC day, so that a day can be removed alone. */
export const packs = sqliteTable('packs', {
  /** UTC day × 2^32 + number within the day: days.ts. */
  id: integer('id').primaryKey(),
  /** `raw` or `deflate` (deflateRaw); `part`: more bytes of the pack before, which is all that such a row tells. */
  packing: text('packing').notNull(),
  bytes: blob('bytes', { mode: 'buffer' }).notNull(),
  /** Before packing. */
  raw_bytes: integer('raw_bytes').notNull(),
  /** Number of the pack of the same day whose end was the dictionary of deflating; NULL: none. */
  base: integer('base'),
  /** How many packs have to be unpacked before this one; bounded. */
  depth: integer('depth').notNull(),
  /** How many rows behind this one are parts of it: pack-rows.ts. NULL: none. */
  parts: integer('parts'),
});

/**
 * Where a piece of these bytes probably lies: whoever finds it compares. Only writing needs it: a missing row costs space, and none is
 * needed to read.
 * One number is the whole key, as a second index over hashes would be larger than what it finds.
 */
export const pieces = sqliteTable('pieces', {
  /** UTC day × 2^37 + the first 37 bits of the SHA-256: days.ts. */
  key: integer('key').primaryKey(),
  /** Number of the pack within the day. */
  pack: integer('pack').notNull(),
  offset: integer('offset').notNull(),
  length: integer('length').notNull(),
});

/** A count of a rollup. */
const sum = (name: string) => integer(name).notNull().default(0);

/**
 * What calls that have ended add up to, by the hour (UTC) of their start and by a few of their columns; never by what has as
 * many values as there are calls. Stays when the calls are removed.
 */
export const rollups = sqliteTable('rollups', {
  /** Which columns, which hour, which values: rollup-keys.ts. One number, so that a range of hours is one range of rows. */
  id: integer('id').primaryKey(),
  key: integer('key').notNull(),
  hour_ms: integer('hour_ms').notNull(),
  calls: sum('calls'),
  errors: sum('errors'),
  unpriced_calls: sum('unpriced_calls'),
  cache_missed_calls: sum('cache_missed_calls'),
  measured_output_tokens: sum('measured_output_tokens'),
  measured_us: sum('measured_us'),
  input_tokens: sum('input_tokens'),
  input_tokens_known: sum('input_tokens_known'),
  output_tokens: sum('output_tokens'),
  output_tokens_known: sum('output_tokens_known'),
  thinking_tokens: sum('thinking_tokens'),
  thinking_tokens_known: sum('thinking_tokens_known'),
  cache_read_tokens: sum('cache_read_tokens'),
  cache_read_tokens_known: sum('cache_read_tokens_known'),
  cache_write_5m_tokens: sum('cache_write_5m_tokens'),
  cache_write_5m_tokens_known: sum('cache_write_5m_tokens_known'),
  cache_write_1h_tokens: sum('cache_write_1h_tokens'),
  cache_write_1h_tokens_known: sum('cache_write_1h_tokens_known'),
  total_tokens: sum('total_tokens'),
  total_tokens_known: sum('total_tokens_known'),
  web_search_requests: sum('web_search_requests'),
  web_search_requests_known: sum('web_search_requests_known'),
  cost_nano_usd: sum('cost_nano_usd'),
  cost_nano_usd_known: sum('cost_nano_usd_known'),
  reported_cost_nano_usd: sum('reported_cost_nano_usd'),
  reported_cost_nano_usd_known: sum('reported_cost_nano_usd_known'),
  computed_cost_nano_usd: sum('computed_cost_nano_usd'),
  computed_cost_nano_usd_known: sum('computed_cost_nano_usd_known'),
  cost_difference_nano_usd: sum('cost_difference_nano_usd'),
  cost_difference_nano_usd_known: sum('cost_difference_nano_usd_known'),
  estimated_cost_nano_usd: sum('estimated_cost_nano_usd'),
  estimated_cost_nano_usd_known: sum('estimated_cost_nano_usd_known'),
  cache_saved_nano_usd: sum('cache_saved_nano_usd'),
  cache_saved_nano_usd_known: sum('cache_saved_nano_usd_known'),
  cost_input_nano_usd: sum('cost_input_nano_usd'),
  cost_input_nano_usd_known: sum('cost_input_nano_usd_known'),
  cost_output_nano_usd: sum('cost_output_nano_usd'),
  cost_output_nano_usd_known: sum('cost_output_nano_usd_known'),
  cost_cache_read_nano_usd: sum('cost_cache_read_nano_usd'),
  cost_cache_read_nano_usd_known: sum('cost_cache_read_nano_usd_known'),
  cost_cache_write_5m_nano_usd: sum('cost_cache_write_5m_nano_usd'),
  cost_cache_write_5m_nano_usd_known: sum('cost_cache_write_5m_nano_usd_known'),
  cost_cache_write_1h_nano_usd: sum('cost_cache_write_1h_nano_usd'),
  cost_cache_write_1h_nano_usd_known: sum('cost_cache_write_1h_nano_usd_known'),
  cost_tools_nano_usd: sum('cost_tools_nano_usd'),
  cost_tools_nano_usd_known: sum('cost_tools_nano_usd_known'),
  cache_lost_tokens: sum('cache_lost_tokens'),
  cache_lost_tokens_known: sum('cache_lost_tokens_known'),
  cache_lost_nano_usd: sum('cache_lost_nano_usd'),
  cache_lost_nano_usd_known: sum('cache_lost_nano_usd_known'),
});

/** The values of a rollup. Columns are named as in `calls`, so that the same conditions hold for both; those out of its scope are NULL. */
export const rollupKeys = sqliteTable('rollup_keys', {
  id: integer('id').primaryKey(),
  /** JSON of the scope and its values. */
  text: text('text').notNull().unique(),
  model: text('model'),
  requested_model: text('requested_model'),
  status: integer('status'),
  state: text('state'),
  error_kind: text('error_kind'),
  message_state: text('message_state'),
  stop_reason: text('stop_reason'),
  stream: integer('stream'),
  service_tier: text('service_tier'),
  user_id: text('user_id'),
  team: text('team'),
  key_id: text('key_id'),
  cache_miss_cause: text('cache_miss_cause'),
  /** Not which call was sent again: only that it was one. */
  replay_of: text('replay_of'),
  demo: integer('demo').notNull(),
});

/** How many calls of a rollup had a duration in a bucket: histogram.ts. */
export const rollupLatencies = sqliteTable(
  'rollup_latencies',
  {
    rollup: integer('rollup').notNull(),
    bucket: integer('bucket').notNull(),
    calls: integer('calls').notNull(),
  },
  (table) => [primaryKey({ columns: [table.rollup, table.bucket] })],
);

/** What a call was said to cost, each time that changed: the first one as it was recorded. No rows: it never changed. */
export const costRevisions = sqliteTable(
  'cost_revisions',
  {
    call_id: text('call_id').notNull(),
    /** From 1; the latest is what stands in the row of the call. */
    revision: integer('revision').notNull(),
    created_ms: integer('created_ms').notNull(),
    cost_nano_usd: integer('cost_nano_usd'),
    cost_source: text('cost_source'),
    computed_cost_nano_usd: integer('computed_cost_nano_usd'),
    cache_saved_nano_usd: integer('cache_saved_nano_usd'),
    /** JSON `CostLine[]`. */
    cost_lines: detailText('cost_lines').notNull(),
    /** JSON `string[]`: the notes of the call as they then were. */
    notes: text('notes'),
    /** Of the prices that made it; NULL where that was not noted. */
    book_version: text('book_version'),
    reason: text('reason').notNull(),
    /** Its entry of `chain`; NULL for the first one, which is part of that of the call. */
    chain: integer('chain'),
  },
  (table) => [primaryKey({ columns: [table.call_id, table.revision] })],
);

/** Which call paid for a message of a message batch: results can be downloaded again and again, and are billed once. */
export const batchResults = sqliteTable(
  'batch_results',
  {
    message_id: text('message_id').primaryKey(),
    call_id: text('call_id').notNull(),
  },
  (table) => [index('batch_results_call').on(table.call_id)],
);

/**
 * What happened to the record, in its order: calls that ended, corrections, what retention removed. Each entry is bound to the one
 * before it by a hash (chain-entry.ts), and stays when its call is removed.
 */
export const chain = sqliteTable('chain', {
  /** Number of the writer × 2^40 + number of the entry, from 1: chain-entry.ts. */
  id: integer('id').primaryKey(),
  /** `entryKinds` in chain-entry.ts; 0, a call that ended, takes no space. */
  kind: integer('kind').notNull(),
  /** Id of the call, 16 bytes; NULL where the entry is about several. */
  call: blob('call', { mode: 'buffer' }),
  /** SHA-256 of what the entry says. */
  hash: blob('hash', { mode: 'buffer' }).notNull(),
  /** SHA-256 of this entry and the link of the one before. */
  link: blob('link', { mode: 'buffer' }).notNull(),
  /** Numbers of earlier entries that this one settles, packed. */
  note: blob('note', { mode: 'buffer' }),
});

/** Who writes into the store: each has a chain of its own. */
export const chainWriters = sqliteTable('chain_writers', {
  number: integer('number').primaryKey(),
  /** A fingerprint of the installation's secret. */
  name: text('name').notNull().unique(),
  begun_ms: integer('begun_ms').notNull(),
  /** Id and link of its latest entry. */
  last: integer('last').notNull(),
  link: blob('link', { mode: 'buffer' }).notNull(),
  /** HMAC-SHA256 of these under the installation's secret; NULL without one. */
  seal: blob('seal', { mode: 'buffer' }),
});

/** Small facts about the store itself: `boot_id`, schema marks, last jobs. */
export const meta = sqliteTable('meta', {
  key: text('key').primaryKey(),
  value: text('value').notNull(),
});

export type CallRow = typeof calls.$inferSelect;
export type CallDetailsRow = typeof callDetails.$inferSelect;
export type PackRow = typeof packs.$inferSelect;
export type PieceRow = typeof pieces.$inferSelect;
export type BodyRow = typeof bodies.$inferSelect;
export type CostRevisionRow = typeof costRevisions.$inferSelect;
export type ChainRow = typeof chain.$inferSelect;
export type ChainWriterRow = typeof chainWriters.$inferSelect;
