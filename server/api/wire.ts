/**
 * The JSON of `/-/api/v1/`, exactly as served: types only. This file is all that the dashboard knows of the server.
 * Unknown is null, never 0. Money is integer nano-dollars, times are epoch ms beside RFC 3339, durations microseconds.
 */

/** Why the prompt cache had less for a call than it could have had; docs/cache.md tells them apart. */
export type MissCause =
  | 'model_changed'
  | 'tools_changed'
  | 'system_prompt_changed'
  | 'messages_rewritten'
  | 'breakpoint_moved'
  | 'ttl_expired_5m'
  | 'ttl_expired_1h'
  | 'betas_changed'
  | 'likely_server_side'
  | 'unknown';

/** One call, with the columns of `calls_v1` as keys. `stream`, `usage_complete` and `demo` are 0 or 1. */
export interface Call {
  id: string;
  state: 'open' | 'completed' | 'failed' | 'aborted' | 'interrupted';
  error_kind: string | null;
  message_state: string | null;
  method: string;
  path: string;
  query: string | null;
  status: number | null;
  started_ms: number;
  /** `started_ms` as RFC 3339, UTC. */
  started: string;
  ended_ms: number | null;
  ended: string | null;
  ttfb_us: number | null;
  ttft_us: number | null;
  duration_us: number | null;
  stream: number | null;
  requested_model: string | null;
  model: string | null;
  stop_reason: string | null;
  input_tokens: number | null;
  output_tokens: number | null;
  thinking_tokens: number | null;
  cache_read_tokens: number | null;
  cache_write_5m_tokens: number | null;
  cache_write_1h_tokens: number | null;
  web_search_requests: number | null;
  usage_complete: number | null;
  service_tier: string | null;
  inference_geo: string | null;
  speed: string | null;
  cost_nano_usd: number | null;
  cost_source: 'computed' | 'reported' | 'estimated' | null;
  reported_cost_nano_usd: number | null;
  cache_saved_nano_usd: number | null;
  /** Null where nothing was missed that the call before had left in the cache. */
  cache_miss_cause: MissCause | null;
  /** The first thing of the request that differs from the call before: `tools.3`, `system.1`, `messages.4.content.0`, `thinking`. */
  cache_miss_at: string | null;
  cache_lost_tokens: number | null;
  /** What these tokens cost more than they would have as reads; null where there was no miss, or no price. */
  cache_lost_nano_usd: number | null;
  user_id: string | null;
  team: string | null;
  session_id: string | null;
  agent_id: string | null;
  parent_agent_id: string | null;
  key_id: string | null;
  key_hint: string | null;
  client: string | null;
  tags: Record<string, string> | null;
  upstream: string | null;
  upstream_request_id: string | null;
  request_bytes: number | null;
  request_sha256: string | null;
  response_bytes: number | null;
  response_sha256: string | null;
  bodies: 'full' | 'truncated' | 'metadata' | 'expired';
  attempt_of: string | null;
  replay_of: string | null;
  demo: number;
  kind: string | null;
  preview: string | null;
}

/** A place of a call that a search found. */
export interface Snippet {
  /** One line; `…` where more follows. */
  text: string;
  /** What was searched for, as `[start, end)` in UTF-16 units of `text`. */
  hits: [start: number, end: number][];
}

/** A call of a list; with the filter `q` it says where the words stand, null when they could not be found again. */
export interface FoundCall extends Call {
  snippet?: Snippet | null;
}

/** `GET calls` */
export interface CallsPage {
  items: FoundCall[];
  /** Also given, with less than a page or nothing, by a search that had no more time: it goes on from there. */
  next_cursor: string | null;
  /** One sentence where a search did not look for everything. */
  incomplete?: string;
}

