import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { fillUp } from './filler.ts';
import type { MadeCall } from './load.ts';
import { freshDir, load, started } from './stage.ts';
import { startFaultUpstream, type FaultUpstream } from './upstream.ts';
import { storedCalls, type StoredCall } from './verdict.ts';
import { mountTmpfs, until, well } from './weir.ts';

let upstream: FaultUpstream;

beforeAll(async () => {
  upstream = await startFaultUpstream();
});
afterAll(() => upstream.close());

/** Calls that were whole for their client and of which the store does not say the same. */
function unloggedSuccesses(made: readonly MadeCall[], stored: readonly StoredCall[]): number[] {
  const states = new Map(stored.map((call) => [call.marker, call]));
  return made
    .filter(({ isWhole, marker }) => isWhole && states.get(marker)?.state !== 'completed')
    .map(({ marker }) => marker);
}

describe('audit mode', () => {
  test('killed again and again under load: no answer was whole for its client without its final row', async () => {
    const dataDir = freshDir();
    const made: MadeCall[] = [];
    for (let round = 0; round < 4; round++) {
      const program = await started(upstream.url, dataDir, ['--log-mode', 'audit']);
      const clients = load(program, round * 100_000 + 1, 'long');
      await until(
        () => clients.calls.filter(({ isWhole }) => isWhole).length,
        (count) => count > 15,
      );
      // Somewhere within the calls that run, another place each round.
      await setTimeout(37 * round);
      await program.stop('SIGKILL');
      made.push(...(await clients.stop()));
    }
    const last = await started(upstream.url, dataDir, ['--log-mode', 'audit']);
    await well(last);
    const stored = storedCalls(dataDir);
    expect(unloggedSuccesses(made, stored)).toEqual([]);
    expect(stored.some(({ state }) => state === 'interrupted')).toBe(true);
    expect(stored.filter(({ state }) => state === 'open')).toEqual([]);
  }, 120_000);

  test('a full disk: 503 before anything is sent or a broken answer, never an unlogged success; and it heals', async (context) => {
    const disk = mountTmpfs(40);
    if (disk === null) {
      context.skip('a file system of its own needs root');
      return;
    }
    onTestFinished(() => disk.unmount());
    const program = await started(upstream.url, disk.path, ['--log-mode', 'audit']);
    const clients = load(program, 5_000_000);
    await until(
      () => clients.calls.filter(({ isWhole }) => isWhole).length,
      (count) => count > 15,
    );
    const filler = join(disk.path, 'filler');
    // What Weir keeps for this moment is taken as well.
    await until(
      () => {
        fillUp(filler);
        return clients.calls.filter(({ status }) => status === 503).length;
      },
      (count) => count > 5,
      40_000,
    );
    rmSync(filler);
    await well(program);
    const wholeBefore = clients.calls.filter(({ isWhole }) => isWhole).length;
    await until(
      () => clients.calls.filter(({ isWhole }) => isWhole).length,
      (count) => count > wholeBefore + 5,
    );
    const made = await clients.stop();
    await well(program);
    const stored = storedCalls(disk.path);
    expect(unloggedSuccesses(made, stored)).toEqual([]);
    // What got 503 never reached the upstream.
    const refused = made.filter(({ status }) => status === 503).map(({ marker }) => marker);
    expect(refused.filter((marker) => upstream.requests.has(marker))).toEqual([]);
  }, 120_000);
});
