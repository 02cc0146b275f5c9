/** What PostgreSQL, or the way to it, refuses; beside sqlite-code.ts, with which refusal.ts tells both engines' refusals. */

export class PostgresError extends Error {
  override readonly name = 'PostgresError';
  /** SQLSTATE (five characters), or what the system says of the connection (`ECONNREFUSED`); null where there is neither. */
  readonly code: string | null;
  /** The connection is gone, and with it the transaction that was under way. */
  readonly isLost: boolean;

  constructor(message: string, code: string | null, isLost: boolean) {
    super(message);
    this.code = code;
    this.isLost = isLost;
  }
}

/**
 * Classes and codes that say nothing against the record that was to be written: connection, authorization, rollback by the
 * server, resources, prerequisites, intervention, system, internal; rights, read-only, and tables that somebody has changed.
 */
const refusals = /^(08|28|40|53|55|57|58|F0|XX)|^(25006|25P0[123]|3D000|3F000|42501|42P01|42703)$/;

/** The error behind one that drizzle wrapped; null when PostgreSQL is not behind it. */
export function postgresErrorOf(error: unknown): PostgresError | null {
  if (error instanceof PostgresError) return error;
  return error instanceof Error && error.cause !== undefined ? postgresErrorOf(error.cause) : null;
}

/** The same statement may succeed later. */
export function isPostgresRefusal(error: unknown): boolean {
  const found = postgresErrorOf(error);
  if (found === null) return false;
  return found.isLost || found.code === null || !isSqlState(found.code) || refusals.test(found.code);
}

function isSqlState(code: string): boolean {
  return /^[0-9A-Z]{5}$/.test(code) && !code.startsWith('E');
}