/** One line of a call's cost. */
export interface CostLine {
  /** What is paid for: input, output, cache_read, cache_write_5m, cache_write_1h, web_search, … */
  class: string;
  quantity: number;
  /** List rate for one unit, in femto-dollars (1e-15 USD) as a decimal string, before the multipliers. */
  rate_femto_usd: string;
  multipliers: { name: string; factor: string }[];
  /** Exact amount of the line in nano-dollars as a decimal string; only the call's total is rounded. */
  amount_nano_usd: string;
  model: string;
  /** `override`, `book`, `catalogue` */
  source: string;
  book_version: string;
  effective_from: string | null;
  /** Which entry of `usage.iterations` it belongs to; null for the top level. */
  iteration: number | null;
}

/** What a call was said to cost from one moment on. */
export interface CostRevision {
  /** From 1; the last one holds. */
  revision: number;
  created_ms: number;
  /** `created_ms` as RFC 3339, UTC. */
  created: string;
  cost_nano_usd: number | null;
  cost_source: 'computed' | 'reported' | 'estimated' | null;
  computed_cost_nano_usd: number | null;
  cost_lines: CostLine[];
  book_version: string | null;
  reason: string;
}

/** `GET calls/{id}` */
export interface CallDetail extends Call {
  request_headers: [name: string, value: string][];
  response_headers: [name: string, value: string][] | null;
  status_message: string | null;
  /** The usage objects as they were sent, and merged. */
  usage: { start: unknown; delta: unknown; merged: unknown } | null;
  cost_lines: CostLine[];
  /** What the prices make of the usage, also where the reported figure is shown as the cost. */
  computed_cost_nano_usd: number | null;
  /** Reported less computed; null where one of them is not known. */
  cost_difference_nano_usd: number | null;
  /** What the call was said to cost, the first word first; empty when that never changed. */
  cost_revisions: CostRevision[];
  request_facts: Record<string, unknown> | null;
  notes: string[];
  /** Neighbours in the list, newest first, without filters. */
  previous_id: string | null;
  next_id: string | null;
}

/** `GET calls/{id}/message` */
export interface MessageAnswer {
  message: Record<string, unknown> | null;
  message_state: string | null;
  /** Index of the event that ended the stream, null for JSON. */
  ended_at_event: number | null;
  notes: string[];
}

/** One SSE event of the answer. */
export interface StreamEvent {
  index: number;
  /** From the start of the call to the arrival of the event's last byte. */
  offset_us: number;
  type: string;
  /** `index` of the content block it belongs to. */
  block: number | null;
  /** The data, parsed where it is JSON. */
  data: unknown;
  /** Bytes of the event in the decoded stream. */
  bytes: number;
}

/** `GET calls/{id}/events` */
export interface EventsPage {
  items: StreamEvent[];
  next_cursor: string | null;
}

/** `GET calls/{id}/conversation`: the request as parsed, and the answer. */
export interface Conversation {
  system: unknown;
  tools: unknown[];
  messages: unknown[];
  answer: Record<string, unknown> | null;
  /** Where `cache_control` stands: `tools.3`, `system.1`, `messages.4.content.0`. */
  breakpoints: { at: string; ttl: string }[];
}

/**
 * A block of the prompt, in two requests: a tool, a block of the system prompt, a content block of a message (a text that
 * stands alone is one). In the order of this request's prompt, what was removed where it was.
 */
export interface DiffBlock {
  /** `moved`: the same content, at another place among what stayed; `changed`: taken for the same block, with other content. */
  op: 'same' | 'added' | 'removed' | 'changed' | 'moved';
  section: 'tools' | 'system' | 'messages';
  /** Place in this request: `tools.3`, `system.1`, `messages.4.content.0`; null for what was removed. */
  at: string | null;
  /** Place in the other request; null for what was added. */
  from: string | null;
  /** Of its message; null outside of messages. */
  role: string | null;
  /** `text`, `tool_use`, `tool_result`, …; `tool` for a tool. */
  type: string;
  /** Of a tool, or of the tool that is called. */
  name: string | null;
  /** As JSON without its cache mark; null where the block is not. */
  bytes: number | null;
  from_bytes: number | null;
  /** Estimated: only the input of a whole call is measured, and is shared out by size. */
  tokens: number | null;
  from_tokens: number | null;
  /** What these tokens cost in this call as read, written or plain input, by their place; estimated like them. */
  cost_nano_usd: number | null;
  /** Lifetime of the cache breakpoint that stands on it: `5m`, `1h`. */
  breakpoint: string | null;
  from_breakpoint: string | null;
  /** Neither content nor name tell that it is the same block, only likeness. */
  approximate: boolean;
  /** From 0 to 1, of an approximate match. */
  likeness: number | null;
  /** What it says, of all but `same` and `moved`; strings longer than `cut` are shortened. */
  text: string | null;
  from_text: string | null;
}

