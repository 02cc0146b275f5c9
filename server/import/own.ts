/** Lines that `weir export --format ndjson` wrote: calls go in as they came out, figures and all. */
import { exportedCallSchema, type ExportedCall } from '../export/whole-call.ts';
import { textOfPast } from '../recorder/call-text.ts';
import type { BodyChunk } from '../store/bodies.ts';
import type { WholeCall, WholeDetails } from '../store/write.ts';
import { packPart, type Found, type ImportContext, type ImportedRows } from './imported.ts';

/** Whether a parsed line is one of ours, well-formed or not. */
export function isOwnLine(line: Readonly<Record<string, unknown>>): boolean {
  return typeof line['id'] === 'string' && 'state' in line && 'started_ms' in line;
}

export function readOwnLine(line: Readonly<Record<string, unknown>>, where: string): Found {
  const parsed = exportedCallSchema.safeParse(line);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    return { kind: 'broken', where, why: `${issue?.path.join('.') ?? ''}: ${issue?.message ?? 'not valid'}` };
  }
  const call = parsed.data;
  // Still under way when it was exported: what became of it stands in the store it came from.
  if (call.state === 'open') return { kind: 'other' };
  return {
    kind: 'call',
    call: {
      id: call.id,
      startedMs: call.started_ms,
      upstreamRequestId: call.upstream_request_id ?? null,
      toRows: (context) => toRows(call, context),
    },
  };
}

async function toRows(call: ExportedCall, context: ImportContext): Promise<ImportedRows> {
  const request = chunksOf(call.request_base64, call.request_marks);
  const response = chunksOf(call.response_base64, call.response_marks);
  const parts = [...packPart('request', request), ...packPart('response', response)];
  const isBare = call.request_base64 === undefined && call.response_base64 === undefined;
  // A line without bodies leaves them behind.
  const bodies =
    context.bodies === 'metadata' || (isBare && call.bodies !== 'expired') ? 'metadata' : call.bodies;
  return {
    row: { ...columnsOf(call), bodies },
    details: detailsOf(call),
    parts: context.bodies === 'metadata' ? [] : parts,
    text:
      context.bodies === 'metadata'
        ? null
        : await textOfPast({ ...pastOf(call), request, response }, context.newText),
  };
}

function pastOf(call: ExportedCall) {
  return {
    method: call.method,
    path: call.path,
    status: call.status ?? null,
    state: call.state,
    sessionId: call.session_id ?? null,
    requestHeaders: (call.request_headers ?? []).flat(),
    responseHeaders: (call.response_headers ?? []).flat(),
  };
}

const notColumns = [
  'started',
  'ended',
  'request_headers',
  'response_headers',
  'status_message',
  'usage',
  'cost_lines',
  'request_facts',
  'notes',
  'request_base64',
  'request_marks',
  'response_base64',
  'response_marks',
] as const satisfies readonly (keyof ExportedCall)[];

function columnsOf(call: ExportedCall): WholeCall {
  const leftOut: readonly string[] = notColumns;
  const columns = Object.fromEntries(Object.entries(call).filter(([name]) => !leftOut.includes(name)));
  // The schema has a call's columns and these others, so this is a row but for the tags.
  const row = columns as unknown as Omit<WholeCall, 'tags'> & Pick<ExportedCall, 'tags'>;
  return { ...row, tags: row.tags === null || row.tags === undefined ? null : JSON.stringify(row.tags) };
}

function detailsOf(call: ExportedCall): WholeDetails {
  return {
    request_headers: JSON.stringify((call.request_headers ?? []).flat()),
    response_headers: call.response_headers ? JSON.stringify(call.response_headers.flat()) : null,
    status_message: call.status_message ?? null,
    usage: jsonOf(call.usage),
    cost_lines: jsonOf(call.cost_lines),
    request_facts: jsonOf(call.request_facts),
    notes: call.notes === undefined || call.notes.length === 0 ? null : JSON.stringify(call.notes),
  };
}

function jsonOf(value: unknown): string | null {
  return value === null || value === undefined ? null : JSON.stringify(value);
}

/** The pieces as they arrived; in one piece where the marks do not fit the bytes. */
function chunksOf(
  base64: string | null | undefined,
  marks: readonly (readonly [number, number])[] | null | undefined,
): BodyChunk[] {
  if (base64 === null || base64 === undefined || base64 === '') return [];
  const bytes = Buffer.from(base64, 'base64');
  const marked = (marks ?? []).reduce((sum, [length]) => sum + length, 0);
  if (marks === null || marks === undefined || marked !== bytes.byteLength) return [{ bytes, atUs: 0 }];
  let at = 0;
  return marks.map(([length, atUs]) => {
    at += length;
    return { bytes: bytes.subarray(at - length, at), atUs };
  });
}
