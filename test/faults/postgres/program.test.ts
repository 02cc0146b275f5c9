import { setTimeout } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { temporaryDatabase } from '../../support/database.ts';
import { startPostgres } from '../../support/postgres.ts';
import { runToEnd, startProgram, type Program } from '../../support/program.ts';
import { killRounds } from '../rounds.ts';
import { allWhole, expectNothingLost, freshDir, load, started } from '../stage.ts';
import { startFaultUpstream, type FaultUpstream } from '../upstream.ts';
import { compareRows, missingBodies, storedCalls } from '../verdict.ts';
import { healthOf, until, well } from '../weir.ts';

let upstream: FaultUpstream;

beforeAll(async () => {
  upstream = await startFaultUpstream();
});
afterAll(() => upstream.close());

async function checkOf(store: string): Promise<unknown> {
  const { stdout, stderr } = await runToEnd(['check', '--json', '--data-dir', freshDir()], {
    WEIR_STORE: store,
  });
  if (stdout === '') throw new Error(stderr);
  const { calls, findings } = JSON.parse(stdout) as { calls: number; findings: unknown[] };
  return { calls, findings };
}

describe('PostgreSQL under the program', () => {
  test('away under load it is spilled, and everything is there once when it is back', async () => {
    const server = await startPostgres();
    onTestFinished(() => server.remove());
    const store = `${server.url}/postgres`;
    const program = await started(upstream.url, freshDir(), [], { WEIR_STORE: store });
    const storm = load(program);
    await setTimeout(1500);
    await server.stop();
    await until(
      () => healthOf(program),
      ({ spilled_bytes: bytes, status }) => bytes > 0 && status === 'degraded',
      60_000,
    );
    await setTimeout(1500);
    await server.start();
    await until(
      () => healthOf(program),
      ({ spilled_bytes: bytes, status }) => bytes === 0 && status === 'ok',
      60_000,
    );
    const made = await storm.stop();
    await well(program);
    const stored = storedCalls('', store);
    await expectNothingLost(program, made, stored);
    expect(await checkOf(store)).toEqual({ calls: made.length, findings: [] });
  });

  test('killed under load, what had ended is whole and what ran is interrupted', async () => {
    const store = temporaryDatabase();
    const dataDir = freshDir();
    const start = (): Promise<Program> =>
      startProgram({ args: ['--upstream', upstream.url], dataDir, env: { WEIR_STORE: store } });
    const report = await killRounds({
      start,
      dataDir,
      store,
      rounds: 2,
      // Few, as what may be lost is a matter of time, and each statement has to go to a server and back.
      clients: 3,
      pauseMs: 300,
      leastMs: 4000,
      mostMs: 5000,
    });
    expect(report.findings).toEqual([]);
    expect(report.interrupted).toBeGreaterThan(0);
    expect(report.calls).toBeGreaterThan(20);
  });

  test('two programs record into one store at once, and neither disturbs the other', async () => {
    const store = temporaryDatabase();
    const env = { WEIR_STORE: store };
    const [one, two] = await Promise.all([
      started(upstream.url, freshDir(), [], env),
      started(upstream.url, freshDir(), [], env),
    ]);
    const storms = [load(one, 1), load(two, 100_000)];
    await setTimeout(3000);
    await two.stop('SIGKILL');
    await setTimeout(1000);
    const [made = [], killed = []] = await Promise.all(storms.map((storm) => storm.stop()));
    await well(one);
    const stored = storedCalls('', store).filter(({ marker }) => marker < 100_000);
    expect(allWhole(made)).toBe(true);
    // The other one's running calls are its own to end.
    expect(compareRows(made, stored, null).findings).toEqual([]);
    expect(await missingBodies(one, made, stored.slice(0, 40))).toEqual([]);
    const all = storedCalls('', store);
    expect(
      all.filter(({ marker, state }) => marker >= 100_000 && state === 'completed').length,
    ).toBeGreaterThan(3);
    expect(killed.length).toBeGreaterThan(3);
    expect(await checkOf(store)).toMatchObject({ findings: [] });
  });
});