/** What became of the blocks of a section. */
export interface DiffSummary {
  section: 'tools' | 'system' | 'messages';
  same: number;
  added: number;
  removed: number;
  changed: number;
  moved: number;
  /** Estimated tokens of what was added, or changed, in this request; and of what was removed, or changed, in the other. */
  added_tokens: number | null;
  removed_tokens: number | null;
  /** Estimated cost of what was added, changed or moved. */
  cost_nano_usd: number | null;
}

/** Something besides the blocks that both requests set: model, betas, thinking, … */
export interface DiffSetting {
  name: string;
  /** In the other request. */
  from: unknown;
  to: unknown;
}

/** What a call did not read from the cache though the call before had left it there. */
export interface CacheMiss {
  cause: MissCause;
  at: string | null;
  lost_tokens: number;
  lost_nano_usd: number | null;
  /** The lost tokens are shared out by size, as messages that were rewritten could not have been hit. */
  is_estimated: boolean;
  /** A sentence. */
  explanation: string;
}

/** `GET calls/{id}/diff` */
export interface CallDiff {
  call_id: string;
  /** The other call; null where there is none, and then every block is new. */
  against_id: string | null;
  /** It is the call before in the same session, by the same agent and of the same kind. */
  is_previous: boolean;
  /** From the start of the other call to the start of this one. */
  gap_ms: number | null;
  /** At least one block is only taken for the same. */
  approximate: boolean;
  /** One line: `+2 messages, system changed`. */
  headline: string;
  summary: DiffSummary[];
  /** Only those that differ. */
  settings: DiffSetting[];
  blocks: DiffBlock[];
  /** Blocks beyond the 20,000 that are told. */
  more_blocks: number;
  /** Against the call before, whichever one this is compared with; null where nothing was missed. */
  cache: CacheMiss | null;
  /** What the API itself said when it was asked for diagnostics. */
  diagnostics: Record<string, unknown> | null;
  /** What could not be compared, in words: a body that is not kept, a request that is no JSON. */
  notes: string[];
}

/** Misses of one cause. */
export interface CacheCause {
  cause: MissCause;
  calls: number;
  lost_tokens: number | null;
  lost_nano_usd: number | null;
}

/** `GET cache`: what the prompt cache gave to the calls that pass the filters, and what it did not. */
export interface CacheLedger {
  from_ms: number | null;
  to_ms: number | null;
  calls: number;
  read_tokens: number | null;
  write_5m_tokens: number | null;
  write_1h_tokens: number | null;
  /** Neither read nor written. */
  input_tokens: number | null;
  hit_rate: number | null;
  /** What reads would have cost more as plain input, less the premium paid for writes. */
  saved_nano_usd: number | null;
  missed_calls: number;
  lost_tokens: number | null;
  lost_nano_usd: number | null;
  /** The dearest first. */
  causes: CacheCause[];
}

/** What calls would have cost with one lifetime of the cache for all that they wrote. */
export interface TtlCost {
  low_nano_usd: number | null;
  high_nano_usd: number | null;
}

