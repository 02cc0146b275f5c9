/** Opens a store that lies in PostgreSQL: what its connections are set to, its version, its writer. */
import type Database from 'better-sqlite3';
import { drizzle } from 'drizzle-orm/better-sqlite3';
import { lockKey, writingAs } from '../alone.ts';
import { unsealedName } from '../seal.ts';
import { StoreError } from '../errors.ts';
import type { OpenOptions, Store } from '../open.ts';
import { assertUsable } from '../schema.ts';
import { shownTarget } from './address.ts';
import { PostgresConnection } from './connection.ts';
import { PostgresError, postgresErrorOf } from './error.ts';
import { migratePostgres, postgresSchemaState } from './schema.ts';

const oldestVersion = 15;
/** Below the time after which a recorder is taken for dead; a reader is ended from outside after as long as it waits here. */
const answerMs = { write: 8000, read: 30_000 } as const;
const migrateMs = 3_600_000;
const lockRetryMs = 50;

/** @throws StoreError with a sentence for the user */
export function openPostgres(target: string, mode: 'write' | 'read', options: OpenOptions): Store {
  const path = shownTarget(target);
  const connection = new PostgresConnection({
    url: target,
    answerMs: answerMs[mode],
    onConnected: (self) => {
      requireVersion(self, path);
      self.exec(mode === 'write' ? writerSession(options) : readerSession);
      if (mode === 'write') lockWriter(self, path, options);
    },
  });
  try {
    connection.connect();
    const state = postgresSchemaState(connection);
    assertUsable(state, mode, path);
    if (state !== 'current') migrate(target);
  } catch (error) {
    connection.close();
    throw asStoreError(error, path);
  }
  // The one place where it is taken for the other one, whose surface it has as far as the store uses that.
  const sqlite = connection as unknown as Database.Database;
  return {
    engine: 'postgres',
    path,
    mode,
    seal: options.seal ?? null,
    sqlite,
    db: drizzle({ client: sqlite }),
    close: () => connection.close(),
  };
}

/** Patient, as a large table may have to be changed. */
function migrate(target: string): void {
  const connection = new PostgresConnection({ url: target, answerMs: migrateMs });
  try {
    migratePostgres(connection);
  } finally {
    connection.close();
  }
}

function requireVersion(connection: PostgresConnection, path: string): void {
  const version = connection.prepare(`SELECT current_setting('server_version_num')::int`).pluck().get();
  if (typeof version === 'number' && version >= oldestVersion * 10_000) return;
  throw new StoreError(
    'unsupported',
    `${path} is PostgreSQL ${Math.floor(Number(version) / 10_000)}: Weir needs ${oldestVersion} or later.`,
  );
}

/** A statement ends by itself before we stop waiting for it, as the server would go on with it. */
function writerSession({ durability }: OpenOptions): string {
  return `
    SET statement_timeout = ${answerMs.write - 500};
    SET lock_timeout = 4000;
    SET idle_in_transaction_session_timeout = 60000;
    SET tcp_keepalives_idle = 10; SET tcp_keepalives_interval = 5; SET tcp_keepalives_count = 3;
    SET synchronous_commit = ${durability === 'normal' ? 'off' : 'on'};`;
}

/** Each question sees one moment; a reader that was killed does not keep the server busy. */
const readerSession = `
  SET default_transaction_read_only = on;
  SET default_transaction_isolation = 'repeatable read';
  SET statement_timeout = ${answerMs.read - 500};
  SET client_connection_check_interval = 2000;`;

/**
 * One program at a time writes under a name: what another one has left open under it is its own to end. The server lets go of the
 * lock with the connection.
 */
function lockWriter(connection: PostgresConnection, path: string, { seal, lockWaitMs = 1000 }: OpenOptions) {
  const take = connection.prepare(`SELECT pg_try_advisory_lock(${lockKey})`).pluck();
  const untilMs = performance.now() + lockWaitMs;
  while (take.get(writingAs(seal?.writer ?? unsealedName)) !== 1) {
    if (performance.now() >= untilMs) {
      throw new StoreError(
        'locked',
        `Another Weir with the same data directory is already recording into ${path}: stop it, or give this one a directory of its own with --data-dir.`,
      );
    }
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, lockRetryMs);
  }
}

function asStoreError(error: unknown, path: string): unknown {
  if (error instanceof StoreError) return error;
  const found = postgresErrorOf(error);
  if (found === null) return error;
  const [code, sentence] = explain(found, path);
  return new StoreError(code, sentence, { cause: found });
}

function explain({ code, message }: PostgresError, path: string): [StoreError['code'], string] {
  switch (code) {
    case '28P01':
    case '28000':
      return ['denied', `${path} refuses this user or password: correct --store, PGPASSWORD or ~/.pgpass.`];
    case '3D000':
      return ['denied', `${path} does not exist: create the database, or correct --store.`];
    case '42501':
      return [
        'denied',
        `${path} does not let this user make its tables: grant it CREATE on the schema (${message}).`,
      ];
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return ['away', `The host of ${path} is unknown: correct --store.`];
    default:
      return [
        'away',
        `${path} cannot be reached or does not answer (${message}): start it, or correct --store.`,
      ];
  }
}
