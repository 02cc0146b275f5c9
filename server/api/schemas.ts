/**
 * The answers of the API as schemas, from which its description is generated. Each is checked, both ways, to be the type
 * of wire.ts that has its name, so that description and types cannot part.
 */
import { z } from 'zod';
import type * as wire from './wire.ts';

/** Fails to compile where the schema's output and `Wire` differ in any direction. */
function exactly<Wire>() {
  return <Schema extends z.ZodType<Wire>>(
    schema: [Wire] extends [z.output<Schema>] ? Schema : never,
  ): Schema => schema;
}

const integer = z.int();
const orNull = <Schema extends z.ZodType>(schema: Schema) => schema.nullable();
const nullableText = z.string().nullable();
const nullableInteger = integer.nullable();
const nullableBit = integer.min(0).max(1).nullable();

export const missCauses = [
  'model_changed',
  'tools_changed',
  'system_prompt_changed',
  'messages_rewritten',
  'breakpoint_moved',
  'ttl_expired_5m',
  'ttl_expired_1h',
  'betas_changed',
  'likely_server_side',
  'unknown',
] as const;

const missCauseSchema = exactly<wire.MissCause>()(z.enum(missCauses));

const callShape = {
  id: z.string(),
  state: z.enum(['open', 'completed', 'failed', 'aborted', 'interrupted']),
  error_kind: nullableText,
  message_state: nullableText,
  method: z.string(),
  path: z.string(),
  query: nullableText,
  status: nullableInteger,
  started_ms: integer,
  started: z.string(),
  ended_ms: nullableInteger,
  ended: nullableText,
  ttfb_us: nullableInteger,
  ttft_us: nullableInteger,
  duration_us: nullableInteger,
  stream: nullableBit,
  requested_model: nullableText,
  model: nullableText,
  stop_reason: nullableText,
  input_tokens: nullableInteger,
  output_tokens: nullableInteger,
  thinking_tokens: nullableInteger,
  cache_read_tokens: nullableInteger,
  cache_write_5m_tokens: nullableInteger,
  cache_write_1h_tokens: nullableInteger,
  web_search_requests: nullableInteger,
  usage_complete: nullableBit,
  service_tier: nullableText,
  inference_geo: nullableText,
  speed: nullableText,
  cost_nano_usd: nullableInteger,
  cost_source: orNull(z.enum(['computed', 'reported', 'estimated'])),
  reported_cost_nano_usd: nullableInteger,
  cache_saved_nano_usd: nullableInteger,
  cache_miss_cause: orNull(missCauseSchema),
  cache_miss_at: nullableText,
  cache_lost_tokens: nullableInteger,
  cache_lost_nano_usd: nullableInteger,
  user_id: nullableText,
  team: nullableText,
  session_id: nullableText,
  agent_id: nullableText,
  parent_agent_id: nullableText,
  key_id: nullableText,
  key_hint: nullableText,
  client: nullableText,
  tags: orNull(z.record(z.string(), z.string())),
  upstream: nullableText,
  upstream_request_id: nullableText,
  request_bytes: nullableInteger,
  request_sha256: nullableText,
  response_bytes: nullableInteger,
  response_sha256: nullableText,
  bodies: z.enum(['full', 'truncated', 'metadata', 'expired']),
  attempt_of: nullableText,
  replay_of: nullableText,
  demo: integer.min(0).max(1),
  kind: nullableText,
  preview: nullableText,
};

export const callSchema = exactly<wire.Call>()(z.strictObject(callShape));

export const snippetSchema = exactly<wire.Snippet>()(
  z.strictObject({ text: z.string(), hits: z.array(z.tuple([integer, integer])) }),
);

export const foundCallSchema = exactly<wire.FoundCall>()(
  z.strictObject({ ...callShape, snippet: snippetSchema.nullable().exactOptional() }),
);

export const callsPageSchema = exactly<wire.CallsPage>()(
  z.strictObject({ items: z.array(foundCallSchema), next_cursor: nullableText }),
);

