/** Where words stand in JSON: keys and texts, in the order of the document, with a line around each place. */
import { isRecord, joinPath, mediaOf } from './json-tree.ts';

export interface Place {
  /** JSONPath of the value that holds it; for a key, of the value below it. */
  readonly path: string;
  /** Where in the text it begins; null where it is the key. */
  readonly at: number | null;
  /** One line around it, and the words in it as `[start, end)`. */
  readonly excerpt: string;
  readonly start: number;
  readonly end: number;
}

export interface Found {
  readonly places: readonly Place[];
  /** There are more than were asked for. */
  readonly isMore: boolean;
}

/** Little before, so that the words are seen also where there is not much room. */
const BEFORE = 24;
const AFTER = 120;

function placeIn(text: string, at: number, length: number, path: string, isKey: boolean): Place {
  const from = Math.max(0, at - BEFORE);
  const before = `${from > 0 ? '…' : ''}${text.slice(from, at)}`;
  const after = text.slice(at + length, at + length + AFTER);
  const isCut = at + length + AFTER < text.length;
  // One character each, so that the marks stay where they are.
  const flat = (part: string) => part.replaceAll(/\s/g, ' ');
  return {
    path,
    at: isKey ? null : at,
    excerpt: flat(`${before}${text.slice(at, at + length)}${after}${isCut ? '…' : ''}`),
    start: before.length,
    end: before.length + length,
  };
}

/** Every place of `needle`, whatever its case, but in pictures and other encoded files; at most `most` of them. */
export function findInJson(value: unknown, needle: string, most: number): Found {
  const wanted = needle.toLowerCase();
  const places: Place[] = [];
  if (wanted === '') return { places, isMore: false };
  const look = (text: string, path: string, isKey: boolean): void => {
    const lower = text.toLowerCase();
    // Where lower case is longer than the text (İ) the places would be wrong.
    const searched = lower.length === text.length ? lower : text;
    for (let at = searched.indexOf(wanted); at >= 0 && places.length <= most;) {
      places.push(placeIn(text, at, wanted.length, path, isKey));
      at = searched.indexOf(wanted, at + wanted.length);
    }
  };
  // A stack of our own: what was logged may nest deeper than calls may.
  const waiting: [value: unknown, path: string, key: string | null][] = [[value, '$', null]];
  for (let next = waiting.pop(); next !== undefined && places.length <= most; next = waiting.pop()) {
    const [held, path, key] = next;
    if (key !== null) look(key, path, true);
    if (typeof held === 'string') {
      if (mediaOf(held) === null) look(held, path, false);
    } else if (typeof held === 'number' || typeof held === 'boolean') {
      look(String(held), path, false);
    } else if (Array.isArray(held)) {
      for (let at = held.length - 1; at >= 0; at--) waiting.push([held[at], `${path}[${at}]`, null]);
    } else if (isRecord(held) && mediaOf(held) === null) {
      for (const [name, child] of Object.entries(held).reverse()) {
        waiting.push([child, joinPath(path, name), name]);
      }
    }
  }
  return { places: places.slice(0, most), isMore: places.length > most };
}

/** Whether the path leads to something inside `outer`. */
export function isInside(path: string, outer: string): boolean {
  return path.length > outer.length && path.startsWith(outer) && '.['.includes(path.charAt(outer.length));
}
