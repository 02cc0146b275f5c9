/**
 * Joins the parts of the full-text index, and takes out of them what has been removed, a little at a time. By itself it would do so
 * within the commit that it becomes due with, and for as long as that takes: a quarter of a second in a store of a million calls.
 */
import type { Store } from './open.ts';
import { onIndex } from './search-damage.ts';
import { createLevels, type Level } from './search-levels.ts';
import { mergedSegments, shrinkFromPercent } from './search-tables.ts';

/** With fewer pages at a time too many would be left half empty. */
const fewestPages = 16;
/** Less is put off, and more is left for the commits that follow. */
const [leastInCommit, mostInCommit] = [64, 256];
/** Every page is written once for each level; twice of that catches up. */
const perLevel = 2;

export interface Merging {
  /** To be called in each transaction that has added words, behind them. @throws SearchDamaged */
  afterWords(): void;
}

/** Joins as much as what is added makes due. */
export function createMerging({ sqlite }: Store): Merging {
  let readLevels: ReturnType<typeof createLevels> | null = null;
  let duePages = 0;
  return {
    afterWords: () =>
      onIndex(() => {
        readLevels ??= createLevels(sqlite);
        const levels = readLevels();
        // As large as the commit before; what this one adds is not yet written out.
        const added = levels[0]?.segments.at(-1)?.pages ?? 1;
        duePages = Math.min(duePages + perLevel * levels.length * added, mostInCommit);
        if (duePages < leastInCommit || !isMergeDue(levels)) return;
        merge(sqlite, duePages);
        duePages = 0;
      }),
  };
}

/** Writes about so many pages anew, if a merge is due; 0 when there is nothing to gain. Belongs into a transaction. @throws SearchDamaged */
export function mergeIndex({ sqlite, engine }: Store, pages: number): number {
  if (engine === 'postgres') return 0;
  return onIndex(() => {
    if (!isMergeDue(createLevels(sqlite)())) return 0;
    const changes = sqlite.prepare<[], number>('SELECT total_changes()').pluck();
    const before = changes.get() ?? 0;
    merge(sqlite, Math.max(pages, fewestPages));
    // The command itself counts as one.
    return (changes.get() ?? 0) - before < 2 ? 0 : pages;
  });
}

function merge(sqlite: Store['sqlite'], pages: number): void {
  sqlite.exec(`INSERT INTO call_text (call_text, rank) VALUES ('merge', ${pages})`);
}

function isMergeDue(levels: readonly Level[]): boolean {
  return levels.some(
    ({ isBeingMerged, segments }) =>
      isBeingMerged || segments.length >= mergedSegments || isShrunken(segments),
  );
}

function isShrunken(segments: Level['segments']): boolean {
  const total = (count: 'calls' | 'removed'): number =>
    segments.reduce((sum, segment) => sum + segment[count], 0);
  return segments.length > 0 && total('removed') * 100 >= total('calls') * shrinkFromPercent;
}
