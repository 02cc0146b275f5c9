/**
 * Columns of SHA-256 hashes: hexadecimal text for whoever reads them through the tables or the view, and half as long in the file. Any
 * other text is stored as it is.
 */
import { sql, type SQL } from 'drizzle-orm';
import { customType, type SQLiteColumn } from 'drizzle-orm/sqlite-core';
import { bytesOfText } from './text-bytes.ts';

export const hashText = customType<{ data: string; driverData: Buffer | string }>({
  dataType: () => 'text',
  toDriver: (text: string | null) => {
    // The driver takes NULL as it is; only the type of this function has no room for it.
    if (text === null) return text as unknown as string;
    return sha256.test(text) ? bytesOfText(text, Buffer.from(text, 'hex')) : text;
  },
  fromDriver: (stored) => (typeof stored === 'string' ? stored : stored.toString('hex')),
});

const sha256 = /^[\da-f]{64}$/;

/** Such a column as text, for programs that know nothing of all this. */
export function hashTextOf(column: SQLiteColumn): SQL.Aliased<string | null> {
  return sql<
    string | null
  >`CASE typeof(${column}) WHEN 'blob' THEN lower(hex(${column})) ELSE ${column} END`.as(column.name);
}
