/** Pages of the dashboard under watch: nothing may go wrong in them, and they may talk to nobody but the program. */
import { mkdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import axe from 'axe-core';
import type { BrowserContext, Page } from 'playwright-core';
import type { Call, CallsPage } from '../../server/api/wire.ts';
import type { Program } from './program.ts';

export interface Watched {
  readonly page: Page;
  /** Errors of script and console, violations of the policy, dialogs, other windows. */
  readonly complaints: string[];
  /** Requests that left our origin; `data:` and `blob:` do not. */
  readonly foreign: string[];
  /** Opens an address below `/-`, once whoever opens it first has the cookie. */
  go(path: string): Promise<void>;
}

/** A page with the token's cookie. */
export async function openDashboard(browser: BrowserContext, program: Program): Promise<Watched> {
  const page = await browser.newPage();
  // Below the limit of a test, so that a failure says what was waited for.
  page.setDefaultTimeout(20_000);
  const complaints: string[] = [];
  const foreign: string[] = [];
  page.on('pageerror', (error) => complaints.push(error.message));
  page.on('console', (message) => {
    if (message.type() === 'error') complaints.push(message.text());
  });
  page.on('dialog', (dialog) => {
    complaints.push(`a dialog: ${dialog.message()}`);
    void dialog.dismiss();
  });
  page.on('popup', (popup) => complaints.push(`a window: ${popup.url()}`));
  page.on('request', (request) => {
    const url = new URL(request.url());
    if (!/^(data|blob):$/.test(url.protocol) && url.origin !== program.proxyUrl) foreign.push(url.href);
  });
  await page.addInitScript(() => {
    addEventListener('securitypolicyviolation', (event) => {
      console.error(`policy: ${event.violatedDirective} ${event.blockedURI}`);
    });
  });
  await page.goto(program.dashboardUrl);
  return {
    page,
    complaints,
    foreign,
    go: async (path) => {
      await page.goto(`${program.proxyUrl}/-${path}`);
    },
  };
}

/** Every call of a range, page by page, as a user of the API would collect them. */
export async function allCalls(program: Program, query: string): Promise<Call[]> {
  const calls: Call[] = [];
  let cursor: string | null = null;
  do {
    const next: string = cursor === null ? '' : `&cursor=${encodeURIComponent(cursor)}`;
    // The answers' shape is checked against the OpenAPI description in test/api.
    const page = (await program.api(`calls?limit=500&${query}${next}`)) as CallsPage;
    calls.push(...page.items);
    cursor = page.next_cursor;
  } while (cursor !== null);
  return calls;
}

/** Sum of what is known. */
export function sumOf(calls: readonly Call[], column: keyof Call): number {
  return calls.reduce((sum, call) => sum + Number(call[column] ?? 0), 0);
}

const screensDir = fileURLToPath(new URL('../../docs/screens', import.meta.url));

/** Whether the pictures of the documentation are to be taken anew. */
export const writesPictures = process.env['WEIR_WRITE_DOCS'] === '1';

export async function takePicture(page: Page, name: string, isFullPage = false): Promise<void> {
  if (!writesPictures) return;
  mkdirSync(screensDir, { recursive: true });
  await page.screenshot({ path: `${screensDir}/${name}.png`, fullPage: isFullPage });
}

interface Violation {
  readonly id: string;
  readonly nodes: readonly { readonly target: readonly string[]; readonly failureSummary?: string }[];
}

/** What axe finds of WCAG 2.2 AA, one line for each element. */
export async function violations(page: Page): Promise<string[]> {
  await page.evaluate(axe.source);
  const found = (await page.evaluate(`axe.run(document, {
    runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'],
    resultTypes: ['violations'],
  }).then(({ violations }) => violations)`)) as Violation[];
  return found.flatMap(({ id, nodes }) =>
    nodes.map((node) => `${id}: ${node.target.join(' ')} ${node.failureSummary ?? ''}`),
  );
}
