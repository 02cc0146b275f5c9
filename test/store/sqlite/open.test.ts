import Database from 'better-sqlite3';
import { mkdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import { describe, expect, onTestFinished, test } from 'vitest';
import { StoreError } from '../../../server/store/errors.ts';
import { openStore, type Store } from '../../../server/store/open.ts';
import { temporaryFolder, temporaryStore } from '../temporary-store.ts';

function refusal(target: string, mode: 'write' | 'read' = 'write'): StoreError {
  try {
    openStore(target, mode, { lockWaitMs: 0 }).close();
  } catch (error) {
    if (error instanceof StoreError) return error;
    throw error;
  }
  throw new Error('the store was opened');
}

function pragmas(store: Store, names: readonly string[]): Record<string, unknown> {
  return Object.fromEntries(names.map((name) => [name, store.sqlite.pragma(name, { simple: true })]));
}

describe('openStore', () => {
  test('a new store has the pragmas that the promises rest on', () => {
    const { store } = temporaryStore();
    const expected = {
      journal_mode: 'wal',
      synchronous: 2,
      busy_timeout: 5000,
      wal_autocheckpoint: 0,
      journal_size_limit: 64 * 1024 * 1024,
      auto_vacuum: 2,
      page_size: 8192,
      foreign_keys: 1,
      trusted_schema: 0,
      cell_size_check: 1,
      mmap_size: 0,
    };
    expect(pragmas(store, Object.keys(expected))).toEqual(expected);
  });

  test('synchronous stays full after the first commit and when the file is opened again', () => {
    const { store, path } = temporaryStore();
    store.sqlite.exec("INSERT INTO meta VALUES ('a', 'b')");
    expect(pragmas(store, ['synchronous'])).toEqual({ synchronous: 2 });
    store.close();
    const again = openStore(path, 'write');
    expect(pragmas(again, ['synchronous', 'page_size', 'auto_vacuum'])).toEqual({
      synchronous: 2,
      page_size: 8192,
      auto_vacuum: 2,
    });
    again.close();
  });

  test('durability normal sets synchronous to normal', () => {
    expect(pragmas(temporaryStore({ durability: 'normal' }).store, ['synchronous'])).toEqual({
      synchronous: 1,
    });
  });

  test('every file of the store is readable by its owner only, and so is a folder it had to make', () => {
    const folder = join(temporaryFolder(), 'made', 'here');
    const path = join(folder, 'weir.db');
    const store = openStore(path, 'write');
    store.sqlite.exec("INSERT INTO meta VALUES ('a', 'b')");
    const modes = [folder, path, `${path}-wal`, `${path}-shm`, `${path}.lock`].map(
      (file) => statSync(file).mode & 0o777,
    );
    store.close();
    expect(modes).toEqual([0o700, 0o600, 0o600, 0o600, 0o600]);
  });

  test('a reader sees what is committed and cannot write', () => {
    const { store, path } = temporaryStore();
    store.sqlite.exec("INSERT INTO meta VALUES ('a', 'b')");
    const reader = openStore(path, 'read');
    onTestFinished(() => reader.close());
    expect(reader.sqlite.prepare('SELECT value FROM meta').pluck().all()).toEqual(['b']);
    expect(() => reader.sqlite.exec('DELETE FROM meta')).toThrow(/readonly/);
    expect(pragmas(reader, ['query_only', 'trusted_schema', 'mmap_size'])).toEqual({
      query_only: 1,
      trusted_schema: 0,
      mmap_size: 0,
    });
  });

  test('a second writer is refused and told which process has the store, until that one closes', () => {
    const { store, path } = temporaryStore();
    const error = refusal(path);
    expect(error.code).toBe('locked');
    expect(error.message).toContain(`process ${process.pid}`);
    store.close();
    openStore(path, 'write').close();
  });

  test('a writer whose thread is ended leaves no lock behind', async () => {
    const path = join(temporaryFolder(), 'weir.db');
    const open = JSON.stringify(fileURLToPath(new URL('../../../server/store/open.ts', import.meta.url)));
    const worker = new Worker(
      `import(${open}).then(({ openStore }) => { globalThis.store = openStore(${JSON.stringify(path)}, 'write');
        require('node:worker_threads').parentPort.postMessage('open'); setInterval(() => {}, 1000); });`,
      { eval: true },
    );
    await new Promise((opened, failed) => worker.once('message', opened).once('error', failed));
    expect(refusal(path).code).toBe('locked');
    await worker.terminate();
    openStore(path, 'write').close();
  });

  test('a store written by a newer version is refused, to write and to read', () => {
    const { store, path } = temporaryStore();
    store.sqlite.exec("INSERT INTO __drizzle_migrations (hash, created_at) VALUES ('from the future', 9e12)");
    store.close();
    expect([refusal(path).code, refusal(path, 'read').code]).toEqual(['newer_version', 'newer_version']);
    expect(refusal(path).message).toMatch(/newer version of Weir: upgrade/);
  });

  test('a reader does not open a file that still has to be prepared or upgraded', () => {
    const { store, path } = temporaryStore();
    store.sqlite.exec('DELETE FROM __drizzle_migrations');
    store.close();
    expect(refusal(path, 'read').code).toBe('older_version');
  });

  test("another program's database is left alone", () => {
    const path = join(temporaryFolder(), 'other.db');
    const other = new Database(path);
    other.exec('CREATE TABLE notes (text TEXT)');
    other.close();
    expect(refusal(path).code).toBe('wrong_path');
    const after = new Database(path);
    expect(after.pragma('journal_mode', { simple: true })).toBe('delete');
    after.close();
  });

  test('a file that is no database and a damaged one are called so', () => {
    const folder = temporaryFolder();
    writeFileSync(join(folder, 'letter.txt'), 'Dear reader, this is not a database at all. '.repeat(100));
    expect(refusal(join(folder, 'letter.txt')).code).toBe('corrupt');
    expect(refusal(join(folder, 'letter.txt'), 'read').message).toMatch(/is not a SQLite database/);
    const damaged = Buffer.concat([Buffer.from('SQLite format 3\0'), Buffer.alloc(16_384, 0x5a)]);
    writeFileSync(join(folder, 'damaged.db'), damaged);
    expect(refusal(join(folder, 'damaged.db')).code).toBe('corrupt');
  });

  test.for([
    ['a directory', '.', 'write', 'wrong_path'],
    ['a file as a folder', 'plain/weir.db', 'write', 'wrong_path'],
    ['a place that cannot be written', '/proc/weir/weir.db', 'write', 'not_writable'],
    ['a missing file', 'missing.db', 'read', 'wrong_path'],
    ['an address of another kind', 'mysql://localhost/weir', 'write', 'unsupported'],
  ] as const)('%s is refused with a sentence', ([, target, mode, code]) => {
    const folder = temporaryFolder();
    writeFileSync(join(folder, 'plain'), '');
    const error = refusal(
      target.includes(':') || target.startsWith('/') ? target : join(folder, target),
      mode,
    );
    expect(error.code).toBe(code);
    expect(error.message).toMatch(/^[^\n]+\.$/);
  });

  test('a database file without the right to write is not writable', () => {
    // A directory stands in for the write-ahead log: a refusal that also meets root.
    const { store, path } = temporaryStore();
    store.close();
    mkdirSync(`${path}-wal`);
    expect(refusal(path).code).toBe('not_writable');
  });
});
