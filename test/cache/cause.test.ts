import { describe, expect, it, test } from 'vitest';
import { explainMiss, missedTokens, type JudgedCall, type Miss } from '../../server/cache/cause.ts';
import type { Prompt } from '../../server/cache/prompt.ts';
import { callOf, hour, minuteMs, requestOf, short, text, tool } from './prompts.ts';

type Judged = JudgedCall & { readonly prompt: Prompt };

const turns = ['Build a weir.', 'Which river?', 'The small one.'];
const first = requestOf();
const next = requestOf({ turns });
const wrote = { write1h: 30_000 };
const total = { write1h: 31_000 };
const soon = { atMs: 10_000 };

function judge(before: Judged, now: Judged): Miss | null {
  return explainMiss(before, before.prompt, now);
}

describe('no miss', () => {
  it('is a call that read all that the one before had left', () => {
    expect(judge(callOf(first, wrote), callOf(next, { read: 30_000, write1h: 1000 }, soon))).toBeNull();
  });

  it('is a call after one that left nothing', () => {
    expect(judge(callOf(first, { input: 900 }), callOf(next, { input: 1900 }, soon))).toBeNull();
  });

  it('is a call sent before the answer to the one before began: nothing was there yet', () => {
    const [before, now] = [callOf(first, wrote), callOf(next, total, { atMs: 12 })];
    expect(missedTokens(before, now)).toBe(0);
    expect(judge(before, now)).toBeNull();
  });

  it('but what the call before had read itself was there already', () => {
    const before = callOf(first, { read: 29_000, write1h: 1000 });
    const now = callOf(requestOf({ turns, tools: [tool('Bash')] }), total, { atMs: 12 });
    expect(judge(before, now)).toMatchObject({ cause: 'tools_changed', lostTokens: 29_000 });
  });

  it('is a conversation that was summed up: what is new could not have been hit', () => {
    const before = callOf(requestOf({ turns: [...turns, 'It is done. '.repeat(2000), 'Thanks.'] }), {
      write1h: 45_000,
    });
    const summed = callOf(
      requestOf({ turns: ['So far a weir was built.'] }),
      { read: 29_500, write1h: 600 },
      soon,
    );
    expect(judge(before, summed)).toBeNull();
  });
});

