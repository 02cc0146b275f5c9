/** A real store with calls in it, and the real reader on it. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ApiDeps } from '../../server/api/router.ts';
import { startReader, type ReaderOptions } from '../../server/reader/reader.ts';
import { packBody } from '../../server/store/bodies.ts';
import { openStore } from '../../server/store/open.ts';
import {
  createWriter,
  type PartBody,
  type WholeCall,
  type WholeDetails,
  type Writer,
} from '../../server/store/write.ts';
import { createDatabase, onPostgres } from '../support/database.ts';
import { startApi, type Served } from './served.ts';

export const startMs = Date.UTC(2026, 0, 10, 12);

export interface Recorded {
  readonly call: WholeCall;
  readonly details?: Partial<WholeDetails>;
  readonly request?: string | Buffer;
  /** The answer's body in the pieces in which it came, a millisecond apart. */
  readonly response?: readonly (string | Buffer)[];
}

/** A completed call, `index` seconds after the start. */
export function recordedCall(index: number, columns: Partial<WholeCall> = {}): WholeCall {
  return {
    id: `0197c0de-0000-7000-8000-${String(index).padStart(12, '0')}`,
    state: 'completed',
    method: 'POST',
    path: '/v1/messages',
    status: 200,
    started_ms: startMs + index * 1000,
    ended_ms: startMs + index * 1000 + 500,
    bodies: 'full',
    ...columns,
  };
}

/** Serves these calls until `close`. One for a whole file: the reader is a process, and takes its time to start. */
export async function serveRecorded(
  recorded: readonly Recorded[],
  { prices = null, ...deps }: Partial<ApiDeps> & Pick<ReaderOptions, 'prices'> = {},
): Promise<Served> {
  const folder = mkdtempSync(join(tmpdir(), 'weir-api-'));
  const database = onPostgres ? createDatabase() : null;
  const path = database?.url ?? join(folder, 'weir.db');
  const store = openStore(path, 'write');
  writeAll(createWriter(store), recorded);
  const reader = startReader({ target: path, limitMs: 30_000, prices });
  const served = await startApi({ reader, now: () => startMs, ...deps });
  return {
    ...served,
    async close() {
      await served.close();
      await reader.close();
      store.close();
      database?.drop();
      rmSync(folder, { recursive: true });
    },
  };
}

function writeAll(writer: Writer, recorded: readonly Recorded[]): void {
  writer.transaction(() => {
    for (const { call, details = {}, request, response } of recorded) {
      const { id, ...row } = call;
      const parts: PartBody[] = [];
      if (request !== undefined) parts.push({ part: 'request', ...pack([request]) });
      if (response !== undefined) parts.push({ part: 'response', ...pack(response) });
      writer.finishCall(id, row, { request_headers: '[]', ...details }, parts);
    }
  });
}

function pack(pieces: readonly (string | Buffer)[]) {
  return packBody(pieces.map((piece, index) => ({ bytes: Buffer.from(piece), atUs: 1000 * (index + 1) })));
}
