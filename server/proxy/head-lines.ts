/**
 * The lines of a head or of trailers (RFC 9112 5), read so strictly that no other reader can understand them differently. Pure.
 */

/** Between a head and what follows it. */
export const END_OF_HEAD = '\r\n\r\n';
/** A `Content-Length` that is one number, and an exact one. */
export const LENGTH = /^[0-9]{1,15}$/;
/** Characters that stand nowhere in a head, and line ends that are not whole; the first may have begun before. */
const UNFIT = /[^\t\r\n\x20-\x7e\x80-\xff]|\r(?!\n)|(?<!^|\r)\n/;
const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
/** Names repeat; the lower case of as many is remembered as a normal installation ever sees. */
const REMEMBERED_NAMES = 500;
const remembered = new Map<string, string>();

/** True when every character may stand in a head, and every line ends with CR LF. `head`: one character for each byte. */
export function isFitHead(head: string): boolean {
  return !UNFIT.test(head);
}

/** The lower case of a field's name, null when it is none. */
function fieldName(name: string): string | null {
  const known = remembered.get(name);
  if (known !== undefined) return known;
  if (!TOKEN.test(name)) return null;
  const lower = name.toLowerCase();
  if (remembered.size < REMEMBERED_NAMES) remembered.set(name, lower);
  return lower;
}

/**
 * Takes a fit head's lines from `from` on apart, up to its end (no empty line): calls `field` with each name as it stands, in lower case, and the
 * value without the space around it. Returns false at the first line that is no field, as the continuation of another is none.
 */
export function readFields(
  head: string,
  from: number,
  field: (name: string, lowerName: string, value: string) => void,
): boolean {
  let at = from;
  while (at < head.length) {
    const found = head.indexOf('\r\n', at);
    const end = found === -1 ? head.length : found;
    const colon = head.indexOf(':', at);
    if (colon === -1 || colon >= end) return false;
    const name = head.slice(at, colon);
    const lowerName = fieldName(name);
    if (lowerName === null) return false;
    field(name, lowerName, trimmed(head, colon + 1, end));
    at = end + 2;
  }
  return true;
}

/** Only space and tab surround a value; `trim` would take bytes beyond ASCII for space as well. */
function trimmed(head: string, from: number, to: number): string {
  let start = from;
  let end = to;
  while (start < end && isBlank(head.charCodeAt(start))) start += 1;
  while (end > start && isBlank(head.charCodeAt(end - 1))) end -= 1;
  return head.slice(start, end);
}

function isBlank(code: number): boolean {
  return code === 0x20 || code === 0x09;
}
