import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import type { Call } from '../../server/api/wire.ts';
import { callDetailSchema } from '../../server/api/schemas/call.ts';
import { statsSchema } from '../../server/api/schemas/stats.ts';
import { callsWhen } from '../support/calls.ts';
import { runToEnd, startProgram, type Program } from '../support/program.ts';
import { startUpstream, type Upstream } from '../support/upstream.ts';

/** Starting takes seconds on a busy machine: one program for all, and one more where a setting or a restart is the matter. */
let upstream: Upstream;
let running: Program;

beforeAll(async () => {
  upstream = await startUpstream((_, reply) => void reply.json(200, answer));
  running = await startProgram({ args: ['--upstream', upstream.url.href] });
});

afterAll(async () => {
  await running.stop();
  await upstream.close();
});

const answer = {
  id: 'msg_1',
  type: 'message',
  role: 'assistant',
  model: 'claude-opus-5-5',
  content: [{ type: 'text', text: 'Two metres.' }],
  stop_reason: 'end_turn',
  usage: { input_tokens: 1_000_000, output_tokens: 0 },
};
const overloaded = { type: 'error', error: { type: 'overloaded_error', message: 'Overloaded' } };
const words = {
  model: 'claude-opus-5-5',
  max_tokens: 10,
  messages: [{ role: 'user', content: 'How deep?' }],
};
const key = 'sk-test-of-twenty-characters';

async function send(to: Program, body: object, session: string): Promise<string> {
  const response = await fetch(`${to.proxyUrl}/v1/messages`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'x-api-key': key, 'x-claude-code-session-id': session },
    body: JSON.stringify(body),
  });
  await response.arrayBuffer();
  return response.headers.get('x-weir-call-id') ?? '';
}

/** The calls with these ids once all of them have ended. */
async function ended(of: Program, ids: readonly string[]): Promise<Call[]> {
  const found = await callsWhen(of, (calls) => {
    const own = calls.filter(({ id, state }) => ids.includes(id) && state !== 'open');
    return own.length === ids.length ? own : [];
  });
  return ids.map((id) => found.find((call) => call.id === id)).filter((call) => call !== undefined);
}

describe('attempts of one call', () => {
  it('are linked: a retry, and the repeat that does not stream', async () => {
    const start = { type: 'message_start', message: { ...answer, content: [], stop_reason: null } };
    let asked = 0;
    upstream.script((_, reply) => {
      asked += 1;
      if (asked === 1) reply.json(529, overloaded);
      else if (asked === 2) reply.sse([`event: message_start\ndata: ${JSON.stringify(start)}\n\n`]);
      else reply.json(200, answer);
    });
    const ids = [
      await send(running, { ...words, stream: true }, 's-retry'),
      await send(running, { ...words, stream: true }, 's-retry'),
      await send(running, words, 's-retry'),
      await send(running, words, 's-retry'),
    ];
    const calls = await ended(running, ids);
    expect(calls.map(({ message_state }) => message_state)).toEqual([
      null,
      'truncated',
      'complete',
      'complete',
    ]);
    // What follows the answer that arrived whole is a call of its own.
    expect(calls.map(({ attempt_of }) => attempt_of)).toEqual([null, ids[0], ids[1], null]);
  });

  it('are not the calls that a client begins side by side', async () => {
    upstream.script((_, reply) => void reply.json(200, answer));
    const title = {
      output_config: { format: { type: 'json_schema', schema: { properties: { title: {} } } } },
    };
    const ids = await Promise.all([
      send(running, { ...words, ...title }, 's-pair'),
      send(running, words, 's-pair'),
    ]);
    const calls = await ended(running, ids);
    expect(calls.map(({ kind, attempt_of, session_id }) => [kind, attempt_of, session_id])).toEqual([
      ['title', null, 's-pair'],
      ['auxiliary', null, 's-pair'],
    ]);
  });
});

