/** A call with everything that is known of it, bodies included, as one line of JSON; what `import` reads back. */
import { z } from 'zod';
import { callDetailSchema, callSchema } from '../api/schemas/call.ts';
import { unpackChunks } from '../store/bodies.ts';
import { readBody, readCall } from '../store/calls.ts';
import type { Store } from '../store/open.ts';
import type { BodyPart } from '../store/write.ts';

/** How a body arrived: bytes of each piece, and microseconds from the start of the call. */
const marks = z.array(z.tuple([z.int().nonnegative(), z.number().nonnegative()])).nullish();
const base64 = z.base64().nullish();

const { request_headers, response_headers, status_message, usage, cost_lines, request_facts, notes } =
  callDetailSchema.shape;

/** An exported line: the columns of a call; with bodies also its details and the bodies in base64. Later versions may say more. */
export const exportedCallSchema = z
  .object(callSchema.shape)
  .partial()
  .required({
    id: true,
    state: true,
    method: true,
    path: true,
    started_ms: true,
    bodies: true,
  })
  .extend({
    request_headers: request_headers.optional(),
    response_headers: response_headers.optional(),
    status_message: status_message.optional(),
    usage: usage.optional(),
    cost_lines: cost_lines.optional(),
    request_facts: request_facts.optional(),
    computed_cost_nano_usd: z.int().nullish(),
    notes: notes.optional(),
    request_base64: base64,
    request_marks: marks,
    response_base64: base64,
    response_marks: marks,
  });

export type ExportedCall = z.output<typeof exportedCallSchema>;

/** Null for a call that was removed in the meantime. Throws when its bodies are damaged. */
export function readWholeCall(store: Store, id: string): ExportedCall | null {
  const call = readCall(store, id);
  if (call === null) return null;
  const { previous_id: _newer, next_id: _older, ...detail } = call;
  const request = readChunks(store, id, 'request');
  const response = readChunks(store, id, 'response');
  return {
    ...detail,
    request_base64: request.base64,
    request_marks: request.marks,
    response_base64: response.base64,
    response_marks: response.marks,
  };
}

function readChunks(store: Store, id: string, part: BodyPart) {
  const rows = readBody(store, id, part);
  if (rows.length === 0) return { base64: null, marks: null };
  const chunks = rows.flatMap(unpackChunks);
  return {
    base64: Buffer.concat(chunks.map(({ bytes }) => bytes)).toString('base64'),
    marks: chunks.map(({ bytes, atUs }): [number, number] => [bytes.byteLength, atUs]),
  };
}
