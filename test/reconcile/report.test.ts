import { describe, expect, it } from 'vitest';
import { readCsv } from '../../server/reconcile/csv.ts';
import { readReport, UnreadableReport } from '../../server/reconcile/report.ts';

const usagePage = {
  data: [
    {
      starting_at: '2026-11-20T00:00:00Z',
      ending_at: '2026-11-21T00:00:00Z',
      results: [
        {
          model: 'claude-opus-5-5-20260922',
          api_key_id: 'apikey_1',
          workspace_id: null,
          uncached_input_tokens: 10,
          cache_creation: { ephemeral_5m_input_tokens: 20, ephemeral_1h_input_tokens: 30 },
          cache_read_input_tokens: 40,
          output_tokens: 50,
          server_tool_use: { web_search_requests: 1 },
        },
      ],
    },
  ],
  has_more: false,
  next_page: null,
};
const costPage = {
  data: [
    {
      starting_at: '2026-11-20T00:00:00Z',
      ending_at: '2026-11-21T00:00:00Z',
      results: [
        {
          model: 'claude-opus-5-5',
          cost_type: 'tokens',
          currency: 'USD',
          amount: '123.45',
          workspace_id: 'wrkspc_1',
        },
        { model: null, cost_type: 'web_search', currency: 'USD', amount: '1' },
      ],
    },
  ],
  has_more: false,
  next_page: null,
};
const usageRow = {
  day: '2026-11-20',
  model: 'claude-opus-5-5',
  key: 'apikey_1',
  workspace: null,
  tokens: { input: 10, cache_write_5m: 20, cache_write_1h: 30, cache_read: 40, output: 50 },
  nanoUsd: null,
  slackNanoUsd: 0,
};

describe('reports of the Admin API', () => {
  it('cache writes are read out of their object, models by their canonical id', () => {
    expect(readReport(JSON.stringify(usagePage), 'f').billed).toEqual([usageRow]);
  });

  it('amounts are fractional cents, and what has no model goes by its cost type', () => {
    const { billed } = readReport(JSON.stringify(costPage), 'f');
    expect(billed.map(({ model, nanoUsd, workspace }) => [model, nanoUsd, workspace])).toEqual([
      ['claude-opus-5-5', { units: 1_234_500_000n, scale: 0 }, 'wrkspc_1'],
      ['web_search', { units: 10_000_000n, scale: 0 }, null],
    ]);
  });

  it('pages may be a list, or one on each line', () => {
    expect(readReport(JSON.stringify([usagePage, costPage]), 'f').billed).toHaveLength(3);
    expect(
      readReport(`${JSON.stringify(usagePage)}\n${JSON.stringify(costPage)}\n`, 'f').billed,
    ).toHaveLength(3);
  });

  it('rows of the Analytics API are read by their list price', () => {
    const page = {
      data: [
        {
          starting_at: '2026-11-20T00:00:00Z',
          group: { model: 'claude-opus-5-5' },
          cost: { amount: '90', list_amount: '100.5', currency: 'USD', requests: 3 },
        },
        {
          starting_at: '2026-11-20T13:00:00Z',
          group: { model: 'claude-opus-5-5', api_key_id: 'apikey_1' },
          usage: {
            uncached_input_tokens: 10,
            cache_creation: { ephemeral_5m_input_tokens: 20, ephemeral_1h_input_tokens: 30 },
            cache_read_input_tokens: 40,
            output_tokens: 50,
          },
        },
      ],
      data_refreshed_at: '2026-11-21T05:00:00Z',
    };
    const { billed, refreshedAt } = readReport(JSON.stringify(page), 'f');
    expect(billed[0]?.nanoUsd).toEqual({ units: 1_005_000_000n, scale: 0 });
    expect(billed[1]).toEqual(usageRow);
    expect(refreshedAt).toBe('2026-11-21T05:00:00Z');
  });

  it.each(['', 'null', '{}', '[{"a":1}]', 'hello', '{"data":[]}\nnot json', 'a,b\n1,2'])(
    '%j is refused in one sentence',
    (text) => {
      expect(() => readReport(text, 'report.json')).toThrow(UnreadableReport);
      expect(() => readReport(text, 'report.json')).toThrow(/^report\.json is none of the reports/);
    },
  );
});

describe('files of the Console', () => {
  it('usage is counted, models are known by their display names', () => {
    const text =
      'usage_date_utc,model_version,api_key,workspace,usage_input_tokens_no_cache,usage_input_tokens_cache_write_5m,usage_input_tokens_cache_write_1h,usage_input_tokens_cache_read,usage_output_tokens\r\n' +
      '2026-11-20,claude-opus-5-5,apikey_1,,10,20,30,40,50\r\n';
    expect(readReport(text, 'f').billed).toEqual([usageRow]);
  });

  it('costs are rounded to cents, which is said', () => {
    const text =
      'usage_date_utc,model,api_key,cost_usd,list_price_usd,cost_type\n2026-11-20,Claude Haiku 4.5,"ci, main",1.10,1.25,tokens\n2026-11-20,,,0.5,,web_search\n';
    const { billed } = readReport(text, 'f');
    expect(
      billed.map(({ model, key, nanoUsd, slackNanoUsd }) => [model, key, nanoUsd, slackNanoUsd]),
    ).toEqual([
      ['claude-haiku-4-5', 'ci, main', { units: 1_250_000_000n, scale: 0 }, 5_000_000],
      ['web_search', null, { units: 500_000_000n, scale: 0 }, 5_000_000],
    ]);
  });
});

describe('CSV', () => {
  it('quotes, commas, breaks within quotes and empty cells are read', () => {
    expect(readCsv('\uFEFFa,B,c\r\n1,"x ""y"", z\nw",\r\n,,\r\n"",2,3')).toEqual([
      { a: '1', b: 'x "y", z\nw', c: '' },
      { a: '', b: '2', c: '3' },
    ]);
    expect(readCsv('')).toEqual([]);
  });
});
