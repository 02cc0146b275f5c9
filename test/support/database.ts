/** Databases of the server that runs with the tests, each gone with its test. */
import { inject, onTestFinished } from 'vitest';
import { PostgresConnection } from '../../server/store/postgres/connection.ts';

/** Whether this run is about PostgreSQL: tests of the store take it in the place of a file then. */
export const onPostgres = process.env['WEIR_TEST_STORE'] === 'postgres';

let admin: PostgresConnection | null = null;
let count = 0;

/** Address of a database of its own: one that holds a store without calls, or, if so asked, nothing. */
export function temporaryDatabase(template = 'weir_template'): string {
  const { url, drop } = createDatabase(template);
  onTestFinished(drop);
  return url;
}

/** The same for several tests; goes with `drop`. */
export function createDatabase(template = 'weir_template'): {
  readonly url: string;
  readonly drop: () => void;
} {
  const server = inject('postgresUrl');
  const connection = (admin ??= new PostgresConnection({ url: `${server}/postgres` }));
  const name = `weir_${process.pid}_${count++}`;
  connection.exec(`CREATE DATABASE ${name} TEMPLATE ${template}`);
  return {
    url: `${server}/${name}`,
    drop: () => void connection.exec(`DROP DATABASE ${name} WITH (FORCE)`),
  };
}
