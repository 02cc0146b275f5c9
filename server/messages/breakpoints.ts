import { asObject, asText, isObject } from './json.ts';
import type { JsonObject } from './json.ts';

/** A place marked for caching: `tools.3`, `system.1`, `messages.4.content.0`; `request` for the mark on the request itself. */
export interface Breakpoint {
  readonly at: string;
  /** As asked; the API's default is `5m`. */
  readonly ttl: string;
}

/** Every `cache_control` of a request, in the order in which the prompt is cached: tools, system, messages. */
export function findBreakpoints(request: JsonObject): Breakpoint[] {
  const found: Breakpoint[] = [];
  mark(request, 'request', found);
  for (const part of ['tools', 'system', 'messages']) walk(request[part], part, found);
  return found;
}

/** Goes down lists and `content` only: a tool's schema or input may hold the word without meaning it. */
function walk(value: unknown, at: string, found: Breakpoint[]): void {
  if (Array.isArray(value)) {
    for (const [index, item] of value.entries()) {
      for (const within of marksWithin(item)) found.push({ ...within, at: `${at}.${index}${within.at}` });
    }
  } else if (isObject(value)) {
    mark(value, at, found);
    walk(value['content'], `${at}.content`, found);
  }
}

/** Of objects that come again with the next request of their conversation: known-json.ts. */
const known = new WeakMap<JsonObject, readonly Breakpoint[]>();
const none: readonly Breakpoint[] = [];

/** Places are told from the item on. */
function marksWithin(item: unknown): readonly Breakpoint[] {
  if (typeof item !== 'object' || item === null) return none;
  const marks = isObject(item) ? known.get(item) : undefined;
  if (marks !== undefined) return marks;
  const found: Breakpoint[] = [];
  walk(item, '', found);
  if (isObject(item)) known.set(item, found.length === 0 ? none : found);
  return found;
}

function mark(value: JsonObject, at: string, found: Breakpoint[]): void {
  const control = asObject(value['cache_control']);
  if (control !== null) found.push({ at, ttl: asText(control['ttl']) ?? '5m' });
}