export const costLineSchema = exactly<wire.CostLine>()(
  z.strictObject({
    class: z.string(),
    quantity: z.number(),
    rate_femto_usd: z.string(),
    multipliers: z.array(z.strictObject({ name: z.string(), factor: z.string() })),
    amount_nano_usd: z.string(),
    model: z.string(),
    source: z.string(),
    book_version: z.string(),
    effective_from: nullableText,
    iteration: nullableInteger,
  }),
);

const costRevisionSchema = exactly<wire.CostRevision>()(
  z.strictObject({
    revision: integer,
    created_ms: integer,
    created: z.string(),
    cost_nano_usd: nullableInteger,
    cost_source: callShape.cost_source,
    computed_cost_nano_usd: nullableInteger,
    cost_lines: z.array(costLineSchema),
    book_version: nullableText,
    reason: z.string(),
  }),
);

const headers = z.array(z.tuple([z.string(), z.string()]));
const facts = z.record(z.string(), z.unknown());

export const callDetailSchema = exactly<wire.CallDetail>()(
  z.strictObject({
    ...callShape,
    request_headers: headers,
    response_headers: orNull(headers),
    status_message: nullableText,
    usage: orNull(z.strictObject({ start: z.unknown(), delta: z.unknown(), merged: z.unknown() })),
    cost_lines: z.array(costLineSchema),
    computed_cost_nano_usd: nullableInteger,
    cost_difference_nano_usd: nullableInteger,
    cost_revisions: z.array(costRevisionSchema),
    request_facts: orNull(facts),
    notes: z.array(z.string()),
    previous_id: nullableText,
    next_id: nullableText,
  }),
);

export const messageAnswerSchema = exactly<wire.MessageAnswer>()(
  z.strictObject({
    message: orNull(facts),
    message_state: nullableText,
    ended_at_event: nullableInteger,
    notes: z.array(z.string()),
  }),
);

export const streamEventSchema = exactly<wire.StreamEvent>()(
  z.strictObject({
    index: integer,
    offset_us: integer,
    type: z.string(),
    block: nullableInteger,
    data: z.unknown(),
    bytes: integer,
  }),
);

export const eventsPageSchema = exactly<wire.EventsPage>()(
  z.strictObject({ items: z.array(streamEventSchema), next_cursor: nullableText }),
);

export const conversationSchema = exactly<wire.Conversation>()(
  z.strictObject({
    system: z.unknown(),
    tools: z.array(z.unknown()),
    messages: z.array(z.unknown()),
    answer: orNull(facts),
    breakpoints: z.array(z.strictObject({ at: z.string(), ttl: z.string() })),
  }),
);

const nullableNumber = z.number().nullable();

export const cacheLedgerSchema = exactly<wire.CacheLedger>()(
  z.strictObject({
    from_ms: nullableInteger,
    to_ms: nullableInteger,
    calls: integer,
    read_tokens: nullableNumber,
    write_5m_tokens: nullableNumber,
    write_1h_tokens: nullableNumber,
    input_tokens: nullableNumber,
    hit_rate: nullableNumber,
    saved_nano_usd: nullableNumber,
    missed_calls: integer,
    lost_tokens: nullableNumber,
    lost_nano_usd: nullableNumber,
    causes: z.array(
      z.strictObject({
        cause: missCauseSchema,
        calls: integer,
        lost_tokens: nullableNumber,
        lost_nano_usd: nullableNumber,
      }),
    ),
  }),
);

const ttlCostSchema = z.strictObject({ low_nano_usd: nullableInteger, high_nano_usd: nullableInteger });

export const ttlAdviceSchema = exactly<wire.TtlAdvice>()(
  z.strictObject({
    calls: integer,
    has_more: z.boolean(),
    from_ms: nullableInteger,
    gaps: z.strictObject({ first: integer, within_5m: integer, within_1h: integer, longer: integer }),
    actual_nano_usd: nullableInteger,
    as_5m: ttlCostSchema,
    as_1h: ttlCostSchema,
    advice: z.enum(['5m', '1h', 'as_it_is', 'unclear', 'no_data']),
    reason: z.string(),
    assumptions: z.array(z.string()),
  }),
);

