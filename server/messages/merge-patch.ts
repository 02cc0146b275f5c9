/**
 * A JSON merge patch (RFC 7396) applied to the text of an object: what it does not touch keeps its bytes, its order and its
 * numbers as they were written, because prompt caches compare bytes. Pure.
 */
import { isObject, type JsonObject } from './json.ts';

/** `text` is valid JSON and an object; the result is too. Members that are new come last, in the order of the patch. */
export function applyMergePatch(text: string, patch: JsonObject): string {
  const start = skipSpace(text, 0);
  const { patched, end } = patchObject(text, start, patch);
  return text.slice(0, start) + patched + text.slice(end);
}

interface Member {
  readonly key: string;
  readonly keyStart: number;
  readonly keyEnd: number;
  readonly valueStart: number;
  readonly valueEnd: number;
}

/** The object at `start` with its patch; `end` is behind its brace in the old text. */
function patchObject(text: string, start: number, patch: JsonObject): { patched: string; end: number } {
  const { members, end } = membersAt(text, start);
  const last = new Map(members.map((member, index) => [member.key, index]));
  const isKept = ({ key }: Member, index: number): boolean => {
    if (!Object.hasOwn(patch, key)) return true;
    // Of a key that stands twice, readers take the last: with the first one left, some would not see the patch.
    return patch[key] !== null && last.get(key) === index;
  };
  const kept = members.filter(isKept);
  const [first] = members;
  const style = styleOf(text, members);
  const items = kept.map(
    (member) => text.slice(member.keyStart, member.valueStart) + newValue(text, member, patch),
  );
  const added = Object.entries(patch).filter(([key, value]) => value !== null && !last.has(key));
  items.push(...added.map(([key, value]) => `${JSON.stringify(key)}${style.colon}${written(value)}`));
  const between = (index: number): string => {
    const member = kept[index];
    const next = member && members[members.indexOf(member) + 1];
    return member !== undefined && next !== undefined
      ? text.slice(member.valueEnd, next.keyStart)
      : style.comma;
  };
  const body = items.map((item, index) => (index === 0 ? item : between(index - 1) + item)).join('');
  const head = text.slice(start, first?.keyStart ?? start + 1);
  const tail = text.slice(members.at(-1)?.valueEnd ?? end - 1, end);
  return { patched: head + body + tail, end };
}

function newValue(text: string, member: Member, patch: JsonObject): string {
  const old = text.slice(member.valueStart, member.valueEnd);
  if (!Object.hasOwn(patch, member.key)) return old;
  const value = patch[member.key];
  if (!isObject(value)) return written(value);
  return old.startsWith('{') ? patchObject(text, member.valueStart, value).patched : written(value);
}

/** What stands where there was nothing: without the members that the patch would remove. */
function written(value: unknown): string {
  return JSON.stringify(withoutNulls(value));
}

function withoutNulls(value: unknown): unknown {
  if (!isObject(value)) return value;
  const kept = Object.entries(value).filter(([, each]) => each !== null);
  return Object.fromEntries(kept.map(([key, each]) => [key, withoutNulls(each)]));
}

/** How this object writes its commas and colons. */
function styleOf(text: string, [first, second]: readonly Member[]): { comma: string; colon: string } {
  if (first === undefined) return { comma: ',', colon: ':' };
  const colon = text.slice(first.keyEnd, first.valueStart);
  return { comma: second === undefined ? ',' : text.slice(first.valueEnd, second.keyStart), colon };
}

function membersAt(text: string, start: number): { members: Member[]; end: number } {
  const members: Member[] = [];
  let at = skipSpace(text, start + 1);
  while (text[at] === '"') {
    const keyStart = at;
    const keyEnd = skipString(text, at);
    const valueStart = skipSpace(text, skipSpace(text, keyEnd) + 1);
    const valueEnd = skipValue(text, valueStart);
    members.push({ key: keyOf(text.slice(keyStart, keyEnd)), keyStart, keyEnd, valueStart, valueEnd });
    at = skipSpace(text, valueEnd);
    if (text[at] === ',') at = skipSpace(text, at + 1);
  }
  return { members, end: at + 1 };
}

function keyOf(quoted: string): string {
  return String(JSON.parse(quoted));
}

const space = new Set([' ', '\t', '\n', '\r', '\u{feff}']);

function skipSpace(text: string, from: number): number {
  let at = from;
  while (space.has(text[at] ?? '')) at += 1;
  return at;
}

function skipString(text: string, from: number): number {
  let at = from + 1;
  while (at < text.length && text[at] !== '"') at += text[at] === '\\' ? 2 : 1;
  return at + 1;
}

function skipValue(text: string, from: number): number {
  let at = from;
  let depth = 0;
  do {
    const character = text[at] ?? '';
    if (character === '"') at = skipString(text, at);
    else {
      if (character === '{' || character === '[') depth += 1;
      else if (character === '}' || character === ']') depth -= 1;
      at += 1;
    }
  } while (at < text.length && (depth > 0 || !endsValue(text, from, at)));
  return at;
}

/** Outside of brackets: whether the value that began at `from` ends before `at`. */
function endsValue(text: string, from: number, at: number): boolean {
  if (/["[{]/.test(text[from] ?? '')) return true;
  return /[\s,\]}]/.test(text[at] ?? ' ');
}