/** `GET cache/ttl`: whether five minutes or an hour would have been cheaper. */
export interface TtlAdvice {
  /** Calls that were looked at: the latest with a price that use the cache. */
  calls: number;
  /** There were more than are looked at. */
  has_more: boolean;
  /** From the start of the oldest of them. */
  from_ms: number | null;
  /** How long after the call before each came, in the same session, by the same agent and of the same kind. */
  gaps: { first: number; within_5m: number; within_1h: number; longer: number };
  actual_nano_usd: number | null;
  as_5m: TtlCost;
  as_1h: TtlCost;
  /** `unclear`: the ranges do not tell. */
  advice: '5m' | '1h' | 'as_it_is' | 'unclear' | 'no_data';
  /** A sentence. */
  reason: string;
  assumptions: string[];
}

/** What calls add up to; unknown parts are left out, and null says that nothing was known. */
export interface SessionTotals {
  calls: number;
  errors: number;
  input_tokens: number | null;
  output_tokens: number | null;
  thinking_tokens: number | null;
  cache_read_tokens: number | null;
  cache_write_5m_tokens: number | null;
  cache_write_1h_tokens: number | null;
  total_tokens: number | null;
  web_search_requests: number | null;
  cost_nano_usd: number | null;
  unpriced_calls: number;
  cache_hit_rate: number | null;
  cache_saved_nano_usd: number | null;
  /** The largest input of one call, cached or not: how full the context was. */
  peak_context_tokens: number | null;
}

/** What a session and an agent of it have in common. */
export interface SessionSpan {
  started_ms: number;
  started: string;
  /** The latest known end; null while the only calls still run. */
  ended_ms: number | null;
  ended: string | null;
  /** Models that answered, in alphabetical order. */
  models: string[];
  /** First words of the first turn that a user wrote; null when there are none, or none were kept. */
  title: string | null;
}

/** One row of `GET sessions`: the calls of a session that pass the filters. */
export interface Session extends SessionSpan {
  session_id: string;
  /** Of the first call that names one. */
  user_id: string | null;
  team: string | null;
  calls: number;
  /** Different agents among them; the main thread is one. */
  agents: number;
  totals: SessionTotals;
}

/** `GET sessions` */
export interface SessionsPage {
  items: Session[];
  next_cursor: string | null;
  /** One sentence where a search did not look for everything. */
  incomplete?: string;
}

/** An agent of a session; `agent_id` null is the main thread. */
export interface SessionAgent extends SessionSpan {
  agent_id: string | null;
  /** As the client said it; who names nobody, or nobody known, stands below the main thread. */
  parent_agent_id: string | null;
  /** 0 for the main thread, 1 for what it started, and so on. */
  depth: number;
  own_totals: SessionTotals;
  /** With all agents below it. */
  totals: SessionTotals;
}

/** A call as a turn of its session. */
export interface SessionCall extends Call {
  /** Input, cached or not, that the model had before it; null is unknown. */
  context_tokens: number | null;
  /** How long no call of the session had been running when this one began; null for the first one, and where an end is unknown. */
  idle_ms: number | null;
}

/** `GET sessions/{id}` */
export interface SessionDetail extends SessionSpan {
  session_id: string;
  user_id: string | null;
  team: string | null;
  /** The tree, each agent before those below it. */
  agents: SessionAgent[];
  /** Of the main thread only. */
  own_totals: SessionTotals;
  totals: SessionTotals;
  /** In the order of their starts. */
  calls: SessionCall[];
  /** Leads to the calls after these. */
  next_cursor: string | null;
}

