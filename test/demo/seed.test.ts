import { beforeAll, describe, expect, it } from 'vitest';
import { playScript } from '../../server/demo/play.ts';
import type { SampleExchange } from '../../server/demo/call.ts';
import { Dice } from '../../server/demo/dice.ts';
import { profileOf } from '../../server/demo/models.ts';
import { PromptCache } from '../../server/demo/prompt-cache.ts';
import { people } from '../../server/demo/people.ts';
import { seedDemo } from '../../server/demo/seed.ts';
import { scriptNamed, scripts } from '../../server/demo/sessions.ts';
import type { ExchangeHead, Sink } from '../../server/exchange.ts';
import { createPricer } from '../../server/pricing/engine.ts';
import type { EndedCall } from '../../server/recorder/assembly.ts';
import { CacheWatch } from '../../server/recorder/cache-watch.ts';
import { digest, type Digested } from '../../server/recorder/digest.ts';
import { createMemorySink } from '../support/memory-sink.ts';

const nowMs = Date.parse('2026-11-22T17:30:00Z');
const dayMs = 86_400_000;

type TimedBytes = { readonly bytes: Uint8Array; readonly atUs: number };

function kept(chunks: readonly TimedBytes[]): EndedCall['request'] {
  const keptBytes = chunks.reduce((sum, { bytes }) => sum + bytes.byteLength, 0);
  return { chunks, keptBytes, whole: true, sha256: null };
}

/** Puts calls together whole, ready for the digest. */
function collectingSink(): Sink & { readonly calls: EndedCall[] } {
  const calls: EndedCall[] = [];
  return {
    calls,
    open(open) {
      const chunks = { request: [] as TimedBytes[], response: [] as TimedBytes[] };
      let known: ExchangeHead | null = null;
      return {
        chunk: (direction, bytes, atUs) => chunks[direction].push({ bytes: Uint8Array.from(bytes), atUs }),
        head: (head) => {
          known = head;
        },
        end: (end) =>
          calls.push({
            open,
            head: known,
            end,
            request: kept(chunks.request),
            response: kept(chunks.response),
          }),
        kept: () => Promise.resolve(),
      };
    },
  };
}

