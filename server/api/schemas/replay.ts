/** Schemas of calls that are sent again and of their comparison. */
import { z } from 'zod';
import type * as wire from '../wire.ts';
import { callSchema } from './call.ts';
import { exactly, integer, orNull, nullableText, nullableInteger, nullableNumber } from './shape.ts';

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
