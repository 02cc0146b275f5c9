import { describe, expect, it } from 'vitest';
import type { EffectiveRate, Settings } from '../../../server/api/wire.ts';
import {
  listRate,
  optionsFor,
  otherRates,
  priceCommand,
  priceText,
  rateName,
  sourceText,
} from '../../../dashboard/lib/prices.ts';

function rate(change: Partial<EffectiveRate>): EffectiveRate {
  return {
    key: 'input_cost_per_token',
    class: 'input',
    above_tokens: 0,
    tier: 'list',
    usd_per_unit: '0.0000036',
    source: 'book',
    book_version: '2026-11-22',
    effective_from: null,
    ...change,
  };
}

describe('prices', () => {
  it('are written by the million tokens, searches each, with every digit', () => {
    expect(priceText(rate({}))).toBe('$3.60');
    expect(priceText(rate({ usd_per_unit: '0.000000125' }))).toBe('$0.125');
    expect(priceText(rate({ usd_per_unit: '0' }))).toBe('$0.00');
    expect(priceText(rate({ class: 'web_search', usd_per_unit: '0.01' }))).toBe('$0.01');
  });

  it('of tiers and long prompts stand apart from those for everybody', () => {
    const list = rate({});
    const long = rate({ above_tokens: 200_000 });
    const batch = rate({ tier: 'batch' });
    expect(listRate([long, batch, list], 'input')).toBe(list);
    expect(listRate([long, batch], 'input')).toBeUndefined();
    expect(otherRates([long, batch, list])).toEqual([long, batch]);
    expect(rateName(rate({ class: 'cache_read', above_tokens: 200_000, tier: 'batch' }))).toBe(
      'cache read · prompts over 200,000 tokens · batch',
    );
  });

  it('say where they come from and since when', () => {
    expect(sourceText(rate({ source: 'override', effective_from: '2026-12-01' }))).toBe(
      'your file, since 2026-12-01',
    );
    expect(sourceText(rate({ source: 'catalogue' }))).toBe('catalogue');
  });
});

describe('the command that sets prices', () => {
  it('names what was typed, quoted where a shell would take it apart', () => {
    expect(
      priceCommand("a'b $(id)", '2026-12-01', { input: '3.60', output: ' 18 ' }, ' --prices p.json'),
    ).toBe(`weir prices set 'a'\\''b $(id)' --from 2026-12-01 --input 3.60 --output 18 --prices p.json`);
  });

  it('is none without a model or an amount', () => {
    expect(priceCommand('', '', { input: '1' }, '')).toBeNull();
    expect(priceCommand('m', '2026-12-01', { input: ' ' }, '')).toBeNull();
  });

  it('gets the options that only the command line of the program knows', () => {
    const settings = {
      data_dir: '/home/a b',
      settings: [
        { key: 'data-dir', value: 'a b', source: '--data-dir' },
        { key: 'prices', value: '/p.json', source: 'prices in /etc/weir.yaml' },
        { key: 'retain-calls', value: '30d', source: '--retain-calls' },
      ],
    } as unknown as Settings;
    expect(optionsFor(settings, ['data-dir', 'prices'])).toBe(" --data-dir '/home/a b'");
  });
});
