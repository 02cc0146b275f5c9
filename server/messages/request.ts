/**
 * What a request asks for, besides the words of its messages: who, which kind, which settings.
 */
import type { RawHeaders } from '../exchange.ts';
import { findBreakpoints } from './breakpoints.ts';
import type { Breakpoint } from './breakpoints.ts';
import { parseRequest } from './conversation.ts';
import { headerValue, headerValues } from './headers.ts';
import { fingerprintOf } from './fingerprint.ts';
import type { Fingerprint } from './fingerprint.ts';
import { billingLine, clientOf, readIdentity } from './identity.ts';
import type { Identity } from './identity.ts';
import { asArray, asCount, asObject, asText, isObject } from './json.ts';
import type { JsonObject } from './json.ts';
import type { KnownJson } from './known-json.ts';
import { batchPreview, previewOf } from './preview.ts';
import { isMessagesPath, kindOf } from './request-kind.ts';
import { requestTexts, type RequestText } from './text.ts';

/** A request as the proxy saw it. */
export interface RequestInput {
  readonly method: string;
  /** Without the query. */
  readonly path: string;
  readonly headers: RawHeaders;
  /** Decoded; null when it was not kept. */
  readonly body: Uint8Array | null;
}

/** Null is unknown; a body that is no JSON object leaves unknown what only it can tell. */
export interface RequestFacts extends Identity {
  /** As sent: aliases and prefixes stay. */
  readonly requestedModel: string | null;
  readonly stream: boolean | null;
  /** `claude-cli/2.1.219` */
  readonly client: string | null;
  /** main, subagent, title, compaction, count_tokens, batch, thread_continuation, … */
  readonly kind: string | null;
  readonly preview: string | null;
  /** Of a request to `/v1/messages`; null elsewhere and for a body that is no JSON object. */
  readonly fingerprint: Fingerprint | null;
  /** The parsed body of a request to `/v1/messages`; null elsewhere and for a body that is no JSON object. */
  readonly body: JsonObject | null;
  /** What was said, of a request to `/v1/messages`; none elsewhere. */
  readonly texts: readonly RequestText[];
  /** Null for a body that is no JSON object. */
  readonly facts: RequestSettings | null;
}

/** Column `request_facts`. */
export interface RequestSettings {
  /** Names, or types for tools without one. */
  readonly tools: string[];
  /** Types of the tools that run at the provider: `web_search_20260209`. */
  readonly serverTools: string[];
  readonly toolsBytes: number;
  readonly systemBytes: number;
  readonly messages: number;
  readonly maxTokens: number | null;
  readonly effort: string | null;
  readonly thinking: unknown;
  readonly speed: string | null;
  readonly serviceTier: string | null;
  readonly betas: string[];
  readonly apiVersion: string | null;
  readonly breakpoints: Breakpoint[];
  /** Concentrate and OpenRouter: who is to serve it. */
  readonly provider: unknown;
  /** Of a thread or for diagnostics: the id of the answer before. */
  readonly previousMessageId: string | null;
  /** The client's own count of attempts; 0 is the first. */
  readonly retryCount: number | null;
  /** Claude Code: Explore, Plan, … */
  readonly agentType: string | null;
  /** Claude Code: one per prompt of the user, shared by its subagents. */
  readonly promptId: string | null;
  /** `billing_policy.bill_to`: `user_profile` where somebody else pays. */
  readonly billTo: string | null;
}

/** Reads headers and body of a request. Never throws. @param known what requests before it held */
export function readRequest(input: RequestInput, known?: KnownJson): RequestFacts {
  const request = parseRequest(input.body, known);
  const { path, headers } = input;
  const kind = kindOf(input.method, path, headers, request);
  return {
    ...readIdentity(headers, request),
    requestedModel: asText(request?.['model']),
    stream: request === null ? null : request['stream'] === true,
    client: clientOf(headers),
    kind,
    preview: request === null ? null : kind === 'batch_create' ? batchPreview(request) : previewOf(request),
    fingerprint: request !== null && isMessagesPath(path) ? fingerprintOf(request) : null,
    body: isMessagesPath(path) ? request : null,
    texts: request === null || !isMessagesPath(path) ? [] : requestTexts(request),
    facts: request === null ? null : settingsOf(headers, request),
  };
}

function settingsOf(headers: RawHeaders, request: JsonObject): RequestSettings {
  const output = asObject(request['output_config']);
  const tools = asArray(request['tools']).map((tool) => asObject(tool) ?? {});
  return {
    tools: tools.map((tool) => asText(tool['name']) ?? asText(tool['type']) ?? '?'),
    serverTools: tools
      .map((tool) => asText(tool['type']))
      .filter((type): type is string => type !== null && type !== 'custom'),
    toolsBytes: jsonBytes(request['tools']),
    systemBytes: jsonBytes(request['system']),
    messages: asArray(request['messages']).length,
    maxTokens: asCount(request['max_tokens']),
    effort: asText(output?.['effort']),
    thinking: request['thinking'] ?? null,
    speed: asText(request['speed']),
    serviceTier: asText(request['service_tier']),
    betas: betasOf(headers, request),
    apiVersion: headerValue(headers, 'anthropic-version') ?? asText(request['anthropic_version']),
    breakpoints: findBreakpoints(request),
    provider: request['provider'] ?? null,
    previousMessageId:
      asText(asObject(request['thread'])?.['previous_message_id']) ??
      asText(asObject(request['diagnostics'])?.['previous_message_id']),
    retryCount: countOf(headerValue(headers, 'x-stainless-retry-count')),
    agentType: headerValue(headers, 'x-claude-code-agent-type'),
    promptId:
      headerValue(headers, 'x-claude-code-prompt-id') ?? billingLine(request).get('cc_prompt_id') ?? null,
    billTo: asText(asObject(request['billing_policy'])?.['bill_to']),
  };
}

/** Bytes of a part as compact JSON; 0 when it is absent. */
function jsonBytes(value: unknown): number {
  if (value === undefined || value === null) return 0;
  if (!Array.isArray(value)) return sizeOf(value);
  return 1 + Math.max(1, value.length) + value.reduce<number>((sum, item) => sum + sizeOf(item), 0);
}

/** Of objects that come again with the next request of their conversation: known-json.ts. */
const sizes = new WeakMap<object, number>();

function sizeOf(value: unknown): number {
  if (!isObject(value)) return Buffer.byteLength(JSON.stringify(value));
  const bytes = sizes.get(value) ?? Buffer.byteLength(JSON.stringify(value));
  sizes.set(value, bytes);
  return bytes;
}

/** What the request turns on, by header or body, each once. */
export function betasOf(headers: RawHeaders, request: JsonObject | null): string[] {
  const inHeaders = headerValues(headers, 'anthropic-beta').flatMap((line) => line.split(','));
  const inBody = asArray(request?.['anthropic_beta']).filter((beta) => typeof beta === 'string');
  const betas = [...inHeaders, ...inBody].map((beta) => beta.trim()).filter((beta) => beta !== '');
  return [...new Set(betas)];
}

function countOf(text: string | null): number | null {
  return text !== null && /^\d{1,9}$/.test(text) ? Number(text) : null;
}
