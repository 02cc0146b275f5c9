import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { addMoneyCommands } from '../../server/commands/money-commands.ts';
import type { WholeCall } from '../../server/store/write.ts';
import { sampleCall, sampleDetails, temporaryFolder, temporaryStore } from '../store/temporary-store.ts';
import { startUpstream, type UpstreamRequest } from '../support/upstream.ts';
import { runCommand, type Outcome } from './command.ts';

const noon = Date.UTC(2026, 10, 20, 12);

afterEach(() => vi.unstubAllEnvs());

function lineOf(name: string, quantity: number, nanoUsd: number, model = 'claude-opus-5-5') {
  return { class: name, quantity, amount_nano_usd: String(nanoUsd), model, multipliers: [] };
}

/** Two calls of Opus with a search, one of them by another key, and one that was cut. */
function recordedStore(): string {
  const { writer, path } = temporaryStore();
  const calls: [Partial<WholeCall>, ReturnType<typeof lineOf>[]][] = [
    [
      { key_id: 'k_1', cost_nano_usd: 10_600_000 },
      [lineOf('input', 100, 400_000), lineOf('output', 10, 200_000), lineOf('web_search', 1, 10_000_000)],
    ],
    [{ key_id: 'k_2', cost_nano_usd: 400_000 }, [lineOf('input', 100, 400_000)]],
    [
      { key_id: 'k_1', cost_nano_usd: 7, cost_source: 'estimated', model: 'claude-haiku-4-5' },
      [lineOf('output', 7, 7, 'claude-haiku-4-5')],
    ],
    [{ cost_nano_usd: 5, demo: 1 }, [lineOf('input', 5, 5)]],
  ];
  writer.transaction(() => {
    for (const [columns, lines] of calls) {
      const { id, ...row } = sampleCall({
        started_ms: noon,
        model: 'claude-opus-5-5',
        cost_source: 'computed',
        bodies: 'metadata',
        ...columns,
      });
      writer.finishCall(id, row, { ...sampleDetails, cost_lines: JSON.stringify(lines) }, []);
    }
  });
  return path;
}

interface Result {
  readonly model?: string | null;
  readonly api_key_id?: string;
  readonly workspace_id?: string;
  readonly input?: number;
  readonly output?: number;
  readonly amount?: string;
  readonly cost_type?: string;
}

function pageOf(results: readonly Result[], next: string | null = null): string {
  return JSON.stringify({
    data: [
      {
        starting_at: '2026-11-20T00:00:00Z',
        ending_at: '2026-11-21T00:00:00Z',
        results: results.map(({ input, output, ...result }) => ({
          ...result,
          ...(input === undefined && output === undefined
            ? {}
            : { uncached_input_tokens: input ?? 0, output_tokens: output ?? 0 }),
        })),
      },
    ],
    has_more: next !== null,
    next_page: next,
  });
}

const opus = { model: 'claude-opus-5-5', input: 200, output: 10 };
const haiku = { model: 'claude-haiku-4-5-20251001', input: 0, output: 7 };
const costs = [
  { model: 'claude-opus-5-5', cost_type: 'tokens', amount: '0.1' },
  { model: 'claude-haiku-4-5', cost_type: 'tokens', amount: '0.0000007' },
  { model: null, cost_type: 'web_search', amount: '1' },
];

function fileOf(...pages: string[]): string {
  const file = join(temporaryFolder(), 'report.json');
  writeFileSync(file, pages.join('\n'));
  return file;
}

function reconcile(path: string, ...args: string[]): Promise<Outcome> {
  return runCommand(addMoneyCommands, [
    'reconcile',
    '--store',
    path,
    '--data-dir',
    temporaryFolder(),
    ...args,
  ]);
}

