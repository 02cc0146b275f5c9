import { expect, it } from 'vitest';
import { coreAccountOf, GivingWay } from '../../server/recorder/giving-way.ts';

/** A second of batches every 10 ms, of a record that waits for the core `share` of the time; returns how often it was let in. */
function pausesWhile(lagMs: number, share: number | null): number {
  let nowMs = 5000;
  let pauses = 0;
  const way = new GivingWay({
    nowMs: () => nowMs,
    waitedMs: () => (share === null ? null : nowMs * share),
    pause: () => pauses++,
  });
  for (; nowMs < 6000; nowMs += 10) way.giveWay(lagMs);
  return pauses;
}

it('lets a record in that is behind because it never has the core', () => {
  expect(pausesWhile(2000, 0.95)).toBeGreaterThan(70);
});

it('lets calls go on while the record keeps up, or waits for something else', () => {
  expect(pausesWhile(300, 0.95)).toBe(0);
  expect(pausesWhile(2000, 0.1)).toBe(0);
  expect(pausesWhile(2000, null)).toBe(0);
});

it.runIf(process.platform === 'linux')('knows what a thread of this process waited for the core', () => {
  expect(coreAccountOf(() => process.pid).waitedMs()).toBeGreaterThanOrEqual(0);
  expect(coreAccountOf(() => 0).waitedMs()).toBeNull();
});
