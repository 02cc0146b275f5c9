import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { BrowserContext, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import type { Call } from '../../server/api/wire.ts';
import { chromiumPath, openBrowser } from '../support/browser.ts';
import { allCalls, openDashboard, type Watched } from '../support/dashboard.ts';
import { runToEnd, startProgram, type Program } from '../support/program.ts';

const prunedSchema = z.object({ bodies: z.number(), calls: z.number() });
const shownSchema = z.object({ rates: z.array(z.object({ key: z.string(), usd_per_unit: z.string() })) });

describe.skipIf(chromiumPath === null)('the settings', () => {
  let program: Program;
  let browser: BrowserContext;
  let watched: Watched;
  let page: Page;
  let calls: Call[] = [];

  beforeAll(async () => {
    const dataDir = mkdtempSync(join(tmpdir(), 'weir-settings-'));
    const prices = { 'claude-opus-5-5': { effective_from: '2026-01-01', output_cost_per_token: 1.5e-5 } };
    writeFileSync(join(dataDir, 'prices.json'), JSON.stringify(prices));
    program = await startProgram({ args: ['--demo', '--retain-calls', '1d'], dataDir });
    calls = await allCalls(program, 'from=30d');
    browser = await openBrowser();
    watched = await openDashboard(browser, program);
    page = watched.page;
    await watched.go('/settings');
  }, 60_000);

  afterAll(async () => {
    await browser.close();
    await program.stop();
  });

  it('show each model of the record with its calls and prices, the user’s own marked', async () => {
    await page.locator('tr[data-model]').first().waitFor();
    const shown = await page
      .locator('tr[data-model]')
      .evaluateAll((rows) =>
        rows.map((row) => [row.getAttribute('data-model'), row.getAttribute('data-calls')]),
      );
    const counts = Map.groupBy(
      calls.filter((call) => call.model !== null),
      (call) => call.model,
    );
    expect(Object.fromEntries(shown)).toEqual(
      Object.fromEntries([...counts].map(([model, of]) => [model, String(of.length)])),
    );
    const own = page.locator('tr[data-model="claude-opus-5-5"] .own-price');
    expect(await own.allInnerTexts()).toEqual(['$15.00']);
    expect(await page.getByText('your file, since 2026-01-01').count()).toBe(1);
  });

  it('lead from a model without a price to its calls', async () => {
    const row = page.locator('tr[data-model]', { hasText: 'no price is known' });
    const model = await row.getAttribute('data-model');
    await row.locator('td a').click();
    await page.locator('[data-call-id]').first().waitFor();
    expect(await page.locator('[data-call-id]').count()).toBe(
      calls.filter((call) => call.model === model).length,
    );
    await page.goBack();
    await page.locator('.price-form').waitFor();
  });

  it('show the command that sets a price, and it does', async () => {
    const form = page.locator('.price-form');
    const model = await form.getByLabel('Model, or a pattern').inputValue();
    expect(calls.some((call) => call.model === model && call.cost_nano_usd === null)).toBe(true);
    await form.getByLabel('Input, $ a million').fill('2.50');
    await form.getByLabel('Output, $ a million').fill('7');
    const command = await form.locator('pre').innerText();
    expect(command).toContain(`--data-dir ${program.dataDir}`);
    expect(await runToEnd(command.split(' ').slice(1))).toMatchObject({ code: 0 });
    const asked = await runToEnd(['prices', 'show', model, '--json', '--data-dir', program.dataDir]);
    expect(shownSchema.parse(JSON.parse(asked.stdout)).rates).toMatchObject([
      { key: 'input_cost_per_token', usd_per_unit: '0.0000025' },
      { key: 'output_cost_per_token', usd_per_unit: '0.000007' },
    ]);
  });

  // So much would go that nothing goes by itself.
  it('say what a run of retention would remove, as the command does', async () => {
    const command = await page.locator('[aria-label="Retention"] pre').innerText();
    const { stdout } = await runToEnd([...command.split(' ').slice(1), '--json']);
    const pruned = prunedSchema.parse(JSON.parse(stdout));
    expect(pruned.calls).toBeGreaterThan(0);
    const link = page.locator('[aria-label="Retention"]').getByRole('link', { name: /^everything of/ });
    expect(await link.innerText()).toContain(` ${pruned.calls} request`);
    const range = new URL((await link.getAttribute('href')) ?? '', program.proxyUrl).searchParams.get(
      'range',
    );
    const older = await allCalls(program, `from=0&to=${range?.split('..')[1]}`);
    expect(older).toHaveLength(pruned.calls);
    await page.getByText('More than half of the record would go at once').waitFor();
  });

  it('name every setting and who set it, and never the token', async () => {
    const rows = page.locator('.settings-table tbody tr');
    expect(await rows.filter({ hasText: 'retain-calls' }).innerText()).toContain('--retain-calls');
    expect(await rows.filter({ hasText: 'idle-timeout' }).innerText()).toContain('default');
    expect(await page.locator('main').innerText()).not.toContain(program.token);
    expect(await page.locator('main').innerText()).toContain('weir token rotate');
    const answers = await Promise.all(
      ['settings', 'prices', 'retention', 'health'].map((path) => program.api(path)),
    );
    expect(JSON.stringify(answers)).not.toContain(program.token);
  });

  it('had nothing to complain about', () => {
    expect(watched.complaints).toEqual([]);
    expect(watched.foreign).toEqual([]);
  });
});
