/**
 * When two requests ask for the same although their bytes differ: JSON is compared as a value, and what a client makes anew for
 * each request is passed over. Pure.
 */
import { createHash } from 'node:crypto';
import { parseRequest } from './conversation.ts';
import { asObject, isObject, setField } from './json.ts';
import type { JsonObject } from './json.ts';

/** What is passed over, in words for who is told that two requests differ in nothing else. */
export const passedOver =
  'the order of keys, white space, cache_control marks, metadata.user_id and the billing line of the system prompt';

/** Equal for requests that ask for the same: 32 hex digits. A body that is no JSON object is only the same as its own bytes. */
export function sameRequestKey(body: Uint8Array): string {
  const request = parseRequest(body);
  const text = request === null ? body : JSON.stringify(sorted(withoutNonces(request)));
  return createHash('sha256').update(text).digest('hex').slice(0, 32);
}

/** The request without cache marks, `metadata.user_id` and billing line; what was left empty by that is gone too. */
export function withoutNonces(request: JsonObject): JsonObject {
  const { cache_control: _mark, metadata, system, tools, messages, ...rest } = request;
  const { user_id: _user, ...named } = asObject(metadata) ?? {};
  return {
    ...rest,
    ...(Object.keys(named).length === 0 ? {} : { metadata: named }),
    ...(system === undefined ? {} : { system: withoutBillingLine(unmarked(system)) }),
    ...(tools === undefined ? {} : { tools: unmarked(tools) }),
    ...(messages === undefined ? {} : { messages: unmarked(messages) }),
  };
}

/** Blocks, or messages with blocks, without the marks; the input of a tool may have a key of that name and keeps it. */
function unmarked(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(unmarked);
  if (!isObject(value)) return value;
  const { cache_control: _mark, ...block } = value;
  return 'content' in block ? { ...block, content: unmarked(block['content']) } : block;
}

const billingStart = 'x-anthropic-billing-header:';

function withoutBillingLine(system: unknown): unknown {
  if (typeof system === 'string') return afterBillingLine(system);
  if (!Array.isArray(system)) return system;
  const [first, ...others]: unknown[] = system;
  const text = asObject(first)?.['text'];
  if (!isObject(first) || typeof text !== 'string' || !text.startsWith(billingStart)) return system;
  const left = afterBillingLine(text);
  return left === '' ? others : [{ ...first, text: left }, ...others];
}

function afterBillingLine(text: string): string {
  if (!text.startsWith(billingStart)) return text;
  const end = text.indexOf('\n');
  return end === -1 ? '' : text.slice(end + 1);
}

/** A copy whose keys are in alphabetical order, whatever order they came in. */
export function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (!isObject(value)) return value;
  const copy: JsonObject = {};
  for (const key of Object.keys(value).sort()) setField(copy, key, sorted(value[key]));
  return copy;
}
