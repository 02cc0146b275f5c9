/** `weir import`: calls from exports, session files of Claude Code and HTTP archives into the record. */
import { statSync } from 'node:fs';
import { openDataDir } from '../data-dir.ts';
import { readCalls, UnreadableFile } from '../import/files.ts';
import { createImporter, type ImportCounts, type Importer } from '../import/importer.ts';
import { createIdentify, type Identify } from '../proxy/identity.ts';
import { createNewText } from '../recorder/new-text.ts';
import { isPostgresAddress } from '../store/postgres/address.ts';
import { StoreError } from '../store/errors.ts';
import { createSeal } from '../store/seal.ts';
import { openStore, type Store } from '../store/open.ts';
import { createWriter } from '../store/write.ts';
import type { CommandIo } from './command-io.ts';
import { createOwnPricer } from './own-pricer.ts';
import { createProgress, type Progress } from './progress.ts';
import { exitCodes, storeExitCode, targetConfig, type StoreTargetOptions } from './store-target.ts';

export interface ImportOptions extends StoreTargetOptions {
  readonly dryRun?: boolean;
  readonly json?: boolean;
}

/** More of them are only counted. */
const mostShown = 20;

/**
 * 0, or 3 when some calls or files could not be read, 75 while weir records into the store, 1 otherwise. A run that is repeated adds nothing.
 * @throws ConfigError, DataDirError
 */
export async function runImport(
  files: readonly string[],
  options: ImportOptions,
  io: CommandIo,
): Promise<number> {
  const config = targetConfig(options);
  const isDry = options.dryRun === true;
  const pricer = createOwnPricer(options);
  const { secret } = openDataDir(config.dataDir, config.token, config.prices);
  const identify = createIdentify(secret);
  const progress = createProgress(io.stderr, { isTerminal: process.stderr.isTTY });
  let store: Store | null = null;
  let failures = 0;
  try {
    store = isDry
      ? openIfThere(config.store)
      : openStore(config.store, 'write', { durability: config.durability, seal: createSeal(secret) });
    const writer = isDry || store === null ? null : createWriter(store);
    const importer = createImporter(
      store,
      writer,
      { pricer, bodies: config.bodies, newText: createNewText() },
      (sentence) => {
        failures += 1;
        if (failures <= mostShown) io.stderr(`weir: ${sentence}\n`);
      },
    );
    const unreadable = await importAll(files, identify, importer, progress, io);
    progress.end();
    if (failures > mostShown) io.stderr(`weir: … and ${failures - mostShown} more\n`);
    writer?.checkpoint();
    report(importer.counts, unreadable, isDry, options.json === true, io);
    return importer.counts.failed + unreadable === 0 ? exitCodes.ok : exitCodes.someFailed;
  } catch (error) {
    progress.end();
    if (!(error instanceof StoreError)) throw error;
    const isBusy = error.code === 'locked';
    io.stderr(
      isBusy
        ? `weir: ${config.store} is being recorded into: stop weir, import, and start it again.\n`
        : `weir: ${error.message}\n`,
    );
    return storeExitCode(error, config.store);
  } finally {
    store?.close();
  }
}

/** How many files could not be read. */
async function importAll(
  files: readonly string[],
  identify: Identify,
  importer: Importer,
  progress: Progress,
  io: CommandIo,
): Promise<number> {
  const totalBytes = sizeOf(files);
  let readBytes = 0;
  let unreadable = 0;
  for (const file of files) {
    try {
      const found = readCalls(file, identify, (bytes) => (readBytes += bytes));
      for await (const each of found) {
        await importer.take(each);
        progress.update(
          totalBytes === null ? null : readBytes / totalBytes,
          `${importer.counts.imported} calls`,
        );
      }
    } catch (error) {
      if (!(error instanceof UnreadableFile)) throw error;
      progress.end();
      io.stderr(`weir: ${error.message}\n`);
      unreadable += 1;
    }
    importer.flush();
  }
  return unreadable;
}

/** Null when a part of it comes from a pipe. */
function sizeOf(files: readonly string[]): number | null {
  if (files.includes('-')) return null;
  const bytes = files.reduce((sum, file) => sum + (statSync(file, { throwIfNoEntry: false })?.size ?? 0), 0);
  return bytes === 0 ? null : bytes;
}

function openIfThere(path: string): Store | null {
  const isThere = isPostgresAddress(path) || statSync(path, { throwIfNoEntry: false }) !== undefined;
  return isThere ? openStore(path, 'read') : null;
}

function report(
  counts: ImportCounts,
  unreadable: number,
  isDry: boolean,
  asJson: boolean,
  io: CommandIo,
): void {
  const { imported, present, other, failed } = counts;
  if (asJson) {
    const shown = {
      dry_run: isDry,
      imported,
      already_there: present,
      other,
      failed,
      unreadable_files: unreadable,
    };
    io.stdout(`${JSON.stringify(shown, null, 2)}\n`);
    return;
  }
  const parts = [
    `${imported} calls ${isDry ? 'would be imported' : 'imported'}`,
    `${present} already there`,
    ...(failed === 0 ? [] : [`${failed} failed`]),
    ...(unreadable === 0 ? [] : [`${unreadable} files not read`]),
  ];
  io.stdout(`${parts.join(', ')}\n`);
}
