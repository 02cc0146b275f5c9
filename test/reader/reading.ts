import { onTestFinished } from 'vitest';
import { startReader } from '../../server/reader/reader.ts';

/** A reader of the store at `target`, closed with the test. */
export function reading(target: string, limitMs = 15_000, idleMs?: number): ReturnType<typeof startReader> {
  const reader = startReader({ target, limitMs, ...(idleMs !== undefined && { idleMs }) });
  onTestFinished(() => reader.close());
  return reader;
}
