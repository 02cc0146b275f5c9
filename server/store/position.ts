/** Where a call stands in the order of all calls, by its start and then by its id; and cursors that carry such a place. */
import { sql, type SQL } from 'drizzle-orm';
import { BadCursor } from './errors.ts';
import { calls } from './tables.ts';

export interface Position {
  readonly startedMs: number;
  readonly id: string;
}

/** A row value, as the database seeks in an index by it; the same written with OR would scan. */
export function isOlderThan({ startedMs, id }: Position): SQL {
  return sql`(${calls.started_ms}, ${calls.id}) < (${startedMs}, ${id})`;
}

export function isNewerThan({ startedMs, id }: Position): SQL {
  return sql`(${calls.started_ms}, ${calls.id}) > (${startedMs}, ${id})`;
}

/** Up to this one, and it too. */
export function isNotOlderThan({ startedMs, id }: Position): SQL {
  return sql`(${calls.started_ms}, ${calls.id}) >= (${startedMs}, ${id})`;
}

export function formatCursor({ startedMs, id }: Position): string {
  return Buffer.from(`${startedMs}:${id}`).toString('base64url');
}

/** Throws `BadCursor` for what `formatCursor` did not make. */
export function parseCursor(cursor: string): Position {
  const text = Buffer.from(cursor, 'base64url').toString('utf8');
  const [, startedMs, id] = /^(-?\d{1,16}):(.+)$/s.exec(text) ?? [];
  if (startedMs === undefined || id === undefined || Buffer.from(text).toString('base64url') !== cursor) {
    throw new BadCursor('this cursor was not given by this server');
  }
  return { startedMs: Number(startedMs), id };
}
