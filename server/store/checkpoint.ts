import type { Store } from './open.ts';
import { isStoreRefusal } from './refusal.ts';

/**
 * Moves the write-ahead log into the file by our own rule, as the database's default stalls the commit it happens on and lets
 * the log grow without bound while somebody reads: after a commit, what waits is moved from 16 MB on without waiting for
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

/** The pages that each commit changes are moved once for all that it holds: with a quarter of it an eighth of a small call's CPU went into that. */
const PASSIVE_FROM_BYTES = 16 * 1024 * 1024;
/** Less is not worth the syncs: a quiet program is idle after every call. */
const IDLE_FROM_BYTES = 1024 * 1024;
const TRUNCATE_FROM_BYTES = 64 * 1024 * 1024;

export function createCheckpointer({ engine, sqlite }: Store): Checkpointer {
  // A server sees to that itself.
  if (engine === 'postgres') return { afterCommit: nothing, whenIdle: nothing, moveAll: nothing };
  const log = sqlite.prepare<[], LogFrames>('PRAGMA wal_checkpoint(NOOP)');
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
        const { frames, waiting } = framesOf(log.get());
        if (frames * pageBytes > TRUNCATE_FROM_BYTES) truncate();
        else if (waiting * pageBytes >= PASSIVE_FROM_BYTES) sqlite.pragma('wal_checkpoint(PASSIVE)');
      }),
    whenIdle: () =>
      unlessRefused(() => {
        if (framesOf(log.get()).frames * pageBytes >= IDLE_FROM_BYTES) truncate();
      }),
    moveAll: () => unlessRefused(truncate),
  };
}

const nothing = (): void => undefined;

/** As the database tells it: -1 where there is no log. */
interface LogFrames {
  readonly log: number;
  readonly checkpointed: number;
}

/** Frames in the log, and those that are not yet in the file. */
function framesOf(row: LogFrames | undefined): { frames: number; waiting: number } {
  if (row === undefined || row.log < 0) return { frames: 0, waiting: 0 };
  return { frames: row.log, waiting: row.log - row.checkpointed };
}
