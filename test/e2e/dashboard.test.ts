import type { BrowserContext, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type {
  Call,
  CallDetail,
  CallDiff,
  Conversation,
  SessionDetail,
  SessionsPage,
  Stats,
} from '../../server/api/wire.ts';
import { chromiumPath, openBrowser } from '../support/browser.ts';
import { allCalls, openDashboard, sumOf, type Watched } from '../support/dashboard.ts';
import { toCommand } from '../../dashboard/lib/command.ts';
import { runToEnd, startProgram, type Program } from '../support/program.ts';

describe.skipIf(chromiumPath === null)('the dashboard in demo mode', () => {
  let program: Program;
  let browser: BrowserContext;
  let watched: Watched;
  let page: Page;
  /** A range with an end, so that nothing changes while figures are compared. */
  let range = '';
  let calls: Call[] = [];

  beforeAll(async () => {
    program = await startProgram({ args: ['--demo'] });
    const toMs = Date.now();
    const fromMs = toMs - 8 * 86_400_000;
    range = `range=${fromMs}..${toMs}`;
    calls = (await allCalls(program, `from=${fromMs}&to=${toMs}`)).filter((call) => call.replay_of === null);
    browser = await openBrowser();
    watched = await openDashboard(browser, program);
    page = watched.page;
  }, 60_000);

  afterAll(async () => {
    await browser.close();
    await program.stop();
  });

  async function valueOf(selector: string): Promise<number> {
    const found = page.locator(selector);
    await found.first().waitFor();
    return Number(await found.first().getAttribute('data-value'));
  }

  it('takes the token out of the address', async () => {
    await page.waitForSelector('[data-tile="cost"]');
    expect(page.url()).not.toContain('token');
  });

  it('shows the figures that the rows add up to', async () => {
    await watched.go(`/overview?${range}`);
    expect(calls.length).toBeGreaterThan(100);
    expect(await valueOf('[data-tile="cost"]')).toBe(sumOf(calls, 'cost_nano_usd'));
    expect(await valueOf('[data-tile="requests"]')).toBe(calls.length);
    const tokens = ['input_tokens', 'output_tokens', 'cache_read_tokens', 'cache_write_5m_tokens'] as const;
    const sum = [...tokens, 'cache_write_1h_tokens' as const].reduce(
      (all, one) => all + sumOf(calls, one),
      0,
    );
    expect(await valueOf('[data-tile="tokens"]')).toBe(sum);
    const reads = sumOf(calls, 'cache_read_tokens');
    expect(await valueOf('[data-tile="cache"]')).toBeCloseTo(
      reads / (sum - sumOf(calls, 'output_tokens')),
      9,
    );
    const errors = calls.filter(
      (call) =>
        !['completed', 'open'].includes(call.state) ||
        (call.status ?? 0) >= 400 ||
        call.message_state === 'error_event',
    );
    expect(await valueOf('[data-tile="errors"]')).toBe(errors.length);
  });

  it('splits the cost into what the lines of all calls were for', async () => {
    const amounts = new Map<string, number>();
    const itemised = calls.filter((call) => ['computed', 'estimated'].includes(call.cost_source ?? ''));
    const details = await Promise.all(itemised.map(async ({ id }) => await program.api(`calls/${id}`)));
    for (const { cost_lines: lines } of details as CallDetail[]) {
      for (const line of lines)
        amounts.set(line.class, (amounts.get(line.class) ?? 0) + Number(line.amount_nano_usd));
    }
    const shown = async (part: string) => await valueOf(`[data-part="cost_${part}_nano_usd"]`);
    for (const part of ['input', 'output', 'cache_read', 'cache_write_5m', 'cache_write_1h']) {
      expect(amounts.get(part)).toBeGreaterThan(0);
      expect(Math.abs((await shown(part)) - (amounts.get(part) ?? 0))).toBeLessThanOrEqual(1);
    }
  });

  /** How many calls the API finds for a link of the page. */
  async function countBehind(href: string): Promise<number> {
    const { searchParams } = new URL(href, program.proxyUrl);
    const [from = '', to = ''] = (searchParams.get('range') ?? '').split('..');
    searchParams.delete('range');
    return (await allCalls(program, `from=${from}&to=${to}&${searchParams}`)).length;
  }

  async function countsAndLinks(selector: string): Promise<[count: number, href: string][]> {
    await page.locator(selector).first().waitFor();
    return await page
      .locator(selector)
      .evaluateAll((links) =>
        links.map((link): [number, string] => [
          Number(/[\d,]+/.exec(link.textContent)?.[0].replaceAll(',', '')),
          link.getAttribute('href') ?? '',
        ]),
      );
  }

  it('has a link behind each count that finds just these calls, also those without a model or a price', async () => {
    await watched.go(`/overview?${range}`);
    const matrix = await countsAndLinks('[aria-label="Stop reasons by model"] td a');
    expect(matrix.reduce((sum, [count]) => sum + count, 0)).toBe(calls.length);
    const models = '[aria-label="Models, table"] tr';
    const links = [
      ...matrix,
      ...(await countsAndLinks(`${models} td:nth-of-type(3) a`)),
      ...(await countsAndLinks(`${models} td:last-of-type a`)),
      ...(await countsAndLinks(`${models} a.note`)),
      ...(await countsAndLinks('[data-tile="errors"] a')),
      ...(await countsAndLinks('[data-tile="cost"] .tile-meta a[href*="unpriced"]')),
    ];
    for (const name of [
      'model=&',
      'stop_reason=&',
      'error=true',
      'error=false',
      'unpriced=true',
      'status=',
    ]) {
      expect(links.some(([, href]) => href.includes(name))).toBe(true);
    }
    for (const [count, href] of links) expect([href, await countBehind(href)]).toEqual([href, count]);
    const estimated = page.locator('[data-tile="cost"] a[href*="estimated"]');
    expect(await countBehind((await estimated.getAttribute('href')) ?? '')).toBe(
      calls.filter((call) => call.cost_source === 'estimated').length,
    );
    await page.locator(`${models} a.note`).first().click();
    await page.locator('[data-call-id]').first().waitFor();
    await page.locator('.chip', { hasText: 'unpriced' }).waitFor();
    await page.goBack();
  });

  it('leads from a figure to the requests behind it, with the same range', async () => {
    await page.locator('[data-tile="requests"] a').first().click();
    await page.locator('[data-call-id]').first().waitFor();
    expect(page.url()).toContain('/-/requests');
    expect(decodeURIComponent(page.url())).toContain(range);
    await page.waitForFunction((count) => document.body.innerText.includes(count), `200+ requests`);
    await page.goBack();
    await page.waitForSelector('[data-tile="cost"]');
  });

  it('lists calls and opens one with its conversation, events, times and headers', async () => {
    const whole = calls.find(
      (call) => call.stream === 1 && call.stop_reason === 'tool_use' && call.state === 'completed',
    );
    await watched.go(`/requests?${range}&model=${whole?.model ?? ''}&stop_reason=tool_use`);
    await page.locator('[data-call-id]').first().click();
    await page.locator('.turn').first().waitFor();
    await page.keyboard.press('5');
    await page.locator('.events tbody tr').first().waitFor();
    await page.keyboard.press('6');
    await page.locator('.waterfall li').first().waitFor();
    await page.keyboard.press('7');
    await page.getByText('content-type', { exact: false }).first().waitFor();
    const address = page.url();
    await page.reload();
    await page.getByText('content-type', { exact: false }).first().waitFor();
    expect(page.url()).toBe(address);
    await page.keyboard.press('Escape');
    await page.waitForFunction(() => document.querySelector('.peek') === null);
  });

  it('shows sessions, and one with its agents, each with its own sum', async () => {
    const { items } = (await program.api('sessions?from=8d&limit=200')) as SessionsPage;
    const some = items.find((session) => session.agents > 1);
    const session = (await program.api(`sessions/${some?.session_id}`)) as SessionDetail;
    await watched.go(`/sessions?${range}`);
    await page.locator(`[data-session-id="${session.session_id}"] th a`).click();
    const own = calls.filter((call) => call.session_id === session.session_id);
    const facts = page.locator('.facts[data-cost]');
    await facts.waitFor();
    expect(Number(await facts.getAttribute('data-cost'))).toBe(sumOf(own, 'cost_nano_usd'));
    expect(await page.locator('.turn-row').count()).toBe(own.length);
    const agent = own.find((call) => call.agent_id !== null)?.agent_id ?? '';
    await page.locator(`[data-agent="a:${agent}"]`).click();
    const theirs = own.filter((call) => call.agent_id === agent);
    await page.waitForFunction(
      (turns) => document.querySelectorAll('.turn-row').length === turns,
      theirs.length,
    );
    expect(Number(await facts.getAttribute('data-cost'))).toBe(sumOf(theirs, 'cost_nano_usd'));
    await page.goBack();
    await page.waitForFunction(
      (turns) => document.querySelectorAll('.turn-row').length === turns,
      own.length,
    );
    await page.locator('.turn-row').first().click();
    await page.locator('.peek .turn').first().waitFor();
  });

  it('explores any metric by two splits, exactly, and remembers the view', async () => {
    await watched.go(`/explore?${range}&metric=output_tokens&group=team&sub=model`);
    await page.locator('tfoot tr').waitFor();
    expect(Number(await page.locator('tfoot tr').getAttribute('data-total'))).toBe(
      sumOf(calls, 'output_tokens'),
    );
    const first = page.locator('section[aria-label="Exact figures"] tbody tr').first();
    const [team, model] = await Promise.all([
      first.locator('th').innerText(),
      first.locator('td').first().innerText(),
    ]);
    const part = calls.filter((call) => call.team === team && call.model === model);
    expect(Number(await first.getAttribute('data-value'))).toBe(sumOf(part, 'output_tokens'));
    await page.getByRole('button', { name: 'Views' }).click();
    await page.getByPlaceholder('Name, then Enter').fill('words of teams');
    await page.keyboard.press('Enter');
    await page.keyboard.press('Escape');
    await page.getByLabel('Metric').selectOption('calls');
    await page.waitForFunction(() => location.search.includes('metric=calls'));
    await page.getByRole('button', { name: 'Views' }).click();
    await page.getByRole('button', { name: 'words of teams', exact: true }).click();
    await page.waitForFunction(() => location.search.includes('metric=output_tokens'));
  });

  it('compares a request with the one before it in its session', async () => {
    const later = calls.find(
      (call) =>
        call.kind === 'main' &&
        call.state === 'completed' &&
        calls.some(
          (one) =>
            one.session_id === call.session_id && one.agent_id === null && one.started_ms < call.started_ms,
        ),
    );
    await watched.go(`/requests/${later?.id}`);
    await page.locator('.detail-actions').getByRole('link', { name: 'Compare' }).click();
    await page.locator('tr[data-figure="Cost"]').waitFor();
    const a = new URL(page.url()).searchParams.get('a');
    const before = calls.find((call) => call.id === a);
    expect(before?.session_id).toBe(later?.session_id);
    expect(Number(await page.locator('tr[data-figure="Cost"]').getAttribute('data-delta'))).toBe(
      (later?.cost_nano_usd ?? 0) - (before?.cost_nano_usd ?? 0),
    );
    await page.locator('ins').first().waitFor();
    await page.keyboard.press('s');
    await page.waitForFunction((id) => new URL(location.href).searchParams.get('b') === id, a);
  });

  it('searches requests and answers for words, and marks them', async () => {
    await watched.go(`/requests?${range}`);
    await page.locator('[data-call-id]').first().waitFor();
    await page.keyboard.press('/');
    await page.getByLabel('Find a filter').fill('eelgrass');
    await page.keyboard.press('Enter');
    await page.locator('[data-call-id] mark').first().waitFor();
    expect((await page.locator('[data-call-id] mark').first().innerText()).toLowerCase()).toBe('eelgrass');
    expect(new URL(page.url()).searchParams.get('q')).toBe('eelgrass');
    const { items } = (await program.api(`calls?q=eelgrass&limit=500&from=8d`)) as { items: Call[] };
    await page.waitForFunction(
      (count) => document.querySelector('.filter-end')?.textContent?.includes(`${count} request`),
      items.length,
    );
    expect(items.length).toBeLessThan(calls.length);
  });

  it('goes everywhere by keys, and says which', async () => {
    await watched.go(`/overview?${range}`);
    await page.waitForSelector('[data-tile="cost"]');
    for (const [key, name] of [
      ['r', 'requests'],
      ['s', 'sessions'],
      ['e', 'explore'],
      ['c', 'compare'],
      [',', 'settings'],
      ['o', 'overview'],
    ] as const) {
      await pressedUntil(['g', key], (to) => location.pathname === `/-/${to}`, name);
      expect(decodeURIComponent(page.url())).toContain(range);
    }
    await page.keyboard.press('?');
    await page.getByRole('heading', { name: 'Keys' }).waitFor();
    await page.keyboard.press('Escape');
    await page.waitForFunction(() => document.querySelector('dialog[open]') === null);
    await pressedUntil(['g', 'r'], () => document.querySelector('[data-call-id]') !== null);
    await pressedUntil(['j', 'Enter'], () => /requests\/[0-9a-f-]{36}/.test(location.pathname));
  });

  /** A page that is still being drawn may miss a key, as it may miss a person's: then it is pressed again. */
  async function pressedUntil(
    keys: readonly string[],
    isThere: (argument: string) => boolean,
    argument = '',
  ): Promise<void> {
    await vi.waitFor(
      async () => {
        for (const key of keys) await page.keyboard.press(key);
        await page.waitForFunction(isThere, argument, { timeout: 1500 });
      },
      { timeout: 20_000, interval: 50 },
    );
  }

  it('draws the list over time, and narrows it to an interval', async () => {
    await watched.go(`/requests?${range}`);
    const strip = page.locator('.histogram[data-calls]');
    await strip.waitFor();
    expect(Number(await strip.getAttribute('data-calls'))).toBe(calls.length);
    expect(Number(await strip.getAttribute('data-errors'))).toBe(
      Number(((await program.api(`stats?metric=errors&${apiRange()}`)) as Stats).totals['errors']),
    );
    // Before it is narrowed: an interval without calls has no strip.
    const box = await page.locator('.histogram canvas').boundingBox();
    await page.locator('.histogram .plot').focus();
    const isNarrowed = (before: string) => !decodeURIComponent(location.search).includes(before);
    await pressedUntil(['ArrowLeft', 'Enter'], isNarrowed, range);
    const [from = 0, to = 0] = narrowed();
    const inside = calls.filter((call) => call.started_ms >= from && call.started_ms < to);
    await page.waitForFunction(
      (count) => document.querySelector('.filter-end')?.textContent?.includes(`${count} request`),
      inside.length,
    );
    await watched.go(`/requests?${range}`);
    await strip.waitFor();
    const y = (box?.y ?? 0) + 20;
    // What is still being drawn may miss it, as it may miss a person's hand.
    await vi.waitFor(
      async () => {
        await page.mouse.move((box?.x ?? 0) + (box?.width ?? 0) * 0.3, y);
        await page.mouse.down();
        await page.mouse.move((box?.x ?? 0) + (box?.width ?? 0) * 0.6, y, { steps: 4 });
        await page.mouse.up();
        await page.waitForFunction(isNarrowed, range, { timeout: 1500 });
      },
      { timeout: 20_000, interval: 50 },
    );
    const [first = 0, last = 0] = narrowed();
    expect(last - first).toBeGreaterThan(86_400_000);
    await page.goBack();
    await page.waitForFunction((before) => decodeURIComponent(location.search).includes(before), range);
  });

  function apiRange(): string {
    const [from, to] = range.replace('range=', '').split('..');
    return `from=${from}&to=${to}`;
  }

  function narrowed(): number[] {
    return (new URL(page.url()).searchParams.get('range') ?? '').split('..').map(Number);
  }

  it('goes anywhere from one field: pages, ranges, filters, ids', async () => {
    await watched.go(`/overview?${range}`);
    await page.waitForSelector('[data-tile="cost"]');
    const field = page.getByLabel('What to go to or to do');
    const choose = (text: string, first: string) =>
      vi.waitFor(
        async () => {
          if ((await field.count()) === 0) await page.keyboard.press('Control+k');
          await field.fill(text, { timeout: 3000 });
          const chosen = page.locator('.command[aria-selected="true"]', { hasText: first });
          await chosen.waitFor({ timeout: 3000 });
          await page.keyboard.press('Enter');
          await field.waitFor({ state: 'detached', timeout: 3000 });
        },
        { timeout: 20_000, interval: 50 },
      );
    await choose('sess', 'Go to Sessions');
    await page.waitForFunction(() => location.pathname === '/-/sessions');
    await choose('max_tok', 'stop reason: max_tokens');
    await page.waitForFunction(() => location.search.includes('stop_reason=max_tokens'));
    await choose('clear', 'Clear all filters');
    await page.waitForFunction(() => !location.search.includes('stop_reason'));
    await choose('status:529', 'Filter: status 529');
    await page.waitForFunction(() => location.search.includes('status=529'));
    const id = calls[0]?.id ?? '';
    await choose(` ${id.toUpperCase()} `, `Open request`);
    await page.waitForFunction((one) => location.pathname === `/-/requests/${one}`, id);
    await choose('last 7', 'Last 7 days');
    await page.waitForFunction(() => location.search.includes('range=7d'));
    await page.keyboard.press('Control+k');
    await field.waitFor();
    await pressedUntil(['Escape'], () => document.querySelector('.palette') === null);
  });

  it('shows what changed since the request before, and marks it in the conversation', async () => {
    const later = calls.find(
      (call) =>
        call.kind === 'main' &&
        call.state === 'completed' &&
        calls.some(
          (one) =>
            one.session_id === call.session_id && one.kind === 'main' && one.started_ms < call.started_ms,
        ),
    );
    const diff = (await program.api(`calls/${later?.id}/diff`)) as CallDiff;
    expect(diff.is_previous).toBe(true);
    await watched.go(`/requests/${later?.id}`);
    await page.locator('.turn .since.is-new').first().waitFor();
    const added = diff.blocks.filter(({ op, section }) => op === 'added' && section === 'messages');
    const messages = new Set(added.map(({ at }) => at?.split('.')[1]));
    // A message of nothing but results of tools stands with the calls of the tools.
    expect(await page.locator('.turn .since.is-new').count()).toBeLessThanOrEqual(messages.size);
    await page.locator('.since').first().click();
    await page.locator('.diff-block').first().waitFor();
    expect(await page.locator('.diff-block').count()).toBe(
      diff.blocks.filter(({ op }) => op !== 'same').length,
    );
    for (const { section, ...part } of diff.summary) {
      const cell = page.locator(`tr[data-section="${section}"] [data-op="added"]`);
      expect((await cell.innerText()).replace('·', '0')).toBe(String(part.added));
    }
    expect(await page.getByText(diff.headline).count()).toBeGreaterThan(0);
    const other = calls.find((call) => call.model !== later?.model && call.kind === 'main');
    await page.getByLabel('Compare with another request').fill(other?.id ?? '');
    await page.keyboard.press('Enter');
    await page.locator('.diff-settings', { hasText: 'model' }).waitFor();
  });

  it('finds words inside a request and opens the tree where they stand', async () => {
    const call = calls.find((one) => one.stop_reason === 'tool_use' && one.state === 'completed');
    const detail = (await program.api(`calls/${call?.id}/conversation`)) as Conversation;
    const [block] = (detail.answer?.['content'] ?? []) as { name?: string; text?: string }[];
    const word = (block?.text ?? block?.name ?? '').split(' ').at(-1) ?? '';
    await watched.go(`/requests/${call?.id}`);
    await page.locator('.turn').first().waitFor();
    await page.keyboard.press('F');
    await page.getByLabel('Words to find').fill(word);
    const places = page.locator('.found-place');
    await places.first().waitFor();
    const expected =
      JSON.stringify(detail).toLowerCase().split(JSON.stringify(word.toLowerCase()).slice(1, -1)).length - 1;
    expect(await places.count()).toBe(expected);
    await page.keyboard.press('Enter');
    await page.locator('.json .is-found mark').waitFor();
    expect((await page.locator('.json .is-found mark').innerText()).toLowerCase()).toBe(word.toLowerCase());
    await places.last().click();
    await page.waitForFunction(() => location.search.includes('tab=response'));
    await page.locator('.json .is-found mark').waitFor();
    await page.keyboard.press('Escape');
  });

  it('gives every view as JSON, CSV, a call of the API and a command', async () => {
    await watched.go(`/explore?${range}&group=team`);
    await page.locator('tfoot tr').waitFor();
    await page.keyboard.press('e');
    const csv = await page.getByRole('link', { name: 'Exact figures: CSV' }).getAttribute('href');
    const answer = await page.request.get(program.proxyUrl + csv);
    const teams = new Set(calls.map((call) => call.team));
    expect((await answer.text()).trim().split('\n')).toHaveLength(teams.size + 1);
    const json = await page.getByRole('link', { name: 'Exact figures: JSON' }).getAttribute('href');
    const stats = (await (await page.request.get(program.proxyUrl + json)).json()) as {
      totals: Record<string, number>;
    };
    expect(stats.totals['cost_nano_usd']).toBe(sumOf(calls, 'cost_nano_usd'));
    const command = toCommand((json ?? '').replace('/-/api/v1/', ''));
    const told = await runToEnd([...command.split(' ').slice(1), '--json', '--data-dir', program.dataDir]);
    expect(JSON.parse(told.stdout)).toMatchObject({ totals: stats.totals });
  });

  it('had nothing to complain about, and asked nobody but us', () => {
    expect(watched.complaints).toEqual([]);
    expect(watched.foreign).toEqual([]);
  });
});
