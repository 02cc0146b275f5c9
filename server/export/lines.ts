/** Rows as lines of text, in the formats that have them. */
import { encodeCsvRow } from './csv.ts';

export type LineFormat = 'csv' | 'ndjson';

/** @param columns of the CSV, in their order */
export function encodeLines(format: LineFormat, columns: readonly string[], rows: readonly object[]): string {
  const encode = (row: object): string =>
    format === 'csv' ? encodeCsvRow(columns, { ...row }) : `${JSON.stringify(row)}\n`;
  return rows.map(encode).join('');
}
