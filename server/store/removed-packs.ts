/**
 * That packs have gone which another writer of the store may remember: each looks before it names packs of a day that retention may
 * touch. A file has one writer anyway, and that is told.
 */
import type { Store } from './open.ts';

/** In `meta`: another number whenever some have gone. */
const removalsKey = 'pack_removals';

/** Belongs into the transaction that removes them. */
export function notePacksRemoved({ engine, sqlite }: Store): void {
  if (engine === 'sqlite') return;
  sqlite
    .prepare(
      `INSERT INTO meta (key, value) VALUES (?, '1')
      ON CONFLICT (key) DO UPDATE SET value = CAST(CAST(meta.value AS BIGINT) + 1 AS TEXT)`,
    )
    .run(removalsKey);
}

/** Returns what tells whether packs have gone since it was asked before. To be asked where nobody can remove any. */
export function createRemovalWatch({ engine, sqlite }: Store): () => boolean {
  if (engine === 'sqlite') return () => false;
  const ask = sqlite.prepare<[string], string>('SELECT value FROM meta WHERE key = ?').pluck();
  let known: string | undefined;
  return () => {
    const before = known;
    known = ask.get(removalsKey);
    return known !== before;
  };
}
