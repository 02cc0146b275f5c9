import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { connectRaw } from '../support/client.ts';
import { sampleAnswer, sampleRequest } from '../support/exchanges.ts';
import { startProgram, type Program } from '../support/program.ts';
import { parseMetrics, valueOf, type Sample } from '../support/prometheus.ts';
import { startUpstream, type Upstream } from '../support/upstream.ts';

const frames = [
  {
    type: 'message_start',
    message: {
      type: 'message',
      role: 'assistant',
      model: 'claude-haiku-4-5',
      content: [],
      usage: { input_tokens: 7, output_tokens: 1 },
    },
  },
  { type: 'content_block_start', index: 0, content_block: { type: 'text', text: '' } },
  { type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text: 'Deep.' } },
  { type: 'content_block_stop', index: 0 },
  { type: 'message_delta', delta: { stop_reason: 'max_tokens' }, usage: { output_tokens: 5 } },
  { type: 'message_stop' },
].map((event) => `event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`);

describe('/-/metrics of a running program', () => {
  let upstream: Upstream;
  let program: Program;
  let samples: Sample[];

  beforeAll(async () => {
    upstream = await startUpstream(async (request, reply) => {
      await request.body;
      const limits = { 'anthropic-ratelimit-requests-remaining': String(100 - upstream.requests.length) };
      switch (request.header('x-test')) {
        case 'stream':
          reply.sse(frames, limits);
          break;
        case 'overloaded':
          reply.json(529, { type: 'error', error: { type: 'overloaded_error', message: 'Overloaded' } });
          break;
        case 'reset':
          reply.reset();
          break;
        default:
          reply.json(200, JSON.parse(sampleAnswer), limits);
      }
    });
    program = await startProgram({ args: ['--upstream', upstream.url.href] });
    for (const kind of ['json', 'json', 'json', 'overloaded', 'reset', 'stream']) {
      const answer = await fetch(`${program.proxyUrl}/v1/messages`, {
        method: 'POST',
        body: sampleRequest,
        headers: { 'x-test': kind },
      });
      await answer.arrayBuffer();
    }
    const refused = await connectRaw(Number(new URL(program.proxyUrl).port));
    refused.send('GET /v1/models HTTP/1.1\r\nHost: one\r\nHost: two\r\n\r\n');
    expect((await refused.answer()).status).toBe(400);
    refused.leave();
    samples = await scrapeWhen(
      (found) => total(found, 'weir_requests_total') === 6 && valueOf(found, 'weir_record_queue_bytes') === 0,
    );
  });

  afterAll(async () => {
    await program.stop();
    await upstream.close();
  });

  async function scrapeWhen(isDone: (found: Sample[]) => boolean): Promise<Sample[]> {
    const deadline = Date.now() + 10_000;
    for (;;) {
      const answer = await fetch(`${program.proxyUrl}/-/metrics`);
      expect(answer.headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8');
      const found = parseMetrics(await answer.text());
      if (isDone(found) || Date.now() > deadline) return found;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  function total(found: readonly Sample[], name: string): number {
    return found.filter((sample) => sample.name === name).reduce((sum, { value }) => sum + value, 0);
  }

  it('counts what was sent', () => {
    const model = 'claude-sonnet-5';
    const requests = (labels: Record<string, string>): number | undefined =>
      valueOf(samples, 'weir_requests_total', labels);
    expect(requests({ model, status_class: '2xx', stop_reason: 'end_turn', stream: 'false' })).toBe(3);
    expect(requests({ model, status_class: '5xx', stop_reason: 'none', stream: 'false' })).toBe(1);
    expect(requests({ model, status_class: 'none', stop_reason: 'none', stream: 'none' })).toBe(1);
    expect(
      requests({ model: 'claude-haiku-4-5', status_class: '2xx', stop_reason: 'max_tokens', stream: 'true' }),
    ).toBe(1);
    expect(valueOf(samples, 'weir_upstream_errors_total', { kind: 'upstream_reset' })).toBe(1);
    expect(valueOf(samples, 'weir_refused_requests_total', { reason: 'host' })).toBe(1);
  });

  it('times them', () => {
    expect(valueOf(samples, 'weir_request_duration_seconds_count')).toBe(6);
    expect(valueOf(samples, 'weir_request_duration_seconds_bucket', { le: '+Inf' })).toBe(6);
    expect(valueOf(samples, 'weir_time_to_first_token_seconds_count')).toBe(1);
    // But the one that was reset.
    expect(valueOf(samples, 'weir_proxy_overhead_seconds_count')).toBe(5);
    expect(valueOf(samples, 'weir_proxy_overhead_seconds_sum')).toBeGreaterThan(0);
    expect(valueOf(samples, 'weir_store_commit_seconds_count')).toBeGreaterThan(0);
  });

  it('has the tokens and the money that the API adds up', async () => {
    const metrics = ['input_tokens', 'output_tokens', 'cache_read_tokens', 'cost_nano_usd'];
    const query = metrics.map((metric) => `metric=${metric}`).join('&');
    const { rows } = (await program.api(`stats?${query}&group_by=model&from=0`)) as {
      rows: Record<string, string | number | null>[];
    };
    const answered = rows.filter(({ model }) => model !== null);
    expect(answered).toHaveLength(2);
    for (const row of answered) {
      const model = String(row['model']);
      const tokens = (kind: string): number | undefined =>
        valueOf(samples, 'weir_tokens_total', { model, kind });
      expect(tokens('input')).toBe(row['input_tokens']);
      expect(tokens('output')).toBe(row['output_tokens']);
      expect(tokens('cache_read') ?? null).toBe(row['cache_read_tokens']);
      expect(valueOf(samples, 'weir_cost_usd_total', { model })).toBe(Number(row['cost_nano_usd']) / 1e9);
    }
    expect(valueOf(samples, 'weir_tokens_total', { model: 'claude-sonnet-5', kind: 'cache_read' })).toBe(
      6000,
    );
  });

  it('tells how the recording is doing', () => {
    for (const name of [
      'active_calls',
      'record_queue_bytes',
      'record_lag_seconds',
      'rows_lost_total',
      'bodies_lost_total',
    ]) {
      expect([name, valueOf(samples, `weir_${name}`)]).toEqual([name, 0]);
    }
    expect(valueOf(samples, 'weir_store_bytes')).toBeGreaterThan(8192);
    expect(valueOf(samples, 'weir_ratelimit_remaining', { limit: 'requests' })).toBe(94);
    expect(valueOf(samples, 'weir_build_info')).toBe(1);
  });

  it('names no user, session or key', () => {
    const labels = new Set(samples.flatMap((sample) => Object.keys(sample.labels)));
    expect([...labels].sort()).toEqual(
      ['kind', 'le', 'limit', 'model', 'reason', 'status_class', 'stop_reason', 'stream', 'version'].sort(),
    );
  });
});
