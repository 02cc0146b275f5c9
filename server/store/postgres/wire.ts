/** The thread that holds the connection to PostgreSQL: runs what it is told, one message after the other. */
import { workerData } from 'node:worker_threads';
import { Client, types as knownTypes } from 'pg';
import type { FromWire, ToWire, WireFailure, WireResult, WireSetup, WireStatement } from './protocol.ts';

// Made by connection.ts, in this process.
const setup = workerData as WireSetup;
const answered = new Int32Array(setup.answered);
let client: Client | null = null;

/** Types by their object id: 16 bool, 20 int8, 114 json, 1700 numeric, 3802 jsonb. All others as node-postgres reads them. */
const parsers: Readonly<Record<number, (text: string) => unknown>> = {
  16: (text) => (text === 't' ? 1 : 0),
  20: wholeNumber,
  114: (text) => text,
  1700: Number,
  3802: (text) => text,
};

const types = {
  getTypeParser: (oid: number, format?: 'text' | 'binary') =>
    parsers[oid] ?? knownTypes.getTypeParser(oid, format),
};

function wholeNumber(text: string): number {
  const number = Number(text);
  if (!Number.isSafeInteger(number)) throw new RangeError(`${text} is too large for an exact number`);
  return number;
}

async function connect(): Promise<void> {
  await disconnect();
  const next = new Client({
    connectionString: setup.url,
    connectionTimeoutMillis: setup.connectMs,
    application_name: 'weir',
    keepAlive: true,
    pipeline: true,
    types,
  });
  // Told again with the next statement; without a listener it would end the thread.
  next.on('error', () => {
    if (client === next) client = null;
  });
  next.once('end', () => {
    if (client === next) client = null;
  });
  await next.connect();
  client = next;
}

async function disconnect(): Promise<void> {
  const last = client;
  client = null;
  await last?.end();
}

async function runAll(statements: readonly WireStatement[]): Promise<WireResult[]> {
  const current = client;
  if (current === null) throw Object.assign(new Error('Connection terminated'), { code: '08003' });
  const settled = await Promise.allSettled(statements.map((statement) => run(current, statement)));
  const results: WireResult[] = [];
  for (const one of settled) {
    if (one.status === 'rejected') throw one.reason;
    results.push(one.value);
  }
  return results;
}

async function run(current: Client, { text, values, name }: WireStatement): Promise<WireResult> {
  if (values === null) {
    await current.query(text);
    return { columns: [], rows: [], changes: 0, command: '' };
  }
  const result = await current.query({
    text,
    values: [...values],
    rowMode: 'array',
    ...(name === undefined ? {} : { name }),
  });
  return {
    columns: result.fields.map((field) => field.name),
    // Out of the pool they are parts of: copying one to another thread copies all it is a part of.
    rows: result.rows.map((row: unknown[]) =>
      row.map((value) => (Buffer.isBuffer(value) ? new Uint8Array(value) : value)),
    ),
    changes: result.rowCount ?? 0,
    command: result.command ?? '',
  };
}

function failureOf(error: unknown): WireFailure {
  const [first] = error instanceof AggregateError ? error.errors : [error];
  const told = first instanceof Error ? first : new Error(String(first));
  const code = 'code' in told && typeof told.code === 'string' ? told.code : null;
  return { message: told.message, code, isLost: client === null };
}

async function answer(message: ToWire): Promise<FromWire> {
  try {
    switch (message.kind) {
      case 'connect':
        await connect();
        return { ok: true, results: [] };
      case 'run':
        return { ok: true, results: await runAll(message.statements) };
      case 'close':
        await disconnect();
        return { ok: true, results: [] };
      default:
        return message satisfies never;
    }
  } catch (error) {
    // The end of a connection is told a moment after what it brought down.
    await new Promise(setImmediate);
    return { ok: false, failure: failureOf(error) };
  }
}

setup.port.on('message', (message: ToWire) => {
  void answer(message).then((result) => {
    setup.port.postMessage(result);
    Atomics.add(answered, 0, 1);
    Atomics.notify(answered, 0);
  });
});