const sectionSchema = z.enum(['tools', 'system', 'messages']);

export const diffBlockSchema = exactly<wire.DiffBlock>()(
  z.strictObject({
    op: z.enum(['same', 'added', 'removed', 'changed', 'moved']),
    section: sectionSchema,
    at: nullableText,
    from: nullableText,
    role: nullableText,
    type: z.string(),
    name: nullableText,
    bytes: nullableInteger,
    from_bytes: nullableInteger,
    tokens: nullableInteger,
    from_tokens: nullableInteger,
    cost_nano_usd: nullableInteger,
    breakpoint: nullableText,
    from_breakpoint: nullableText,
    approximate: z.boolean(),
    likeness: nullableNumber,
    text: nullableText,
    from_text: nullableText,
  }),
);

export const callDiffSchema = exactly<wire.CallDiff>()(
  z.strictObject({
    call_id: z.string(),
    against_id: nullableText,
    is_previous: z.boolean(),
    gap_ms: nullableInteger,
    approximate: z.boolean(),
    headline: z.string(),
    summary: z.array(
      z.strictObject({
        section: sectionSchema,
        same: integer,
        added: integer,
        removed: integer,
        changed: integer,
        moved: integer,
        added_tokens: nullableInteger,
        removed_tokens: nullableInteger,
        cost_nano_usd: nullableInteger,
      }),
    ),
    settings: z.array(z.strictObject({ name: z.string(), from: z.unknown(), to: z.unknown() })),
    blocks: z.array(diffBlockSchema),
    more_blocks: integer,
    cache: orNull(
      z.strictObject({
        cause: missCauseSchema,
        at: nullableText,
        lost_tokens: integer,
        lost_nano_usd: nullableInteger,
        is_estimated: z.boolean(),
        explanation: z.string(),
      }),
    ),
    diagnostics: orNull(facts),
    notes: z.array(z.string()),
  }),
);

export const sessionTotalsSchema = exactly<wire.SessionTotals>()(
  z.strictObject({
    calls: integer,
    errors: integer,
    input_tokens: nullableNumber,
    output_tokens: nullableNumber,
    thinking_tokens: nullableNumber,
    cache_read_tokens: nullableNumber,
    cache_write_5m_tokens: nullableNumber,
    cache_write_1h_tokens: nullableNumber,
    total_tokens: nullableNumber,
    web_search_requests: nullableNumber,
    cost_nano_usd: nullableNumber,
    unpriced_calls: integer,
    cache_hit_rate: nullableNumber,
    cache_saved_nano_usd: nullableNumber,
    peak_context_tokens: nullableNumber,
  }),
);

const spanShape = {
  started_ms: integer,
  started: z.string(),
  ended_ms: nullableInteger,
  ended: nullableText,
  models: z.array(z.string()),
  title: nullableText,
};

export const sessionSchema = exactly<wire.Session>()(
  z.strictObject({
    session_id: z.string(),
    ...spanShape,
    user_id: nullableText,
    team: nullableText,
    calls: integer,
    agents: integer,
    totals: sessionTotalsSchema,
  }),
);

export const sessionsPageSchema = exactly<wire.SessionsPage>()(
  z.strictObject({ items: z.array(sessionSchema), next_cursor: nullableText }),
);

export const sessionAgentSchema = exactly<wire.SessionAgent>()(
  z.strictObject({
    agent_id: nullableText,
    parent_agent_id: nullableText,
    depth: integer,
    ...spanShape,
    own_totals: sessionTotalsSchema,
    totals: sessionTotalsSchema,
  }),
);

export const sessionDetailSchema = exactly<wire.SessionDetail>()(
  z.strictObject({
    session_id: z.string(),
    ...spanShape,
    user_id: nullableText,
    team: nullableText,
    agents: z.array(sessionAgentSchema),
    own_totals: sessionTotalsSchema,
    totals: sessionTotalsSchema,
    calls: z.array(
      z.strictObject({ ...callShape, context_tokens: nullableInteger, idle_ms: nullableInteger }),
    ),
    next_cursor: nullableText,
  }),
);

