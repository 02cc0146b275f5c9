/** A call that has ended becomes rows: decoded, understood, priced. */
import type { ExchangeOpen, RawHeaders } from '../exchange.ts';
import { readAnswer, type Answer } from '../messages/answer.ts';
import { decodeBody, joinChunks, type DecodedBody, type TimedChunk } from '../messages/decode.ts';
import { lostNanoUsd } from '../cache/loss.ts';
import { estimateOutputTokens } from '../messages/estimate.ts';
import { fingerprintText } from '../messages/fingerprint.ts';
import { earlierMessageNote } from '../messages/fold.ts';
import { headerValue } from '../messages/headers.ts';
import { asArray } from '../messages/json.ts';
import type { KnownJson } from '../messages/known-json.ts';
import { readRequest, type RequestFacts } from '../messages/request.ts';
import { answerTexts } from '../messages/text.ts';
import { tokenColumns } from '../messages/usage.ts';
import { pickCost, reportedToNano, type Pricer, type ShownCost } from '../pricing/engine.ts';
import type { PriceInput } from '../pricing/priced.ts';
import { joinBody, type PackedBody } from '../store/bodies.ts';
import type { BodyPart, PartBody, WholeCall, WholeDetails } from '../store/write.ts';
import type { EndedCall } from './assembly.ts';
import type { CacheWatch } from './cache-watch.ts';
import { retryAfterMs, type AttemptFacts, type Attempts } from './attempts.ts';
import { readBatchDownload, type BatchDownload } from './batch-download.ts';
import { createNewText, type NewText } from './new-text.ts';
import type { PaidResults } from './paid-results.ts';

export interface Digested {
  readonly row: WholeCall;
  readonly details: WholeDetails;
  readonly parts: readonly PartBody[];
  /** Sides that should have been kept whole and were not. */
  readonly cut: readonly BodyPart[];
  /** Messages of a message batch that this call pays for. */
  readonly paidResults: readonly string[];
  /** What it can be found by; null when it said nothing, or nothing may be kept. */
  readonly text: string | null;
}

/** What a digest knows of other calls, and which cost is to be shown (`computed`). */
export interface DigestContext {
  readonly shownCost?: ShownCost;
  /** Without it no call is an attempt of another. */
  readonly attempts?: Attempts;
  /** Without it every download of batch results pays. */
  readonly paidResults?: PaidResults;
  /** Without it every request is parsed from its first byte to its last. */
  readonly knownJson?: KnownJson;
  /** Without it every call is the first of its session. */
  readonly newText?: NewText;
  /** Without it no call has missed anything in the cache. */
  readonly cacheWatch?: CacheWatch;
}

/** The row of a call that has begun; nothing else is known of it yet. */
export function openRow({ attribution, ...open }: ExchangeOpen): WholeCall {
  return {
    id: open.id,
    state: 'open',
    method: open.method,
    path: open.path,
    query: open.query,
    started_ms: open.startedMs,
    user_id: attribution.userId,
    team: attribution.team,
    session_id: attribution.sessionId,
    key_id: attribution.keyId,
    key_hint: attribution.keyHint,
    tags: Object.keys(attribution.tags).length === 0 ? null : JSON.stringify(attribution.tags),
    upstream: open.upstream,
    bodies: open.bodies,
    attempt_of: open.attemptOf,
    replay_of: open.replayOf,
    demo: open.demo ? 1 : 0,
  };
}

/** Details of a call that has begun. */
export function openDetails(open: ExchangeOpen): WholeDetails {
  return { request_headers: JSON.stringify(open.requestHeaders) };
}

