/** Schemas of sessions. */
import { z } from 'zod';
import type * as wire from '../wire.ts';
import { callShape } from './call.ts';
import { exactly, integer, nullableText, nullableInteger, nullableNumber } from './shape.ts';

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
  z.strictObject({
    items: z.array(sessionSchema),
    next_cursor: nullableText,
    incomplete: z.string().exactOptional(),
  }),
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
