/** Stores that hold a slice of the record and travel as one small file: cassettes. */
import { chmodSync, renameSync, rmSync, statSync } from 'node:fs';
import { resolve } from 'node:path';
import { eq } from 'drizzle-orm';
import { joinBody, unpackChunks } from './bodies.ts';
import { readBody } from './calls.ts';
import { StoreError } from './errors.ts';
import { lockPath } from './lock.ts';
import { openStore, type Store } from './open.ts';
import { callDetails, calls, meta } from './tables.ts';
import { createWriter, type BodyPart, type PartBody } from './write.ts';

export interface CassetteWriter {
  /** Copies a call with its details and bodies; false for one that is still open, or gone. Throws when its bodies are damaged. */
  add(id: string): boolean;
  /** Puts the file in its place; returns its size in bytes. */
  finish(): number;
  /** Leaves nothing behind unless it was finished. */
  close(): void;
}

/** In `meta`: what was not written as a cassette is not overwritten by one. */
const markKey = 'cassette';
/** Tables that are nearly empty take a page each, and a store has forty of them. */
const pageBytes = 1024;
const parts: readonly BodyPart[] = ['request', 'response'];

/** Begins a cassette of calls of `source` that will replace `file`. Throws `StoreError` when another file stands there. */
export function createCassette(source: Store, file: string): CassetteWriter {
  const target = resolve(file);
  if (statSync(target, { throwIfNoEntry: false }) !== undefined && !isCassette(target)) {
    throw new StoreError('wrong_path', `${target} exists and is no cassette: choose another name.`);
  }
  const partial = `${target}.partial`;
  removeStore(partial);
  const store = openStore(partial, 'write', { durability: 'normal' });
  const writer = createWriter(store);
  store.db.insert(meta).values({ key: markKey, value: '1' }).run();
  return {
    add(id) {
      const { db } = source;
      const row = db.select().from(calls).where(eq(calls.id, id)).get();
      const details = db.select().from(callDetails).where(eq(callDetails.call_id, id)).get();
      if (row === undefined || details === undefined || row.state === 'open') return false;
      const bodies = parts.flatMap((part) => bodyOf(source, id, part));
      writer.transaction(() => writer.finishCall(id, row, { ...details, saved_seq: null }, bodies));
      return true;
    },
    finish() {
      const packed = `${partial}.packed`;
      rmSync(packed, { force: true });
      store.sqlite.pragma(`page_size = ${pageBytes}`);
      store.sqlite.prepare('VACUUM INTO ?').run(packed);
      chmodSync(packed, 0o600);
      renameSync(packed, target);
      return statSync(target).size;
    },
    close() {
      store.close();
      removeStore(partial);
    },
  };
}

/** Makes a store that was written into one file again, which can be read where nothing may be written. */
export function sealCassette(file: string): void {
  const store = openStore(file, 'write');
  try {
    store.sqlite.pragma('journal_mode = DELETE');
  } finally {
    store.close();
  }
  rmSync(lockPath(resolve(file)), { force: true });
}

function isCassette(path: string): boolean {
  try {
    const store = openStore(path, 'read');
    try {
      return store.db.select().from(meta).where(eq(meta.key, markKey)).get() !== undefined;
    } finally {
      store.close();
    }
  } catch (error) {
    if (error instanceof StoreError) return false;
    throw error;
  }
}

function bodyOf(source: Store, id: string, part: BodyPart): PartBody[] {
  const chunks = readBody(source, id, part).flatMap(unpackChunks);
  return chunks.length === 0 ? [] : [{ part, ...joinBody(chunks) }];
}

function removeStore(path: string): void {
  for (const name of [
    path,
    `${path}-wal`,
    `${path}-shm`,
    `${path}-journal`,
    lockPath(path),
    `${path}.packed`,
  ]) {
    rmSync(name, { force: true });
  }
}
