/** `weir compact`: the store as small as it can be. */
import { StoreError } from '../store/errors.ts';
import { openStore } from '../store/open.ts';
import { isPostgresAddress } from '../store/postgres/address.ts';
import { createWriter } from '../store/write.ts';
import type { CommandIo } from './command-io.ts';
import { createProgress } from './progress.ts';
import { durationText, sizeText } from './size-text.ts';
import {
  exitCodes,
  storeBytes,
  storeExitCode,
  targetConfig,
  type StoreTargetOptions,
} from './store-target.ts';

export interface CompactOptions extends StoreTargetOptions {
  readonly json?: boolean;
}

/** 0, or 4 without a store, 75 when it is in use, 1 when there is no room for the copy it makes. @throws ConfigError */
export async function runCompact(options: CompactOptions, io: CommandIo): Promise<number> {
  const { store: path } = targetConfig(options);
  const progress = createProgress(io.stderr, { isTerminal: process.stderr.isTTY });
  try {
    const begunMs = performance.now();
    if (isPostgresAddress(path)) {
      io.stderr(
        `weir: PostgreSQL uses free space again by itself; VACUUM FULL gives it back to the system.\n`,
      );
      return exitCodes.usage;
    }
    const store = openStore(path, 'write');
    const before = storeBytes(path) ?? 0;
    try {
      progress.update(null, 'writing the store anew');
      // Let it be drawn: what follows is one statement.
      await new Promise((resolve) => setImmediate(resolve));
      store.sqlite.exec('VACUUM');
      createWriter(store).emptyLog();
    } finally {
      store.close();
    }
    progress.end();
    const [after, tookMs] = [storeBytes(path) ?? 0, performance.now() - begunMs];
    io.stdout(
      options.json === true
        ? `${JSON.stringify({ store: path, bytes_before: before, bytes_after: after, duration_ms: Math.round(tookMs) }, null, 2)}\n`
        : `${path}: ${sizeText(before)} → ${sizeText(after)} in ${durationText(tookMs)}\n`,
    );
    return exitCodes.ok;
  } catch (error) {
    progress.end();
    if (!(error instanceof Error)) throw error;
    io.stderr(`weir: ${error.message}\n`);
    return error instanceof StoreError ? storeExitCode(error, path) : exitCodes.failure;
  }
}
