import type { RawHeaders } from '../exchange.ts';

/** Every value of a header, in order; the name is compared without case. */
export function headerValues(headers: RawHeaders, name: string): string[] {
  const wanted = name.toLowerCase();
  const values: string[] = [];
  for (let at = 0; at + 1 < headers.length; at += 2) {
    const each = headers[at];
    if (each?.length === wanted.length && each.toLowerCase() === wanted) values.push(headers[at + 1] ?? '');
  }
  return values;
}

/** The first value that is not empty, trimmed; null when there is none. */
export function headerValue(headers: RawHeaders, name: string): string | null {
  for (const value of headerValues(headers, name)) {
    const trimmed = value.trim();
    if (trimmed !== '') return trimmed;
  }
  return null;
}
