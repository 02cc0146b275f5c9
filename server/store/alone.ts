/** What several writers of one store may not do at the same time. A file has one writer anyway. */
import type { Store } from './open.ts';

/** Waits until nobody else does this, and keeps it so until the transaction ends, which it belongs into. */
export function waitToBeAlone({ engine, sqlite }: Store, what: string): void {
  if (engine === 'postgres') sqlite.prepare(`SELECT pg_advisory_xact_lock(${lockKey})`).get(what);
}

/** False when another writer does this just now; else nobody else will until this program closes or says `leave`. */
export function tryToBeAlone({ engine, sqlite }: Store, what: string): boolean {
  if (engine === 'sqlite') return true;
  return sqlite.prepare(`SELECT pg_try_advisory_lock(${lockKey})`).pluck().get(what) === 1;
}

export function leave({ engine, sqlite }: Store, what: string): void {
  if (engine === 'postgres') sqlite.prepare(`SELECT pg_advisory_unlock(${lockKey})`).get(what);
}

/** Of the schema that the tables lie in: another one is another store. */
const lockKey = `hashtextextended('weir ' || current_schema() || ' ' || ?, 0)`;