export const metrics = [
  'calls',
  'errors',
  'input_tokens',
  'output_tokens',
  'thinking_tokens',
  'cache_read_tokens',
  'cache_write_5m_tokens',
  'cache_write_1h_tokens',
  'total_tokens',
  'web_search_requests',
  'cost_nano_usd',
  'cost_input_nano_usd',
  'cost_output_nano_usd',
  'cost_cache_read_nano_usd',
  'cost_cache_write_5m_nano_usd',
  'cost_cache_write_1h_nano_usd',
  'cost_tools_nano_usd',
  'reported_cost_nano_usd',
  'computed_cost_nano_usd',
  'cost_difference_nano_usd',
  'estimated_cost_nano_usd',
  'unpriced_calls',
  'cache_hit_rate',
  'cache_saved_nano_usd',
  'cache_missed_calls',
  'cache_lost_tokens',
  'cache_lost_nano_usd',
  'ttfb_us_p50',
  'ttfb_us_p90',
  'ttfb_us_p99',
  'ttft_us_p50',
  'ttft_us_p90',
  'ttft_us_p99',
  'duration_us_p50',
  'duration_us_p90',
  'duration_us_p99',
  'output_tokens_per_second',
] as const;

export const metricSchema = exactly<wire.Metric>()(z.enum(metrics));

export const buckets = ['minute', 'hour', 'day', 'week', 'month'] as const;

const bucketSchema = exactly<wire.Bucket>()(z.enum(buckets));

const statsRowSchema = z
  .object({ start_ms: integer.exactOptional(), start: z.string().exactOptional() })
  .catchall(z.union([z.string(), z.number(), z.null()]));
const totalsSchema = z.record(z.string(), z.number().nullable());

export const tiers = ['standard', 'batch', 'priority', 'flex'] as const;

const whatIfSchema = exactly<wire.WhatIfAnswer>()(
  z.strictObject({
    as_model: nullableText,
    as_ttl: orNull(z.enum(['5m', '1h'])),
    as_tier: orNull(z.enum(tiers)),
    as_cache: orNull(z.enum(['none'])),
    assumptions: z.array(z.string()),
  }),
);

// One way only: the row's type also allows undefined, which no JSON holds.
export const statsSchema = z.strictObject({
  from_ms: nullableInteger,
  to_ms: nullableInteger,
  tz: z.string(),
  bucket: orNull(bucketSchema),
  group_by: z.array(z.string()),
  rows: z.array(statsRowSchema),
  totals: totalsSchema,
  what_if: whatIfSchema.exactOptional(),
  previous: z.strictObject({ rows: z.array(statsRowSchema), totals: totalsSchema }).exactOptional(),
}) satisfies z.ZodType<wire.Stats>;

export const facetsSchema = exactly<wire.Facets>()(
  z.record(
    z.string(),
    z.array(z.strictObject({ value: z.union([z.string(), z.number(), z.null()]), count: integer })),
  ),
);

export const healthSchema = exactly<wire.Health>()(
  z.strictObject({
    status: z.enum(['ok', 'degraded']),
    reasons: z.array(z.string()),
    version: z.string(),
    upstream: z.string(),
    proxy_url: z.string(),
    demo: z.boolean(),
    auth: z.boolean(),
    store: z.strictObject({
      target: z.string(),
      bytes: nullableInteger,
      calls: nullableInteger,
      chain: orNull(z.array(z.strictObject({ writer: z.string(), entries: integer, head: z.string() }))),
    }),
    queue_bytes: integer,
    spilled_bytes: integer,
    lag_ms: z.number(),
    active_calls: integer,
    rows_lost: integer,
    bodies_lost: integer,
    uptime_ms: z.number(),
  }),
);