describe('weir reconcile', () => {
  it('says that what was recorded is what was billed: 0', async () => {
    const file = fileOf(pageOf([opus, haiku]), pageOf(costs));
    const { code, stdout, stderr } = await reconcile(recordedStore(), file, '--max-difference', '0%');
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toContain('tokens  217 in the record, 217 in the report, 0 apart (0.00 %)');
    expect(stdout).toContain(
      'cost    $0.011000007 in the record, $0.011000007 in the report, $0 apart (0.00 %)',
    );
    expect(stdout).toMatch(/\nequal\n$/);
  });

  it('tells each difference with what explains it, and exits with 5 beyond the limit', async () => {
    const path = recordedStore();
    const file = fileOf(
      pageOf([
        { ...opus, input: 190, output: 20 },
        { ...haiku, output: 5 },
        { model: 'claude-sonnet-5-5', input: 3 },
      ]),
      pageOf([{ ...costs[0], amount: '0.2' }, costs[1] ?? {}, costs[2] ?? {}]),
    );
    const { code, stdout } = await reconcile(path, file, '--json', '--max-difference', '1%');
    expect(code).toBe(5);
    const { rows, totals } = JSON.parse(stdout);
    expect(rows).toMatchObject([
      {
        model: 'claude-haiku-4-5',
        tokens_more: -2,
        reasons: ['1 calls were cut: their output is an estimate', 'output -2'],
      },
      {
        model: 'claude-opus-5-5',
        calls: 2,
        record: { tokens: { input: 200, output: 10 }, cost_nano_usd: 1_000_000 },
        tokens_more: 0,
        cost_more_nano_usd: 1_000_000,
        reasons: ['input -10, output +10'],
      },
      { model: 'claude-sonnet-5-5', calls: 0, tokens_more: 3, reasons: ['none of it is in the record'] },
      { model: 'web_search', calls: 1, cost_more_nano_usd: 0, reasons: [] },
    ]);
    // What cancels out in a row is apart all the same.
    expect(totals).toEqual({
      tokens: { ours: 217, theirs: 218, differing: 25 },
      cost_nano_usd: { ours: 11_000_007, theirs: 12_000_007, differing: 1_000_000 },
    });
    expect((await reconcile(path, file, '--max-difference', '50%')).code).toBe(0);
    expect((await reconcile(path, file, '--max-difference', '0.0009')).code).toBe(5);
    expect((await reconcile(path, file, '--max-difference', '0.001')).code).toBe(0);
    expect((await reconcile(path, file)).code).toBe(0);
  });

  it('compares by key where the report tells keys, under the names that the record has', async () => {
    const file = fileOf(
      pageOf([
        { ...opus, input: 100, api_key_id: 'apikey_a' },
        { ...opus, input: 100, output: 0, api_key_id: 'apikey_b' },
        { ...haiku, api_key_id: 'apikey_a' },
        { ...haiku, output: 1, api_key_id: 'apikey_c' },
      ]),
    );
    const { stdout } = await reconcile(
      recordedStore(),
      file,
      '--by-key',
      '--map-key',
      'apikey_a=k_1',
      '--map-key',
      'apikey_b=k_2',
      '--json',
    );
    const { rows, totals } = JSON.parse(stdout);
    expect(rows).toMatchObject([
      {
        model: 'claude-haiku-4-5',
        key: 'apikey_c',
        tokens_more: 1,
        reasons: ['none of it is in the record'],
      },
      { model: 'claude-haiku-4-5', key: 'k_1', tokens_more: 0 },
      { model: 'claude-opus-5-5', key: 'k_1', tokens_more: 0 },
      { model: 'claude-opus-5-5', key: 'k_2', tokens_more: 0 },
      { model: 'web_search', key: 'k_1' },
    ]);
    expect(totals.cost_nano_usd).toBeNull();
  });

  it('takes only one workspace of the report when that is asked', async () => {
    const file = fileOf(pageOf([opus, haiku, { ...opus, workspace_id: 'wrkspc_1' }]));
    const whole = JSON.parse((await reconcile(recordedStore(), file, '--json')).stdout);
    expect(whole.totals.tokens).toEqual({ ours: 217, theirs: 427, differing: 210 });
    const own = JSON.parse(
      (await reconcile(recordedStore(), file, '--json', '--workspace', 'default')).stdout,
    );
    expect(own.totals.tokens).toEqual({ ours: 217, theirs: 217, differing: 0 });
  });

  it('refuses what it cannot use with one sentence: 2, and 4 where there is no store', async () => {
    const path = recordedStore();
    const file = fileOf(pageOf([opus]));
    expect(await reconcile(path)).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('Give the file of a report'),
    });
    expect(await reconcile(path, fileOf('hello'))).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('none of the reports'),
    });
    expect(await reconcile(path, `${file}.none`)).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('cannot be read'),
    });
    expect(await reconcile(path, file, '--max-difference', 'much')).toMatchObject({ code: 2 });
    expect(await reconcile(path, file, '--max-difference', '0.1')).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('tells no cost'),
    });
    expect(await reconcile(path, file, '--map-key', 'a=b')).toMatchObject({ code: 2 });
    expect(await reconcile(path, file, '--from', '2026-11-20T10:00:00Z')).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('whole UTC days'),
    });
    expect((await reconcile(`${path}.none`, file)).code).toBe(4);
  });
});

