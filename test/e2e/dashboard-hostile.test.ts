import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { BrowserContext, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { chromiumPath, openBrowser } from '../support/browser.ts';
import { callsWhen } from '../support/calls.ts';
import { openDashboard, type Watched } from '../support/dashboard.ts';
import { startProgram, type Program } from '../support/program.ts';
import { startUpstream, type Upstream } from '../support/upstream.ts';

/** Texts that do something where they are taken for markup, an address or a format string. */
function payloads(canary: string): string[] {
  return [
    `<img src="${canary}/img" onerror="pwned=1" id="pwned">`,
    `"><svg onload=pwned=1 id=pwned><script src="${canary}/script"></script>`,
    `<iframe srcdoc="<script>parent.pwned=1</script>" id="pwned"></iframe>`,
    `[click](javascript:pwned=1) ![picture](${canary}/markdown.png)`,
    `<link rel=stylesheet href="${canary}/css"><meta http-equiv=refresh content="0;url=${canary}/meta">`,
    `<style>@import url(${canary}/import);body{display:none}</style><base href="${canary}/">`,
    `</title></textarea></script><form action="${canary}/form"><input autofocus onfocus=pwned=1>`,
    `javascript:pwned=1 data:text/html,<script>opener.pwned=1</script> {{constructor.constructor('pwned=1')()}} \${pwned=1}`,
  ];
}

describe.skipIf(chromiumPath === null)('what was logged', () => {
  let canary: Server;
  let canaryUrl = '';
  const caught: string[] = [];
  let upstream: Upstream;
  let program: Program;
  let browser: BrowserContext;
  let watched: Watched;
  let page: Page;
  let ids: string[] = [];
  let session = '';
  let texts: string[] = [];

  beforeAll(async () => {
    canary = createServer((request, response) => {
      caught.push(request.url ?? '');
      response.end();
    });
    await new Promise<void>((resolve) => canary.listen(0, '127.0.0.1', resolve));
    canaryUrl = `http://127.0.0.1:${(canary.address() as AddressInfo).port}`;
    texts = payloads(canaryUrl);
    const all = texts.join('\n');
    upstream = await startUpstream((request, reply) => {
      if (request.target.includes('count')) {
        reply.raw(
          `HTTP/1.1 500 ${texts[0]}\r\ncontent-type: text/html\r\nx-note: ${texts[0]}\r\nlink: <${canaryUrl}/link>; rel=preload\r\n` +
            `content-length: ${Buffer.byteLength(all)}\r\n\r\n${all}`,
        );
        return;
      }
      const event = (data: { type: string } & Record<string, unknown>) =>
        `event: ${data.type}\ndata: ${JSON.stringify(data)}\n\n`;
      reply.sse(
        [
          event({
            type: 'message_start',
            message: {
              id: all,
              type: 'message',
              role: 'assistant',
              model: texts[0],
              content: [],
              stop_reason: null,
              usage: { input_tokens: 5, output_tokens: 1 },
            },
          }),
          event({ type: 'content_block_start', index: 0, content_block: { type: 'text', text: '' } }),
          event({ type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text: all } }),
          event({ type: 'content_block_stop', index: 0 }),
          `event: ${texts[1]}\ndata: {"type": ${JSON.stringify(texts[1])}}\n\n`,
          event({
            type: 'message_delta',
            delta: { stop_reason: texts[2], stop_sequence: all },
            usage: { output_tokens: 9 },
          }),
          event({ type: 'message_stop' }),
        ],
        {
          'x-note': texts[0] ?? '',
          'anthropic-ratelimit-requests-limit': '10',
          'anthropic-ratelimit-requests-remaining': '4',
        },
      );
    });
    program = await startProgram({ args: ['--upstream', upstream.url.href] });
    await send();
    browser = await openBrowser();
    watched = await openDashboard(browser, program);
    page = watched.page;
  }, 60_000);

  afterAll(async () => {
    await browser.close();
    await program.stop();
    await upstream.close();
    await new Promise((resolve) => canary.close(resolve));
  });

  /** Two calls of one session that hold every text in every place where a client can put one. */
  async function send(): Promise<void> {
    const all = texts.join('\n');
    const body = {
      model: texts[0],
      max_tokens: 10,
      stream: true,
      system: [{ type: 'text', text: all, cache_control: { type: 'ephemeral', ttl: texts[2] } }],
      metadata: { user_id: all },
      tools: [{ name: texts[1], description: all, input_schema: { type: 'object', [texts[0] ?? '']: all } }],
      messages: [
        { role: 'user', content: all },
        {
          role: texts[2],
          content: [
            { type: 'thinking', thinking: all },
            {
              type: 'tool_use',
              id: texts[3],
              name: texts[0],
              input: { [texts[1] ?? '']: texts[4], url: `${canaryUrl}/input` },
            },
          ],
        },
        {
          role: 'user',
          content: [
            { type: 'tool_result', tool_use_id: texts[3], is_error: true, content: all },
            { type: 'image', source: { type: 'url', url: `${canaryUrl}/remote.png` } },
            {
              type: 'image',
              source: { type: 'base64', media_type: 'image/svg+xml', data: btoa(`<svg onload="pwned=1"/>`) },
            },
            {
              type: 'image',
              source: { type: 'base64', media_type: 'text/html', data: btoa(texts[2] ?? '') },
            },
            { type: texts[0], text: all },
            { type: 'text', text: all },
          ],
        },
      ],
    };
    const headers = {
      'content-type': 'application/json',
      'x-weir-user': texts[0] ?? '',
      'x-weir-team': texts[1] ?? '',
      'x-weir-session': `../../${texts[0]}?a=b#c`,
      'x-weir-tags': `tag=<b>bold</b>`,
      'user-agent': texts[0] ?? '',
      'x-claude-code-agent-id': texts[3] ?? '',
    };
    const url = `${program.proxyUrl}/v1/messages`;
    for (const asked of [body, { ...body, system: `${all}\nand more` }]) {
      const answer = await fetch(url, { method: 'POST', headers, body: JSON.stringify(asked) });
      await answer.text();
    }
    await (await fetch(`${program.proxyUrl}/count?<script>pwned=1</script>`, { headers })).text();
    const calls = await callsWhen(program, (found) =>
      found.every((call) => call.state !== 'open') && found.length >= 3 ? found : [],
    );
    ids = calls.map((call) => call.id);
    session = calls[1]?.session_id ?? '';
    expect(session).toContain('<img');
  }

  /** Opens everything that opens: folds, trees, long texts, menus, tables. */
  async function openAll(): Promise<void> {
    for (let round = 0; round < 4; round++) {
      await page.evaluate(() => {
        const closed = '[aria-expanded="false"], .inline-button, [aria-label="View as table"]';
        for (const element of document.querySelectorAll<HTMLElement>(`main :is(${closed})`)) element.click();
      });
    }
  }

  async function inspect(where: string): Promise<void> {
    const found = await page.evaluate(() => ({
      pwned: 'pwned' in window && typeof window['pwned' as never] === 'number',
      elements: [
        ...document.querySelectorAll(
          '#pwned, iframe, object, embed, base, meta[http-equiv], style, form[action], script:not([src^="/-/assets/"]), body link[rel~="stylesheet"], main b',
        ),
      ].map((element) => element.outerHTML.slice(0, 100)),
      handlers: [...document.querySelectorAll('*')].flatMap((element) =>
        element.getAttributeNames().filter((name) => name.startsWith('on')),
      ),
      addresses: [
        ...document.querySelectorAll<HTMLElement>('[href], [src], [action], [srcset], [formaction]'),
      ]
        .flatMap((element) =>
          ['href', 'src', 'action', 'srcset', 'formaction'].map((name) => element.getAttribute(name)),
        )
        .filter((value) => value !== null)
        .filter((value) => !/^data:image\/(png|jpeg|gif|webp);base64,/.test(value))
        .filter((value) => !new URL(value, location.href).href.startsWith(`${location.origin}/-/`)),
      isVisible: getComputedStyle(document.body).display !== 'none',
    }));
    expect({ where, ...found }).toEqual({
      where,
      pwned: false,
      elements: [],
      handlers: [],
      addresses: [],
      isVisible: true,
    });
    expect(new URL(page.url()).origin).toBe(program.proxyUrl);
  }

  it('runs, loads and navigates nowhere in the lists and charts', async () => {
    for (const path of [
      '/overview',
      '/requests',
      '/sessions',
      `/sessions/${encodeURIComponent(session)}`,
      '/explore?group=user_id&sub=model',
      '/explore?group=tag:tag&metric=calls',
      '/settings',
    ]) {
      await watched.go(path);
      await page.locator('main :is(.table, .call-table, .sheet, .turns)').first().waitFor();
      await openAll();
      await inspect(path);
    }
    await watched.go('/requests');
    await page.locator('[data-call-id]').first().waitFor();
    await page.keyboard.press('/');
    await page.locator('.facet').first().waitFor();
    await inspect('the filter menu');
  });

  it('runs, loads and navigates nowhere in any tab of a request', async () => {
    for (const id of ids) {
      for (const tab of ['conversation', 'diff', 'request', 'response', 'events', 'timing', 'headers']) {
        await watched.go(`/requests/${id}?tab=${tab}`);
        await page.locator('#tab-panel').waitFor();
        await page.waitForFunction(() => document.querySelector('[aria-busy="true"]') === null);
        await openAll();
        await inspect(`${id} ${tab}`);
      }
    }
    await watched.go(`/requests/${ids[1]}`);
    await page.locator('.turn .text').first().waitFor();
    // It is all there to be read, as text.
    expect(await page.locator('.turn .text').first().innerText()).toContain(texts[0]);
  });

  it('runs, loads and navigates nowhere in a comparison', async () => {
    await watched.go(`/compare?b=${ids[1]}`);
    await page.locator('ins').first().waitFor();
    await openAll();
    await inspect('compare');
  });

  it('runs, loads and navigates nowhere where it is looked for, priced or sent again', async () => {
    await watched.go('/overview');
    await page.locator('[data-tile="cost"]').waitFor();
    await page.keyboard.press('Control+k');
    await page.getByLabel('What to go to').fill('<img');
    await page.locator('.command', { hasText: 'onerror' }).first().waitFor();
    await inspect('the palette');
    await watched.go(`/requests/${ids[1]}`);
    await page.locator('.turn').first().waitFor();
    await page.keyboard.press('F');
    await page.getByLabel('Words to find').fill('<img');
    await page.locator('.found-place').first().click();
    await page.locator('.json .is-found').waitFor();
    await inspect('the search in a request');
    await page.keyboard.press('Escape');
    await watched.go('/settings');
    await page.locator('tr[data-model]').first().waitFor();
    await page.getByLabel('Input, $ a million').fill('1');
    // Quoted: nothing of a model's name leaves its argument.
    const command = await page.locator('.price-form pre').innerText();
    expect(command).toContain(`weir prices set '${texts[0]}' --input 1`);
    await inspect('the settings');
    const asked = { key: 'sk-ant-of-this-test-0009' };
    const headers = { authorization: `Bearer ${program.token}`, 'content-type': 'application/json' };
    const url = `${program.proxyUrl}/-/api/v1/calls/${ids[1]}/replay`;
    const answer = await fetch(url, { method: 'POST', headers, body: JSON.stringify(asked) });
    expect(answer.status).toBe(201);
    for (const path of [`/compare?of=${ids[1]}`, '/replays', `/requests/${ids[1]}`]) {
      await watched.go(path);
      await page.locator('main :is([data-figure], tr[data-replay], .turn)').first().waitFor();
      if (path.startsWith('/requests')) {
        await page.keyboard.press('r');
        await page.locator('.replay-plan').waitFor();
      }
      await openAll();
      await inspect(path);
    }
  });

  it('was seen by nobody else, and broke no policy', () => {
    expect(caught).toEqual([]);
    expect(watched.foreign).toEqual([]);
    expect(watched.complaints).toEqual([]);
  });
});
