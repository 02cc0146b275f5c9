/** `weir compact`: the store as small as it can be. */
import { StoreError } from '../store/errors.ts';
import { openStore } from '../store/open.ts';
import { isPostgresAddress } from '../store/postgres/address.ts';
import { compactDatabase } from '../store/postgres/compact.ts';
import { serverBytes } from '../store/retention.ts';
import { createWriter } from '../store/write.ts';
import type { CommandIo } from './command-io.ts';
import { createProgress, type Progress } from './progress.ts';
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
    const compact = isPostgresAddress(path) ? compactServer : compactFile;
    const { before, after } = await compact(path, progress);
    progress.end();
    const tookMs = performance.now() - begunMs;
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

interface Sizes {
  readonly before: number;
  readonly after: number;
}

async function compactFile(path: string, progress: Progress): Promise<Sizes> {
  const store = openStore(path, 'write');
  const before = storeBytes(path) ?? 0;
  try {
    await shown(progress, null, 'writing the store anew');
    store.sqlite.exec('VACUUM');
    createWriter(store).emptyLog();
  } finally {
    store.close();
  }
  return { before, after: storeBytes(path) ?? 0 };
}

async function compactServer(path: string, progress: Progress): Promise<Sizes> {
  const store = openStore(path, 'read');
  try {
    const before = serverBytes(store);
    for (const { table, share } of compactDatabase(path)) await shown(progress, share, table);
    return { before, after: serverBytes(store) };
  } finally {
    store.close();
  }
}

/** Resolves when it could be drawn: what follows is one long statement. */
async function shown(progress: Progress, share: number | null, what: string): Promise<void> {
  progress.update(share, what);
  await new Promise((resolve) => setImmediate(resolve));
}
