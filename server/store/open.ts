/** Opens the store: the file, its rights, its pragmas, its version, its one writer. */
import Database from 'better-sqlite3';
import { drizzle, type BetterSQLite3Database } from 'drizzle-orm/better-sqlite3';
import { rmSync, statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { makeFolder } from '../folder.ts';
import type { Seal } from './seal.ts';
import { addDetailText } from './detail-text.ts';
import { StoreError } from './errors.ts';
import { createPrivately, lockPath, lockStore, type StoreLock } from './lock.ts';
import { assertUsable, migrateStore, schemaState } from './schema.ts';
import { isPostgresAddress } from './postgres/address.ts';
import { openPostgres } from './postgres/open.ts';
import { isSqliteCode, sqliteCodeOf } from './sqlite-code.ts';

export interface OpenOptions {
  /** `full` (default): a commit is on the disk when it returns; `normal`: a power cut may take the last seconds. */
  readonly durability?: 'full' | 'normal';
  /** How long to wait for a predecessor that is just closing; default 1000. */
  readonly lockWaitMs?: number;
  /** How long a write waits for another program that holds the file; default 5000. */
  readonly busyWaitMs?: number;
  /** Small transactions without end: what undoes a part of one stays in memory instead of a file opened for each. */
  readonly undoInMemory?: boolean;
  /** Who writes, and what seals that; without it nothing is sealed. */
  readonly seal?: Seal | null;
}

/** An open store. Only the files of this folder look inside. */
export interface Store {
  readonly engine: 'sqlite' | 'postgres';
  /** Absolute path of the file, or the address of the database without its password. */
  readonly path: string;
  readonly mode: 'write' | 'read';
  /** Of whoever writes; null for readers and for those without a secret. */
  readonly seal: Seal | null;
  /** The connection; that of PostgreSQL has the same surface without pragmas and functions. */
  readonly sqlite: Database.Database;
  readonly db: BetterSQLite3Database;
  close(): void;
}

const PAGE_BYTES = 8192;
const WAL_LIMIT_BYTES = 64 * 1024 * 1024;

/**
 * Opens the SQLite file `target`, or the database at its address. `write` creates it (0600) and its folder (0700) when missing, brings it to this version and
 * is refused while another process writes; `read` changes nothing and needs no permission from the writer.
 * Throws `StoreError` with a sentence for the user.
 */
export function openStore(target: string, mode: 'write' | 'read', options: OpenOptions = {}): Store {
  if (isPostgresAddress(target)) return openPostgres(target, mode, options);
  const [scheme] = /^[a-z]+:\/\//i.exec(target) ?? [];
  if (scheme !== undefined) {
    throw new StoreError(
      'unsupported',
      `--store takes a file or an address postgres://…, and not ${scheme}.`,
    );
  }
  if (target === '')
    throw new StoreError('wrong_path', 'The path of the store is empty: set --store to a file.');
  const path = resolve(target);
  try {
    return mode === 'write' ? openToWrite(path, options) : openToRead(path);
  } catch (error) {
    throw asStoreError(error, path, mode);
  }
}

function openToWrite(path: string, options: OpenOptions): Store {
  refuseDirectory(path);
  makeFolder(dirname(path));
  const wasOurs = isKnownStore(path);
  const lock = lockStore(path, options.lockWaitMs ?? 1000);
  try {
    createPrivately(path);
    return openLocked(path, options, lock);
  } catch (error) {
    lock.release();
    // The lock beside a file says that it is ours: somebody else's, named by mistake, must not look like that the next time.
    if (!wasOurs) rmSync(lockPath(path), { force: true });
    throw error;
  }
}

/** Whether Weir has recorded into this file before, whatever has become of it since. */
export function isKnownStore(target: string): boolean {
  return exists(lockPath(resolve(target)));
}

function openLocked(path: string, options: OpenOptions, lock: StoreLock): Store {
  const sqlite = new Database(path);
  addDetailText(sqlite);
  try {
    const before = schemaState(sqlite);
    assertUsable(before, 'write', path);
    if (before === 'empty') {
      // Both are fixed with the first page of a file: later they would need a VACUUM.
      setPragma(sqlite, 'page_size', PAGE_BYTES);
      setPragma(sqlite, 'auto_vacuum', 'INCREMENTAL', 2);
    }
    setWriterPragmas(sqlite, options.durability ?? 'full');
    // A store that is up to date opens without a write: also on a full disk, and while another program holds it.
    if (before !== 'current') migrateStore(sqlite);
    setPragma(sqlite, 'busy_timeout', options.busyWaitMs ?? 5000);
    // After the migration, whose indexes may be sorted in files.
    if (options.undoInMemory === true) setPragma(sqlite, 'temp_store', 'MEMORY', 2);
  } catch (error) {
    sqlite.close();
    throw error;
  }
  return {
    engine: 'sqlite',
    path,
    mode: 'write',
    seal: options.seal ?? null,
    sqlite,
    db: drizzle({ client: sqlite }),
    close: () => {
      sqlite.close();
      lock.release();
    },
  };
}

function openToRead(path: string): Store {
  refuseDirectory(path);
  if (!exists(path)) {
    throw new StoreError('wrong_path', `There is no store at ${path}: start weir once, or correct --store.`);
  }
  const sqlite = new Database(path, { readonly: true, fileMustExist: true });
  addDetailText(sqlite);
  try {
    setSafetyPragmas(sqlite);
    setPragma(sqlite, 'query_only', 'ON', 1);
    assertUsable(schemaState(sqlite), 'read', path);
  } catch (error) {
    sqlite.close();
    throw error;
  }
  return {
    engine: 'sqlite',
    path,
    mode: 'read',
    seal: null,
    sqlite,
    db: drizzle({ client: sqlite }),
    close: () => sqlite.close(),
  };
}

function setWriterPragmas(sqlite: Database.Database, durability: 'full' | 'normal'): void {
  setSafetyPragmas(sqlite);
  setPragma(sqlite, 'journal_mode', 'WAL', 'wal');
  setPragma(sqlite, 'synchronous', durability === 'full' ? 'FULL' : 'NORMAL', durability === 'full' ? 2 : 1);
  // The writer checkpoints by a rule of its own: write.ts.
  setPragma(sqlite, 'wal_autocheckpoint', 0);
  setPragma(sqlite, 'journal_size_limit', WAL_LIMIT_BYTES);
}

/** What every connection has: nothing here may depend on how the library was compiled. */
function setSafetyPragmas(sqlite: Database.Database): void {
  setPragma(sqlite, 'busy_timeout', 5000);
  setPragma(sqlite, 'foreign_keys', 'ON', 1);
  setPragma(sqlite, 'trusted_schema', 'OFF', 0);
  setPragma(sqlite, 'cell_size_check', 'ON', 1);
  setPragma(sqlite, 'mmap_size', 0);
}

function setPragma(
  sqlite: Database.Database,
  name: string,
  value: string | number,
  reads: string | number = value,
): void {
  sqlite.pragma(`${name} = ${value}`);
  const now: unknown = sqlite.pragma(name, { simple: true });
  // A build without the feature answers with no row at all.
  if (now === reads) return;
  throw new StoreError(
    'unsupported',
    `The store needs ${name}=${value}, but the file system or the database gives ${String(now)}: use a local disk.`,
  );
}

function refuseDirectory(path: string): void {
  if (exists(path) && statSync(path).isDirectory()) {
    throw new StoreError(
      'wrong_path',
      `${path} is a directory: set --store to a file, such as ${path}/weir.db.`,
    );
  }
}

function exists(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false }) !== undefined;
}

