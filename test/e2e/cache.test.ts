import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { PromptCache } from '../../server/demo/prompt-cache.ts';
import { cacheLedgerSchema, callDiffSchema, ttlAdviceSchema } from '../../server/api/schemas/cache.ts';
import { callSchema } from '../../server/api/schemas/call.ts';
import { statsSchema } from '../../server/api/schemas/stats.ts';
import { asObject, parseJson, type JsonObject } from '../../server/messages/json.ts';
import type { Call } from '../../server/api/wire.ts';
import { requestOf, text, hour, tool } from '../cache/prompts.ts';
import { addMoneyCommands } from '../../server/commands/money-commands.ts';
import { addRecordCommands } from '../../server/commands/record-commands.ts';
import { runCommand } from '../commands/command.ts';
import { callsWhen } from '../support/calls.ts';
import { runToEnd, startProgram, type Program } from '../support/program.ts';
import { startUpstream, type Upstream } from '../support/upstream.ts';

let upstream: Upstream;
let program: Program;
/** Stays when the program is started again. */
const dataDir = mkdtempSync(join(tmpdir(), 'weir-cache-'));
/** The upstream's. */
const cache = new PromptCache();

beforeAll(async () => {
  upstream = await startUpstream(async (request, reply) => {
    const parsed = parseJson((await request.body).toString());
    const body = (parsed.ok ? asObject(parsed.value) : null) ?? {};
    const used = cache.bill(body, Date.now());
    reply.json(200, {
      id: `msg_${upstream.requests.length}`,
      type: 'message',
      role: 'assistant',
      model: body['model'],
      content: [{ type: 'text', text: 'Which river?' }],
      stop_reason: 'end_turn',
      usage: {
        input_tokens: used.inputTokens,
        output_tokens: 5,
        cache_read_input_tokens: used.readTokens,
        cache_creation_input_tokens: used.write5mTokens + used.write1hTokens,
        cache_creation: {
          ephemeral_5m_input_tokens: used.write5mTokens,
          ephemeral_1h_input_tokens: used.write1hTokens,
        },
      },
    });
  });
  program = await startProgram({ args: ['--upstream', upstream.url.href], dataDir });
});

afterAll(async () => {
  await program.stop();
  await upstream.close();
  rmSync(dataDir, { recursive: true, force: true });
});

async function send(body: JsonObject, session: string): Promise<Call> {
  const response = await fetch(`${program.proxyUrl}/v1/messages`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'x-claude-code-session-id': session },
    body: JSON.stringify(body),
  });
  await response.arrayBuffer();
  const id = response.headers.get('x-weir-call-id');
  const [call] = await callsWhen(program, (calls) =>
    calls.filter((each) => each.id === id && each.state !== 'open'),
  );
  if (call === undefined) throw new Error('the call was not recorded');
  return call;
}

const turns = ['Build a weir.', 'Which river?', 'The small one.'];

