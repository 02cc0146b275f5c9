/** CSV by RFC 4180, safe to open in a spreadsheet. Money is told in dollars there: `cost_nano_usd` becomes `cost_usd`. */
import { nanoToUsd } from '../pricing/money.ts';

const moneySuffix = /_nano_usd$/;

/** The line with the names of `columns`. */
export function encodeCsvHead(columns: readonly string[]): string {
  return toLine(columns.map((column) => encodeText(column.replace(moneySuffix, '_usd'))));
}

/** The line with `row`'s values. Null is an empty cell, an object is JSON, nano-dollars are an exact decimal amount. */
export function encodeCsvRow(columns: readonly string[], row: Readonly<Record<string, unknown>>): string {
  return toLine(columns.map((column) => encodeValue(column, row[column])));
}

function toLine(cells: readonly string[]): string {
  return `${cells.join(',')}\r\n`;
}

function encodeValue(column: string, value: unknown): string {
  if (value === null || value === undefined) return '';
  if (typeof value === 'number') {
    return moneySuffix.test(column) && Number.isInteger(value) ? nanoToUsd(value) : String(value);
  }
  return encodeText(typeof value === 'string' ? value : JSON.stringify(value));
}

function encodeText(text: string): string {
  const safe = disarm(text);
  return /[",\r\n]/.test(safe) || safe !== safe.trim() ? `"${safe.replaceAll('"', '""')}"` : safe;
}

/** Spreadsheets run a cell that begins like a formula; the apostrophe makes it text (OWASP, CSV injection). */
function disarm(text: string): string {
  return /^(?:[\t\r\n]|\s*[=+\-@\uFF1D\uFF0B\uFF0D\uFF20])/.test(text) ? `'${text}` : text;
}
