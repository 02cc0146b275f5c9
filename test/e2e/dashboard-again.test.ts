import type { BrowserContext, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { PromptCache } from '../../server/demo/prompt-cache.ts';
import { asObject, parseJson, type JsonObject } from '../../server/messages/json.ts';
import type { Call, ReplayPlan, ReplaysPage, TtlAdvice } from '../../server/api/wire.ts';
import { hour, requestOf, text } from '../cache/prompts.ts';
import { chromiumPath, openBrowser } from '../support/browser.ts';
import {
  allCalls,
  openDashboard,
  sumOf,
  takePicture,
  violations,
  type Watched,
} from '../support/dashboard.ts';
import { post, record } from '../support/replaying.ts';
import { startProgram, type Program } from '../support/program.ts';
import { startUpstream, type Upstream } from '../support/upstream.ts';

const typedKey = 'sk-ant-typed-for-this-once-0003';
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

  it('tells which lifetime would have been cheaper', async () => {
    await watched.go('/overview?range=1h');
    const advice = (await program.api('cache/ttl?from=1h')) as TtlAdvice;
    await page.locator(`.figures[data-advice="${advice.advice}"]`).waitFor();
    expect(await page.getByText(advice.reason).count()).toBe(1);
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
    await page.getByText('System · changed since the last one').waitFor();
    await page.keyboard.press('d');
    await page.locator('.miss-card').waitFor();
    expect(await page.locator('.miss-card').innerText()).toContain('system prompt changed');
    await page.locator('.diff-block.is-changed', { hasText: 'Only taken for the same block' }).waitFor();
    expect(await page.locator('.diff-block.is-changed del').first().innerText()).toContain('weirs');
    expect(await page.locator('.diff-block.is-changed ins').first().innerText()).toContain('walls');
  });

  it('estimates before it sends, sends one call for a click, and forgets the key', async () => {
    const [original] = calls.filter((call) => call.session_id === 's-1').toReversed();
    const sentBefore = upstream.requests.length;
    await watched.go(`/requests/${original?.id}`);
    await page.locator('.turn').first().waitFor();
    await page.keyboard.press('r');
    await page.locator('.replay-form').getByText('Tools are not executed').waitFor();
    await page.getByLabel('Model', { exact: true }).fill('claude-haiku-5-5');
    await page.getByLabel('Changes, as a JSON').fill('{"temperature": 0');
    await page.locator('.replay-form .field-error').getByText('The changes are no JSON').waitFor();
    expect(await page.getByRole('button', { name: 'Send one call' }).isDisabled()).toBe(true);
    await page.getByLabel('Changes, as a JSON').fill('{"temperature": 0}');
    const asked = { model: 'claude-haiku-5-5', set: { temperature: 0 } };
    const plan = (await post(program, `calls/${original?.id}/replay/plan`, asked)).body as ReplayPlan;
    await page.locator(`[data-low="${plan.low_nano_usd}"][data-high="${plan.high_nano_usd}"]`).waitFor();
    expect(upstream.requests.length).toBe(sentBefore);
    await page.getByLabel('Key, for this once').fill(typedKey);
    await page.getByRole('button', { name: 'Send one call' }).dblclick();
    await page.waitForFunction((id) => location.search.includes(`of=${id}`), original?.id);
    await page.locator('tr[data-figure="Cost"] [data-difference]').waitFor();
    const [replay] = (await allCalls(program, 'from=1h')).filter((call) => call.replay_of === original?.id);
    expect(upstream.requests.length).toBe(sentBefore + 1);
    expect(upstream.requests.at(-1)?.header('x-api-key')).toBe(typedKey);
    const shown = page.locator('tr[data-figure="Cost"] [data-difference]');
    expect(Number(await shown.getAttribute('data-difference'))).toBe(
      (replay?.cost_nano_usd ?? 0) - (original?.cost_nano_usd ?? 0),
    );
    const answer = page.locator(`[data-call-id="${replay?.id}"]`);
    expect(await answer.locator('ins').first().innerText()).toContain('small');
    await answer.locator('.diff-settings', { hasText: '/depth' }).waitFor();
    expect(await page.content()).not.toContain(typedKey);
    expect(
      await page.evaluate(() =>
        JSON.stringify([Object.entries(localStorage), Object.entries(sessionStorage)]),
      ),
    ).not.toContain(typedKey);
  });

  it('lists replays with their differences together, and exports them', async () => {
    await page.getByRole('link', { name: 'All its replays' }).click();
    await page.locator('tr[data-replay]').first().waitFor();
    const { items, totals } = (await program.api('replays')) as ReplaysPage;
    const rows = page.locator('tr[data-replay]');
    expect(await rows.count()).toBe(items.length);
    const values = await rows.evaluateAll((all) => all.map((row) => Number(row.getAttribute('data-value'))));
    const sum = values.reduce((one, other) => one + other, 0);
    expect(Number(await page.locator('[data-sum="Cost"]').getAttribute('data-value'))).toBe(sum);
    expect(totals?.cost_nano_usd.difference).toBe(sum);
    await page.keyboard.press('e');
    const csv = await page.getByRole('link', { name: 'Replays: CSV' }).getAttribute('href');
    const answer = await page.request.get(program.proxyUrl + csv);
    expect((await answer.text()).trim().split('\n')).toHaveLength(items.length + 1);
  });

  it('leaves replays out of its figures, and the links behind them too', async () => {
    await watched.go('/overview?range=1h');
    const tile = page.locator('[data-tile="requests"]');
    await tile.waitFor();
    expect(Number(await tile.getAttribute('data-value'))).toBe(calls.length);
    await tile.locator('a').click();
    await page.locator('[data-call-id]').first().waitFor();
    await page.waitForFunction(
      (count) => document.querySelector('.filter-end')?.textContent?.includes(`${count} request`),
      calls.length,
    );
  });

  it.each(['light', 'dark'] as const)(
    'shows all of that to everybody, also on a phone, %s',
    async (scheme) => {
      await page.emulateMedia({ colorScheme: scheme });
      const [original] = calls.filter((call) => call.session_id === 's-1').toReversed();
      const missed = calls.find((call) => call.cache_miss_cause === 'system_prompt_changed');
      const found: string[] = [];
      for (const width of [1440, 390]) {
        await page.setViewportSize({ width, height: 900 });
        for (const [name, path, sign] of [
          ['diff', `/requests/${missed?.id}?tab=diff`, '.miss-card'],
          ['replays-of', `/compare?of=${original?.id}`, '[data-difference]'],
          ['replays', '/replays', 'tr[data-replay]'],
          ['overview', '/overview?range=1h', 'tr[data-cause]'],
        ] as const) {
          await watched.go(path);
          await page.locator(sign).first().waitFor();
          if (name !== 'overview') await takePicture(page, `${name}${width < 500 ? '-phone' : ''}-${scheme}`);
          found.push(...(await violations(page)).map((one) => `${name} ${width}: ${one}`));
          const wide = await page.evaluate(() => document.documentElement.scrollWidth);
          if (wide > width) found.push(`${name} is ${wide} px wide`);
        }
        await watched.go(`/requests/${original?.id}`);
        await page.locator('.turn').first().waitFor();
        await page.keyboard.press('r');
        await page.locator('.replay-plan').waitFor();
        await takePicture(page, `replay${width < 500 ? '-phone' : ''}-${scheme}`);
        found.push(...(await violations(page)).map((one) => `replay ${width}: ${one}`));
      }
      await page.setViewportSize({ width: 1440, height: 900 });
      expect(found).toEqual([]);
    },
    120_000,
  );

  it('had nothing to complain about', () => {
    expect(watched.complaints).toEqual([]);
    expect(watched.foreign).toEqual([]);
  });
});

function answerTo(body: JsonObject, cache: PromptCache): object {
  const used = cache.bill(body, Date.now());
  const isReplay = body['temperature'] === 0;
  return {
    id: 'msg_1',
    type: 'message',
    role: 'assistant',
    model: body['model'],
    content: [
      { type: 'text', text: isReplay ? 'Which small river?' : 'Which river?' },
      { type: 'tool_use', id: 'toolu_1', name: 'measure', input: { depth: isReplay ? 3 : 2 } },
    ],
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
