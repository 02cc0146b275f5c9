/**
 * What the dashboard takes in Chromium: `node bench/dashboard.ts [--rows 1000000] [--seconds 10] [--rate 300]`. Prints a table: the
 * overview over ranges of a store with so many calls, scrolling in the list, a call of 20 MB, and a page that follows calls live.
 * Exits with 5 when a figure of docs/performance.md is missed. Needs `npm run build`.
 */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import type { Page } from 'playwright-core';
import { openStore } from '../server/store/open.ts';
import { openBrowser } from '../test/support/browser.ts';
import { openDashboard, type Watched } from '../test/support/dashboard.ts';
import { startProgram, type Program } from '../test/support/program.ts';
import { startUpstream } from '../test/support/upstream.ts';
import { fillRollups, fillRows } from './rows.ts';

const { values } = parseArgs({
  options: {
    rows: { type: 'string', default: '1000000' },
    seconds: { type: 'string', default: '10' },
    rate: { type: 'string', default: '300' },
    /** A store that is there already, instead of one with `rows` calls. */
    'data-dir': { type: 'string' },
  },
});

const scrolledFrames = 600;
let anyMissed = false;
const folder = mkdtempSync(join(tmpdir(), 'weir-bench-'));
process.once('exit', () => rmSync(folder, { recursive: true, force: true }));

const answer = JSON.stringify({
  id: 'msg_1',
  type: 'message',
  role: 'assistant',
  model: 'claude-haiku-4-5',
  content: [{ type: 'text', text: 'Two metres.' }],
  stop_reason: 'end_turn',
  stop_sequence: null,
  usage: { input_tokens: 12, output_tokens: 4 },
});

await withProgram(manyCalls(), async (watched) => {
  for (const range of ['24h', '7d', '30d', '90d']) await overview(watched, range);
  await scrolling(watched);
});
await withProgram(join(folder, 'live'), async (watched, program) => {
  await largeCall(watched, program);
  await live(watched, program);
});
process.exitCode = anyMissed ? 5 : 0;

function manyCalls(): string {
  if (values['data-dir'] !== undefined) return values['data-dir'];
  const dataDir = join(folder, 'many');
  mkdirSync(dataDir);
  const store = openStore(join(dataDir, 'weir.db'), 'write');
  fillRows(store, { calls: Number(values.rows), days: 90, endMs: Date.now() });
  fillRollups(store);
  store.close();
  return dataDir;
}

async function withProgram(dataDir: string, use: (watched: Watched, program: Program) => Promise<void>) {
  const upstream = await startUpstream(async (request, reply) => {
    await request.body;
    reply.json(200, JSON.parse(answer));
  });
  const program = await startProgram({ args: ['--upstream', upstream.url.href], dataDir });
  const browser = await openBrowser();
  const watched = await openDashboard(browser, program);
  await use(watched, program);
  await browser.close();
  await program.stop();
  await upstream.close();
}

/** Milliseconds from the beginning of the navigation until everything of the first screen is there and nothing is awaited. */
async function shownAfterMs(page: Page, sign: string): Promise<number> {
  return await page.evaluate(
    (selector) =>
      new Promise<number>((resolve) => {
        const look = () => {
          const isThere =
            document.querySelector(selector) !== null &&
            document.querySelector('[aria-busy="true"], .skeleton') === null;
          if (isThere) resolve(performance.now());
          else requestAnimationFrame(look);
        };
        look();
      }),
    sign,
  );
}

async function overview(watched: Watched, range: string): Promise<void> {
  const { page } = watched;
  const times: number[] = [];
  for (let run = 0; run < 4; run += 1) {
    await watched.go(`/overview?range=${range}`);
    times.push(await shownAfterMs(page, '[data-tile="cost"] .tile-value'));
    await page.waitForFunction(() => document.querySelector('[aria-label="Models"]') !== null);
  }
  add(`overview of ${range}, ms, four times`, times, (ms) => Math.min(...times) > 1000 && ms > 1000);
}

/** Asks what the main thread of the page has done by now: script and layout, ms. */
async function watchMainThread(page: Page): Promise<() => Promise<number>> {
  const session = await page.context().newCDPSession(page);
  await session.send('Performance.enable');
  return async () => {
    const { metrics } = await session.send('Performance.getMetrics');
    const seconds = (name: string) => metrics.find((metric) => metric.name === name)?.value ?? 0;
    return 1000 * (seconds('ScriptDuration') + seconds('LayoutDuration') + seconds('RecalcStyleDuration'));
  };
}

