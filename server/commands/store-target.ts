/** Which store a command is about, found as the server finds it; and what its errors make of the exit code. */
import { statSync } from 'node:fs';
import type { Command } from 'commander';
import { readConfig, type Config } from '../config.ts';
import { isPostgresAddress } from '../store/postgres/address.ts';
import type { StoreError } from '../store/errors.ts';

export interface StoreTargetOptions {
  readonly store?: string;
  readonly dataDir?: string;
  readonly config?: string;
}

/** Exit codes of the commands that look at the store or at the running program. */
export const exitCodes = {
  ok: 0,
  failure: 1,
  usage: 2,
  someFailed: 3,
  notFound: 4,
  overThreshold: 5,
  unreachable: 69,
  storeBusy: 75,
  badConfiguration: 78,
} as const;

/** Adds the options by which a store is found. */
export function withStoreTarget(command: Command): Command {
  return command
    .option(
      '--store <target>',
      'SQLite file of the record, or postgres://… (default: as the server finds it)',
    )
    .option('--data-dir <dir>', 'data directory of the server')
    .option('--config <file>', 'configuration file');
}

/** The configuration that the server would have with these. @throws ConfigError */
export function targetConfig(
  { store, dataDir, config }: StoreTargetOptions,
  others: Readonly<Record<string, string>> = {},
): Config {
  return readConfig(
    { ...others, ...(store === undefined ? {} : { store }), ...(dataDir === undefined ? {} : { dataDir }) },
    config,
  );
}

/** 75 when another process holds it, 69 when its server cannot be reached, 78 when the server refuses us, 4 when there is none, else 1. */
export function storeExitCode({ code }: StoreError, path: string): number {
  if (code === 'locked') return exitCodes.storeBusy;
  if (code === 'away') return exitCodes.unreachable;
  if (code === 'denied' || isPostgresAddress(path)) return exitCodes.badConfiguration;
  return statSync(path, { throwIfNoEntry: false }) === undefined ? exitCodes.notFound : exitCodes.failure;
}

/** Bytes of the file and of its write-ahead log; null when there is no file. Opens neither: that would drop SQLite's locks of the process. */
export function storeBytes(path: string): number | null {
  const size = statSync(path, { throwIfNoEntry: false })?.size;
  return size === undefined ? null : size + (statSync(`${path}-wal`, { throwIfNoEntry: false })?.size ?? 0);
}