function asStoreError(error: unknown, path: string, mode: 'write' | 'read'): unknown {
  if (error instanceof StoreError) return error;
  if (isSqliteCode(error, 'SQLITE_NOTADB')) {
    return new StoreError('corrupt', `${path} is not a SQLite database: set --store to another file.`, {
      cause: error,
    });
  }
  if (isSqliteCode(error, 'SQLITE_CORRUPT')) {
    return new StoreError(
      'corrupt',
      `${path} is damaged: restore a backup, or set --store to another file.`,
      {
        cause: error,
      },
    );
  }
  if (isSqliteCode(error, 'SQLITE_BUSY')) {
    return new StoreError('locked', `${path} is locked by another program: close it and start again.`, {
      cause: error,
    });
  }
  const code = sqliteCodeOf(error) ?? (error instanceof Error && 'code' in error ? String(error.code) : '');
  if (code === 'ENOTDIR' || code === 'EEXIST') {
    return new StoreError(
      'wrong_path',
      `${path} cannot be a file, a part of its path is none: correct --store.`,
      {
        cause: error,
      },
    );
  }
  if (
    /^(SQLITE_CANTOPEN|SQLITE_READONLY|EACCES|EPERM|EROFS|ENOENT|ENOSPC|SQLITE_FULL|SQLITE_IOERR)/.test(code)
  ) {
    return new StoreError(
      'not_writable',
      `${path} cannot be ${mode === 'write' ? 'written' : 'read'} (${code}): check the rights and the space of ${dirname(path)}.`,
      { cause: error },
    );
  }
  return error;
}
