/**
 * Whose a request is, told from its raw target alone: no decoding, no folding of case or dots, so that what decides here and what serves it
 * cannot disagree.
 */

/** Where our own side begins. */
const OWN_ROOT = '/-';
const OWN_PREFIX = '/-/';
const AS_PREFIX = '/-/as/';
const MESSAGES_PATH = '/v1/messages';

/** True for exactly `/-` (also with a query) and for what begins with `/-/`, except `/-/as/…`, which is a call in someone's name. */
export function isOwnTarget(rawTarget: string): boolean {
  if (rawTarget.startsWith(AS_PREFIX)) return false;
  return rawTarget === OWN_ROOT || rawTarget.startsWith(OWN_PREFIX) || rawTarget.startsWith(`${OWN_ROOT}?`);
}

/** What Weir is there for, and most of what it carries: exactly `POST /v1/messages`. `path`: without query. */
export function isMessagesCall(method: string | undefined, path: string): boolean {
  return path === MESSAGES_PATH && method === 'POST';
}

/** The same, asked of a raw target, which may have a query. */
export function isMessagesTarget(method: string | undefined, rawTarget: string): boolean {
  if (!rawTarget.startsWith(MESSAGES_PATH)) return false;
  return (
    method === 'POST' &&
    (rawTarget.length === MESSAGES_PATH.length || rawTarget[MESSAGES_PATH.length] === '?')
  );
}

/** A target taken apart; `name` is the still encoded `USER[@TEAM]` of a base path `/-/as/…`, null without one. */
export interface Target {
  readonly path: string;
  /** Without `?`; null when there is none. */
  readonly query: string | null;
  readonly name: string | null;
}

/** Takes a target in origin form apart, byte for byte. */
export function splitTarget(rawTarget: string): Target {
  let rest = rawTarget;
  let name: string | null = null;
  if (rawTarget.startsWith(AS_PREFIX)) {
    const nameEnd = endOfName(rawTarget);
    name = rawTarget.slice(AS_PREFIX.length, nameEnd);
    rest = rawTarget.slice(nameEnd);
    if (!rest.startsWith('/')) rest = `/${rest}`;
  }
  const mark = rest.indexOf('?');
  return mark === -1
    ? { path: rest, query: null, name }
    : { path: rest.slice(0, mark), query: rest.slice(mark + 1), name };
}

function endOfName(rawTarget: string): number {
  for (let i = AS_PREFIX.length; i < rawTarget.length; i += 1) {
    if (rawTarget[i] === '/' || rawTarget[i] === '?') return i;
  }
  return rawTarget.length;
}

/** The target as it goes upstream: behind the upstream's path prefix, otherwise as it came. */
export function upstreamTarget(target: Target, pathPrefix: string): string {
  const path = `${pathPrefix}${target.path}`;
  return target.query === null ? path : `${path}?${target.query}`;
}
