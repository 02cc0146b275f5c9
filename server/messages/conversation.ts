import { findBreakpoints } from './breakpoints.ts';
import type { Breakpoint } from './breakpoints.ts';
import { asArray, asObject, parseJson } from './json.ts';
import type { JsonObject } from './json.ts';
import type { KnownJson } from './known-json.ts';

/** What a request puts before the model, as sent. */
export interface RequestConversation {
  /** A string or text blocks; null when there is none. */
  readonly system: unknown;
  readonly tools: unknown[];
  readonly messages: unknown[];
  readonly breakpoints: Breakpoint[];
}

/** A request body as a JSON object; null when it is none. Never throws. @param known what requests before it held; parts of it may come back */
export function parseRequest(body: Uint8Array | null, known?: KnownJson): JsonObject | null {
  if (body === null || body.byteLength === 0) return null;
  // The same object, by which others find again what is known of it.
  const bytes = Buffer.isBuffer(body) ? body : Buffer.from(body.buffer, body.byteOffset, body.byteLength);
  const request = known?.parse(bytes) ?? null;
  if (request !== null) return request;
  const text = bytes.toString('utf8');
  const parsed = parseJson(text.startsWith('\u{feff}') ? text.slice(1) : text);
  return parsed.ok ? asObject(parsed.value) : null;
}

/** The parts of a request's decoded body for the page of a call; empty for a body that is no JSON object. */
export function readConversation(requestBody: Uint8Array | null): RequestConversation {
  const request = parseRequest(requestBody);
  if (request === null) return { system: null, tools: [], messages: [], breakpoints: [] };
  return {
    system: request['system'] ?? null,
    tools: [...asArray(request['tools'])],
    messages: [...asArray(request['messages'])],
    breakpoints: findBreakpoints(request),
  };
}
