import { hash } from 'node:crypto';
import { asArray, isObject, type JsonObject } from './json.ts';

/** By what an attempt is known again: 16 hex digits each. */
export interface Fingerprint {
  /** The whole request, but for `stream`: a client that gives up on streams asks the same without. */
  readonly body: string;
  /** Its last message and how many there are: stays when a client leaves out a feature that was refused. */
  readonly turn: string;
}

/** Requests with the same keys in the same order, as clients repeat them. */
export function fingerprintOf(request: JsonObject): Fingerprint {
  const { stream: _, ...rest } = request;
  const messages = asArray(request['messages']);
  const parts = Object.entries(rest).map(([name, value]) => [
    name,
    Array.isArray(value) ? value.map(digestOf) : value,
  ]);
  return { body: hashOf(parts), turn: hashOf([messages.length, digestOf(messages.at(-1) ?? null)]) };
}

/** `BODY.TURN`, column `fingerprint`. */
export function fingerprintText({ body, turn }: Fingerprint): string {
  return `${body}.${turn}`;
}

/** Null for what this version did not write. */
export function parseFingerprint(text: string | null): Fingerprint | null {
  const [, body, turn] = /^([0-9a-f]{16})\.([0-9a-f]{16})$/.exec(text ?? '') ?? [];
  return body === undefined || turn === undefined ? null : { body, turn };
}

function hashOf(value: unknown): string {
  return hash('sha256', JSON.stringify(value)).slice(0, 16);
}

/** Of objects that come again with the next request of their conversation: known-json.ts. */
const digests = new WeakMap<object, string>();

function digestOf(element: unknown): unknown {
  if (!isObject(element)) return element;
  const digest = digests.get(element) ?? hash('sha256', JSON.stringify(element));
  digests.set(element, digest);
  return digest;
}
