/**
 * Whole rows of a table, as they are written with each call: columns, defaults and encodings come out of the table's definition, once.
 * Drizzle's own way there takes longer than the database.
 */
import { getTableColumns } from 'drizzle-orm';
import type { SQLiteTable } from 'drizzle-orm/sqlite-core';
import type { Store } from './open.ts';

export interface WholeRows<Row> {
  /** Quoted, in the order of the values. */
  readonly names: readonly string[];
  /** Every column by its name: NULL, or the column's default, where `row` says nothing. */
  complete(row: Readonly<Record<string, unknown>>): Row;
  /** The values to be bound for a row that is complete. */
  bound(row: Row): unknown[];
  /** The value to be bound for one of the columns. */
  valueOf(name: string, value: unknown): unknown;
}

/** @throws where a column is not named as it is in the database: then names cannot stand for columns */
export function wholeRowsOf<Table extends SQLiteTable>(table: Table): WholeRows<Table['$inferSelect']> {
  const columns = Object.entries(getTableColumns(table)).map(([name, column]) => {
    if (name !== column.name) throw new Error(`the column ${column.name} is called ${name}`);
    const encode = (value: unknown): unknown => column.mapToDriverValue(value);
    return {
      name,
      default: column.default ?? null,
      isNumber: column.dataType === 'number',
      encode: column.dataType === 'custom' ? encode : null,
    };
  });
  const byName = new Map(columns.map((column) => [column.name, column]));
  return {
    names: columns.map(({ name }) => `"${name}"`),
    complete(row) {
      const whole: Record<string, unknown> = {};
      for (const column of columns) {
        const value = row[column.name] ?? column.default;
        whole[column.name] = column.isNumber ? countable(value) : value;
      }
      return whole;
    },
    bound: (row: Readonly<Record<string, unknown>>) =>
      columns.map(({ name, encode }) => {
        const value = row[name];
        return encode === null || value === null ? value : encode(value);
      }),
    valueOf(name, value) {
      const column = byName.get(name);
      if (column === undefined) throw new Error(`there is no column ${name}`);
      if (value === null || value === undefined) return null;
      if (column.encode !== null) return column.encode(value);
      return column.isNumber ? countable(value) : value;
    },
  };
}

/**
 * A number that is no exact integer becomes NULL: an upstream may claim any number of tokens, and one that cannot be counted
 * with is unknown.
 */
function countable(value: unknown): unknown {
  return Number.isSafeInteger(value) ? value : null;
}

/** A statement that inserts a whole row. @param conflict what follows the values: `ON CONFLICT …` */
export function prepareInsert({ sqlite }: Store, table: string, names: readonly string[], conflict = '') {
  const places = names.map(() => '?').join(', ');
  return sqlite.prepare(`INSERT INTO "${table}" (${names.join(', ')}) VALUES (${places}) ${conflict}`);
}

/** Every column takes the value of the row that could not be inserted. */
export function replaceAll(names: readonly string[]): string {
  return `DO UPDATE SET ${names.map((name) => `${name} = excluded.${name}`).join(', ')}`;
}

/** Sets columns of one row; prepared once for each choice of columns, of which there are few. */
export function updatesOf<Row>(
  { sqlite }: Store,
  table: string,
  key: string,
  rows: WholeRows<Row>,
): (id: string, values: Readonly<Record<string, unknown>>) => void {
  const prepare = (names: readonly string[]) =>
    sqlite.prepare(
      `UPDATE "${table}" SET ${names.map((name) => `"${name}" = ?`).join(', ')} WHERE ${key} = ?`,
    );
  const prepared = new Map<string, ReturnType<typeof prepare>>();
  return (id, values) => {
    const names = Object.keys(values);
    if (names.length === 0) return;
    const statement = prepared.get(names.join()) ?? prepare(names);
    prepared.set(names.join(), statement);
    statement.run(...names.map((name) => rows.valueOf(name, values[name])), id);
  };
}
