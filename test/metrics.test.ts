import { describe, expect, it } from 'vitest';
import { createMetrics, type MetricsNow } from '../server/metrics.ts';
import { finishedCall, type FinishedCall } from '../server/recorder/finished.ts';
import { exchangeHead, startedMs } from './support/exchanges.ts';
import { parseMetrics, valueOf, type Sample } from './support/prometheus.ts';
import { sampleCall } from './store/temporary-store.ts';

const quiet: MetricsNow = {
  activeCalls: 0,
  queueBytes: 0,
  lagMs: 0,
  spilledBytes: 0,
  rowsLost: 0,
  bodiesLost: 0,
  retentionDoneMs: null,
  storeBytes: 0,
};

function call(change: Parameters<typeof sampleCall>[0] = {}, headers: readonly string[] = []): FinishedCall {
  return finishedCall(
    sampleCall({ started_ms: startedMs, ...change }),
    exchangeHead({ responseHeaders: [...headers] }),
  );
}

async function scraped(calls: readonly FinishedCall[], now: MetricsNow = quiet): Promise<Sample[]> {
  const metrics = createMetrics('1.2.3', () => now);
  metrics.counted(calls, []);
  return parseMetrics(await metrics.text());
}

describe('metrics', () => {
  it('counts a call once, by model, class of status, stop reason and stream', async () => {
    const samples = await scraped([
      call({ model: 'm', status: 200, stop_reason: 'end_turn', stream: 1 }),
      call({ model: 'm', status: 200, stop_reason: 'end_turn', stream: 1 }),
      call({ requested_model: 'asked', status: 529, stream: 0 }),
      call({ state: 'failed', error_kind: 'dns', status: null, stream: null }),
    ]);
    expect(
      samples
        .filter(({ name }) => name === 'weir_requests_total')
        .map(({ labels, value }) => ({ ...labels, value })),
    ).toEqual([
      { model: 'm', status_class: '2xx', stop_reason: 'end_turn', stream: 'true', value: 2 },
      { model: 'asked', status_class: '5xx', stop_reason: 'none', stream: 'false', value: 1 },
      { model: 'unknown', status_class: 'none', stop_reason: 'none', stream: 'none', value: 1 },
    ]);
    expect(valueOf(samples, 'weir_upstream_errors_total', { kind: 'dns' })).toBe(1);
  });

  it('keeps the number of models bounded, whatever clients make up', async () => {
    const calls = Array.from({ length: 150 }, (_, index) =>
      call({ model: `made-up-${index}`, input_tokens: 1 }),
    );
    const samples = await scraped([...calls, call({ model: 'made-up-7', input_tokens: 1 })]);
    const requests = samples.filter(({ name }) => name === 'weir_requests_total');
    expect(requests).toHaveLength(101);
    expect(valueOf(samples, 'weir_requests_total', { model: 'other' })).toBe(50);
    expect(valueOf(samples, 'weir_requests_total', { model: 'made-up-7' })).toBe(2);
    expect(valueOf(samples, 'weir_tokens_total', { model: 'other', kind: 'input' })).toBe(50);
  });

  it('sends out a name with quotes, line ends and no end so that a scraper can read it', async () => {
    const model = `a"b\\c\n${'x'.repeat(500)}`;
    const [sample] = (await scraped([call({ model })])).filter(({ name }) => name === 'weir_requests_total');
    expect(sample?.labels['model']).toBe(String.raw`a\"b\\c\n${'x'.repeat(94)}`);
  });

  it('adds dollars without the drift of fractions', async () => {
    const samples = await scraped(
      Array.from({ length: 10 }, () => call({ model: 'm', cost_nano_usd: 100_000_000 })),
    );
    expect(valueOf(samples, 'weir_cost_usd_total', { model: 'm' })).toBe(1);
    expect(valueOf(samples, 'weir_unpriced_requests_total', { model: 'm' })).toBeUndefined();
  });

  it('counts what is not known nowhere', async () => {
    const samples = await scraped([call({ model: 'm', output_tokens: null, input_tokens: 0 })]);
    expect(valueOf(samples, 'weir_tokens_total', { kind: 'output' })).toBeUndefined();
    expect(valueOf(samples, 'weir_tokens_total', { kind: 'input' })).toBe(0);
    expect(valueOf(samples, 'weir_request_duration_seconds_count')).toBe(0);
    expect(valueOf(samples, 'weir_unpriced_requests_total', { model: 'm' })).toBe(1);
    expect(valueOf(samples, 'weir_cost_usd_total', { model: 'm' })).toBeUndefined();
  });

  it('shows the rate limits of the latest head, not of the latest end', async () => {
    const remaining = (requests: number): string[] => [
      'anthropic-ratelimit-requests-remaining',
      String(requests),
      'Anthropic-Ratelimit-Input-Tokens-Remaining',
      '9000',
      'anthropic-ratelimit-tokens-remaining',
      'soon',
    ];
    const samples = await scraped([
      call({ started_ms: startedMs + 5000 }, remaining(40)),
      call({ started_ms: startedMs }, remaining(50)),
      call({ started_ms: startedMs + 9000 }),
    ]);
    expect(valueOf(samples, 'weir_ratelimit_remaining', { limit: 'requests' })).toBe(40);
    expect(valueOf(samples, 'weir_ratelimit_remaining', { limit: 'input-tokens' })).toBe(9000);
    expect(valueOf(samples, 'weir_ratelimit_remaining', { limit: 'tokens' })).toBeUndefined();
  });

  it('reads at each scrape how the recording is doing', async () => {
    let now: MetricsNow = {
      activeCalls: 2,
      queueBytes: 3,
      lagMs: 40,
      spilledBytes: 9,
      rowsLost: 5,
      bodiesLost: 6,
      retentionDoneMs: null,
      storeBytes: 7,
    };
    const metrics = createMetrics('1.2.3', () => now);
    const read = async (): Promise<(number | undefined)[]> => {
      const samples = parseMetrics(await metrics.text());
      const names = [
        'active_calls',
        'record_queue_bytes',
        'record_lag_seconds',
        'record_spilled_bytes',
        'rows_lost_total',
        'bodies_lost_total',
        'store_bytes',
      ];
      return names.map((name) => valueOf(samples, `weir_${name}`));
    };
    expect(await read()).toEqual([2, 3, 0.04, 9, 5, 6, 7]);
    now = { ...now, activeCalls: 0, rowsLost: 8, storeBytes: null };
    expect(await read()).toEqual([0, 3, 0.04, 9, 8, 6, undefined]);
  });
});
