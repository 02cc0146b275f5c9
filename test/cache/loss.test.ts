import { describe, expect, it, test } from 'vitest';
import { lostNanoUsd } from '../../server/cache/loss.ts';
import type { JsonObject } from '../../server/messages/json.ts';
import { createPricer } from '../../server/pricing/engine.ts';
import { usageOf } from './prompts.ts';

const pricer = createPricer();
const atMs = Date.UTC(2026, 10, 20);

function lost(usage: JsonObject, tokens: number, model = 'claude-opus-5-5'): number | null {
  return lostNanoUsd(pricer, { model, atMs, usage, usageComplete: true }, tokens);
}

describe('what a miss cost', () => {
  // Opus 5.5, per million: input $4, write $5 and $8, read $0.20.
  test.each([
    ['written for an hour', { write1h: 31_000 }, 30_000, 30_000 * (8000 - 200)],
    ['written for five minutes', { write5m: 31_000 }, 30_000, 30_000 * (5000 - 200)],
    ['plain input', { input: 31_000 }, 30_000, 30_000 * (4000 - 200)],
    [
      'first what was written for an hour, then for five minutes, then plain input',
      { write1h: 10_000, write5m: 5000, input: 20_000 },
      18_000,
      10_000 * 7800 + 5000 * 4800 + 3000 * 3800,
    ],
  ])('of tokens %s', (_how, used, tokens, nanoUsd) => {
    expect(lost(usageOf(used), tokens)).toBe(nanoUsd);
  });

  it('has the factors of the answer, and is rounded once', () => {
    // Haiku 5.5 up to 100,000: write for an hour 200, read 10 nano-dollars; US 1.1; a batch half.
    const usage = { ...usageOf({ write1h: 3 }), inference_geo: 'us', service_tier: 'batch' };
    expect(lost(usage, 3, 'claude-haiku-5-5')).toBe(Math.round((3 * 190 * 11) / 20));
    // One token: 104.5, to the even one.
    expect(lost(usage, 1, 'claude-haiku-5-5')).toBe(104);
  });

  it('is of the first run of a call that made several', () => {
    const run = { type: 'message', ...usageOf({ write1h: 10_000 }) };
    const usage = {
      ...usageOf({ read: 10_000, write1h: 10_500 }),
      iterations: [run, { type: 'message', ...usageOf({ read: 10_000, write1h: 500 }) }],
    };
    expect(lost(usage, 9000)).toBe(9000 * 7800);
  });

  it('is not known without a price', () => {
    expect(lost(usageOf({ write1h: 10 }), 5, 'nobody-knows-1')).toBeNull();
  });
});