export const settingsSchema = exactly<wire.Settings>()(
  z.strictObject({
    settings: z.array(z.strictObject({ key: z.string(), value: nullableText, source: z.string() })),
    data_dir: z.string(),
    prices_file: z.strictObject({ path: z.string(), is_there: z.boolean() }),
    access: z.strictObject({
      auth: z.enum(['token', 'none']),
      token_from: orNull(z.enum(['WEIR_TOKEN', 'data_dir'])),
      allowed_hosts: z.array(z.string()),
    }),
  }),
);

const priceRateShape = {
  key: z.string(),
  class: z.string(),
  above_tokens: integer,
  tier: z.enum(['list', 'batch', 'priority', 'flex']),
  usd_per_unit: z.string(),
};
const factors = z.record(z.string(), z.string());

const modelPriceSchema = exactly<wire.ModelPrice>()(
  z.strictObject({
    model: z.string(),
    canonical_model: z.string(),
    calls: integer,
    unpriced_calls: integer,
    rates: z.array(
      z.strictObject({
        ...priceRateShape,
        source: z.enum(['override', 'book', 'catalogue']),
        book_version: z.string(),
        effective_from: nullableText,
      }),
    ),
    factors,
  }),
);

const priceOverrideSchema = exactly<wire.PriceOverride>()(
  z.strictObject({
    model: z.string(),
    effective_from: nullableText,
    effective_to: nullableText,
    replace: z.boolean(),
    rates: z.array(z.strictObject(priceRateShape)),
    factors,
  }),
);

export const pricesSchema = exactly<wire.Prices>()(
  z.strictObject({
    at_ms: integer,
    at: z.string(),
    book_version: z.string(),
    models: z.array(modelPriceSchema),
    overrides: z.array(priceOverrideSchema),
  }),
);

export const retentionSchema = exactly<wire.Retention>()(
  z.strictObject({
    policy: z.strictObject({
      bodies_ms: nullableInteger,
      calls_ms: nullableInteger,
      store_bytes: nullableInteger,
    }),
    plan: z.strictObject({
      bodies_before_ms: nullableInteger,
      calls_before_ms: nullableInteger,
      bodies: integer,
      calls: integer,
      doubt: nullableText,
    }),
    last_run_ms: nullableInteger,
    last_run: nullableText,
    sizes: z.strictObject({
      used_bytes: integer,
      body_bytes: integer,
      calls: integer,
      calls_with_bodies: integer,
    }),
  }),
);

export const liveGapSchema = exactly<wire.LiveGap>()(z.strictObject({ missed: nullableInteger }));

export const problemSchema = exactly<wire.Problem>()(
  z.strictObject({ type: z.string(), title: z.string(), status: integer, detail: z.string() }),
);

export const upstreamsSchema = exactly<wire.Upstreams>()(
  z.strictObject({
    items: z.array(
      z.strictObject({ name: z.string(), url: z.string(), is_default: z.boolean(), has_key: z.boolean() }),
    ),
  }),
);

/** A key may come with line ends that were pasted along; no message ever shows it. */
const key = z
  .string({ error: 'must be text' })
  .trim()
  .regex(/^(?:Bearer )?[\x21-\x7e]{1,4096}$/, { error: 'must be an API key, or "Bearer " and a token' });
const label = (most: number) =>
  z
    .string({ error: 'must be text' })
    .regex(/^[\x21-\x7e]+$/, { error: 'must be of visible ASCII characters without spaces' })
    .max(most, { error: `must not be longer than ${most} characters` });
const named = (what: string) => z.string({ error: `must be ${what}` }).min(1, { error: 'must not be empty' });
const bit = z.boolean({ error: 'must be true or false' });

export const replayRequestSchema = exactly<wire.ReplayRequest>()(
  z.strictObject({
    upstream: named('the name of an upstream').optional().meta({
      description: 'Name or URL of a configured upstream; where calls go if not given.',
    }),
    model: named('the name of a model').optional(),
    set: z
      .record(z.string(), z.unknown(), { error: 'must be a JSON object, a merge patch of the request' })
      .optional()
      .meta({ description: 'JSON merge patch (RFC 7396) of the request.' }),
    stream: bit.optional().meta({ description: 'Whether to ask for a stream; as recorded if not given.' }),
    key: key.optional().meta({ description: 'API key, or `Bearer` and a token: used once, never stored.' }),
    wait: bit.optional().meta({ description: 'False answers 202 as soon as the call has begun.' }),
    idempotency_key: label(200).optional().meta({
      description: 'A request with the same one for the same call gets the same replay. Also as header.',
    }),
    batch: label(100).optional().meta({ description: 'What the replay belongs to; its tag replay_batch.' }),
  }),
);

