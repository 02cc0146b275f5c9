/** What several writers of one store may not do at the same time. A file has one writer anyway. */
import type { Store } from './open.ts';

/** Waits until nobody else does this, and keeps it so until the transaction ends, which it belongs into. */
export function waitToBeAlone({ engine, sqlite }: Store, what: string): void {
  if (engine === 'postgres') sqlite.prepare(`SELECT pg_advisory_xact_lock(${lockKey})`).get(what);
}

/** Lets nobody be alone with this until the transaction ends, which it belongs into; whatever is asked next waits until nobody is. */
export function keepFromBeingAlone({ engine, sqlite }: Store, what: string): void {
  if (engine === 'postgres') sqlite.prepare(`SELECT pg_advisory_xact_lock_shared(${lockKey})`).run(what);
}

/** What a step of retention does. */
export const removing = 'removing';

/** False when another writer does this just now; else nobody else will until this program closes or says `leave`. */
export function tryToBeAlone({ engine, sqlite }: Store, what: string): boolean {
  if (engine === 'sqlite') return true;
  return sqlite.prepare(`SELECT pg_try_advisory_lock(${lockKey})`).pluck().get(what) === 1;
}

export function leave({ engine, sqlite }: Store, what: string): void {
  if (engine === 'postgres') sqlite.prepare(`SELECT pg_advisory_unlock(${lockKey})`).get(what);
}

/** Whether nobody else does this just now. */
export function isAlone(store: Store, what: string): boolean {
  const isFree = tryToBeAlone(store, what);
  if (isFree) leave(store, what);
  return isFree;
}

/** What a writer does as long as it is open. */
export function writingAs(name: string): string {
  return `writer ${name}`;
}

/** Of the schema that the tables lie in: another one is another store. */
export const lockKey = `hashtextextended('weir ' || current_schema() || ' ' || ?, 0)`;
