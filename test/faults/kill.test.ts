import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { runToEnd, startProgram, type Program } from '../support/program.ts';
import { killRounds } from './rounds.ts';
import { startFaultUpstream, type FaultUpstream } from './upstream.ts';
import { removeDir, temporaryDir } from './weir.ts';

let upstream: FaultUpstream;
let dataDir: string;

beforeAll(async () => {
  upstream = await startFaultUpstream();
  dataDir = temporaryDir();
});
afterAll(async () => {
  await upstream.close();
  removeDir(dataDir);
});

describe('kill -9 under load', () => {
  test('what had ended is whole, what ran is interrupted with what had arrived, nothing is there twice', async () => {
    const start = (): Promise<Program> => startProgram({ args: ['--upstream', upstream.url], dataDir });
    const report = await killRounds({
      start,
      dataDir,
      rounds: 3,
      clients: 12,
      pauseMs: 60,
      leastMs: 1500,
      mostMs: 2800,
    });
    expect(report.findings).toEqual([]);
    expect(report.interrupted).toBeGreaterThan(0);
    expect(report.calls).toBeGreaterThan(50);
    const { code, stdout } = await runToEnd(['check', '--chain', '--json', '--data-dir', dataDir]);
    expect({ code, chain: JSON.parse(stdout) }).toMatchObject({
      code: 0,
      chain: { writers: [{ seal: 'valid' }], calls_before_chain: 0, findings: [] },
    });
  }, 60_000);
});
