import type { BrowserContext, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { PromptCache } from '../../server/demo/prompt-cache.ts';
import { asObject, parseJson, type JsonObject } from '../../server/messages/json.ts';
import type { Call } from '../../server/api/wire.ts';
import { hour, requestOf, text } from '../cache/prompts.ts';
import { chromiumPath, openBrowser } from '../support/browser.ts';
import { allCalls, openDashboard, sumOf, type Watched } from '../support/dashboard.ts';
import { record } from '../support/replaying.ts';
import { startProgram, type Program } from '../support/program.ts';
import { startUpstream, type Upstream } from '../support/upstream.ts';

const turns = ['Build a weir.', 'Which river?', 'The small one.'];

describe.skipIf(chromiumPath === null)('the dashboard over calls that cost more than they had to', () => {
  let upstream: Upstream;
  let program: Program;
  let browser: BrowserContext;
  let watched: Watched;
  let page: Page;
  let calls: Call[] = [];

  beforeAll(async () => {
    const cache = new PromptCache();
    upstream = await startUpstream(async (request, reply) => {
      const parsed = parseJson((await request.body).toString());
      const body = (parsed.ok ? asObject(parsed.value) : null) ?? {};
      reply.json(200, answerTo(body, cache));
    });
    program = await startProgram({ args: ['--upstream', upstream.url.href] });
    const send = async (body: JsonObject, session: string) =>
      await record(program, JSON.stringify(body), { 'x-claude-code-session-id': session });
    const system = [text('You build walls.'), text('Stones first, then mortar. '.repeat(100), hour)];
    await send(requestOf(), 's-1');
    await send(requestOf({ turns }), 's-1');
    await send(requestOf({ turns: [...turns, 'Yes.', 'Begin.'], system }), 's-1');
    await send(requestOf(), 's-2');
    await send(requestOf({ turns: ['Something else.', 'No.', 'Yes!'] }), 's-2');
    calls = await allCalls(program, 'from=1h');
    browser = await openBrowser();
    watched = await openDashboard(browser, program);
    page = watched.page;
  }, 60_000);

  afterAll(async () => {
    await browser.close();
    await program.stop();
    await upstream.close();
  });

  it('adds up what the cache missed, and why', async () => {
    await watched.go('/overview?range=1h');
    const missed = calls.filter((call) => call.cache_miss_cause !== null);
    expect(missed.length).toBeGreaterThan(0);
    const rows = page.locator('tr[data-cause]');
    await rows.first().waitFor();
    const shown = await rows.evaluateAll((all) =>
      all.map((row) => [row.getAttribute('data-cause'), Number(row.getAttribute('data-value'))] as const),
    );
    const byCause = Map.groupBy(missed, (call) => call.cache_miss_cause);
    expect(new Map(shown)).toEqual(
      new Map([...byCause].map(([cause, of]) => [cause, sumOf(of, 'cache_lost_nano_usd')])),
    );
    const counts = page.locator('tr[data-cause="system_prompt_changed"] td a');
    expect(await counts.first().innerText()).toBe(String(byCause.get('system_prompt_changed')?.length));
    await counts.first().click();
    await page.locator('[data-call-id]').first().waitFor();
    const ids = await page
      .locator('[data-call-id]')
      .evaluateAll((all) => all.map((row) => row.dataset['callId']));
    expect(new Set(ids)).toEqual(new Set(byCause.get('system_prompt_changed')?.map(({ id }) => id)));
  });

  it('groups by the causes in Explore', async () => {
    await watched.go('/explore?range=1h&metric=cache_lost_nano_usd&group=cache_miss_cause');
    await page.locator('tfoot tr').waitFor();
    expect(Number(await page.locator('tfoot tr').getAttribute('data-total'))).toBe(
      sumOf(calls, 'cache_lost_nano_usd'),
    );
  });

  it('says in the diff what was missed, why, and what it cost', async () => {
    const missed = calls.find((call) => call.cache_miss_cause === 'system_prompt_changed');
    await watched.go(`/requests/${missed?.id}`);
    await page.locator('.turn').first().waitFor();
    await page.getByText('System, changed since the previous request').waitFor();
    await page.keyboard.press('d');
    await page.locator('.miss-card').waitFor();
    expect(await page.locator('.miss-card').innerText()).toContain('system prompt changed');
    await page.locator('.diff-block.is-changed', { hasText: 'Only taken for the same block' }).waitFor();
    expect(await page.locator('.diff-block.is-changed del').first().innerText()).toContain('weirs');
    expect(await page.locator('.diff-block.is-changed ins').first().innerText()).toContain('walls');
  });

  it('had nothing to complain about', () => {
    expect(watched.complaints).toEqual([]);
    expect(watched.foreign).toEqual([]);
  });
});

function answerTo(body: JsonObject, cache: PromptCache): object {
  const used = cache.bill(body, Date.now());
  return {
    id: 'msg_1',
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
  };
}
