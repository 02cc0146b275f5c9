/** Schemas of calls and of what is asked of one. */
import { z } from 'zod';
import type * as wire from '../wire.ts';
import { exactly, integer, orNull, nullableText, nullableInteger, nullableBit } from './shape.ts';

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

export const missCauseSchema = exactly<wire.MissCause>()(z.enum(missCauses));

export const callShape = {
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
  z.strictObject({
    items: z.array(foundCallSchema),
    next_cursor: nullableText,
    incomplete: z.string().exactOptional(),
  }),
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

export const facts = z.record(z.string(), z.unknown());

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

export const liveGapSchema = exactly<wire.LiveGap>()(z.strictObject({ missed: nullableInteger }));