describe('a message batch', () => {
  it('is paid by the first download of its results, at half price', async () => {
    const results = ['m1', 'm2'].map((id) =>
      JSON.stringify({ custom_id: id, result: { type: 'succeeded', message: { ...answer, id } } }),
    );
    const batch = { id: 'b_1', type: 'message_batch', processing_status: 'ended' };
    upstream.script((request, reply) => {
      if (!request.target.endsWith('/results')) reply.json(200, batch);
      else {
        reply.head(200, { 'content-type': 'application/x-jsonl' });
        for (const line of results) reply.chunk(`${line}\n`);
        reply.end();
      }
    });
    const ask = async (path: string, init: RequestInit = {}): Promise<string> => {
      const response = await fetch(`${running.proxyUrl}/v1/messages/batches${path}`, init);
      await response.arrayBuffer();
      return response.headers.get('x-weir-call-id') ?? '';
    };
    const requests = ['m1', 'm2'].map((custom_id) => ({ custom_id, params: words }));
    const ids = [
      await ask('', { method: 'POST', body: JSON.stringify({ requests }) }),
      await ask('/b_1'),
      await ask('/b_1/results'),
      await ask('/b_1/results'),
    ];
    const calls = await ended(running, ids);
    expect(calls.map(({ kind, cost_nano_usd }) => [kind, cost_nano_usd])).toEqual([
      ['batch_create', 0],
      ['batch_status', 0],
      ['batch_results', 4_000_000_000],
      ['batch_results', 0],
    ]);
    expect(calls.map(({ preview }) => preview)[0]).toBe('batch of 2 requests');
    expect(calls[2]).toMatchObject({
      input_tokens: 2_000_000,
      service_tier: 'batch',
      model: 'claude-opus-5-5',
    });
    const again = callDetailSchema.parse(await running.api(`calls/${ids[3]}`));
    expect(again.notes).toContain(`batch results: 2 already priced with call ${ids[2]}, not priced again`);
  });
});

describe('usage that cannot be true', () => {
  it('is stored as it came, flagged and unpriced', async () => {
    const usage = { input_tokens: -5, output_tokens: 1e30, cache_read_input_tokens: 'many' };
    upstream.script((_, reply) => void reply.json(200, { ...answer, usage }));
    const [id = ''] = (await ended(running, [await send(running, words, 's-odd')])).map((call) => call.id);
    const detail = callDetailSchema.parse(await running.api(`calls/${id}`));
    expect(detail).toMatchObject({
      cost_nano_usd: null,
      cost_source: null,
      input_tokens: null,
      output_tokens: null,
    });
    expect(detail.usage?.merged).toEqual(usage);
    expect(detail.notes.join('\n')).toContain("usage: input_tokens is '-5'");
    expect(detail.notes.join('\n')).toContain('unpriced: ');
  });
});

describe('what if', () => {
  it('is answered by the API', async () => {
    upstream.script((_, reply) => void reply.json(200, answer));
    await ended(running, [await send(running, words, 's-what-if')]);
    const query = 'session=s-what-if&as_model=claude-haiku-4-5&group_by=model';
    const stats = statsSchema.parse(await running.api(`stats?${query}`));
    expect(stats.totals).toMatchObject({
      cost_nano_usd: 4_000_000_000,
      estimated_cost_nano_usd: null,
      unpriced_calls: 0,
      what_if_low_nano_usd: 900_000_000,
      what_if_high_nano_usd: 1_350_000_000,
    });
    expect(stats.rows).toMatchObject([{ model: 'claude-opus-5-5', what_if_low_nano_usd: 900_000_000 }]);
    expect(stats.what_if?.assumptions.length).toBeGreaterThan(2);
    const refused = z.object({ detail: z.string() });
    expect(refused.parse(await running.api('stats?as_cache=none&as_ttl=5m')).detail).toContain('as_ttl');
  });
});

