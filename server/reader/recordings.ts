/** Recorded calls as what they can be answered with again: found by what was asked, and the bytes with their times. */
import type { Call } from '../api/wire.ts';
import { decodeBody, joinChunks } from '../messages/decode.ts';
import { differenceOf } from '../messages/difference.ts';
import { sameRequestKey } from '../messages/same-request.ts';
import { unpackChunks, type BodyChunk } from '../store/bodies.ts';
import { listCalls, readBody, readCall } from '../store/calls.ts';
import type { Store } from '../store/open.ts';
import { readDecoded } from './content.ts';
import type { NearestAnswer, Questions, RecordingAnswer, RecordingEntry } from './questions.ts';

/** A page takes a fraction of a second either way. */
const pageCalls = 500;
const pageBodies = 50;

/** A page of entries, newest first; `withKeys` looks into every request, which takes some milliseconds each. Throws `BadCursor`, `BadQuestion`. */
export async function answerRecordings(
  store: Store,
  { filters, cursor, withKeys }: Questions['recordings']['args'],
): Promise<Questions['recordings']['answer']> {
  const page = listCalls(store, filters, withKeys ? pageBodies : pageCalls, cursor);
  const items: RecordingEntry[] = [];
  for (const call of page.items) items.push(await entryOf(store, call, withKeys));
  return { ...page, items };
}

/** One entry; null when there is no such call. */
export async function answerRecordingEntry(
  store: Store,
  { id, withKeys }: Questions['recordingEntry']['args'],
): Promise<RecordingEntry | null> {
  const call = readCall(store, id);
  return call === null ? null : entryOf(store, call, withKeys);
}

/** The answer of a call as it arrived; null when there is no such call. Throws when its bytes are damaged. */
export function answerRecording(store: Store, id: string): RecordingAnswer | null {
  const call = readCall(store, id);
  if (call === null) return null;
  const chunks = readBody(store, id, 'response').flatMap(unpackChunks);
  return {
    id,
    status: call.status,
    statusMessage: call.status_message ?? '',
    responseHeaders: (call.response_headers ?? []).flat(),
    ttfbUs: call.ttfb_us ?? chunks[0]?.atUs ?? 0,
    durationUs: call.duration_us ?? chunks.at(-1)?.atUs ?? 0,
    state: call.state,
    errorKind: call.error_kind,
    bytes: joinChunks(chunks),
    marks: chunks.map(({ bytes, atUs }) => [bytes.byteLength, atUs] as const),
  };
}

/** Of these calls the one whose request differs in the fewest parts; null when none of them kept its request. */
export async function answerNearest(
  store: Store,
  { body, encoding, ids }: Questions['nearest']['args'],
): Promise<NearestAnswer | null> {
  const sent = await decodedBytes([{ bytes: body, atUs: 0 }], encoding);
  let nearest: NearestAnswer | null = null;
  for (const id of ids) {
    const recorded = joinChunks((await readDecoded(store, id, 'request')).chunks);
    const difference = { id, ...differenceOf(recorded, sent) };
    if (nearest === null || difference.parts < nearest.parts) nearest = difference;
  }
  return nearest;
}

async function entryOf(store: Store, call: Call, withKeys: boolean): Promise<RecordingEntry> {
  const { id, started_ms, method, path, query, request_sha256, request_bytes } = call;
  const { requested_model, session_id, agent_id, kind, response_bytes } = call;
  return {
    id,
    started_ms,
    method,
    path,
    query,
    request_sha256,
    request_bytes,
    requested_model,
    session_id,
    agent_id,
    kind,
    response_bytes,
    is_playable: isPlayable(store, call),
    same_key: withKeys ? await sameKeyOf(store, call) : null,
  };
}

/** All bytes of the answer, as they were on the wire, are there; also where there were none. */
function isPlayable(store: Store, { id, state, bodies, response_bytes: responseBytes }: Call): boolean {
  if (state === 'open') return false;
  if (bodies === 'full' || responseBytes === 0) return true;
  if (bodies !== 'truncated' || responseBytes === null) return false;
  return readBody(store, id, 'response').reduce((sum, row) => sum + row.kept_bytes, 0) === responseBytes;
}

async function sameKeyOf(store: Store, { id, request_bytes: requestBytes }: Call): Promise<string | null> {
  try {
    const { chunks, problem } = await readDecoded(store, id, 'request');
    if (problem !== null || (chunks.length === 0 && requestBytes !== 0)) return null;
    return sameRequestKey(joinChunks(chunks));
  } catch {
    // One damaged request must not cost all the others; `weir check` tells of it.
    return null;
  }
}

async function decodedBytes(chunks: readonly BodyChunk[], encoding: string | null): Promise<Uint8Array> {
  const { chunks: decoded, problem } = await decodeBody(chunks, encoding);
  return joinChunks(problem === null ? decoded : chunks);
}
