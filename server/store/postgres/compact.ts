/** Makes a database smaller while others record into it. */
import { PostgresConnection } from './connection.ts';

/** For one table, however large. */
const longestMs = 6 * 3_600_000;

/**
 * Builds every index anew, of which the one of the words takes a multiple while it is filled, and lets the space of removed rows be used again.
 * Locks nobody out. Yields before each table, with the share of them that is done. Throws what the server refuses.
 */
export function* compactDatabase(target: string): Generator<{ table: string; share: number }> {
  const connection = new PostgresConnection({ url: target, answerMs: longestMs });
  try {
    connection.connect();
    const tables = connection
      .prepare(
        `SELECT relname FROM pg_class WHERE relnamespace = current_schema()::regnamespace AND relkind = 'r' ORDER BY relname`,
      )
      .pluck()
      .all()
      .map(String);
    for (const [index, table] of tables.entries()) {
      yield { table, share: index / tables.length };
      connection.exec(`REINDEX TABLE CONCURRENTLY "${table}"`);
      connection.exec(`VACUUM (ANALYZE) "${table}"`);
    }
  } finally {
    connection.close();
  }
}
