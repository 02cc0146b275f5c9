import Database from 'better-sqlite3';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Program } from '../support/program.ts';
import { allWhole, expectNothingLost, freshDir, load, started } from './stage.ts';
import { startFaultUpstream, type FaultUpstream } from './upstream.ts';
import { compareRows, storedCalls } from './verdict.ts';
import { healthOf, until, well } from './weir.ts';

const saboteur = fileURLToPath(new URL('./saboteur.ts', import.meta.url));

let upstream: FaultUpstream;

beforeAll(async () => {
  upstream = await startFaultUpstream();
});
afterAll(() => upstream.close());

/** The program with harm in its recorder at the call of this marker. */
function sabotaged(
  dataDir: string,
  harmDir: string,
  harm: 'end' | 'hang',
  marker: number,
  times: number,
): Promise<Program> {
  return started(upstream.url, dataDir, [], {
    NODE_OPTIONS: `--import ${saboteur}`,
    SABOTAGE: harm,
    SABOTAGE_WORDS: `Question ${marker}:`,
    SABOTAGE_TIMES: String(times),
    SABOTAGE_DIR: harmDir,
  });
}

describe('a recorder that fails', () => {
  test('its thread dies twice under load: it is started again, and every call is there once', async () => {
    const [dataDir, harmDir] = [freshDir(), freshDir()];
    const program = await sabotaged(dataDir, harmDir, 'end', 30, 2);
    const clients = load(program, 1, 'long');
    await until(
      () => clients.calls.length,
      (count) => count > 50,
    );
    const made = await clients.stop();
    await well(program);
    expect(readdirSync(harmDir)).toHaveLength(2);
    await expectNothingLost(program, made, storedCalls(dataDir));
  }, 60_000);

  test('its thread dies while another program holds the store: what waits in the spill is taken over too', async () => {
    const [dataDir, harmDir] = [freshDir(), freshDir()];
    const program = await sabotaged(dataDir, harmDir, 'end', 60, 2);
    const clients = load(program, 1, 'long');
    await until(
      () => clients.calls.length,
      (count) => count > 15,
    );
    const other = new Database(join(dataDir, 'weir.db'));
    other.exec('BEGIN IMMEDIATE');
    // It dies again now, or when there is time to look into what is late.
    await until(
      () => readdirSync(harmDir).length,
      (count) => count > 0,
    );
    await until(
      () => healthOf(program),
      ({ lag_ms, spilled_bytes }) => spilled_bytes > 0 && lag_ms < 1500,
    );
    other.exec('ROLLBACK');
    other.close();
    const made = await clients.stop();
    await well(program);
    expect(readdirSync(harmDir)).toHaveLength(2);
    await expectNothingLost(program, made, storedCalls(dataDir));
  }, 60_000);

  test('a call on which it dies each time is stored without a look into it, and says so', async () => {
    const [dataDir, harmDir] = [freshDir(), freshDir()];
    const program = await sabotaged(dataDir, harmDir, 'end', 20, 1000);
    const clients = load(program);
    await until(
      () => clients.calls.length,
      (count) => count > 60,
    );
    const made = await clients.stop();
    await well(program);
    expect(readdirSync(harmDir)).toHaveLength(3);
    const stored = storedCalls(dataDir);
    expect(allWhole(made)).toBe(true);
    const { findings } = compareRows(made, stored, null);
    expect(findings.every((finding) => /^call 20 .* has (input|output)_tokens null/.test(finding))).toBe(
      true,
    );
    expect(findings).toHaveLength(2);
    const id = stored.find(({ marker }) => marker === 20)?.id ?? '';
    expect(JSON.stringify(await program.api(`calls/${id}`))).toContain('died of this call three times');
    expect(await healthOf(program)).toMatchObject({ rows_lost: 0, bodies_lost: 0 });
  }, 60_000);

  test('its thread hangs: calls go on, it is replaced, and every call is there once', async () => {
    const [dataDir, harmDir] = [freshDir(), freshDir()];
    const program = await sabotaged(dataDir, harmDir, 'hang', 20, 1);
    const clients = load(program);
    const late = await until(
      () => healthOf(program),
      ({ lag_ms }) => lag_ms > 6000,
      30_000,
    );
    expect(late).toMatchObject({ status: 'degraded' });
    const during = clients.calls.length;
    await until(
      () => program.stderr(),
      (text) => text.includes('hung'),
      40_000,
    );
    expect(clients.calls.length).toBeGreaterThan(during);
    const made = await clients.stop();
    await well(program);
    await expectNothingLost(program, made, storedCalls(dataDir));
  }, 90_000);
});