export type Metric =
  | 'calls'
  | 'errors'
  | 'input_tokens'
  | 'output_tokens'
  | 'thinking_tokens'
  | 'cache_read_tokens'
  | 'cache_write_5m_tokens'
  | 'cache_write_1h_tokens'
  | 'total_tokens'
  | 'web_search_requests'
  | 'cost_nano_usd'
  | 'cost_input_nano_usd'
  | 'cost_output_nano_usd'
  | 'cost_cache_read_nano_usd'
  | 'cost_cache_write_5m_nano_usd'
  | 'cost_cache_write_1h_nano_usd'
  | 'cost_tools_nano_usd'
  | 'reported_cost_nano_usd'
  | 'computed_cost_nano_usd'
  | 'cost_difference_nano_usd'
  | 'estimated_cost_nano_usd'
  | 'unpriced_calls'
  | 'cache_hit_rate'
  | 'cache_saved_nano_usd'
  | 'cache_missed_calls'
  | 'cache_lost_tokens'
  | 'cache_lost_nano_usd'
  | 'ttfb_us_p50'
  | 'ttfb_us_p90'
  | 'ttfb_us_p99'
  | 'ttft_us_p50'
  | 'ttft_us_p90'
  | 'ttft_us_p99'
  | 'duration_us_p50'
  | 'duration_us_p90'
  | 'duration_us_p99'
  | 'output_tokens_per_second';

export type Bucket = 'minute' | 'hour' | 'day' | 'week' | 'month';

/** One row: its bucket's start (only with a bucket), its groups' values, its metrics. */
export type StatsRow = { start_ms?: number; start?: string } & Record<
  string,
  string | number | null | undefined
>;

/** The change that a range of costs is for, and what it takes for granted. */
export interface WhatIfAnswer {
  as_model: string | null;
  as_ttl: '5m' | '1h' | null;
  as_tier: 'standard' | 'batch' | 'priority' | 'flex' | null;
  as_cache: 'none' | null;
  assumptions: string[];
}

/** `GET stats` */
export interface Stats {
  from_ms: number | null;
  to_ms: number | null;
  tz: string;
  bucket: Bucket | null;
  group_by: string[];
  rows: StatsRow[];
  totals: Record<string, number | null>;
  /** What was asked for with `as_…`; then rows and totals hold `what_if_low_nano_usd`, `…_high_…` and `what_if_unpriced_calls`. */
  what_if?: WhatIfAnswer;
  previous?: { rows: StatsRow[]; totals: Record<string, number | null> };
  /** One sentence where a search found more than could be counted, and `from_ms` is later than was asked for. */
  incomplete?: string;
}

/** `GET facets` */
export type Facets = Record<string, { value: string | number | null; count: number }[]>;

/** The latest entry of a writer's chain: docs/audit.md. */
export interface ChainHead {
  writer: string;
  entries: number;
  /** SHA-256, hexadecimal. */
  head: string;
}

/** `GET health` */
export interface Health {
  status: 'ok' | 'degraded';
  reasons: string[];
  version: string;
  upstream: string;
  proxy_url: string;
  demo: boolean;
  auth: boolean;
  /** `chain`: worth noting elsewhere; null while it is not known. */
  store: { target: string; bytes: number | null; calls: number | null; chain: ChainHead[] | null };
  queue_bytes: number;
  /** On the disk in files of their own: because the store could not be written, or because there was no time to look into them. */
  spilled_bytes: number;
  /** The latter part of them: calls that show up as soon as there is time. */
  undigested_bytes: number;
  lag_ms: number;
  active_calls: number;
  rows_lost: number;
  bodies_lost: number;
  uptime_ms: number;
}

/** One setting as it holds. */
export interface SettingShown {
  /** As in the configuration file, and with `--` as a flag. */
  key: string;
  /** Null when nobody set it and it has no default. */
  value: string | null;
  /** A flag, a variable, a key in a file, or `default`. */
  source: string;
}

/** `GET settings`; nothing in it is secret. */
export interface Settings {
  settings: SettingShown[];
  data_dir: string;
  /** Where the user's prices are looked for; `is_there` says whether the program found them when it started. */
  prices_file: { path: string; is_there: boolean };
  access: {
    auth: 'token' | 'none';
    /** Where the token comes from: the variable, or the data directory; null without one. */
    token_from: 'WEIR_TOKEN' | 'data_dir' | null;
    /** Host names under which dashboard and API may be opened, besides the addresses of this machine. */
    allowed_hosts: string[];
  };
}