export const replayPlanSchema = exactly<wire.ReplayPlan>()(
  z.strictObject({
    id: z.string(),
    upstream: z.string(),
    upstream_url: z.string(),
    method: z.string(),
    path: z.string(),
    model: nullableText,
    stream: z.boolean().nullable(),
    request_bytes: integer,
    is_changed: z.boolean(),
    credential: orNull(z.enum(['given', 'environment', 'not_needed'])),
    low_nano_usd: nullableInteger,
    high_nano_usd: nullableInteger,
    most_nano_usd: nullableInteger,
    assumptions: z.array(z.string()),
    warnings: z.array(z.string()),
  }),
);

export const comparedBlockSchema = exactly<wire.ComparedBlock>()(
  z.strictObject({
    type: z.string(),
    name: nullableText,
    op: z.enum(['same', 'changed', 'removed', 'added']),
    text: z.array(z.strictObject({ kind: z.enum(['same', 'removed', 'added']), text: z.string() })),
    changes: z.array(
      z.strictObject({
        path: z.string(),
        before: z.unknown().exactOptional(),
        after: z.unknown().exactOptional(),
      }),
    ),
  }),
);

const differenceSchema = exactly<wire.ReplayDifference>()(
  z.strictObject({
    cost_nano_usd: nullableInteger,
    input_tokens: nullableInteger,
    output_tokens: nullableInteger,
    cache_read_tokens: nullableInteger,
    duration_us: nullableInteger,
    ttft_us: nullableInteger,
  }),
);

export const comparisonSchema = exactly<wire.Comparison>()(
  z.strictObject({
    call: callSchema,
    items: z.array(
      z.strictObject({
        call: callSchema,
        difference: differenceSchema,
        is_same: z.boolean().nullable(),
        likeness: nullableNumber,
        blocks: z.array(comparedBlockSchema),
      }),
    ),
  }),
);

export const replayRowSchema = exactly<wire.ReplayRow>()(
  z.strictObject({
    replay_of: z.string(),
    id: z.string(),
    batch: nullableText,
    started_ms: integer,
    started: z.string(),
    state: z.string(),
    error_kind: nullableText,
    upstream: nullableText,
    original_status: nullableInteger,
    status: nullableInteger,
    original_model: nullableText,
    model: nullableText,
    original_stop_reason: nullableText,
    stop_reason: nullableText,
    original_input_tokens: nullableInteger,
    input_tokens: nullableInteger,
    original_output_tokens: nullableInteger,
    output_tokens: nullableInteger,
    original_cost_nano_usd: nullableInteger,
    cost_nano_usd: nullableInteger,
    cost_difference_nano_usd: nullableInteger,
    original_duration_us: nullableInteger,
    duration_us: nullableInteger,
    original_ttft_us: nullableInteger,
    ttft_us: nullableInteger,
    is_same: z.boolean().nullable(),
    likeness: nullableNumber,
  }),
);

const pairSumSchema = exactly<wire.PairSum>()(
  z.strictObject({
    pairs: integer,
    original: z.number(),
    replay: z.number(),
    difference: z.number(),
  }),
);

export const replaysPageSchema = exactly<wire.ReplaysPage>()(
  z.strictObject({
    items: z.array(replayRowSchema),
    next_cursor: nullableText,
    totals: orNull(
      z.strictObject({
        replays: integer,
        succeeded: integer,
        cost_nano_usd: pairSumSchema,
        output_tokens: pairSumSchema,
        duration_us: pairSumSchema,
        ttft_us: pairSumSchema,
      }),
    ),
  }),
);
