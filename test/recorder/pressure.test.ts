import { expect, it } from 'vitest';
import { Pressure, type Work } from '../../server/recorder/pressure.ts';

interface Played {
  readonly pressure: Pressure;
  /** So many half seconds of work every five milliseconds. */
  readonly play: (halves: number, work: Partial<Work>) => void;
}

function played(): Played {
  let nowMs = 1000;
  const pressure = new Pressure(() => nowMs);
  return {
    pressure,
    play: (halves, work) => {
      for (let left = halves * 100; left > 0; left--) {
        nowMs += 5;
        pressure.add({ endedCalls: 1, callsAtOnce: 1, busyMs: 3, isDone: true, ...work });
      }
    },
  };
}

it('is high from the half second on in which calls took half of the time', () => {
  const { pressure, play } = played();
  play(1, { busyMs: 2 });
  expect(pressure.isHigh).toBe(false);
  play(0.8, {});
  expect(pressure.isHigh).toBe(false);
  play(0.2, {});
  expect(pressure.isHigh).toBe(true);
});

it('stays high while calls come that would take so long, whatever is done of them', () => {
  const { pressure, play } = played();
  play(1, {});
  play(2, { busyMs: 1, isDone: false });
  expect(pressure.isHigh).toBe(true);
  // What is done of them now is nobody's trouble.
  play(1, { endedCalls: 0, busyMs: 4, isDone: false });
  expect(pressure.isHigh).toBe(false);
});

it('is not high for work that nobody waits for', () => {
  const { pressure, play } = played();
  play(3, { endedCalls: 0, busyMs: 4 });
  expect(pressure.isHigh).toBe(false);
});

it('is not high for a few calls, however long they take, unless several wait at once', () => {
  const { pressure, play } = played();
  play(1, { endedCalls: 0.1, callsAtOnce: 2, busyMs: 4 });
  expect(pressure.isHigh).toBe(false);
  play(1, { endedCalls: 0.1, callsAtOnce: 6, busyMs: 4 });
  expect(pressure.isHigh).toBe(true);
});