describe('the program and the commands beside it', () => {
  let failed = '';

  it('weir reprice is refused with 75 while the program records', async () => {
    upstream.script((_, reply) => void reply.json(529, overloaded));
    failed = await send(running, words, 's-later');
    await ended(running, [failed]);
    const prices = {
      'claude-opus-5-5': { input_cost_per_token: 3e-6 },
      ours: { input_cost_per_token: 1e-6, output_cost_per_token: 1e-6 },
    };
    writeFileSync(join(running.dataDir, 'prices.json'), JSON.stringify(prices));
    const refused = await runToEnd(['reprice', '--data-dir', running.dataDir]);
    expect([refused.code, refused.stdout]).toEqual([75, '']);
    expect(refused.stderr).toMatch(/^weir: weir is recording into .*stop it first.*\n$/);
  });

  it('weir stats reads along, with the user’s own prices', async () => {
    const args = ['stats', '--data-dir', running.dataDir, '--session', 's-what-if', '--as-model', 'ours'];
    const { code, stdout } = await runToEnd([...args, '--json']);
    expect([code, JSON.parse(stdout)]).toMatchObject([0, { totals: { what_if_low_nano_usd: 900_000_000 } }]);
  });

  it('weir reprice works when the program has ended, batches included', async () => {
    running.process.kill('SIGTERM');
    await new Promise((resolve) => running.process.once('close', resolve));
    const { stdout } = await runToEnd(['reprice', '--data-dir', running.dataDir, '--json']);
    // Of $4 each: two after the retry and the cut one before them, a pair, two halves of a batch, one of what if.
    expect(JSON.parse(stdout)).toMatchObject({
      changed: 7,
      skipped: 0,
      before: { cost_nano_usd: 28_000_000_000, estimated_cost_nano_usd: 4_000_000_000, unpriced_calls: 1 },
      after: { cost_nano_usd: 21_000_000_000, estimated_cost_nano_usd: 3_000_000_000, unpriced_calls: 1 },
    });
  });

  it('weir check finds nothing wrong with what was repriced', async () => {
    const { code, stdout } = await runToEnd(['check', '--data-dir', running.dataDir, '--json']);
    expect([code, JSON.parse(stdout)]).toMatchObject([0, { findings: [] }]);
  });

  it('another program knows attempts of its calls, and shows what was reported when told to', async () => {
    upstream.script((_, reply) => void reply.json(200, { ...answer, cost: { total: 1.5 } }));
    const args = ['--upstream', upstream.url.href, '--cost', 'reported'];
    const next = await startProgram({ args, dataDir: running.dataDir });
    try {
      const [call] = await ended(next, [await send(next, words, 's-later')]);
      expect(call?.attempt_of).toBe(failed);
      const detail = callDetailSchema.parse(await next.api(`calls/${call?.id}`));
      expect(detail).toMatchObject({
        cost_nano_usd: 1_500_000_000,
        cost_source: 'reported',
        reported_cost_nano_usd: 1_500_000_000,
        computed_cost_nano_usd: 3_000_000_000,
        cost_difference_nano_usd: -1_500_000_000,
        cost_lines: [{ class: 'input', amount_nano_usd: '3000000000' }],
        cost_revisions: [],
      });
      const query = 'session=s-later&metric=cost_nano_usd,cost_difference_nano_usd';
      const { totals } = statsSchema.parse(await next.api(`stats?${query}`));
      expect(totals).toEqual({ cost_nano_usd: 1_500_000_000, cost_difference_nano_usd: -1_500_000_000 });
    } finally {
      await next.stop();
    }
  });
});

describe('a price file that is wrong', () => {
  const wrong: [string, object, string][] = [
    ['rates per million', { m: { input_cost_per_token: 4 } }, 'prices are per token, not per million'],
    ['a misspelt key', { m: { input_cost_per_tokn: 1e-6 } }, 'input_cost_per_tokn'],
    [
      'dates that overlap',
      {
        m: [
          { effective_from: '2026-01-01', effective_to: '2026-03-01', input_cost_per_token: 1e-6 },
          { effective_from: '2026-02-01', input_cost_per_token: 2e-6 },
        ],
      },
      'overlaps the entry that is in effect from 2026-01-01',
    ],
  ];

  it('is refused by the program in one sentence with the line, as bad configuration', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'weir-prices-'));
    try {
      const file = join(folder, 'bad.json');
      for (const [name, prices, words] of wrong) {
        writeFileSync(file, JSON.stringify(prices, null, 2));
        const refused = await runToEnd(['--port', '0', '--data-dir', folder, '--prices', file]);
        expect([name, refused.code]).toEqual([name, 78]);
        expect(refused.stderr).toMatch(/^weir: .*bad\.json:\d+: m: .*\n$/);
        expect(refused.stderr).toContain(words);
      }
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
