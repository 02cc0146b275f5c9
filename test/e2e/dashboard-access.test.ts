import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { BrowserContext, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Call, Health } from '../../server/api/wire.ts';
import { chromiumPath, openBrowser } from '../support/browser.ts';
import {
  allCalls,
  openDashboard,
  takePicture,
  violations,
  writesPictures,
  type Watched,
} from '../support/dashboard.ts';
import { startProgram, type Program } from '../support/program.ts';

describe.skipIf(chromiumPath === null)('the pages for everybody', () => {
  let program: Program;
  let browser: BrowserContext;
  let dataDir = '';
  let watched: Watched;
  let page: Page;
  let pages: readonly (readonly [name: string, path: string, sign: string])[] = [];

  beforeAll(async () => {
    // The path of the store is in a picture: there it has the same name each time.
    dataDir = writesPictures ? join(tmpdir(), 'weir-demo') : mkdtempSync(join(tmpdir(), 'weir-test-'));
    rmSync(dataDir, { recursive: true, force: true });
    program = await startProgram({ args: ['--demo'], dataDir });
    const calls = await allCalls(program, 'from=8d');
    const tool = calls.find((call) => call.kind === 'main' && call.stop_reason === 'tool_use');
    const agent = calls.find((call) => call.agent_id !== null);
    const pair = laterOf(calls);
    browser = await openBrowser();
    watched = await openDashboard(browser, program);
    page = watched.page;
    pages = [
      ['overview', '/overview?range=7d', '[data-tile="cost"]'],
      ['requests', `/requests?range=7d&r=${tool?.id}`, '.peek .turn'],
      ['request', `/requests/${tool?.id}?tab=timing`, '.waterfall li'],
      ['diff', `/requests/${pair?.id}?tab=diff`, '.diff-block'],
      ['sessions', '/sessions?range=7d', '[data-session-id]'],
      ['session', `/sessions/${agent?.session_id}`, '.turn-row'],
      ['explore', '/explore?range=7d&group=team', 'tfoot tr'],
      ['compare', `/compare?b=${pair?.id}`, 'tr[data-figure]'],
      ['settings', '/settings', '.price-form'],
    ];
  }, 60_000);

  afterAll(async () => {
    await browser.close();
    await program.stop();
    rmSync(dataDir, { recursive: true, force: true });
  });

  /** A call that has one before it in its session. */
  function laterOf(calls: readonly Call[]): Call | undefined {
    return calls.find(
      (call) =>
        call.kind === 'main' &&
        calls.some((one) => one.session_id === call.session_id && one.started_ms < call.started_ms),
    );
  }

  async function settle(sign: string): Promise<void> {
    await page.locator(sign).first().waitFor();
    await page.waitForFunction(
      () => document.querySelector('[aria-busy="true"], .is-stale, .skeleton') === null,
    );
  }

  it.each(['light', 'dark'] as const)('have nothing that axe objects to, with data, %s', async (scheme) => {
    await page.emulateMedia({ colorScheme: scheme });
    const found: string[] = [];
    for (const [name, path, sign] of pages) {
      await watched.go(path);
      await settle(sign);
      await takePicture(page, `${name}-${scheme}`);
      found.push(...(await violations(page)).map((one) => `${name}: ${one}`));
    }
    expect(found).toEqual([]);
  });

  it.each(['light', 'dark'] as const)('fit a phone without sideways scrolling, %s', async (scheme) => {
    await page.emulateMedia({ colorScheme: scheme });
    await page.setViewportSize({ width: 390, height: 844 });
    const found: string[] = [];
    for (const [name, path, sign] of pages) {
      await watched.go(path);
      await settle(sign);
      await takePicture(page, `${name}-phone-${scheme}`);
      const width = await page.evaluate(() => document.documentElement.scrollWidth);
      if (width > 390) found.push(`${name} is ${width} px wide`);
      found.push(...(await violations(page)).map((one) => `${name}: ${one}`));
    }
    await page.setViewportSize({ width: 1440, height: 900 });
    expect(found).toEqual([]);
  });

  it.each(['light', 'dark'] as const)('say why they are empty, %s', async (scheme) => {
    await page.emulateMedia({ colorScheme: scheme });
    const found: string[] = [];
    for (const name of ['overview', 'requests', 'sessions', 'explore']) {
      await watched.go(`/${name}?user=nobody&range=7d`);
      await page.getByText('match the filter in').waitFor();
      found.push(...(await violations(page)).map((one) => `${name}: ${one}`));
    }
    await page.getByRole('button', { name: 'Clear filters' }).click();
    await page.locator('tfoot tr').waitFor();
    await watched.go('/replays?batch=nothing');
    await page.getByText('Nothing was sent again in this batch.').waitFor();
    found.push(...(await violations(page)).map((one) => `replays: ${one}`));
    expect(found).toEqual([]);
  });

  it.each(['light', 'dark'] as const)('say what went wrong and what to do, %s', async (scheme) => {
    await page.emulateMedia({ colorScheme: scheme });
    const problem = {
      type: 'urn:weir:problem:too_slow',
      title: 'Too slow',
      status: 503,
      detail: 'Ask for less.',
    };
    await page.route(/api\/v1\/(stats|calls|sessions|facets|prices|retention|settings)/, (route) =>
      route.fulfill({ status: 503, contentType: 'application/problem+json', body: JSON.stringify(problem) }),
    );
    const found: string[] = [];
    for (const name of [
      'overview',
      'requests',
      'sessions',
      'sessions/any',
      'requests/any',
      'explore',
      'compare?b=any',
      'settings',
    ]) {
      await watched.go(`/${name}`);
      await page.getByRole('alert').getByText('Ask for less.').first().waitFor();
      found.push(...(await violations(page)).map((one) => `${name}: ${one}`));
    }
    await page.unroute(/api\/v1\/(stats|calls|sessions|facets|prices|retention|settings)/);
    await page.getByRole('button', { name: 'Try again' }).first().waitFor();
    watched.complaints.length = 0;
    expect(found).toEqual([]);
  });

  it.each(['light', 'dark'] as const)('lie under the palette and the search, %s', async (scheme) => {
    await page.emulateMedia({ colorScheme: scheme });
    await watched.go(pages[2]?.[1] ?? '');
    await settle('.waterfall li');
    await page.keyboard.press('F');
    await page.getByLabel('Words to find').fill('e');
    await page.locator('.found-place').first().click();
    await page.locator('.json .is-found').waitFor();
    const found = await violations(page);
    await page.keyboard.press('Control+k');
    await page.getByLabel('What to go to').fill('last');
    await page.locator('.command').first().waitFor();
    await takePicture(page, `palette-${scheme}`);
    found.push(...(await violations(page)));
    expect(found).toEqual([]);
    await page.keyboard.press('Escape');
  });

  it('say on every page that recording is degraded, and why', async () => {
    const health = (await program.api('health')) as Health;
    const degraded = { ...health, status: 'degraded', reasons: ['the disk is full'] };
    await page.route('**/api/v1/health', (route) => route.fulfill({ json: degraded }));
    for (const [, path, sign] of pages) {
      await watched.go(path);
      await page.getByRole('alert').getByText('the disk is full').waitFor();
      await settle(sign);
    }
    expect(await violations(page)).toEqual([]);
    await page.unroute('**/api/v1/health');
  });

  it('show their data also in forced colours, without motion, and on paper', async () => {
    await page.emulateMedia({ forcedColors: 'active', reducedMotion: 'reduce' });
    await watched.go('/overview?range=7d');
    await settle('[data-tile="cost"]');
    const moving = await page.evaluate(() => document.getAnimations().length);
    expect(moving).toBe(0);
    const swatch = await page
      .locator('.stack-bar > span')
      .first()
      .evaluate((element) => getComputedStyle(element).forcedColorAdjust);
    expect(swatch).toBe('none');
    await page.emulateMedia({ media: 'print', forcedColors: 'none', colorScheme: 'dark' });
    await watched.go('/overview?range=7d');
    await settle('[data-tile="cost"]');
    expect(await page.locator('.top-tools').isVisible()).toBe(false);
    const paper = await page.evaluate(() => getComputedStyle(document.body).backgroundColor);
    expect(paper).toBe('rgb(255, 255, 255)');
    await page.emulateMedia({ media: 'screen', reducedMotion: 'no-preference' });
  });

  it('had nothing to complain about, and asked nobody but us', () => {
    expect(watched.complaints).toEqual([]);
    expect(watched.foreign).toEqual([]);
  });
});
