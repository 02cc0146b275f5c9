/** How a request differs from another one, part by part, in words. Pure. */
import { parseRequest } from './conversation.ts';
import { asObject, asText, isObject, quoteName } from './json.ts';
import type { JsonObject } from './json.ts';
import { passedOver, sorted, withoutNonces } from './same-request.ts';

export interface RequestDifference {
  /** Parts (a setting, a system block, a tool, a content block) that are not the same on both sides. */
  readonly parts: number;
  /** One clause about the first of them, or about what else is different when there is none. */
  readonly words: string;
}

/** Characters that are shown around the first one that differs. */
const leadCharacters = 20;
const shownCharacters = 60;

/** Compares the decoded bodies of a recorded request and of one that was sent. */
export function differenceOf(recorded: Uint8Array, sent: Uint8Array): RequestDifference {
  const [before, after] = [partsOf(recorded), partsOf(sent)];
  const names = [...new Set([...after.keys(), ...before.keys()])];
  const differing = names.filter((name) => before.get(name) !== after.get(name));
  const [first] = differing;
  if (first === undefined) return { parts: 0, words: `only in ${passedOver}` };
  const others = differing.length - 1;
  const rest =
    others === 0 ? '' : others === 1 ? '; 1 other part differs too' : `; ${others} other parts differ too`;
  return { parts: differing.length, words: `${wordsOf(first, before.get(first), after.get(first))}${rest}` };
}

function wordsOf(name: string, recorded: string | undefined, sent: string | undefined): string {
  if (recorded === undefined) return `${name} was not recorded: sent ${excerpt(sent ?? '', 0)}`;
  if (sent === undefined) return `${name} was not sent: recorded ${excerpt(recorded, 0)}`;
  const at = firstDifference(recorded, sent);
  return `${name} differs at character ${at + 1}: recorded ${excerpt(recorded, at)}, sent ${excerpt(sent, at)}`;
}

function firstDifference(one: string, other: string): number {
  let at = 0;
  while (at < one.length && one[at] === other[at]) at += 1;
  return at;
}

function excerpt(text: string, at: number): string {
  const from = Math.max(0, at - leadCharacters);
  const cut = text
    .slice(from, from + shownCharacters)
    .toWellFormed()
    .replaceAll(/\s+/g, ' ');
  return `"${from > 0 ? '…' : ''}${cut}${from + shownCharacters < text.length ? '…' : ''}"`;
}

/** Parts by name, in the order in which they are worth naming. */
function partsOf(body: Uint8Array): Map<string, string> {
  const request = parseRequest(body);
  if (request === null) return new Map([['the body', Buffer.from(body).toString('utf8')]]);
  const { system, tools, messages, ...settings } = withoutNonces(request);
  const parts = new Map<string, string>();
  for (const key of Object.keys(settings).sort()) parts.set(quoteName(key), textOf(settings[key]));
  addList(parts, 'system', system, (block, name) => parts.set(name, blockText(block)));
  addList(parts, 'tools', tools, (tool, name) => {
    const named = asText(tool['name']);
    parts.set(named === null ? name : `${name} (${quoteName(named)})`, textOf(tool));
  });
  addList(parts, 'messages', messages, (message, name) => addMessage(parts, message, name));
  return parts;
}

function addMessage(parts: Map<string, string>, { content, ...others }: JsonObject, name: string): void {
  parts.set(name, textOf(others));
  addList(parts, `${name}.content`, content, (block, at) => parts.set(at, blockText(block)));
}

/** What is no list, or holds what is no object, is one part. */
function addList(
  parts: Map<string, string>,
  name: string,
  value: unknown,
  add: (element: JsonObject, name: string) => void,
): void {
  if (value === undefined) return;
  if (!Array.isArray(value)) {
    parts.set(name, textOf(value));
    return;
  }
  for (const [index, element] of value.entries()) {
    const at = `${name}.${index}`;
    if (isObject(element)) add(element, at);
    else parts.set(at, textOf(element));
  }
}

/** A text block is its text, so that what is shown of it can be read. */
function blockText(block: JsonObject): string {
  const { type, text, ...others } = block;
  const isPlain = type === 'text' && Object.keys(others).length === 0;
  return isPlain && typeof text === 'string' ? text : textOf(block);
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : (JSON.stringify(sorted(asObject(value) ?? value)) ?? '');
}
