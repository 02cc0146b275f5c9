import { readdirSync, renameSync } from 'node:fs';
import http from 'node:http';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parseMetrics } from '../support/prometheus.ts';
import { runToEnd, type Program } from '../support/program.ts';
import { makeCall, type MadeCall } from './load.ts';
import { freshDir, started } from './stage.ts';
import { startFaultUpstream, type FaultUpstream } from './upstream.ts';
import { compareRows, missingBodies, storedCalls } from './verdict.ts';
import { healthOf, until, well } from './weir.ts';

let upstream: FaultUpstream;

beforeAll(async () => {
  upstream = await startFaultUpstream();
});
afterAll(() => upstream.close());

const clients = 16;
const saboteur = fileURLToPath(new URL('./saboteur.ts', import.meta.url));

/** Many calls with large requests that nobody has seen before, as fast as they go. */
async function burst(program: Program, firstMarker: number, count: number): Promise<MadeCall[]> {
  const agent = new http.Agent({ keepAlive: true, maxSockets: clients });
  const ledger: MadeCall[] = [];
  const markers = Array.from({ length: count }, (_, at) => firstMarker + at);
  await Promise.all(markers.map((marker) => makeCall(program.proxyUrl, marker, 'heavy', agent, ledger)));
  agent.destroy();
  return ledger;
}

async function countedBy(program: Program): Promise<number> {
  const samples = parseMetrics(await (await fetch(`${program.proxyUrl}/-/metrics`)).text());
  return samples
    .filter(({ name }) => name === 'weir_requests_total')
    .reduce((sum, { value }) => sum + value, 0);
}

describe('a burst that the recorder cannot keep up with', () => {
  test('lies on the disk within the second, survives kill -9 and a move there, and is in the store once and whole after it', async () => {
    const [firstDir, dataDir] = [freshDir(), freshDir()];
    const first = await started(upstream.url, firstDir);
    const made = await burst(first, 1, 30);
    // A stopped reading of the record must not be taken for one that is done: all is on the disk, and not all in the store.
    const health = await until(
      () => healthOf(first),
      ({ lag_ms, queue_bytes }) => lag_ms === 0 && queue_bytes === 0,
      60_000,
    );
    expect(health).toMatchObject({ status: 'ok', rows_lost: 0, bodies_lost: 0 });
    expect(health.undigested_bytes).toBeGreaterThan(0);
    await first.stop('SIGKILL');
    const lookedInto = storedCalls(firstDir).filter(({ state }) => state === 'completed').length;

    renameSync(firstDir, dataDir);
    const second = await started(upstream.url, dataDir);
    const more = await burst(second, 31, 6);
    expect(await well(second, 60_000)).toMatchObject({ spilled_bytes: 0, undigested_bytes: 0 });
    const counted = await countedBy(second);
    const stored = storedCalls(dataDir);
    expect(compareRows([...made, ...more], stored, null).findings).toEqual([]);
    expect(await missingBodies(second, [...made, ...more], stored)).toEqual([]);
    await second.stop();

    // What the first one had written it does not count again.
    expect(counted).toBe(made.length + more.length - lookedInto);
    const { code, stdout } = await runToEnd(['check', '--chain', '--json', '--data-dir', dataDir]);
    expect({ code, chain: JSON.parse(stdout) }).toMatchObject({
      code: 0,
      chain: { writers: [{ seal: 'valid' }], calls_before_chain: 0, findings: [] },
    });
    expect(await runToEnd(['check', '--data-dir', dataDir])).toMatchObject({ code: 0 });
  }, 150_000);

  test('of which one call ends every process that looks into it, and one that reads it: the first is stored unseen, the other kept aside', async () => {
    const [ownDir, harmDir] = [freshDir(), freshDir()];
    const first = await started(upstream.url, ownDir);
    const made = await burst(first, 1, 24);
    await until(
      () => healthOf(first),
      ({ lag_ms, queue_bytes }) => lag_ms === 0 && queue_bytes === 0,
      60_000,
    );
    await first.stop('SIGKILL');
    const done = new Set(
      storedCalls(ownDir)
        .filter(({ state }) => state === 'completed')
        .map(({ marker }) => marker),
    );
    const [unseen = 0, unread = 0] = made.map(({ marker }) => marker).filter((marker) => !done.has(marker));
    const harm = {
      NODE_OPTIONS: `--import ${saboteur}`,
      SABOTAGE: 'kill',
      SABOTAGE_WORDS: `Answer ${unseen}.,m=${unread}&k=heavy`,
      SABOTAGE_DIR: harmDir,
    };
    const deaths = (): number => readdirSync(harmDir).length;
    async function firstThatLives(): Promise<Program> {
      for (;;) {
        const before = deaths();
        try {
          const program = await started(upstream.url, ownDir, [], harm);
          await until(
            () => healthOf(program),
            ({ undigested_bytes }) => undigested_bytes === 0,
            60_000,
          );
          return program;
        } catch (error) {
          if (deaths() === before || before > 8) throw error;
        }
      }
    }
    const program = await firstThatLives();
    expect(deaths()).toBe(3 + 5);
    const stored = storedCalls(ownDir);
    const { findings } = compareRows(made, stored, null);
    expect(findings.filter((finding) => !new RegExp(`^call (${unseen}|${unread}) `).test(finding))).toEqual(
      [],
    );
    const sound = made.filter(({ marker }) => marker !== unread);
    expect(
      await missingBodies(
        program,
        sound,
        stored.filter(({ marker }) => marker !== unread),
      ),
    ).toEqual([]);
    const id = stored.find(({ marker }) => marker === unseen)?.id ?? '';
    expect(JSON.stringify(await program.api(`calls/${id}`))).toContain('died of this call three times');
    expect(program.stderr().match(/ended over it 5 times; it is kept in \S+\.unreadable\./g)).toHaveLength(1);
    expect(await healthOf(program)).toMatchObject({ rows_lost: 1, bodies_lost: 2 });
  }, 150_000);
});