/** A rate as a price file sets it. */
export interface PriceRate {
  /** As a price file spells it. */
  key: string;
  /** input, output, cache_read, cache_write_5m, cache_write_1h, web_search, request */
  class: string;
  /** Holds for prompts of more tokens than this. */
  above_tokens: number;
  tier: 'list' | 'batch' | 'priority' | 'flex';
  /** Dollars for one token, search or request, as a decimal string. */
  usd_per_unit: string;
}

/** A rate in effect. */
export interface EffectiveRate extends PriceRate {
  source: 'override' | 'book' | 'catalogue';
  book_version: string;
  effective_from: string | null;
}

/** A model that answered, with the prices in effect. */
export interface ModelPrice {
  model: string;
  /** The id by which prices are looked for. */
  canonical_model: string;
  calls: number;
  unpriced_calls: number;
  /** Empty: no price is known. */
  rates: EffectiveRate[];
  /** What multiplies every token when the answer says `us`, `fast`, … */
  factors: Record<string, string>;
}

/** One entry of the user's price file. */
export interface PriceOverride {
  model: string;
  effective_from: string | null;
  effective_to: string | null;
  /** These are all the prices of the model, instead of changes to others. */
  replace: boolean;
  rates: PriceRate[];
  factors: Record<string, string>;
}

/** `GET prices` */
export interface Prices {
  at_ms: number;
  at: string;
  book_version: string;
  /** The most used first. */
  models: ModelPrice[];
  overrides: PriceOverride[];
}

/** `GET retention` */
export interface Retention {
  /** Null: for ever, without bound. */
  policy: { bodies_ms: number | null; calls_ms: number | null; store_bytes: number | null };
  /** What a run would remove now. */
  plan: {
    /** Bodies of calls that began before this would go; null: none. */
    bodies_before_ms: number | null;
    calls_before_ms: number | null;
    /** Calls that would lose their bodies, and calls that would be removed. */
    bodies: number;
    calls: number;
    /** Why it is not done by itself, one sentence; null when it is. */
    doubt: string | null;
  };
  /** When everything that was due had gone for the last time since the start. */
  last_run_ms: number | null;
  last_run: string | null;
  sizes: {
    /** Of the file, what holds something. */
    used_bytes: number;
    /** Of that, requests and answers as they are stored. */
    body_bytes: number;
    calls: number;
    calls_with_bodies: number;
  };
}

/** Data of `live`'s events `open`, `progress` and `end`. */
export type LiveCall = Call;

/** Data of `live`'s event `gap`: how many events this reader missed, null when nobody knows. Ask for the list again. */
export interface LiveGap {
  missed: number | null;
}

/** RFC 9457, `application/problem+json`. */
export interface Problem {
  type: string;
  title: string;
  status: number;
  detail: string;
}

/** `GET upstreams`: where recorded calls can be sent again. */
export interface Upstreams {
  items: ReplayUpstream[];
}

export interface ReplayUpstream {
  /** `default` is where calls go. */
  name: string;
  /** Origin and path prefix. */
  url: string;
  is_default: boolean;
  /** No key has to be typed: the program's environment holds one, or none is needed. */
  has_key: boolean;
}

/** Body of `POST calls/{id}/replay` and of `POST calls/{id}/replay/plan`; all of it may be left out. */
export interface ReplayRequest {
  /** Name or URL of a configured upstream; the default one if not given. */
  upstream?: string | undefined;
  model?: string | undefined;
  /** JSON merge patch (RFC 7396) of the request's body. */
  set?: Record<string, unknown> | undefined;
  stream?: boolean | undefined;
  /** An API key, or `Bearer` and a token: used once, never stored. */
  key?: string | undefined;
  /** False answers as soon as the call has begun. */
  wait?: boolean | undefined;
  /** Whoever gives the same one again for the same call gets the same replay; also as header `idempotency-key`. */
  idempotency_key?: string | undefined;
  /** What the replay belongs to; its tag `replay_batch`. */
  batch?: string | undefined;
}