async function scrolling(watched: Watched): Promise<void> {
  const { page } = watched;
  await watched.go('/requests?range=90d');
  await page.locator('[data-call-id]').first().waitFor();
  await page.waitForFunction(() => document.querySelector('.histogram[data-calls]') !== null);
  const busyMs = await watchMainThread(page);
  const before = await busyMs();
  const frames = await page.evaluate(
    (count) =>
      new Promise<number[]>((resolve) => {
        const table = document.querySelector('.call-table');
        const deltas: number[] = [];
        let last = performance.now();
        const frame = (now: number) => {
          deltas.push(now - last);
          last = now;
          table?.scrollBy(0, 180);
          if (deltas.length < count) requestAnimationFrame(frame);
          else resolve(deltas.slice(5));
        };
        requestAnimationFrame(frame);
      }),
    scrolledFrames,
  );
  const perFrame = ((await busyMs()) - before) / scrolledFrames;
  const sorted = frames.toSorted((one, other) => one - other);
  const at = (share: number) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
  add('scrolling 180 px a frame: ms of script and layout for each', [perFrame], (ms) => ms > 16);
  add('  ms from frame to frame: p50 p95 max', [at(0.5), at(0.95), at(1)], () => false);
}

async function largeCall(watched: Watched, program: Program): Promise<void> {
  const { page } = watched;
  const paragraph = 'The river rose over the wall in the night, and the keeper wrote it down. ';
  const turns = Array.from({ length: 400 }, (_, at) => ({
    role: at % 2 === 0 ? 'user' : 'assistant',
    content: `${at} ${paragraph.repeat(700)}`,
  }));
  const id = await send(program, [...turns, { role: 'user', content: 'And then?' }]);
  await waitForCall(program, id);
  const times: number[] = [];
  for (let run = 0; run < 5; run += 1) {
    await watched.go('/requests');
    const row = page.locator(`[data-call-id="${id}"]`);
    await row.waitFor();
    times.push(
      await row.evaluate(
        (element) =>
          new Promise<number>((resolve) => {
            const beganMs = performance.now();
            if (element instanceof HTMLElement) element.click();
            const look = () => {
              if (document.querySelector('.turn .text') !== null) resolve(performance.now() - beganMs);
              else requestAnimationFrame(look);
            };
            look();
          }),
      ),
    );
  }
  add('a call of 20 MB from click to its text, ms, five times', times, (ms) => ms > 500);
}

async function live(watched: Watched, program: Program): Promise<void> {
  const { page } = watched;
  await watched.go('/requests');
  await page.locator('[data-call-id]').first().waitFor();
  await page.evaluate(() => {
    const tasks: number[] = [];
    new PerformanceObserver((list) =>
      tasks.push(...list.getEntries().map(({ duration }) => duration)),
    ).observe({
      type: 'longtask',
    });
    Object.assign(window, { longTasks: tasks });
  });
  const seconds = Number(values.seconds);
  const sent = await sendAtRate(program, Number(values.rate), seconds);
  const tasks = (await page.evaluate('window.longTasks')) as number[];
  const longest = Math.max(0, ...tasks);
  add(
    `${Math.round(sent / seconds)} calls a second live: tasks over 50 ms, longest`,
    [tasks.length, longest],
    () => longest > 200,
  );
}

async function sendAtRate(program: Program, rate: number, seconds: number): Promise<number> {
  const beganMs = performance.now();
  const running: Promise<string>[] = [];
  let sent = 0;
  while (performance.now() - beganMs < seconds * 1000) {
    const due = Math.floor(((performance.now() - beganMs) / 1000) * rate);
    for (; sent < due; sent += 1)
      running.push(send(program, [{ role: 'user', content: `call ${sent}` }]).catch(() => ''));
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  const ids = await Promise.all(running);
  return ids.filter((id) => id !== '').length;
}

async function send(program: Program, messages: readonly unknown[]): Promise<string> {
  const sent = await fetch(`${program.proxyUrl}/v1/messages`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ model: 'claude-haiku-4-5', max_tokens: 16, messages }),
  });
  await sent.text();
  return sent.headers.get('x-weir-call-id') ?? '';
}

async function waitForCall(program: Program, id: string): Promise<void> {
  for (let attempt = 0; attempt < 200; attempt += 1) {
    const call = await program.api(`calls/${id}`).catch(() => null);
    if (typeof call === 'object' && call !== null && 'state' in call && call.state === 'completed') return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error('the large call was not recorded in time');
}

function add(what: string, figures: readonly number[], isMissed: (figure: number) => boolean): void {
  const missed = figures.some(isMissed);
  const text = figures.map((figure) => figure.toFixed(figure < 10 ? 1 : 0)).join('  ');
  anyMissed ||= missed;
  process.stdout.write(`${what.padEnd(66)} ${text}${missed ? '   missed' : ''}\n`);
}
