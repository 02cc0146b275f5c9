/**
 * Takes out of the full-text index what has been removed of it. By itself it would do so within the commit that removed enough, and
 * for as long as that takes: more than 400 ms in a store of a million calls.
 */
import type { Store } from './open.ts';
import { onIndex } from './search-damage.ts';
import { setShrinkingFrom, stopShrinking } from './search-tables.ts';

/** Less than so much of a part of it, in percent, is not worth to write that part anew. */
const shrinkFrom = 10;
/** With fewer at a time too many would be left half empty. */
const fewestPages = 16;

/** Writes about so many pages anew; 0 when there is nothing to gain. Belongs into a transaction. @throws SearchDamaged */
export function shrinkIndex({ sqlite, engine }: Store, pages: number): number {
  if (engine === 'postgres') return 0;
  return onIndex(() => {
    const changes = sqlite.prepare<[], number>('SELECT total_changes()').pluck();
    setShrinkingFrom(sqlite, shrinkFrom);
    const before = changes.get() ?? 0;
    sqlite.exec(`INSERT INTO call_text (call_text, rank) VALUES ('merge', ${Math.max(pages, fewestPages)})`);
    const written = (changes.get() ?? 0) - before;
    stopShrinking(sqlite);
    // The command itself counts as one.
    return written < 2 ? 0 : pages;
  });
}
