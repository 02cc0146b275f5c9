/** Schemas of the program's own state: health, settings, prices, retention. */
import { z } from 'zod';
import type * as wire from '../wire.ts';
import { exactly, integer, orNull, nullableText, nullableInteger } from './shape.ts';

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
    undigested_bytes: integer,
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