describe('a miss', () => {
  const before = callOf(first, wrote);

  test.each<[Miss['cause'], string | null, string, Judged, Judged]>([
    [
      'system_prompt_changed',
      'system.1',
      'a date in the system prompt',
      before,
      callOf(
        requestOf({ turns, system: [text('You build weirs.'), text('It is Friday. '.repeat(100), hour)] }),
        total,
        soon,
      ),
    ],
    [
      'system_prompt_changed',
      'system.0',
      'a system prompt as a string, which is a block like others',
      callOf(requestOf({ more: { system: 'You build weirs.' } }), wrote),
      callOf(requestOf({ turns, system: [text('You build walls.')] }), total, soon),
    ],
    [
      'tools_changed',
      'tools.2',
      'a tool that was described anew',
      before,
      callOf(
        requestOf({ turns, tools: [tool('Bash'), tool('Read'), tool('Write', { description: 'Writes.' })] }),
        total,
        soon,
      ),
    ],
    [
      'tools_changed',
      'tools.3',
      'a tool that came',
      before,
      callOf(
        requestOf({ turns, tools: [tool('Bash'), tool('Read'), tool('Write'), tool('Web')] }),
        total,
        soon,
      ),
    ],
    [
      'tools_changed',
      'tools.2',
      'a tool that went',
      before,
      callOf(requestOf({ turns, tools: [tool('Bash'), tool('Read')] }), total, soon),
    ],
    [
      'tools_changed',
      'tool_choice',
      'which tool may be chosen',
      before,
      callOf(requestOf({ turns, more: { tool_choice: { type: 'any' } } }), total, soon),
    ],
    [
      'model_changed',
      'model',
      'another model',
      before,
      callOf(next, total, { ...soon, model: 'claude-sonnet-5-5' }),
    ],
    [
      'betas_changed',
      'anthropic-beta',
      'a beta more',
      before,
      callOf(next, total, { ...soon, betas: ['context-1m-2025-08-07'] }),
    ],
    [
      'system_prompt_changed',
      'thinking',
      'thinking, which the API writes into the prompt',
      before,
      callOf(requestOf({ turns, more: { thinking: { type: 'disabled' } } }), total, soon),
    ],
    [
      'messages_rewritten',
      'messages.0.content.0',
      'a first turn with other words',
      callOf(requestOf({ turns: ['Build a weir.', 'Which? '.repeat(3000), 'It.'] }), wrote),
      callOf(
        requestOf({ turns: ['Build a wall.', 'Which? '.repeat(3000), 'It.', 'Yes.', 'Go.'] }),
        total,
        soon,
      ),
    ],
    ['ttl_expired_1h', null, 'an hour and more', before, callOf(next, total, { atMs: 61 * minuteMs })],
    [
      'ttl_expired_5m',
      null,
      'six minutes, of a mark without a lifetime',
      callOf(requestOf({ mark: short, system: [text('You build weirs. '.repeat(50), short)] }), {
        write5m: 30_000,
      }),
      callOf(
        requestOf({ mark: short, system: [text('You build weirs. '.repeat(50), short)], turns }),
        { write5m: 31_000 },
        { atMs: 6 * minuteMs },
      ),
    ],
    ['likely_server_side', null, 'nothing that the client did', before, callOf(next, total, soon)],
    [
      'breakpoint_moved',
      'messages.0.content.0',
      'no mark any more',
      before,
      callOf(
        requestOf({
          turns,
          mark: {},
          system: [text('You build weirs.'), text('Stones first, then mortar. '.repeat(100))],
        }),
        { input: 31_000 },
        soon,
      ),
    ],
    [
      'breakpoint_moved',
      'messages.0.content.0',
      'more blocks since than the API looks back over',
      before,
      callOf(
        requestOf({ turns: ['Build a weir.', ...Array.from({ length: 22 }, (_, at) => `Stone ${at}.`)] }),
        { read: 28_000, write1h: 4000 },
        soon,
      ),
    ],
    [
      'system_prompt_changed',
      'system.0',
      'the number of who pays, to a server that does not take it out',
      callOf(
        requestOf({ system: [text('x-anthropic-billing-header: cch=1;'), text('Stones. ', hour)] }),
        wrote,
      ),
      callOf(
        requestOf({ system: [text('x-anthropic-billing-header: cch=2;'), text('Stones. ', hour)], turns }),
        total,
        { ...soon, upstream: 'https://gateway.example' },
      ),
    ],
  ])('%s at %s: %s', (cause, at, _what, was, is) => {
    expect(judge(was, is)).toMatchObject({ cause, at });
  });

  it('is not blamed on a mark that went on, a text that stands alone, or the number of who pays', () => {
    const paid = (number: string) => [
      text(`x-anthropic-billing-header: cc_version=2.1.219; cch=${number};`),
      text('Stones first. '.repeat(50), hour),
    ];
    const was = callOf(requestOf({ system: paid('36ee5') }), wrote);
    const said = {
      messages: [{ role: 'user', content: 'Build a weir.' }],
      cache_control: { type: 'ephemeral' },
    };
    const is = callOf(requestOf({ system: paid('0aaa9'), more: said }), total, soon);
    expect(judge(was, is)).toMatchObject({ cause: 'likely_server_side', at: null });
  });

  it('loses what was left and not read, measured', () => {
    const now = callOf(next, { read: 12_000, write1h: 19_000 }, soon);
    expect(judge(before, now)).toEqual({
      cause: 'likely_server_side',
      at: null,
      lostTokens: 18_000,
      isEstimated: false,
    });
  });

  it('loses no more than the call has tokens at all', () => {
    const now = callOf(requestOf({ tools: [] }), { write1h: 9000 }, soon);
    expect(judge(before, now)).toMatchObject({ cause: 'tools_changed', lostTokens: 9003 });
  });

  it('of messages that were rewritten loses what is said again, by its size', () => {
    const long = 'Which river is it, and how deep? '.repeat(1000);
    const was = callOf(requestOf({ turns: ['Build a weir.', long, 'The small one.'] }), wrote);
    const is = callOf(
      requestOf({ turns: ['Build a weir!', long, 'The small one.'] }),
      { read: 5000, write1h: 25_000 },
      soon,
    );
    const miss = judge(was, is);
    expect(miss).toMatchObject({
      cause: 'messages_rewritten',
      at: 'messages.0.content.0',
      isEstimated: true,
    });
    expect(miss?.lostTokens).toBeGreaterThan(24_000);
    expect(miss?.lostTokens).toBeLessThan(25_000);
  });

  it('has the cause that the API itself tells', () => {
    const message = {
      diagnostics: { cache_miss_reason: { type: 'tools_changed', cache_missed_input_tokens: 5 } },
    };
    expect(judge(before, callOf(next, total, { ...soon, message }))).toMatchObject({
      cause: 'tools_changed',
      at: null,
    });
    const silent = { diagnostics: { cache_miss_reason: { type: 'unavailable' } } };
    expect(judge(before, callOf(next, total, { ...soon, message: silent }))).toMatchObject({
      cause: 'likely_server_side',
    });
  });

  it('is of a conversation that the API was told to clear', () => {
    const edits = [{ type: 'clear_tool_uses_20250919', cleared_input_tokens: 9000, cleared_tool_uses: 4 }];
    const now = callOf(
      next,
      { read: 20_000, write1h: 2000 },
      { ...soon, message: { context_management: { applied_edits: edits } } },
    );
    expect(judge(before, now)).toMatchObject({ cause: 'messages_rewritten', at: 'context_management' });
  });

  it('is unknown where the request before is not at hand, unless its time was up', () => {
    expect(explainMiss(before, null, callOf(next, total, soon))).toMatchObject({
      cause: 'unknown',
      lostTokens: 30_000,
    });
    expect(explainMiss(before, null, callOf(next, total, { atMs: 61 * minuteMs }))).toMatchObject({
      cause: 'ttl_expired_1h',
    });
  });

  it('of an hour for the system prompt and five minutes for the rest is the rest’s', () => {
    const long = 'A weir is a low wall across a river. '.repeat(300);
    const was = callOf(requestOf({ turns: [long], mark: short }), { write1h: 20_000, write5m: 20_000 });
    const is = callOf(
      requestOf({ turns: [long, 'Yes.', 'Go.'], mark: short }),
      { read: 20_000, write5m: 21_000 },
      { atMs: 7 * minuteMs },
    );
    expect(judge(was, is)).toMatchObject({ cause: 'ttl_expired_5m', lostTokens: 20_000 });
  });
});
