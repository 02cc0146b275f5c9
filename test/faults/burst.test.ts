import http from 'node:http';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parseMetrics } from '../support/prometheus.ts';
import { runToEnd, startProgram, type Program } from '../support/program.ts';
import { makeCall, type MadeCall } from './load.ts';
import { startFaultUpstream, type FaultUpstream } from './upstream.ts';
import { compareRows, missingBodies, storedCalls } from './verdict.ts';
import { healthOf, removeDir, temporaryDir, until, well } from './weir.ts';

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

const clients = 16;

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
  test('lies on the disk within the second, survives kill -9 there, and is in the store once and whole after it', async () => {
    const start = (): Promise<Program> => startProgram({ args: ['--upstream', upstream.url], dataDir });
    const first = await start();
    const made = await burst(first, 1, 30);
    // A stopped reading of the record must not be taken for one that is done: all is on the disk, and not all in the store.
    const health = await until(
      () => healthOf(first),
      ({ lag_ms, queue_bytes }) => lag_ms === 0 && queue_bytes === 0,
    );
    expect(health).toMatchObject({ status: 'ok', rows_lost: 0, bodies_lost: 0 });
    expect(health.undigested_bytes).toBeGreaterThan(0);
    await first.stop('SIGKILL');
    const lookedInto = storedCalls(dataDir).filter(({ state }) => state === 'completed').length;

    const second = await start();
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
});
