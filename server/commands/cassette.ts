/** `weir export --cassette`: a slice of the record as a file that `weir playback` answers from. */
import { createCassette } from '../store/cassette.ts';
import { listCalls } from '../store/calls.ts';
import type { Filters } from '../store/filters.ts';
import type { Store } from '../store/open.ts';
import type { CommandIo } from './command-io.ts';
import type { Progress } from './progress.ts';
import { sizeText } from './size-text.ts';
import { exitCodes } from './store-target.ts';

const pageCalls = 500;

/** 0, or 4 when no call passes the filters, 3 when a body is damaged. Throws `StoreError` and what the file system throws. */
export function exportCassette(
  store: Store,
  filters: Filters,
  file: string,
  progress: Progress,
  io: CommandIo,
): number {
  const listed = listAll(store, filters);
  if (listed.length === 0) {
    io.stderr('weir: No call passes these filters: a cassette would be empty.\n');
    return exitCodes.notFound;
  }
  const cassette = createCassette(store, file);
  try {
    let count = 0;
    let failures = 0;
    // In the order of the record: a turn is stored as what it adds to the turn before.
    for (const [index, { id }] of listed.toReversed().entries()) {
      try {
        if (cassette.add(id)) count += 1;
      } catch (error) {
        failures += 1;
        progress.end();
        io.stderr(`weir: ${id} is left out: ${error instanceof Error ? error.message : String(error)}\n`);
      }
      progress.update(index / listed.length, `${count} calls`);
    }
    const bytes = cassette.finish();
    progress.end();
    const bare = listed.filter(({ hasBodies }) => !hasBodies).length;
    const note = bare === 0 ? '' : `; ${bare} of them without bodies, which cannot be played back`;
    io.stderr(`${count} calls exported to ${file} (${sizeText(bytes)})${note}\n`);
    return failures === 0 ? exitCodes.ok : exitCodes.someFailed;
  } finally {
    cassette.close();
  }
}

/** Newest first. */
function listAll(store: Store, filters: Filters): { id: string; hasBodies: boolean }[] {
  const listed: { id: string; hasBodies: boolean }[] = [];
  let cursor: string | null = null;
  do {
    const page = listCalls(store, filters, pageCalls, cursor);
    for (const { id, bodies } of page.items) {
      listed.push({ id, hasBodies: bodies === 'full' || bodies === 'truncated' });
    }
    cursor = page.next_cursor;
  } while (cursor !== null);
  return listed;
}