/** The final rows of a call. */
export async function digest(
  call: EndedCall,
  pricer: Pricer,
  context: DigestContext = {},
): Promise<Digested> {
  const asSent = joinBody(call.request.chunks);
  const request = await understandRequest(call, asSent.bytes, context.knownJson);
  const body = await decoded(call.response.chunks, call.head?.responseHeaders ?? []);
  const batch = downloadOf(call, request, body, pricer, context);
  const answer = batch === null ? answerOf(call, body) : batchAnswer(call, batch);
  const asked = priceInput(call, request, answer);
  const priced = batch?.priced ?? pricer.price(asked);
  const cost = pickCost(priced, reportedNano(answer), context.shownCost);
  const isFull = call.open.bodies === 'full';
  const notes = [
    ...(call.end.detail === null ? [] : [call.end.detail]),
    // What an earlier message said is content, and metadata mode writes none.
    ...answer.notes.filter((note) => isFull || !note.startsWith(earlierMessageNote)),
    ...(body.problem === null ? [] : [`the answer could not be decoded: ${body.problem.message}`]),
    ...cost.notes,
  ];
  const row = {
    ...rowOf(call, request, answer),
    cost_nano_usd: cost.costNanoUsd,
    cost_source: cost.source,
    reported_cost_nano_usd: reportedNano(answer),
    computed_cost_nano_usd: priced.costNanoUsd,
    cache_saved_nano_usd: priced.cacheSavedNanoUsd,
  };
  context.paidResults?.claim(batch?.messageIds ?? [], call.open.id);
  return {
    row: {
      ...row,
      ...(await missColumns(row, request, answer, asked, pricer, context)),
      attempt_of: row.attempt_of ?? attemptOf(call, request, row, context),
    },
    paidResults: batch?.messageIds ?? [],
    text: isFull ? textOf(row, request, answer, context) : null,
    details: {
      ...openDetails(call.open),
      ...headDetails(call),
      usage: answer.usage.merged === null ? null : JSON.stringify(answer.usage),
      cost_lines: JSON.stringify(priced.lines),
      request_facts: isFull && request.facts !== null ? JSON.stringify(request.facts) : null,
      notes: notes.length === 0 ? null : JSON.stringify([...new Set(notes)]),
      fingerprint: request.fingerprint === null ? null : fingerprintText(request.fingerprint),
    },
    ...keptBodies(call, asSent),
  };
}

/** The final rows of a call into whose bodies nobody may look: everything that the proxy itself knows, and the bytes. */
export function digestBlindly(call: EndedCall, note: string): Digested {
  return {
    row: { ...openRow(call.open), ...transportColumns(call) },
    details: { ...openDetails(call.open), ...headDetails(call), notes: JSON.stringify([note]) },
    paidResults: [],
    text: null,
    ...keptBodies(call, joinBody(call.request.chunks)),
  };
}

function textOf(
  { session_id: session }: WholeCall,
  { texts }: RequestFacts,
  { message }: Answer,
  { newText = createNewText() }: DigestContext,
): string | null {
  return newText.of(session ?? null, texts, answerTexts(message));
}

async function understandRequest(
  call: EndedCall,
  asSent: Uint8Array,
  known?: KnownJson,
): Promise<RequestFacts> {
  const { method, path, requestHeaders: headers } = call.open;
  const body = await decoded([{ bytes: asSent, atUs: 0 }], headers);
  // A cut body would be read as one that is not JSON, which is true but says less than not looking.
  const bytes = call.request.whole && body.problem === null ? joinChunks(body.chunks) : null;
  return readRequest({ method, path, headers, body: bytes }, known);
}

async function decoded(chunks: readonly TimedChunk[], headers: RawHeaders): Promise<DecodedBody> {
  if (chunks.every(({ bytes }) => bytes.byteLength === 0)) return { chunks: [], problem: null };
  return decodeBody(chunks, headerValue(headers, 'content-encoding'));
}

function answerOf(call: EndedCall, body: DecodedBody): Answer {
  return readAnswer({
    path: call.open.path,
    status: call.head?.status ?? null,
    headers: call.head?.responseHeaders ?? [],
    body,
    ended: call.end.state === 'completed',
  });
}

/** Null for every call but a download of batch results. */
function downloadOf(
  { open, head }: EndedCall,
  { kind }: RequestFacts,
  { chunks }: DecodedBody,
  pricer: Pricer,
  { paidResults }: DigestContext,
): BatchDownload | null {
  if (kind !== 'batch_results' || head?.status !== 200) return null;
  const call = { id: open.id, atMs: open.startedMs };
  return readBatchDownload(chunks, call, pricer, (ids) => paidResults?.owners(ids) ?? new Map());
}

/** Many messages in one answer: what they add up to stands where one message would. */
function batchAnswer(call: EndedCall, { usage, model, notes }: BatchDownload): Answer {
  return {
    ...answerOf(call, { chunks: [], problem: null }),
    model,
    usage: { start: null, delta: null, merged: usage },
    usageComplete: usage === null ? null : true,
    notes: [...notes],
  };
}

function attemptOf(
  { open, head }: EndedCall,
  { fingerprint, facts }: RequestFacts,
  row: WholeCall,
  { attempts }: DigestContext,
): string | null {
  // A replay repeats on purpose, and says so itself; nobody's call is another attempt of it.
  if (fingerprint === null || attempts === undefined || open.replayOf !== null) return null;
  const known: AttemptFacts = {
    fingerprint,
    retryCount: facts?.retryCount ?? null,
    retryAfterMs: retryAfterMs(head?.responseHeaders ?? []),
  };
  return attempts.link(row, known);
}

