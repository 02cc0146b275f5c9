/** Compares what the clients saw with what the record says. */
import Database from 'better-sqlite3';
import { join } from 'node:path';
import { PostgresConnection } from '../../server/store/postgres/connection.ts';
import type { Program } from '../support/program.ts';
import { answerOf, requestOf, sha256, tokensOf } from './exchange-script.ts';
import type { MadeCall } from './load.ts';

export interface StoredCall {
  readonly id: string;
  readonly marker: number;
  readonly state: string;
  readonly error_kind: string | null;
  readonly bodies: string;
  readonly request_sha256: string | null;
  readonly response_sha256: string | null;
  readonly input_tokens: number | null;
  readonly output_tokens: number | null;
  readonly duration_us: number | null;
  readonly started_ms: number;
}

/** Every call of the storm in the store, by its id. @param file its name in the directory, or an address of PostgreSQL */
export function storedCalls(dataDir: string, file = 'weir.db'): StoredCall[] {
  if (file.includes('://')) {
    const connection = new PostgresConnection({ url: file });
    try {
      return marked(connection.prepare('SELECT * FROM calls_v1 ORDER BY id').all());
    } finally {
      connection.close();
    }
  }
  const database = new Database(join(dataDir, file), { readonly: true });
  try {
    return marked(database.prepare('SELECT * FROM calls_v1 ORDER BY id').all());
  } finally {
    database.close();
  }
}

/** Rows of the view, whose columns are promised. */
function marked(rows: unknown[]): StoredCall[] {
  return (rows as (StoredCall & { query: string })[]).map((row) => ({
    ...row,
    marker: Number(new URLSearchParams(row.query).get('m')),
  }));
}

export interface Verdict {
  /** One sentence for each promise that was broken. */
  readonly findings: string[];
  readonly lostCalls: number;
  readonly duplicates: number;
  readonly interrupted: number;
}

/** What a killed process may lose. */
const promisedMs = 1000;

/**
 * Checks the rows of calls after the program was killed at `killedMs`; null: it was not killed, and everything must be whole.
 */
export function compareRows(
  made: readonly MadeCall[],
  stored: readonly StoredCall[],
  killedMs: number | null,
): Verdict {
  const findings: string[] = [];
  const byMarker = Map.groupBy(stored, ({ marker }) => marker);
  const known = new Set(made.map(({ marker }) => marker));
  let lostCalls = 0;
  let duplicates = 0;
  for (const [marker, rows] of byMarker) {
    if (rows.length > 1) {
      duplicates += rows.length - 1;
      findings.push(`call ${marker} has ${rows.length} rows`);
    }
    if (!known.has(marker)) findings.push(`row of call ${marker} that nobody made`);
  }
  for (const call of made) {
    const row = byMarker.get(call.marker)?.[0];
    const safeMs = killedMs === null ? Infinity : killedMs - promisedMs;
    const hadEnded = call.isWhole && call.endedMs !== null && call.endedMs <= safeMs;
    if (row === undefined) {
      // One that never reached the program has no row to miss.
      if (hadEnded || (call.got.length > 0 && call.startedMs <= safeMs)) {
        lostCalls++;
        findings.push(`call ${call.marker} (${call.kind}) has no row`);
      }
    } else if (row.state === 'open') {
      findings.push(`call ${call.marker} is still open`);
    } else if (row.state === 'completed') {
      findings.push(...differences(call, row));
    } else if (hadEnded) {
      findings.push(`call ${call.marker} (${call.kind}) had ended and is ${row.state}`);
    } else if (killedMs !== null && row.state === 'interrupted' && row.error_kind !== 'process_killed') {
      findings.push(`call ${call.marker} is interrupted by ${row.error_kind}`);
    }
  }
  const interrupted = stored.filter(({ state }) => state === 'interrupted').length;
  return { findings, lostCalls, duplicates, interrupted };
}

function differences({ marker, kind }: MadeCall, row: StoredCall): string[] {
  const { input, output } = tokensOf(marker);
  const expected: Partial<StoredCall> = {
    request_sha256: sha256(requestOf(marker, kind)),
    response_sha256: sha256(Buffer.concat(answerOf(marker, kind))),
    input_tokens: input,
    output_tokens: output,
  };
  return Object.entries(expected)
    .filter(([name, value]) => row[name as keyof StoredCall] !== value)
    .map(
      ([name, value]) =>
        `call ${marker} (${kind}) has ${name} ${row[name as keyof StoredCall]}, not ${value}`,
    );
}

/** The bytes that the program gives back for a call's side; null when it has none. */
export async function bodyOf(
  program: Program,
  id: string,
  part: 'request' | 'response',
): Promise<Buffer | null> {
  const answer = await fetch(`${program.proxyUrl}/-/api/v1/calls/${id}/${part}`, {
    headers: { authorization: `Bearer ${program.token}` },
  });
  return answer.ok ? Buffer.from(await answer.arrayBuffer()) : null;
}

/** Checks the bodies of calls that were cut by a kill: the request, and of the answer a beginning that reaches far enough. */
export async function comparePrefixes(
  program: Program,
  made: readonly MadeCall[],
  stored: readonly StoredCall[],
  killedMs: number,
): Promise<string[]> {
  const findings: string[] = [];
  const calls = new Map(made.map((call) => [call.marker, call]));
  for (const { id, marker, state } of stored) {
    const call = calls.get(marker);
    if (state !== 'interrupted' || call === undefined) continue;
    const answer = (await bodyOf(program, id, 'response')) ?? Buffer.alloc(0);
    const whole = Buffer.concat(answerOf(marker, call.kind));
    const due = call.got.findLast(({ atMs }) => atMs <= killedMs - promisedMs)?.bytes ?? 0;
    if (!whole.subarray(0, answer.byteLength).equals(answer))
      findings.push(`the answer of call ${marker} is no beginning of it`);
    if (answer.byteLength < due)
      findings.push(`of call ${marker} ${answer.byteLength} bytes are kept, ${due} were due`);
    if (due === 0) continue;
    const request = await bodyOf(program, id, 'request');
    if (!requestOf(marker, call.kind).equals(request ?? Buffer.alloc(0)))
      findings.push(`the request of call ${marker} is not whole`);
  }
  return findings;
}

/** Sides of completed calls whose bytes are not there, or not those that were sent. */
export async function missingBodies(
  program: Program,
  made: readonly MadeCall[],
  stored: readonly StoredCall[],
): Promise<string[]> {
  const calls = new Map(made.map((call) => [call.marker, call]));
  const missing: string[] = [];
  for (const { id, marker } of stored) {
    const call = calls.get(marker);
    if (call === undefined) continue;
    const expected = {
      request: requestOf(marker, call.kind),
      response: Buffer.concat(answerOf(marker, call.kind)),
    };
    for (const part of ['request', 'response'] as const) {
      const bytes = await bodyOf(program, id, part);
      if (bytes === null || !bytes.equals(expected[part])) missing.push(`${part} of call ${marker}`);
    }
  }
  return missing;
}
