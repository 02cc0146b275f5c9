import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { explainMiss } from '../../server/cache/cause.ts';
import { diffBlocks, headlineOf, sizedBlocks, summaryOf } from '../../server/cache/diff.ts';
import { lostNanoUsd } from '../../server/cache/loss.ts';
import { conversationOf, promptOf } from '../../server/cache/prompt.ts';
import { sharesOf } from '../../server/cache/shares.ts';
import { cacheUseOf, promptTokensOf } from '../../server/cache/use.ts';
import type { JsonObject } from '../../server/messages/json.ts';
import { createPricer } from '../../server/pricing/engine.ts';
import { callOf } from './prompts.ts';

const pricer = createPricer();
const json = fc.jsonValue({ maxDepth: 4 }) as fc.Arbitrary<unknown>;
const block = fc.oneof(
  json,
  fc.record(
    {
      type: fc.constantFrom<unknown>('text', 'image', 'tool_result', 'thinking', 7, null),
      text: json,
      content: fc.array(json, { maxLength: 2 }),
      source: fc.record({ type: fc.constant('base64'), data: json }),
      signature: json,
      cache_control: fc.oneof(json, fc.constant({ type: 'ephemeral', ttl: '1h' })),
    },
    { requiredKeys: [] },
  ),
);
const list = fc.oneof(json, fc.array(block, { maxLength: 4 }));
const request = fc.record(
  {
    tools: list,
    system: list,
    messages: fc.oneof(
      json,
      fc.array(fc.oneof(json, fc.record({ role: json, content: list })), { maxLength: 4 }),
    ),
    cache_control: json,
    thread: json,
    thinking: json,
  },
  { requiredKeys: [] },
) as fc.Arbitrary<JsonObject>;
const count = fc.oneof(fc.nat(50_000), json);
const run = fc.record(
  {
    type: fc.constantFrom('message', 'compaction', 'advisor_message'),
    input_tokens: count,
    cache_read_input_tokens: count,
    cache_creation_input_tokens: count,
    cache_creation: fc.oneof(
      json,
      fc.record({ ephemeral_5m_input_tokens: count, ephemeral_1h_input_tokens: count }, { requiredKeys: [] }),
    ),
  },
  { requiredKeys: [] },
);
const usage = fc
  .tuple(run, fc.oneof(json, fc.array(run, { maxLength: 3 })))
  .map(([top, iterations]): JsonObject => ({ ...top, output_tokens: 5, iterations }));

describe('whatever a request or an answer holds', () => {
  it('is judged without an error, and never loses more than was paid', () => {
    fc.assert(
      fc.property(
        request,
        request,
        usage,
        usage,
        json,
        fc.nat(10_000_000),
        (older, newer, was, is, message, atMs) => {
          const [left, found] = [cacheUseOf(was), cacheUseOf(is)];
          if (left === null || found === null) return;
          const before = { ...callOf(older, {}), use: left };
          const now = { ...callOf(newer, {}, { atMs }), use: found, message: { diagnostics: message } };
          expect(conversationOf(newer)).toBeTypeOf('string');
          const miss = explainMiss(before, promptOf(older), now);
          if (miss === null) return;
          expect(miss.lostTokens).toBeGreaterThan(0);
          expect(miss.lostTokens).toBeLessThanOrEqual(promptTokensOf(found) - found.read);
          const input = {
            model: 'claude-opus-5-5',
            atMs: Date.UTC(2026, 10, 20),
            usage: is,
            usageComplete: true,
          };
          expect(lostNanoUsd(pricer, input, miss.lostTokens) ?? 0).toBeGreaterThanOrEqual(0);
        },
      ),
      { numRuns: 400 },
    );
  });

  it('is set side by side without an error, and its shares add up', () => {
    fc.assert(
      fc.property(request, request, usage, (older, newer, is) => {
        const blocks = sizedBlocks(promptOf(newer));
        const use = cacheUseOf(is);
        const lines = [{ class: 'input', quantity: 10, amount_nano_usd: '40000' }];
        const shares = use === null ? null : sharesOf(blocks, use, lines);
        const changes = diffBlocks(
          { blocks: sizedBlocks(promptOf(older)), shares: null },
          { blocks, shares },
          50,
        );
        expect(headlineOf(summaryOf(changes))).toBeTypeOf('string');
        expect(() => JSON.stringify(changes)).not.toThrow();
        if (use === null || shares === null || blocks.length === 0) return;
        expect(shares.reduce((sum, { tokens }) => sum + tokens, 0)).toBe(promptTokensOf(use));
        expect(shares.every(({ tokens }) => tokens >= 0)).toBe(true);
      }),
      { numRuns: 400 },
    );
  });
});