describe('a seeded week', () => {
  let calls: EndedCall[];
  let digested: Digested[] = [];

  beforeAll(async () => {
    const sink = collectingSink();
    const seeded = await seedDemo(sink, { nowMs });
    calls = sink.calls;
    expect(seeded.calls).toBe(calls.length);
    const pricer = createPricer();
    const cacheWatch = new CacheWatch(() => null);
    for (const call of calls) digested.push(await digest(call, pricer, { cacheWatch }));
  });

  it('has a few hundred calls, all marked as demo, in the seven days before now', () => {
    expect(calls.length).toBeGreaterThan(330);
    expect(calls.length).toBeLessThan(470);
    for (const { open, end } of calls) {
      expect(open.demo).toBe(true);
      expect(open.startedMs).toBeGreaterThan(nowMs - 7 * dayMs);
      expect(end.endedMs).toBeGreaterThan(open.startedMs);
      expect(end.endedMs).toBeLessThanOrEqual(nowMs);
    }
    expect(calls.filter(({ open }) => open.startedMs > nowMs - dayMs).length).toBeGreaterThan(10);
    expect(calls.some(({ open }) => open.startedMs > nowMs - 3_600_000)).toBe(true);
  });

  it('gives each call its own id, which sorts by its start', () => {
    const ids = calls.map(({ open }) => open.id);
    expect(new Set(ids).size).toBe(ids.length);
    for (const { open } of calls) {
      expect(open.id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
      expect(Number.parseInt(open.id.replaceAll('-', '').slice(0, 12), 16)).toBe(open.startedMs);
    }
  });

  it('has chunks and heads in order, and sizes that add up', () => {
    for (const { open, head, end, request, response } of calls) {
      expect(request.keptBytes, open.id).toBe(end.requestBytes);
      expect(response.keptBytes, open.id).toBe(end.responseBytes);
      const times = response.chunks.map(({ atUs }) => atUs);
      expect(times).toEqual(times.toSorted((a, b) => a - b));
      const marks = [head?.ttfbUs ?? 0, ...times, end.durationUs];
      expect(marks).toEqual(marks.toSorted((a, b) => a - b));
      expect(marks.every((mark) => Number.isInteger(mark))).toBe(true);
    }
  });

  it('has every ending, every kind of answer and every stop reason that a page can show', () => {
    const rows = digested.map(({ row }) => row);
    const valuesOf = (column: keyof (typeof rows)[number]): Set<unknown> =>
      new Set(rows.map((row) => row[column]));
    expect(valuesOf('state')).toEqual(new Set(['completed', 'failed', 'aborted', 'interrupted']));
    expect([...valuesOf('error_kind')]).toEqual(
      expect.arrayContaining(['upstream_eof', 'connect_refused', 'client_abort', 'shutdown']),
    );
    expect([...valuesOf('message_state')]).toEqual(
      expect.arrayContaining(['complete', 'error_event', 'truncated']),
    );
    expect([...valuesOf('status')]).toEqual(expect.arrayContaining([200, 400, 401, 404, 429, 529]));
    expect([...valuesOf('stop_reason')]).toEqual(
      expect.arrayContaining([
        'end_turn',
        'tool_use',
        'max_tokens',
        'stop_sequence',
        'pause_turn',
        'refusal',
      ]),
    );
    expect([...valuesOf('kind')]).toEqual(
      expect.arrayContaining(['main', 'subagent', 'title', 'compaction', 'count_tokens']),
    );
    expect([...valuesOf('inference_geo')]).toEqual(expect.arrayContaining(['global', 'us']));
    expect([...valuesOf('speed')]).toContain('fast');
    expect([...valuesOf('stream')]).toEqual(expect.arrayContaining([0, 1]));
    expect(valuesOf('user_id').size).toBe(6);
    expect(valuesOf('team').size).toBeGreaterThan(3);
    expect(valuesOf('model').size).toBeGreaterThan(8);
    expect(rows.some((row) => (row.web_search_requests ?? 0) > 0)).toBe(true);
    expect(rows.some((row) => (row.cache_write_1h_tokens ?? 0) > 0)).toBe(true);
    expect(rows.some((row) => (row.cache_write_5m_tokens ?? 0) > 0)).toBe(true);
    expect(rows.some((row) => (row.thinking_tokens ?? 0) > 0)).toBe(true);
    expect(rows.some((row) => (row.cache_saved_nano_usd ?? 0) > 0)).toBe(true);
    expect([...valuesOf('cache_miss_cause')]).toEqual(
      expect.arrayContaining(['tools_changed', 'ttl_expired_5m']),
    );
    expect(rows.some((row) => row.attempt_of !== null && row.attempt_of !== undefined)).toBe(true);
  });

  it('is understood and priced, except for the model that nobody knows', () => {
    for (const { row } of digested) {
      if (row.model === 'harbour/prose-small') {
        expect(row).toMatchObject({ cost_nano_usd: null, cost_source: null, cache_read_tokens: null });
      } else if (row.status === 200 && row.message_state !== null) {
        expect(row.cost_nano_usd, `${row.id} ${row.model} ${row.state}`).not.toBeNull();
      }
    }
    const reported = digested.filter(({ row }) => row.reported_cost_nano_usd !== null);
    expect(reported.length).toBeGreaterThan(0);
    for (const { row } of reported) expect(row.reported_cost_nano_usd).toBe(row.cost_nano_usd);
  });

  it('uses no model before its first day', () => {
    for (const { row } of digested) {
      if (row.status !== 200) continue;
      expect(Date.parse(profileOf(row.requested_model ?? '').released)).toBeLessThanOrEqual(
        row.started_ms ?? 0,
      );
    }
  });

  it('keeps the tool calls of a history with their results', () => {
    for (const { open, request } of calls) {
      const body = JSON.parse(Buffer.concat(request.chunks.map(({ bytes }) => bytes)).toString()) as {
        messages: { role: string; content: { type: string; id?: string; tool_use_id?: string }[] }[];
      };
      for (const [index, message] of body.messages.entries()) {
        const used = message.content.filter(({ type }) => type === 'tool_use').map(({ id }) => id);
        const next = body.messages[index + 1]?.content ?? [];
        const answered = next.filter(({ type }) => type === 'tool_result').map((block) => block.tool_use_id);
        expect(answered, open.id).toEqual(used);
        expect(used).not.toContain('');
      }
    }
  });

  it('leaves no placeholder in a text', () => {
    for (const { open, request } of calls) {
      const text = Buffer.concat(request.chunks.map(({ bytes }) => bytes)).toString();
      expect(/%[a-z_]+%/.exec(text), open.id).toBeNull();
    }
  });
});

describe('seeding', () => {
  const seeded = async (options: { calls?: number; seed?: number }) => {
    const sink = createMemorySink();
    await seedDemo(sink, { nowMs, calls: 60, ...options });
    return sink.exchanges;
  };

  it('gives the same calls for the same number, and others for another', async () => {
    const [first, again, other] = [await seeded({}), await seeded({}), await seeded({ seed: 2 })];
    expect(again).toEqual(first);
    expect(other.map(({ open }) => open.id)).not.toEqual(first.map(({ open }) => open.id));
  });

  it('gives about as many calls as it is asked for', async () => {
    const few = await seeded({ calls: 30 });
    expect(few.length).toBeGreaterThan(15);
    expect(few.length).toBeLessThan(60);
  });

  it('stays in the past of models on an earlier day', async () => {
    const sink = createMemorySink();
    await seedDemo(sink, { nowMs: Date.parse('2026-08-10T12:00:00Z'), calls: 120 });
    const asked = sink.exchanges.map(
      ({ request }) => /"model":"([^"]+)"/.exec(Buffer.concat(request).toString())?.[1],
    );
    expect(asked).toContain('claude-opus-5');
    for (const model of ['claude-opus-5-5', 'claude-haiku-5-5', 'claude-fable-5-2'])
      expect(asked).not.toContain(model);
  });
});

