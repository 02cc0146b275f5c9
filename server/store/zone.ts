/** Wall clocks of IANA time zones. Pure; the rules are those that Node's ICU knows. */
import { BadQuestion } from './errors.ts';

const DAY_MS = 86_400_000;

/** A day as a calendar names it; `month` from 1. */
export interface LocalDay {
  readonly year: number;
  readonly month: number;
  readonly day: number;
}

export interface Zone {
  /** What a wall clock shows at `atMs`, as the epoch ms that UTC has when its clock shows the same. */
  wallMs(atMs: number): number;
  /** The first moment of a calendar day, epoch ms; overflowing days (`day: 32`) count on. */
  startOfDay(day: LocalDay): number;
}

/** Throws `BadQuestion` for a name that is no zone. */
export function timeZone(name: string): Zone {
  const offsetAt = name === 'UTC' ? () => 0 : offsetsOf(formatFor(name));
  const wallMs = (atMs: number): number => atMs + offsetAt(atMs);
  return { wallMs, startOfDay: (day) => startOfDay(wallMs, day) };
}

/** How far the clock is ahead of UTC. Asked once for a day where it is not changed; no zone changes it twice in one. */
function offsetsOf(format: Intl.DateTimeFormat): (atMs: number) => number {
  const known = new Map<number, number>();
  const beginningOf = (day: number): number => {
    const offsetMs = known.get(day) ?? wallClock(format, day * DAY_MS) - day * DAY_MS;
    known.set(day, offsetMs);
    return offsetMs;
  };
  return (atMs) => {
    const day = Math.floor(atMs / DAY_MS);
    const offsetMs = beginningOf(day);
    return offsetMs === beginningOf(day + 1) ? offsetMs : wallClock(format, atMs) - atMs;
  };
}

function wallClock(format: Intl.DateTimeFormat, atMs: number): number {
  const parts = new Map(format.formatToParts(atMs).map(({ type, value }) => [type, Number(value)]));
  const part = (type: Intl.DateTimeFormatPartTypes): number => parts.get(type) ?? 0;
  const second = Date.UTC(
    part('year'),
    part('month') - 1,
    part('day'),
    part('hour'),
    part('minute'),
    part('second'),
  );
  return second + (((atMs % 1000) + 1000) % 1000);
}

/** The calendar day of a wall clock's time. */
export function dayOf(wallMs: number): LocalDay {
  const date = new Date(wallMs);
  return { year: date.getUTCFullYear(), month: date.getUTCMonth() + 1, day: date.getUTCDate() };
}

/** Monday is 0. */
export function weekdayOf(wallMs: number): number {
  return (new Date(wallMs).getUTCDay() + 6) % 7;
}

function formatFor(name: string): Intl.DateTimeFormat {
  try {
    return new Intl.DateTimeFormat('en-US', {
      timeZone: name,
      calendar: 'gregory',
      hourCycle: 'h23',
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
      hour: 'numeric',
      minute: 'numeric',
      second: 'numeric',
    });
  } catch (cause) {
    if (cause instanceof RangeError)
      throw new BadQuestion(`there is no time zone ${name.slice(0, 40)}`, { cause });
    throw cause;
  }
}

function startOfDay(wallMs: (atMs: number) => number, { year, month, day }: LocalDay): number {
  const midnight = Date.UTC(year, month - 1, day);
  const offsetAt = (atMs: number): number => wallMs(atMs) - atMs;
  const before = offsetAt(midnight - DAY_MS);
  const after = offsetAt(midnight + DAY_MS);
  const early = midnight - Math.max(before, after);
  const late = midnight - Math.min(before, after);
  // Where clocks go back over midnight it comes twice: the day begins with the first one.
  for (const candidate of [early, late]) if (wallMs(candidate) === midnight) return candidate;
  // Where they go forward over midnight it never comes: the day begins when they do.
  let [lastBefore, firstAfter] = [early, late];
  while (firstAfter - lastBefore > 1) {
    const middle = Math.floor((lastBefore + firstAfter) / 2);
    if (wallMs(middle) < midnight) lastBefore = middle;
    else firstAfter = middle;
  }
  return firstAfter;
}
