import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sql, type SQL } from 'drizzle-orm';
import { onTestFinished } from 'vitest';
import { openStore, type OpenOptions, type Store } from '../../server/store/open.ts';
import { onPostgres, temporaryDatabase } from '../support/database.ts';
import { createWriter, type WholeCall, type WholeDetails, type Writer } from '../../server/store/write.ts';

/** A folder of its own that goes with the test. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'weir-store-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** Where an empty store is, or can be: a file, or a database in the runs that are about PostgreSQL. */
export function temporaryTarget(): string {
  return onPostgres ? temporaryDatabase() : join(temporaryFolder(), 'weir.db');
}

/** An empty store, opened for writing, closed with the test. */
export function temporaryStore(options?: OpenOptions): { store: Store; writer: Writer; path: string } {
  const path = temporaryTarget();
  const store = openStore(path, 'write', options);
  onTestFinished(() => store.close());
  return { store, writer: createWriter(store), path };
}

let count = 0;

/** A call that completed, with what the test cares about. */
export function sampleCall(columns: Partial<WholeCall> = {}): WholeCall {
  count += 1;
  return {
    id: `0197-${String(count).padStart(8, '0')}`,
    state: 'completed',
    method: 'POST',
    path: '/v1/messages',
    started_ms: 1_750_000_000_000 + count,
    bodies: 'full',
    status: 200,
    ...columns,
  };
}

export const sampleDetails: WholeDetails = {
  request_headers: '["Content-Type","application/json"]',
  response_headers: '["content-type","text/event-stream","content-encoding","gzip"]',
};

/** Stores finished calls in one transaction and gives back their ids. */
export function storeCalls(writer: Writer, rows: readonly WholeCall[]): string[] {
  writer.transaction(() => {
    for (const { id, ...row } of rows) writer.finishCall(id, row, sampleDetails, []);
  });
  return rows.map((row) => row.id);
}

/** How the database would run a statement, one step a line. */
export function planOf(store: Store, statement: SQL): string {
  const steps = store.db.all<{ detail: string }>(sql`EXPLAIN QUERY PLAN ${statement}`);
  return steps.map(({ detail }) => detail).join('\n');
}