describe('every sample session', () => {
  const pricer = createPricer();

  it.each([...scripts.keys()])('%s says on the wire what it was written to say', async (name) => {
    const stage = { dice: new Dice(7), cache: new PromptCache(), scriptNamed };
    const exchanges = [
      ...playScript({ script: scriptNamed(name), person: people.ada, startMs: nowMs }, stage),
    ];
    expect(exchanges.length).toBeGreaterThan(0);
    for (const exchange of exchanges) await expectFaithful(exchange);
  });

  /** The record of the bytes agrees with the message that they were made from. */
  async function expectFaithful(exchange: SampleExchange): Promise<void> {
    const { message, answer, end } = exchange;
    const { row, parts, details } = await digest(endedCall(exchange), pricer);
    expect(parts.every(({ part }) => part === 'request' || part === 'response')).toBe(true);
    if (message === null) {
      expect(row.message_state).toBeNull();
      expect(row.cost_nano_usd).toBe(0);
      return;
    }
    if (end.state !== 'completed') {
      expect(row).toMatchObject({
        message_state: 'truncated',
        usage_complete: 0,
        output_tokens: null,
        stop_reason: null,
      });
      return;
    }
    expect(answer?.status).toBe(200);
    expect(row.model).toBe(message.model);
    if (row.message_state !== 'complete') {
      expect(row.message_state).toBe('error_event');
      return;
    }
    const notes = JSON.parse(details.notes ?? '[]') as string[];
    expect(notes.filter((note) => !/^(free|unpriced): /.test(note))).toEqual([]);
    expect(row).toMatchObject({
      usage_complete: 1,
      stop_reason: message.stop_reason,
      input_tokens: message.usage.input_tokens,
      output_tokens: message.usage.output_tokens,
    });
    const usage = JSON.parse(details.usage ?? '{}') as { merged: unknown };
    expect(usage.merged).toEqual(message.usage);
  }

  function endedCall({ open, request, answer, end }: SampleExchange): EndedCall {
    const head = answer && {
      status: answer.status,
      statusMessage: answer.statusMessage,
      responseHeaders: answer.headers,
      ttfbUs: answer.headAtUs,
    };
    return {
      open,
      head,
      end,
      request: kept([{ bytes: request, atUs: 100 }]),
      response: kept(answer?.parts ?? []),
    };
  }
});
