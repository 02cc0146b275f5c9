/** A recorded request made ready to go out again: whole, changed as asked, with what it will cost. */
import { createHash } from 'node:crypto';
import type { CallDetail } from '../api/wire.ts';
import { parseRequest } from '../messages/conversation.ts';
import { decodeBody, joinChunks } from '../messages/decode.ts';
import { headerValue } from '../messages/headers.ts';
import { asArray, asCount, asObject, asText, type JsonObject } from '../messages/json.ts';
import { applyMergePatch } from '../messages/merge-patch.ts';
import { resendWarnings, whyNotResendable } from '../messages/resendable.ts';
import type { Pricer } from '../pricing/engine.ts';
import { estimateReplay, type ReplayEstimate } from '../pricing/replay-estimate.ts';
import { readCall } from '../store/calls.ts';
import type { Store } from '../store/open.ts';
import { isStoreDamage, isStoreRefusal } from '../store/refusal.ts';
import { answerBody } from './content.ts';

/** What is to be different from the recorded request; null leaves it as it is. */
export interface DraftChanges {
  readonly model: string | null;
  /** JSON merge patch (RFC 7396). */
  readonly set: JsonObject | null;
  readonly stream: boolean | null;
}

/** Why a call cannot be sent again, in a sentence. */
export interface NoDraft {
  readonly kind: 'impossible';
  readonly why: string;
}

export interface Draft {
  readonly kind: 'ready';
  readonly call: CallDetail;
  /** Wire bytes: as they were, or decoded and changed. */
  readonly body: Uint8Array;
  readonly isChanged: boolean;
  readonly model: string | null;
  /** Whether the request asks for a stream; null for a body that does not say. */
  readonly stream: boolean | null;
  readonly estimate: ReplayEstimate;
  readonly warnings: readonly string[];
}

/** Null when there is no such call. */
export async function answerDraft(
  store: Store,
  id: string,
  changes: DraftChanges,
  pricer: () => Pricer,
  nowMs: number,
): Promise<Draft | NoDraft | null> {
  const call = readCall(store, id);
  if (call === null) return null;
  const wire = wireBytes(store, id);
  const why = whyNot(call, wire);
  if (why !== null || wire === null) return { kind: 'impossible', why: why ?? damaged(id) };
  const decoded = await decodedBytes(call, wire);
  const patch = patchOf(changes);
  const changed = patch === null ? null : changedBody(decoded, patch);
  if (patch !== null && changed === null) {
    return {
      kind: 'impossible',
      why: `The request of call ${id} is no JSON object: it can be sent again only as it is.`,
    };
  }
  const request = parseRequest(changed ?? decoded);
  return {
    kind: 'ready',
    call,
    body: changed ?? wire,
    isChanged: changed !== null,
    model: asText(request?.['model']),
    stream: request === null ? null : request['stream'] === true,
    estimate: estimateReplay(pricer(), {
      method: call.method,
      path: call.path,
      atMs: nowMs,
      usage: call.usage?.merged ?? null,
      usageComplete: call.usage_complete === 1,
      modelBefore: call.model ?? call.requested_model,
      model: asText(request?.['model']),
      bytesBefore: decoded.byteLength,
      bytes: (changed ?? decoded).byteLength,
      maxTokens: asCount(request?.['max_tokens']),
      toolTypes: asArray(request?.['tools']).flatMap((tool) => asText(asObject(tool)?.['type']) ?? []),
    }),
    warnings: resendWarnings(request),
  };
}

/** What is kept of the request; null where it is not what was stored. */
function wireBytes(store: Store, id: string): Uint8Array | null {
  try {
    return answerBody(store, id, 'request')?.bytes ?? new Uint8Array();
  } catch (error) {
    // What is wrong with the store is wrong with all calls.
    if (isStoreRefusal(error) || isStoreDamage(error)) throw error;
    return null;
  }
}

/** What the bytes are below their content encoding, as far as it can be undone. */
async function decodedBytes(call: CallDetail, wire: Uint8Array): Promise<Uint8Array> {
  const encoding = headerValue(call.request_headers.flat(), 'content-encoding');
  if (wire.byteLength === 0 || encoding === null) return wire;
  return joinChunks((await decodeBody([{ bytes: wire, atUs: 0 }], encoding)).chunks);
}

function damaged(id: string): string {
  return `The stored request of call ${id} is damaged; "weir check" says more.`;
}

function whyNot(call: CallDetail, wire: Uint8Array | null): string | null {
  const { id } = call;
  const sideEffect = whyNotResendable(call.method, call.path);
  if (call.state === 'open') return `Call ${id} is still running; send it again when it has ended.`;
  if (sideEffect !== null) return `Call ${id} is not sent again: ${sideEffect}.`;
  if (call.query?.includes('=***') === true) {
    return `The query of call ${id} held a credential, which is not kept: it cannot be sent again.`;
  }
  return wire === null ? null : whyIncomplete(call, wire);
}

function whyIncomplete(call: CallDetail, wire: Uint8Array): string | null {
  const { id } = call;
  const bytes = call.request_bytes ?? 0;
  const announced = Number(headerValue(call.request_headers.flat(), 'content-length') ?? bytes);
  if (call.error_kind === 'client_abort_upload' || announced > bytes) {
    return `The request of call ${id} never arrived whole: its client left while sending it.`;
  }
  if (wire.byteLength === bytes) {
    const isSame = call.request_sha256 === null || sha256(wire) === call.request_sha256;
    return isSame ? null : damaged(id);
  }
  if (wire.byteLength > 0) {
    return `Only ${wire.byteLength} of the ${bytes} bytes of the request of call ${id} were kept: a cut request is not sent.`;
  }
  return call.bodies === 'expired'
    ? `The request of call ${id} was removed after its time; --retain-bodies says how long they stay.`
    : `The request of call ${id} was recorded without its content; calls recorded with --bodies full can be sent again.`;
}

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

/** The patch, then what is said besides it; null when nothing is to change. */
function patchOf({ model, set, stream }: DraftChanges): JsonObject | null {
  if (model === null && set === null && stream === null) return null;
  return { ...set, ...(model === null ? {} : { model }), ...(stream === null ? {} : { stream }) };
}

/** Null for what is no JSON object in UTF-8. */
function changedBody(decoded: Uint8Array, patch: JsonObject): Uint8Array | null {
  if (parseRequest(decoded) === null) return null;
  try {
    const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(decoded);
    return Buffer.from(applyMergePatch(text, patch));
  } catch (error) {
    if (error instanceof TypeError) return null;
    throw error;
  }
}