describe('weir reconcile --fetch', () => {
  async function provider(answer: (request: UpstreamRequest) => { status: number; body: string }) {
    const asked: UpstreamRequest[] = [];
    const upstream = await startUpstream((request, reply) => {
      asked.push(request);
      const { status, body } = answer(request);
      reply.head(status, { 'content-type': 'application/json' }).chunk(body).end();
    });
    onTestFinished(() => upstream.close());
    vi.stubEnv('WEIR_UPSTREAM', upstream.url.href);
    vi.stubEnv('ANTHROPIC_ADMIN_KEY', 'sk-ant-admin01-secret');
    return asked;
  }

  it('asks the upstream page by page, with the admin key, and tells the key to nobody', async () => {
    const asked = await provider(({ target }) => {
      if (target.includes('cost_report')) return { status: 200, body: pageOf(costs) };
      return { status: 200, body: target.includes('page=2') ? pageOf([haiku]) : pageOf([opus], '2') };
    });
    const { code, stdout, stderr } = await reconcile(
      recordedStore(),
      '--fetch',
      '--from',
      '2026-11-20',
      '--to',
      '2026-11-21',
    );
    expect(code).toBe(0);
    expect(stdout).toMatch(/\nequal\n$/);
    expect(asked.map(({ target }) => decodeURIComponent(target))).toEqual([
      '/v1/organizations/usage_report/messages?starting_at=2026-11-20T00:00:00Z&ending_at=2026-11-21T00:00:00Z&bucket_width=1d&limit=31&group_by[]=model',
      '/v1/organizations/usage_report/messages?starting_at=2026-11-20T00:00:00Z&ending_at=2026-11-21T00:00:00Z&bucket_width=1d&limit=31&group_by[]=model&page=2',
      '/v1/organizations/cost_report?starting_at=2026-11-20T00:00:00Z&ending_at=2026-11-21T00:00:00Z&bucket_width=1d&limit=31&group_by[]=description',
    ]);
    for (const { rawHeaders } of asked) expect(rawHeaders).toContain('sk-ant-admin01-secret');
    expect(stdout + stderr).not.toContain('sk-ant-admin01');
  });

  it('says what the provider refuses: 1, and 69 where nobody answers', async () => {
    const path = recordedStore();
    const error = JSON.stringify({
      type: 'error',
      error: { type: 'authentication_error', message: 'invalid x-api-key' },
    });
    await provider(() => ({ status: 401, body: error }));
    const refused = await reconcile(path, '--fetch');
    expect(refused.code).toBe(1);
    expect(refused.stderr).toMatch(/answers 401 .*: invalid x-api-key\. ANTHROPIC_ADMIN_KEY has to be/);
    vi.stubEnv('WEIR_UPSTREAM', 'http://127.0.0.1:9');
    expect(await reconcile(path, '--fetch')).toMatchObject({
      code: 69,
      stderr: expect.stringContaining('cannot be asked'),
    });
  });

  it('sends the key nowhere unencrypted, and asks nobody without one', async () => {
    const path = recordedStore();
    vi.stubEnv('WEIR_UPSTREAM', 'http://gateway.example');
    expect(await reconcile(path, '--fetch')).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('ANTHROPIC_ADMIN_KEY'),
    });
    vi.stubEnv('ANTHROPIC_ADMIN_KEY', 'sk-ant-admin01-secret');
    expect(await reconcile(path, '--fetch')).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('not encrypted'),
    });
  });
});
