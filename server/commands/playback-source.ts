/** What `weir playback FILE` can play: stores, also of an older version, and every file that `weir import` takes. */
import { randomBytes } from 'node:crypto';
import { closeSync, copyFileSync, mkdtempSync, openSync, readSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readCalls } from '../import/files.ts';
import type { ImportContext } from '../import/imported.ts';
import { createPricer } from '../pricing/engine.ts';
import { createIdentify } from '../proxy/identity.ts';
import { createNewText } from '../recorder/new-text.ts';
import { StoreError } from '../store/errors.ts';
import { openStore } from '../store/open.ts';
import { createWriter } from '../store/write.ts';

export interface PlaybackSource {
  /** A store of this version. */
  readonly target: string;
  /** Removes what was made for it. */
  close(): void;
}

const storeBeginning = 'SQLite format 3\0';

/**
 * The store to read for `file`, which stays as it is: where it has to be made, a temporary one.
 * @param complain hears a sentence for each call that cannot be read
 * @throws StoreError for a store that cannot be read; UnreadableFile; what the file system throws
 */
export async function openPlaybackSource(
  file: string,
  complain: (sentence: string) => void,
): Promise<PlaybackSource> {
  const isStore = beginsWith(file, storeBeginning);
  if (isStore && !isOlder(file)) return { target: file, close: () => undefined };
  const folder = mkdtempSync(join(tmpdir(), 'weir-playback-'));
  const close = (): void => rmSync(folder, { recursive: true, force: true });
  const target = join(folder, 'playback.db');
  try {
    if (isStore) copyFileSync(file, target);
    // Makes it, or brings it to this version.
    openStore(target, 'write').close();
    if (!isStore) await importInto(target, file, complain);
  } catch (error) {
    close();
    throw error;
  }
  return { target, close };
}

function beginsWith(file: string, beginning: string): boolean {
  const fd = openSync(file, 'r');
  try {
    const bytes = Buffer.alloc(beginning.length);
    readSync(fd, bytes);
    return bytes.toString('latin1') === beginning;
  } finally {
    closeSync(fd);
  }
}

function isOlder(file: string): boolean {
  try {
    openStore(file, 'read').close();
    return false;
  } catch (error) {
    if (error instanceof StoreError && error.code === 'older_version') return true;
    throw error;
  }
}

/** Every call of the file, also several with one id of the upstream: that is what was played back and recorded again. */
async function importInto(target: string, file: string, complain: (sentence: string) => void): Promise<void> {
  const store = openStore(target, 'write', { durability: 'normal' });
  try {
    const writer = createWriter(store);
    const context: ImportContext = { pricer: createPricer({}), newText: createNewText(), bodies: 'full' };
    for await (const found of readCalls(file, createIdentify(randomBytes(32)), () => undefined)) {
      if (found.kind === 'broken') complain(`${found.where}: ${found.why}`);
      if (found.kind !== 'call') continue;
      const { row, details, parts } = await found.call.toRows(context);
      writer.transaction(() => writer.finishCall(row.id, row, details, parts));
    }
  } finally {
    store.close();
  }
}