describe('a session whose system prompt changes', () => {
  let first: Call;
  let changed: Call;

  beforeAll(async () => {
    first = await send(requestOf(), 's-1');
    const goesOn = await send(requestOf({ turns }), 's-1');
    expect(goesOn).toMatchObject({ cache_miss_cause: null, cache_lost_tokens: null });
    const system = [text('You build walls.'), text('Stones first, then mortar. '.repeat(100), hour)];
    changed = await send(requestOf({ turns: [...turns, 'Yes.', 'Begin.'], system }), 's-1');
  });

  it('has the cause, the place and the money in the record', () => {
    expect(first.cache_miss_cause).toBeNull();
    expect(changed).toMatchObject({ cache_miss_cause: 'system_prompt_changed', cache_miss_at: 'system.0' });
    const lost = changed.cache_lost_tokens ?? 0;
    expect(lost).toBeGreaterThan(1000);
    // Written for an hour at $8 a million, where a read is $0.20: nothing at all was read.
    expect(changed.cache_read_tokens).toBe(0);
    expect(changed.cache_lost_nano_usd).toBe(lost * 7800);
  });

  it('tells it in the diff, with what each block took', async () => {
    const diff = callDiffSchema.parse(await program.api(`calls/${changed.id}/diff`));
    expect(diff).toMatchObject({
      is_previous: true,
      headline: 'tools the same · system prompt: 1 changed · messages: 2 added',
    });
    expect(diff.cache).toMatchObject({
      cause: 'system_prompt_changed',
      at: 'system.0',
      lost_nano_usd: changed.cache_lost_nano_usd,
      is_estimated: false,
    });
    const block = diff.blocks.find(({ op }) => op === 'changed');
    expect(block).toMatchObject({
      at: 'system.0',
      text: 'You build walls.',
      from_text: 'You build weirs.',
      approximate: true,
    });
    const tokens = diff.blocks.reduce((sum, { tokens: own }) => sum + (own ?? 0), 0);
    expect(tokens).toBe((changed.input_tokens ?? 0) + (changed.cache_write_1h_tokens ?? 0));
    const against = callDiffSchema.parse(await program.api(`calls/${changed.id}/diff?against=${first.id}`));
    expect(against).toMatchObject({ against_id: first.id, is_previous: false });
    expect(against.summary.find(({ section }) => section === 'messages')).toMatchObject({
      same: 1,
      added: 4,
    });
    const begin = callDiffSchema.parse(await program.api(`calls/${first.id}/diff`));
    expect(begin).toMatchObject({ against_id: null, cache: null });
    expect(new Set(begin.blocks.map(({ op }) => op))).toEqual(new Set(['added']));
  });

  it('is in statistics, lists and facets', async () => {
    const query = 'metric=cache_missed_calls,cache_lost_nano_usd&group_by=cache_miss_cause&session=s-1';
    const stats = statsSchema.parse(await program.api(`stats?${query}`));
    expect(stats.totals).toEqual({ cache_missed_calls: 1, cache_lost_nano_usd: changed.cache_lost_nano_usd });
    const ledger = cacheLedgerSchema.parse(await program.api('cache?session=s-1'));
    expect(ledger).toMatchObject({
      calls: 3,
      missed_calls: 1,
      causes: [{ cause: 'system_prompt_changed', calls: 1, lost_nano_usd: changed.cache_lost_nano_usd }],
    });
    const ttl = ttlAdviceSchema.parse(await program.api('cache/ttl?session=s-1'));
    expect(ttl).toMatchObject({ calls: 3, gaps: { first: 1, within_5m: 2 }, advice: '5m' });
    const list = await program.api('calls?cache_miss_cause=system_*&session=s-1');
    expect(list).toMatchObject({ items: [{ id: changed.id }] });
    const facets = await program.api('facets?session=s-1');
    expect(facets).toMatchObject({
      cache_miss_cause: [
        { value: null, count: 2 },
        { value: 'system_prompt_changed', count: 1 },
      ],
    });
  });

  it('is on the command line', async () => {
    const dir = ['--data-dir', program.dataDir];
    const record = (...args: string[]) => runCommand(addRecordCommands, [...args, ...dir]);
    const money = (...args: string[]) => runCommand(addMoneyCommands, [...args, ...dir]);
    const shown = await record('diff', changed.id);
    expect(shown.code).toBe(0);
    expect(shown.stdout).toContain(
      `cache missed: system_prompt_changed, ${changed.cache_lost_tokens} tokens`,
    );
    expect(shown.stdout).toMatch(/~ +system\.0 +text, alike \d+ %/);
    const one = await record('show', changed.id);
    expect(one.stdout).toContain('cache missed: system_prompt_changed at system.0, ');
    const both = await record('diff', changed.id, first.id, '--json');
    expect(JSON.parse(both.stdout)).toMatchObject({
      against_id: first.id,
      answers: { items: [{ is_same: true }] },
    });
    expect((await record('diff', 'nobody')).code).toBe(4);
    const ledger = await money('cache');
    expect(ledger.stdout).toMatch(/system_prompt_changed +1 /);
    expect(ledger.stdout).toContain('lifetime   5m: All writes for five minutes would have saved');
    const stats = await money('stats', '--group-by', 'cache_miss_cause', '--metric', 'cache_missed_calls');
    expect(stats.stdout).toMatch(/system_prompt_changed +1/);
    const real = await runToEnd(['diff', changed.id, ...dir]);
    expect(real).toMatchObject({ code: 0, stdout: shown.stdout });
  });
});

it('a tool that changes after a restart is found out from the record', async () => {
  const before = await send(requestOf(), 's-2');
  await program.stop('SIGTERM');
  program = await startProgram({ args: ['--upstream', upstream.url.href], dataDir });
  const tools = [tool('Bash'), tool('Read'), tool('Write', { description: 'Writes a file.' })];
  const after = await send(requestOf({ turns, tools }), 's-2');
  expect(callSchema.parse(after)).toMatchObject({
    cache_miss_cause: 'tools_changed',
    cache_miss_at: 'tools.2',
  });
  expect(after.cache_read_tokens).toBe(0);
  const [left, all] = [before, after].map(
    (call) => (call.cache_read_tokens ?? 0) + (call.cache_write_1h_tokens ?? 0) + (call.input_tokens ?? 0),
  );
  expect(after.cache_lost_tokens).toBe(Math.min(left ?? 0, all ?? 0));
});

it('prices of today change what a miss cost', async () => {
  const lost = async (): Promise<number> => {
    const args = ['cache', '--json', '--session', 's-1', '--data-dir', dataDir];
    const { stdout } = await runCommand(addMoneyCommands, args);
    return cacheLedgerSchema.loose().parse(JSON.parse(stdout)).lost_nano_usd ?? 0;
  };
  const before = await lost();
  await program.stop('SIGTERM');
  const prices = join(dataDir, 'twice.json');
  const card = {
    cache_creation_input_token_cost_above_1hr: 16e-6,
    cache_read_input_token_cost: 0.4e-6,
  };
  writeFileSync(prices, JSON.stringify({ 'claude-opus-5-5': card }));
  const args = ['reprice', '--prices', prices, '--data-dir', dataDir];
  const repriced = await runCommand(addMoneyCommands, args);
  expect(repriced.code).toBe(0);
  expect(await lost()).toBe(2 * before);
  expect((await runToEnd(['check', '--data-dir', dataDir])).code).toBe(0);
});
