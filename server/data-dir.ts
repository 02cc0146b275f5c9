/** The directory of everything that must outlive the process: made 0700, its files 0600. */
import { randomBytes } from 'node:crypto';
import {
  accessSync,
  chmodSync,
  constants,
  existsSync,
  readFileSync,
  renameSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { makeFolder } from './folder.ts';

export interface DataDir {
  /** Access token of dashboard and API. */
  readonly token: string;
  /** Secret under which credentials become `key_id`. */
  readonly secret: Buffer;
  /** Text of the price file, null when there is none. */
  readonly prices: { readonly text: string; readonly name: string } | null;
}

const tokenFile = 'token';
const secretFile = 'secret';

/** The directory or a file in it cannot be used; one sentence. Exit code 78. */
export class DataDirError extends Error {
  override readonly name = 'DataDirError';
}

/**
 * Makes the directory and what must be in it where it is missing.
 * @param pricesFile a file that must exist; null takes `prices.json` when it is there
 * @throws DataDirError
 */
export function openDataDir(path: string, givenToken: string | null, pricesFile: string | null): DataDir {
  try {
    makeFolder(path);
    accessSync(path, constants.R_OK | constants.W_OK | constants.X_OK);
  } catch (error) {
    throw new DataDirError(`The data directory ${path} cannot be written: ${reason(error)}.`, {
      cause: error,
    });
  }
  return {
    token: givenToken ?? keptText(join(path, tokenFile), makeToken),
    secret: Buffer.from(
      keptText(join(path, secretFile), () => randomBytes(32).toString('hex')),
      'hex',
    ),
    prices: readPrices(pricesFile, join(path, 'prices.json')),
  };
}

/** The token that is kept there; null when none is. Makes nothing. @throws DataDirError */
export function readToken(path: string): string | null {
  return readKept(join(path, tokenFile));
}

/** The same for the installation's secret. @throws DataDirError */
export function readSecret(path: string): Buffer | null {
  const text = readKept(join(path, secretFile));
  return text === null ? null : Buffer.from(text, 'hex');
}

function readKept(file: string): string | null {
  if (!existsSync(file)) return null;
  try {
    return readFileSync(file, 'utf8').trim() || null;
  } catch (error) {
    throw new DataDirError(`${file} cannot be used: ${reason(error)}.`, { cause: error });
  }
}

/** Puts a new token in the place of the old one; a program that runs keeps the old one. @throws DataDirError */
export function rotateToken(path: string): string {
  const token = makeToken();
  const file = join(path, tokenFile);
  try {
    writeFileSync(`${file}.new`, `${token}\n`, { mode: 0o600 });
    renameSync(`${file}.new`, file);
  } catch (error) {
    throw new DataDirError(`${file} cannot be written: ${reason(error)}.`, { cause: error });
  }
  return token;
}

function makeToken(): string {
  return randomBytes(24).toString('base64url');
}

function keptText(file: string, make: () => string): string {
  try {
    if (!existsSync(file)) writeFileSync(file, `${make()}\n`, { mode: 0o600, flag: 'wx' });
    chmodSync(file, 0o600);
    const text = readFileSync(file, 'utf8').trim();
    if (text !== '') return text;
  } catch (error) {
    throw new DataDirError(`${file} cannot be used: ${reason(error)}.`, { cause: error });
  }
  throw new DataDirError(`${file} is empty; delete it and a new one is made.`);
}

function readPrices(named: string | null, usual: string): DataDir['prices'] {
  const file = named ?? (existsSync(usual) ? usual : null);
  if (file === null) return null;
  try {
    return { text: readFileSync(file, 'utf8'), name: file };
  } catch (error) {
    throw new DataDirError(`The price file ${file} cannot be read: ${reason(error)}.`, { cause: error });
  }
}

function reason(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  const known: Readonly<Record<string, string>> = {
    EACCES: 'permission denied',
    EPERM: 'permission denied',
    EROFS: 'the file system is read-only',
    ENOTDIR: 'a part of the path is a file',
    EEXIST: 'it is a file, not a directory',
    ENOENT: 'it does not exist',
    ENOSPC: 'the disk is full',
  };
  return known[code] ?? (error instanceof Error ? error.message : String(error));
}
