/**
 * Makes `river.ndjson`: asks the questions once through Weir, and exports what it has recorded. Here the answers come from Weir's demo;
 * with your own key leave `--demo` away.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import Anthropic from '@anthropic-ai/sdk';
import { askAboutRiver } from './agent.ts';
import { questions, readGauge } from './questions.ts';
import { runWeir, startWeir } from './weir.ts';

const file = process.argv[2] ?? fileURLToPath(new URL('river.ndjson', import.meta.url));
const dataDir = mkdtempSync(join(tmpdir(), 'agent-test-'));
try {
  const proxy = await startWeir('--demo', '--data-dir', dataDir);
  const client = new Anthropic({
    apiKey: 'none',
    baseURL: proxy.url,
    maxRetries: 0,
    // By this the calls are found again among all others.
    defaultHeaders: { 'x-weir-session': 'agent-test' },
  });
  for (const question of Object.values(questions)) await askAboutRiver(client, question, readGauge);
  await proxy.stop();
  await runWeir('export', '--data-dir', dataDir, '--session', 'agent-test', '--bodies', '--out', file);
} finally {
  rmSync(dataDir, { recursive: true, force: true });
}
