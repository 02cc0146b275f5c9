/** A statement on PostgreSQL with the surface of better-sqlite3's, as far as drizzle and the store use it. */
import { textOfBytes } from '../text-bytes.ts';
import type { PostgresConnection } from './connection.ts';
import type { WireResult, WireStatement, WireValue } from './protocol.ts';
import { translate, type Translated } from './translate.ts';

type Shape = 'object' | 'raw' | 'pluck';

/** How many rows a walk takes at a time. */
const rowsAtOnce = 500;

export class PostgresStatement {
  readonly #connection: PostgresConnection;
  readonly #translated: Translated;
  readonly #name: string | null;
  #shape: Shape = 'object';

  constructor(connection: PostgresConnection, translated: Translated, name: string | null) {
    this.#connection = connection;
    this.#translated = translated;
    this.#name = name;
  }

  raw(on = true): this {
    this.#shape = on ? 'raw' : 'object';
    return this;
  }

  pluck(on = true): this {
    this.#shape = on ? 'pluck' : 'object';
    return this;
  }

  /** Within a transaction it is only sent when somebody wants to know its result, or that of a later one. */
  run(...params: readonly unknown[]): { readonly changes: number; readonly lastInsertRowid: number } {
    const connection = this.#connection;
    let result: WireResult | null = null;
    connection.tell(this.#with(params), (told) => (result = told));
    return {
      get changes() {
        if (result === null) connection.flush();
        return result?.changes ?? 0;
      },
      // There are none: who wants a number asks for it with RETURNING.
      lastInsertRowid: 0,
    };
  }

  get(...params: readonly unknown[]): unknown {
    const { columns, rows } = this.#connection.ask(this.#with(params));
    const [row] = rows;
    return row === undefined ? undefined : this.#shaped(columns, row);
  }

  all(...params: readonly unknown[]): unknown[] {
    const { columns, rows } = this.#connection.ask(this.#with(params));
    return rows.map((row) => this.#shaped(columns, row));
  }

  /** A part at a time, all of one moment. Other statements may be asked meanwhile. */
  *iterate(...params: readonly unknown[]): Generator<unknown, void> {
    const connection = this.#connection;
    const cursor = `weir_walk_${++walks}`;
    const { text, values } = this.#with(params);
    connection.ask({ text: `DECLARE ${cursor} NO SCROLL CURSOR WITH HOLD FOR ${text}`, values });
    try {
      for (;;) {
        const part = connection.ask({ text: `FETCH ${rowsAtOnce} FROM ${cursor}`, values: [] });
        for (const row of part.rows) yield this.#shaped(part.columns, row);
        if (part.rows.length < rowsAtOnce) return;
      }
    } finally {
      connection.ask({ text: `CLOSE ${cursor}`, values: [] });
    }
  }

  #with(params: readonly unknown[]): WireStatement {
    const { text, parameters } = this.#translated;
    const [first] = params;
    const named = isNamed(first) ? first : {};
    const values = parameters.map((parameter) =>
      toWire(typeof parameter === 'number' ? params[parameter] : named[parameter]),
    );
    return { text, values, ...(this.#name === null ? {} : { name: this.#name }) };
  }

  #shaped(columns: readonly string[], row: readonly unknown[]): unknown {
    if (this.#shape === 'pluck') return fromWire(row[0]);
    const values = row.map(fromWire);
    return this.#shape === 'raw'
      ? values
      : Object.fromEntries(columns.map((name, index) => [name, values[index]]));
  }
}

let walks = 0;

interface Known {
  readonly translated: Translated;
  /** Under which servers keep it prepared; null for what is not kept. */
  readonly name: string | null;
}

/** By their text: many statements are made anew each time they are used. */
const known = new Map<string, Known>();
const mostKnown = 1000;

export function statementFor(connection: PostgresConnection, sql: string): PostgresStatement {
  const { translated, name } = known.get(sql) ?? learn(sql);
  return new PostgresStatement(connection, translated, name);
}

function learn(sql: string): Known {
  const isFull = known.size >= mostKnown;
  const statement = { translated: translate(sql), name: isFull ? null : `weir_${known.size}` };
  if (!isFull) known.set(sql, statement);
  return statement;
}

function isNamed(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !ArrayBuffer.isView(value);
}

function toWire(value: unknown): WireValue {
  switch (typeof value) {
    case 'string':
      // The one character that PostgreSQL has no place for in a text.
      return value.includes('\0') ? value.replaceAll('\0', '\u{fffd}') : value;
    case 'number':
    case 'bigint':
      return value;
    case 'boolean':
      return Number(value);
    default:
      if (value === null || value === undefined) return null;
      // A copy: what is posted takes all of the memory along that it is a part of.
      if (value instanceof Uint8Array) return toWire(textOfBytes(value)) ?? new Uint8Array(value);
      throw new TypeError(`PostgreSQL cannot be given a ${typeof value}`);
  }
}

function fromWire(value: unknown): unknown {
  return value instanceof Uint8Array ? Buffer.from(value.buffer, value.byteOffset, value.byteLength) : value;
}
