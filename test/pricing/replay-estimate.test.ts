import { describe, expect, test } from 'vitest';
import { createPricer } from '../../server/pricing/engine.ts';
import { estimateReplay, type ReplayCall } from '../../server/pricing/replay-estimate.ts';

const pricer = createPricer();
const atMs = Date.UTC(2026, 10, 22);

function call(columns: Partial<ReplayCall> = {}): ReplayCall {
  return {
    method: 'POST',
    path: '/v1/messages',
    atMs,
    usage: { input_tokens: 1000, output_tokens: 100 },
    usageComplete: true,
    modelBefore: 'claude-opus-5-5',
    model: 'claude-opus-5-5',
    bytesBefore: 4000,
    bytes: 4000,
    maxTokens: 1000,
    toolTypes: [],
    ...columns,
  };
}

/** What exactly this usage costs. */
function priceOf(usage: object, model = 'claude-opus-5-5'): number | null {
  return pricer.price({ model, atMs, usage, usageComplete: true }).costNanoUsd;
}

describe('the estimate of a replay', () => {
  test('is a point where nothing is cached and nothing changes, and the limit of the output its most', () => {
    const cost = priceOf({ input_tokens: 1000, output_tokens: 100 });
    expect(estimateReplay(pricer, call())).toMatchObject({
      lowNanoUsd: cost,
      highNanoUsd: cost,
      mostNanoUsd: priceOf({ input_tokens: 1000, output_tokens: 1000 }),
      assumptions: ['an answer as long as the one before'],
    });
  });

  test('goes from a warm cache to a cold one, with the same lifetime', () => {
    const usage = {
      input_tokens: 10,
      output_tokens: 100,
      cache_read_input_tokens: 5000,
      cache_creation_input_tokens: 300,
      cache_creation: { ephemeral_5m_input_tokens: 0, ephemeral_1h_input_tokens: 300 },
    };
    const estimate = estimateReplay(pricer, call({ usage }));
    expect(estimate.lowNanoUsd).toBe(
      priceOf({ input_tokens: 10, output_tokens: 100, cache_read_input_tokens: 5300 }),
    );
    expect(estimate.highNanoUsd).toBe(
      priceOf({
        input_tokens: 10,
        output_tokens: 100,
        cache_creation_input_tokens: 5300,
        cache_creation: { ephemeral_5m_input_tokens: 0, ephemeral_1h_input_tokens: 5300 },
      }),
    );
  });

  test('widens for another model, and never beyond the limit of the output', () => {
    const estimate = estimateReplay(pricer, call({ model: 'claude-haiku-4-5', maxTokens: 110 }));
    expect(estimate.lowNanoUsd).toBe(priceOf({ input_tokens: 900, output_tokens: 90 }, 'claude-haiku-4-5'));
    expect(estimate.highNanoUsd).toBe(
      priceOf({ input_tokens: 1350, output_tokens: 110 }, 'claude-haiku-4-5'),
    );
    expect(estimate.mostNanoUsd).toBe(estimate.highNanoUsd);
    expect(estimate.assumptions.join('; ')).toContain('10 % fewer to 35 % more');
  });

  test('grows with the request', () => {
    const estimate = estimateReplay(pricer, call({ bytes: 8000 }));
    expect(estimate.lowNanoUsd).toBe(priceOf({ input_tokens: 2000, output_tokens: 100 }));
  });

  test('is guessed from the bytes where the answer told no usage, or only its beginning', () => {
    const guessed = estimateReplay(pricer, call({ usage: null, bytes: 3500 }));
    expect(guessed.lowNanoUsd).toBe(priceOf({ input_tokens: 1000, output_tokens: 0 }));
    expect(guessed.highNanoUsd).toBe(priceOf({ input_tokens: 1000, output_tokens: 1000 }));
    const cut = estimateReplay(
      pricer,
      call({ usage: { input_tokens: 1000, output_tokens: 1 }, usageComplete: false }),
    );
    expect([cut.lowNanoUsd, cut.highNanoUsd]).toEqual([guessed.lowNanoUsd, guessed.highNanoUsd]);
  });

  test('is unknown without a price, and nothing for what is free', () => {
    expect(estimateReplay(pricer, call({ model: 'nobody-knows-1' }))).toEqual({
      lowNanoUsd: null,
      highNanoUsd: null,
      mostNanoUsd: null,
      assumptions: ['no price is known for nobody-knows-1'],
    });
    expect(estimateReplay(pricer, call({ path: '/v1/messages/count_tokens' }))).toMatchObject({
      lowNanoUsd: 0,
      highNanoUsd: 0,
    });
    expect(estimateReplay(pricer, call({ method: 'GET', path: '/v1/models', model: null }))).toMatchObject({
      lowNanoUsd: 0,
    });
  });
});
