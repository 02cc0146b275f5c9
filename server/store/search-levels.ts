/** What the index of SQLite consists of, as its own record of that tells it (FTS5's table `_data`, format version 4 with deletions). */
import type Database from 'better-sqlite3';
import { Varints } from './search-varints.ts';

/** Segments of one level are joined into one of the next. */
export interface Level {
  /** That is under way. */
  readonly isBeingMerged: boolean;
  /** Oldest first. */
  readonly segments: readonly Segment[];
}

export interface Segment {
  readonly pages: number;
  /** Calls whose words it holds, and those of them that are gone. */
  readonly calls: number;
  readonly removed: number;
}

const structureId = 10;
/** Stands in front of a record that tells of deletions. */
const withDeletions = 0xff000001;
/** Of the format, and that mark. */
const headerBytes = 8;
/** More is no index that FTS5 would write. */
const mostSegments = 2000;

/** Reads the levels of the index, from those of single commits on; none where the record cannot be read. */
export function createLevels(sqlite: Database.Database): () => readonly Level[] {
  const record = sqlite
    .prepare<[], Buffer>(`SELECT block FROM call_text_data WHERE id = ${structureId}`)
    .pluck();
  return () => {
    const block = record.get();
    const isKnown = (block?.byteLength ?? 0) > headerBytes && block?.readUInt32BE(4) === withDeletions;
    return block === undefined || !isKnown ? [] : levelsOf(new Varints(block, headerBytes));
  };
}

function levelsOf(numbers: Varints): readonly Level[] {
  const [levels, segments] = [numbers.next(), numbers.next()];
  if (levels > mostSegments || segments > mostSegments) return [];
  // How much has been written is not kept up.
  numbers.next();
  return Array.from({ length: levels }, () => {
    const isBeingMerged = numbers.next() > 0;
    const length = Math.min(numbers.next(), segments);
    return { isBeingMerged, segments: Array.from({ length }, () => segmentOf(numbers)) };
  });
}

function segmentOf(numbers: Varints): Segment {
  // Its number, its first page and its last.
  numbers.next();
  const pages = 1 - numbers.next() + numbers.next();
  // Since when and until when it was written, and pages of what is gone.
  for (let skipped = 0; skipped < 3; skipped += 1) numbers.next();
  return { pages, removed: numbers.next(), calls: numbers.next() };
}
