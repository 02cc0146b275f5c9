import type Database from 'better-sqlite3';
import type { Store } from './open.ts';
import { isStoreRefusal } from './refusal.ts';

/**
 * Moves the write-ahead log into the file by our own rule, as the database's default stalls the commit it happens on and lets
 * the log grow without bound while somebody reads: after a commit, what waits is moved from 4 MB on without waiting for
 * anybody; past 64 MB, or past 1 MB when
 * the writer is idle, the log is emptied if nobody reads from it just then.
 */
export interface Checkpointer {
  /** To be called after each commit; cheap. */
  afterCommit(): void;
  /** To be called when nothing is queued. */
  whenIdle(): void;
  /** Empties the log as far as readers allow, however small it is. */
  moveAll(): void;
}

const PASSIVE_FROM_BYTES = 4 * 1024 * 1024;
/** Less is not worth the syncs: a quiet program is idle after every call. */
const IDLE_FROM_BYTES = 1024 * 1024;
const TRUNCATE_FROM_BYTES = 64 * 1024 * 1024;

export function createCheckpointer({ engine, sqlite }: Store): Checkpointer {
  // A server sees to that itself.
  if (engine === 'postgres') return { afterCommit: nothing, whenIdle: nothing, moveAll: nothing };
  const pageBytes = Number(sqlite.pragma('page_size', { simple: true }));

  function truncate(): void {
    // A reader in its statement would make us wait for it, and the queue with us.
    const waitMs = Number(sqlite.pragma('busy_timeout', { simple: true }));
    sqlite.pragma('busy_timeout = 0');
    try {
      sqlite.pragma('wal_checkpoint(TRUNCATE)');
    } finally {
      sqlite.pragma(`busy_timeout = ${waitMs}`);
    }
  }

  /** What is committed is committed: that it cannot be moved just now (a full disk) is no reason to write it again. */
  function unlessRefused(move: () => void): void {
    try {
      move();
    } catch (error) {
      if (!isStoreRefusal(error)) throw error;
    }
  }

  return {
    afterCommit: () =>
      unlessRefused(() => {
        const log = walFrames(sqlite);
        if (log.frames * pageBytes > TRUNCATE_FROM_BYTES) truncate();
        else if (log.waiting * pageBytes >= PASSIVE_FROM_BYTES) sqlite.pragma('wal_checkpoint(PASSIVE)');
      }),
    whenIdle: () =>
      unlessRefused(() => {
        if (walFrames(sqlite).frames * pageBytes >= IDLE_FROM_BYTES) truncate();
      }),
    moveAll: () => unlessRefused(truncate),
  };
}

const nothing = (): void => undefined;

/** Frames in the log, and those that are not yet in the file. */
function walFrames(sqlite: Database.Database): { frames: number; waiting: number } {
  const rows: unknown = sqlite.pragma('wal_checkpoint(NOOP)');
  const [row] = rows as { log: number; checkpointed: number }[];
  if (row === undefined || row.log < 0) return { frames: 0, waiting: 0 };
  return { frames: row.log, waiting: row.log - row.checkpointed };
}
