/** Tells a store that cannot be written just now from a mistake in what was to be written. */
import { StoreError } from './errors.ts';
import { isPostgresRefusal } from './postgres/error.ts';
import { isSqliteCode } from './sqlite-code.ts';

const refusals = [
  'SQLITE_BUSY',
  'SQLITE_LOCKED',
  'SQLITE_FULL',
  'SQLITE_IOERR',
  'SQLITE_READONLY',
  'SQLITE_CANTOPEN',
  'SQLITE_CORRUPT',
  'SQLITE_NOTADB',
  'SQLITE_PERM',
  'SQLITE_AUTH',
  'SQLITE_NOMEM',
  'SQLITE_PROTOCOL',
  'SQLITE_SCHEMA',
];

/** The same change may succeed later, or in another file. */
export function isStoreRefusal(error: unknown): boolean {
  if (error instanceof StoreError || refusals.some((family) => isSqliteCode(error, family))) return true;
  if (isPostgresRefusal(error)) return true;
  // Somebody has changed the tables under us: no fault of the record that is to be written.
  return isSqliteCode(error, 'SQLITE_ERROR') && /no such (table|column)/.test(messagesOf(error));
}

function messagesOf(error: unknown): string {
  return error instanceof Error ? `${error.message} ${messagesOf(error.cause)}` : '';
}

/** The file itself is damaged and will not heal. */
export function isStoreDamage(error: unknown): boolean {
  return (
    (error instanceof StoreError && error.code === 'corrupt') ||
    isSqliteCode(error, 'SQLITE_CORRUPT') ||
    isSqliteCode(error, 'SQLITE_NOTADB')
  );
}
