/** Schemas of what the prompt cache saved and lost, and of what changed from one call to the next. */
import { z } from 'zod';
import type * as wire from '../wire.ts';
import { missCauseSchema, facts } from './call.ts';
import { exactly, integer, orNull, nullableText, nullableInteger, nullableNumber } from './shape.ts';

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
