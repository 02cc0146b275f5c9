/**
 * The words of requests and answers, for searching: what people, models and tools said. No signatures, no ids, no encoded data. Pure.
 */
import { asArray, asObject, asText, isObject, type JsonObject } from './json.ts';

/** One text of a request. */
export interface RequestText {
  readonly text: string;
  /** It stands after the last answer that the request repeats, so no earlier request held it. */
  readonly isLastTurn: boolean;
}

/** Keys whose values are no words: names of things to the program, proofs, encoded data, what stands elsewhere already. */
const wordlessKeys: ReadonlySet<string> = new Set([
  'type',
  'id',
  'tool_use_id',
  'signature',
  'data',
  'encrypted_content',
  'encrypted_index',
  'encrypted_stdout',
  'media_type',
  'cache_control',
  'citations',
  'page_age',
  'file_id',
  'container_id',
  'caller',
]);

/** No word is that long: encoded data. */
const encodedFrom = 200;

/** Every text of the messages, in their order, the same objects for the same messages; the system prompt and the tools repeat and are left out. */
export function requestTexts(request: JsonObject): RequestText[] {
  const messages = asArray(request['messages']).map(asObject);
  const lastAnswer = messages.findLastIndex((message) => message?.['role'] === 'assistant');
  const texts: RequestText[] = [];
  for (const [at, message] of messages.entries()) {
    if (message === null) continue;
    // One by one: a message may have more texts than a function takes arguments.
    for (const text of textsOfMessage(message, at > lastAnswer)) texts.push(text);
  }
  return texts;
}

/** Of objects that come again with the next request of their conversation (known-json.ts), in the last turn and before it. */
const known = {
  before: new WeakMap<JsonObject, RequestText[]>(),
  last: new WeakMap<JsonObject, RequestText[]>(),
};

function textsOfMessage(message: JsonObject, isLastTurn: boolean): readonly RequestText[] {
  const of = isLastTurn ? known.last : known.before;
  const texts = of.get(message) ?? textsOf(message['content']).map((text) => ({ text, isLastTurn }));
  of.set(message, texts);
  return texts;
}

/** Every text of an answer's message, thinking and the input of tools included. */
export function answerTexts(message: JsonObject | null): string[] {
  return textsOf(message?.['content']);
}

function textsOf(content: unknown): string[] {
  const texts: string[] = [];
  collect(content, texts);
  return texts;
}

/** Recursion is bounded: deeper JSON than 1000 levels is not parsed. */
function collect(value: unknown, into: string[]): void {
  if (typeof value === 'string') {
    const words = value.length < encodedFrom ? value : withoutEncoded(value);
    if (words.trim() !== '') into.push(words);
  } else if (Array.isArray(value)) {
    for (const each of value) collect(each, into);
  } else if (isObject(value)) {
    for (const [key, each] of Object.entries(value)) {
      if (!wordlessKeys.has(key) || isPlainText(value, key)) collect(each, into);
    }
  }
}

/**
 * By hand: on megabytes without a space a regular expression runs out of stack. Looks at the end of each window first, so that
 * of prose only every hundredth character is looked at.
 */
function withoutEncoded(text: string): string {
  let kept = '';
  let keptTo = 0;
  let from = 0;
  while (from + encodedFrom <= text.length) {
    let at = from + encodedFrom - 1;
    while (at >= from && isEncodedUnit(text.charCodeAt(at))) at -= 1;
    if (at >= from) {
      from = at + 1;
      continue;
    }
    let end = from + encodedFrom;
    while (end < text.length && isEncodedUnit(text.charCodeAt(end))) end += 1;
    kept += `${text.slice(keptTo, from)} `;
    keptTo = end;
    from = end;
  }
  return keptTo === 0 ? text : kept + text.slice(keptTo);
}

/** Base64, base64url and hexadecimal: A-Z a-z 0-9 + / = - _ */
function isEncodedUnit(unit: number): boolean {
  if (unit >= 97) return unit <= 122;
  if (unit >= 65) return unit <= 90 || unit === 95;
  return (unit >= 47 && unit <= 57) || unit === 43 || unit === 45 || unit === 61;
}

/** A document's source may be text, and then that is what it says. */
function isPlainText(source: JsonObject, key: string): boolean {
  return key === 'data' && asText(source['type']) === 'text';
}