/** What the call did not read from the cache; nothing where it missed nothing. */
async function missColumns(
  row: WholeCall,
  { body, facts }: RequestFacts,
  { usage, message, messageState }: Answer,
  asked: PriceInput,
  pricer: Pricer,
  { cacheWatch }: DigestContext,
): Promise<Partial<WholeCall>> {
  if (cacheWatch === undefined || messageState === null) return {};
  const betas = facts?.betas ?? [];
  const miss = await cacheWatch.judge({ row, betas, request: body, usage: usage.merged, message });
  if (miss === null) return {};
  return {
    cache_miss_cause: miss.cause,
    cache_miss_at: miss.at,
    cache_lost_tokens: miss.lostTokens,
    cache_lost_nano_usd: lostNanoUsd(pricer, asked, miss.lostTokens),
  };
}

function priceInput(call: EndedCall, request: RequestFacts, answer: Answer): PriceInput {
  return {
    model: answer.model ?? request.requestedModel,
    atMs: call.open.startedMs,
    usage: answer.usage.merged,
    usageComplete: answer.usageComplete,
    outputTokensEstimate: estimateOutputTokens(answer.message),
    method: call.open.method,
    path: call.open.path,
    ...(request.kind === null ? {} : { kind: request.kind }),
    request: { toolTypes: request.facts?.serverTools ?? [], billTo: request.facts?.billTo ?? null },
    response: {
      status: call.head?.status ?? null,
      stopReason: answer.stopReason,
      contentIsEmpty: answer.message === null ? null : asArray(answer.message['content']).length === 0,
      errorType: answer.errorType,
      errorKind: call.end.errorKind,
    },
  };
}

function reportedNano({ reportedCostUsd }: Answer): number | null {
  return reportedCostUsd === null ? null : reportedToNano(reportedCostUsd.amount);
}

function rowOf(call: EndedCall, request: RequestFacts, answer: Answer): WholeCall {
  const { open, head } = call;
  const begun = openRow(open);
  return {
    ...begun,
    ...transportColumns(call),
    message_state: answer.messageState,
    ttft_us: answer.firstContentAtUs,
    stream: head === null ? null : Number(answer.stream),
    requested_model: request.requestedModel,
    model: answer.model,
    stop_reason: answer.stopReason,
    ...tokenColumns(answer.usage, answer.usageComplete),
    usage_complete: answer.usageComplete === null ? null : Number(answer.usageComplete),
    // What the client told the proxy itself wins over what it told the upstream.
    user_id: begun.user_id ?? request.userId,
    session_id: begun.session_id ?? request.sessionId,
    agent_id: request.agentId,
    parent_agent_id: request.parentAgentId,
    client: request.client,
    upstream_request_id: answer.requestId,
    kind: request.kind,
    preview: open.bodies === 'full' ? request.preview : null,
  };
}

/** What the wire shows without a look into the bodies. */
function transportColumns({ open, head, end, request, response }: EndedCall) {
  const isWhole = request.whole && response.whole;
  return {
    state: end.state,
    error_kind: end.errorKind,
    status: head?.status ?? null,
    ended_ms: end.endedMs,
    ttfb_us: head?.ttfbUs ?? null,
    duration_us: end.durationUs,
    request_bytes: end.requestBytes,
    request_sha256: request.sha256,
    response_bytes: end.responseBytes,
    response_sha256: response.sha256,
    bodies: open.bodies === 'metadata' ? 'metadata' : isWhole ? 'full' : 'truncated',
  };
}

function headDetails({ head }: EndedCall): Partial<WholeDetails> {
  if (head === null) return {};
  return { response_headers: JSON.stringify(head.responseHeaders), status_message: head.statusMessage };
}

function keptBodies(
  { open, request, response }: EndedCall,
  asSent: PackedBody,
): Pick<Digested, 'parts' | 'cut'> {
  if (open.bodies === 'metadata') return { parts: [], cut: [] };
  const parts: PartBody[] = [];
  if (request.keptBytes > 0) parts.push({ part: 'request', ...asSent });
  if (response.keptBytes > 0) parts.push({ part: 'response', ...joinBody(response.chunks) });
  const cut: BodyPart[] = [];
  if (!request.whole) cut.push('request');
  if (!response.whole) cut.push('response');
  return { parts, cut };
}