/** Answer of `POST calls/{id}/replay/plan`: what would be sent, and what it would cost. Money is null where no price is known. */
export interface ReplayPlan {
  /** Of the call that would be sent again. */
  id: string;
  /** Name of the upstream. */
  upstream: string;
  upstream_url: string;
  method: string;
  path: string;
  model: string | null;
  stream: boolean | null;
  request_bytes: number;
  /** False: the stored bytes as they are. */
  is_changed: boolean;
  /** Where the key comes from; null: one is missing. */
  credential: 'given' | 'environment' | 'not_needed' | null;
  low_nano_usd: number | null;
  high_nano_usd: number | null;
  /** With as much output as the request allows; null also where it sets no limit. */
  most_nano_usd: number | null;
  /** What the range takes for granted, a sentence each. */
  assumptions: string[];
  /** What to know before it is sent, a sentence each. */
  warnings: string[];
}

/** Figures of a replay less those of the call that it repeats; null where one of them is not known. */
export interface ReplayDifference {
  cost_nano_usd: number | null;
  input_tokens: number | null;
  output_tokens: number | null;
  cache_read_tokens: number | null;
  duration_us: number | null;
  ttft_us: number | null;
}

/** Some words that both answers have, or only one of them. */
export interface ComparedText {
  kind: 'same' | 'removed' | 'added';
  text: string;
}

/** A value inside a block that differs. */
export interface ComparedValue {
  /** JSON pointer (RFC 6901); empty for the whole. */
  path: string;
  /** Absent where there was nothing. */
  before?: unknown;
  /** Absent where there is nothing any more. */
  after?: unknown;
}

/** A block of one answer, or the same one of both. */
export interface ComparedBlock {
  type: string;
  /** Of the tool. */
  name: string | null;
  op: 'same' | 'changed' | 'removed' | 'added';
  /** All that it says, by words. */
  text: ComparedText[];
  /** What else is in it and differs, such as a tool's input; ids and signatures do not count. */
  changes: ComparedValue[];
}

export interface ComparedAnswer {
  call: Call;
  difference: ReplayDifference;
  /** Null where one of the two has no message. */
  is_same: boolean | null;
  /** Share of the words that both say, 0 to 1. */
  likeness: number | null;
  blocks: ComparedBlock[];
}

/** `GET calls/{id}/compare`: the answer of a call beside those of others, by default of its replays, newest first. */
export interface Comparison {
  call: Call;
  items: ComparedAnswer[];
}

/** A replay in one row with the call that it repeats (`original_…`). */
export interface ReplayRow {
  replay_of: string;
  id: string;
  batch: string | null;
  started_ms: number;
  started: string;
  state: string;
  error_kind: string | null;
  upstream: string | null;
  original_status: number | null;
  status: number | null;
  original_model: string | null;
  model: string | null;
  original_stop_reason: string | null;
  stop_reason: string | null;
  original_input_tokens: number | null;
  input_tokens: number | null;
  original_output_tokens: number | null;
  output_tokens: number | null;
  original_cost_nano_usd: number | null;
  cost_nano_usd: number | null;
  cost_difference_nano_usd: number | null;
  original_duration_us: number | null;
  duration_us: number | null;
  original_ttft_us: number | null;
  ttft_us: number | null;
  is_same: boolean | null;
  likeness: number | null;
}

/** Sums over the pairs in which both figures are known. */
export interface PairSum {
  pairs: number;
  original: number;
  replay: number;
  difference: number;
}

/** Over all replays that were asked for, not only those of the page; told with the first page. */
export interface ReplayTotals {
  replays: number;
  /** With a whole answer of status 2xx. */
  succeeded: number;
  cost_nano_usd: PairSum;
  output_tokens: PairSum;
  duration_us: PairSum;
  ttft_us: PairSum;
}

/** `GET replays` */
export interface ReplaysPage {
  items: ReplayRow[];
  next_cursor: string | null;
  totals: ReplayTotals | null;
}
