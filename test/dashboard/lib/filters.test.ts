import { describe, expect, it } from 'vitest';
import type { Call } from '../../../server/api/wire.ts';
import { filterParams, passesFilters, totalTokens } from '../../../dashboard/lib/filters.ts';

const call = {
  model: 'claude-opus-5-5',
  status: 529,
  state: 'completed',
  session_id: 's1',
  stream: 1,
  replay_of: null,
  demo: 0,
  cost_nano_usd: 50_000_000,
  input_tokens: 10,
  output_tokens: null,
  cache_read_tokens: 90,
  cache_write_5m_tokens: null,
  cache_write_1h_tokens: null,
  tags: { repo: 'weir' },
  stop_reason: null,
} as unknown as Call;

describe('passesFilters', () => {
  it.each([
    [{}, true],
    [{ model: ['claude-opus*'] }, true],
    [{ model: ['claude-haiku*', 'claude-opus-5-5'] }, true],
    [{ model: ['claude-opus'] }, false],
    [{ model: ['claude-opus*'], status: ['200'] }, false],
    [{ status: ['5xx'] }, true],
    [{ status: ['5*'] }, true],
    [{ status: ['>=400'] }, true],
    [{ status: ['<400'] }, false],
    [{ session: ['s1'] }, true],
    [{ stop_reason: ['end_turn'] }, false],
    [{ stream: ['true'] }, true],
    [{ demo: ['true'] }, false],
    [{ min_cost: ['0.05'] }, true],
    [{ min_cost: ['0.06'] }, false],
    [{ min_tokens: ['101'] }, false],
    [{ tag: ['repo=we*'] }, true],
    [{ tag: ['team=weir'] }, false],
    [{ stop_reason: [''] }, true],
    [{ model: [''] }, false],
    [{ model: ['', 'claude-*'] }, true],
    [{ status: [''] }, false],
    [{ tag: ['team='] }, true],
    [{ tag: ['repo='] }, false],
    [{ error: ['true'] }, true],
    [{ error: ['false'] }, false],
    [{ unpriced: ['true'] }, false],
    [{ unpriced: ['false'] }, true],
    [{ q: ['anything'] }, false],
  ])('%j is %s', (filters, expected) => {
    expect(passesFilters(call, filters)).toBe(expected);
  });
});

it('counts the known tokens, and knows none when all are unknown', () => {
  expect(totalTokens(call)).toBe(100);
  expect(totalTokens({ ...call, input_tokens: null, cache_read_tokens: null })).toBeNull();
});

it('writes filters in one order, each value on its own', () => {
  expect(filterParams({ status: ['529'], model: ['a', 'b'] }).toString()).toBe('model=a&model=b&status=529');
});
