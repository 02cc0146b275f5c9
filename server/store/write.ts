/** Writing calls. Synchronous, on the one writing connection; every write is an upsert by id, so a replay changes nothing. */
import { and, eq, getTableColumns, sql } from 'drizzle-orm';
import type { SQLiteColumn, SQLiteTable } from 'drizzle-orm/sqlite-core';
import type { PackedBody } from './bodies.ts';
import { chainOf } from './chain.ts';
import { writerName } from './writer-name.ts';
import { createCheckpointer } from './checkpoint.ts';
import { costPartsOf } from './cost-parts.ts';
import type { Store } from './open.ts';
import { digestBytes } from './piece-reader.ts';
import { createPieceWriter } from './piece-writer.ts';
import { createThinnedHours } from './removed-calls.ts';
import { rollupsOf } from './rollup-writer.ts';
import { createTextWriter } from './search.ts';
import { batchResults, bodies, callDetails, calls, meta } from './tables.ts';

/** A whole row of `calls`; what is left out is NULL. */
export type WholeCall = typeof calls.$inferInsert;
/** What is known about a running call by now. */
export type CallPatch = Partial<Omit<WholeCall, 'id' | 'state' | 'started_ms'>>;
/** A whole row of `call_details` without its id; what is left out is NULL. */
export type WholeDetails = Omit<typeof callDetails.$inferInsert, 'call_id'>;

export type BodyPart = 'request' | 'response';

/** A packed body and the side it belongs to. */
export interface PartBody extends PackedBody {
  readonly part: BodyPart;
}

export interface Writer {
  /** Adds the row of a call that begins. A call that is already there, in whatever state, stays as it is; one that was removed stays removed. */
  openCall(row: WholeCall, details: WholeDetails): void;
  /** Fills in columns of a call that is still open, and of its details; does nothing to one that has ended. */
  updateCall(id: string, patch: CallPatch, details?: Partial<WholeDetails>): void;
  /** Appends a piece of a running call's body; `segment` counts from 0, which begins the body anew. Does nothing once the call has ended. */
  appendBody(id: string, segment: number, body: PartBody): void;
  /**
   * Sets the final row and details, replacing what was there, `interrupted` too, and the given bodies; the others stay. A call that retention
   * has removed meanwhile is there again until it is removed again, and is not counted a second time.
   */
  finishCall(id: string, row: Omit<WholeCall, 'id'>, details: WholeDetails, parts: readonly PartBody[]): void;
  /** Wire bytes that are stored of a side, over all its segments. */
  keptBytes(id: string, part: BodyPart): number;
  /** How long a write waits from now on for another program that holds the file. */
  waitForOthers(waitMs: number): void;
  /** Notes that the call pays for these messages of a message batch; one that another call paid for stays with that. */
  addPaidResults(id: string, messageIds: readonly string[]): void;
  /** Makes a call found by the words of `text`, and by no others. Throws `SearchDamaged`. */
  setText(id: string, text: string | null): void;
  /** Everything `fn` writes is committed together, or not at all when it throws. */
  transaction<Result>(fn: () => Result): Result;
  /** Writes something that nobody needs, to learn whether the store can be written. */
  tryOut(): void;
  /** To be called when something was removed past this writer. */
  forget(): void;
  /** To be called when nothing is queued: empties the write-ahead log into the file. */
  checkpoint(): void;
  /** Moves all of the log into the file, as far as readers allow: for a file that is about to be left. */
  emptyLog(): void;
  close(): void;
}

/** Writes into a store that was opened with `write`. Throws what SQLite throws (`SQLITE_FULL`, `SQLITE_IOERR`, …). */
export function createWriter(store: Store): Writer {
  if (store.mode !== 'write') throw new Error('the store was opened for reading');
  const { db, sqlite, engine } = store;
  const statements = prepareStatements(store);
  const updateCalls = updatesOf(store, calls, calls.id);
  const updateDetails = updatesOf(store, callDetails, callDetails.call_id);
  const pieceWriter = createPieceWriter(store);
  const rollups = rollupsOf(store);
  const chain = chainOf(store);
  const isHourThinned = createThinnedHours(store);
  const textWriter = createTextWriter(store);
  const checkpointer = createCheckpointer(store);
  const forget = (): void => {
    pieceWriter.forget();
    rollups.forget();
  };
  const commit = <Result>(fn: () => Result): Result => {
    try {
      const whole = (): Result => {
        const result = fn();
        pieceWriter.settle();
        return result;
      };
      return sqlite.transaction(whole).immediate();
    } catch (error) {
      forget();
      throw error;
    }
  };
  const isThere = (id: string): boolean => statements.stateOf.get({ id }) !== undefined;
  const isOpen = (id: string): boolean => statements.stateOf.get({ id })?.state === 'open';

  return {
    openCall(row, details) {
      // Told again after it has ended and gone; should it be new, its ending comes.
      if (!isThere(row.id) && isHourThinned(row.started_ms)) return;
      const isNew = statements.addCall.run(allColumns(calls, row)).changes > 0;
      if (isNew) rollups.add(row.id);
      statements.addDetails.run(
        allColumns(callDetails, { ...details, call_id: row.id, writer: writerName(store) }),
      );
    },
    updateCall(id, patch, details = {}) {
      if (!isOpen(id)) return;
      updateCalls(id, withSafeIntegers(calls, patch));
      updateDetails(id, details);
    },
    appendBody(id, segment, body) {
      const call = statements.stateOf.get({ id });
      if (call?.state !== 'open') return;
      if (segment === 0) statements.dropBody.run({ id, part: body.part });
      // A request has usually arrived by then and stays as it is stored here; an answer is stored again when it is whole.
      const [stored = body] = body.part === 'request' ? pieceWriter.store(call.started_ms, [body]) : [];
      statements.setBody.run(allColumns(bodies, { ...stored, call_id: id, segment }));
    },
    finishCall(id, row, details, parts) {
      const before = statements.stateOf.get({ id })?.state;
      const isCounted = before === undefined && isHourThinned(row.started_ms);
      const hadEnded = before !== undefined && before !== 'open' && rollups.take(id);
      const shared = { ...row, ...costPartsOf(row, details.cost_lines ?? null) };
      const columns = { ...allColumns(calls, { ...shared, id }), id };
      statements.setCall.run(columns);
      if (!isCounted) rollups.add(id);
      const own = allColumns(callDetails, { ...details, call_id: id });
      statements.setDetails.run({ ...own, chain: chain.addCall(columns, own, hadEnded) });
      for (const body of pieceWriter.store(
        row.started_ms,
        parts.map((part) => withDigest(row, part)),
      )) {
        statements.dropBody.run({ id, part: body.part });
        statements.setBody.run(allColumns(bodies, { ...body, call_id: id, segment: 0 }));
      }
    },
    keptBytes(id, part) {
      const { total } = statements.keptOf.get({ id, part }) ?? { total: 0 };
      return total;
    },
    waitForOthers(waitMs) {
      if (engine === 'sqlite') sqlite.pragma(`busy_timeout = ${waitMs}`);
    },
    addPaidResults(id, messageIds) {
      for (const message_id of messageIds) statements.addPaidResult.run({ message_id, call_id: id });
    },
    setText: (id, text) => textWriter.set(id, text),
    transaction(fn) {
      const result = commit(fn);
      checkpointer.afterCommit();
      return result;
    },
    tryOut() {
      const row = { key: 'tried_out', value: String(Date.now()) };
      db.insert(meta)
        .values(row)
        .onConflictDoUpdate({ target: meta.key, set: { value: row.value } })
        .run();
    },
    forget,
    checkpoint: () => checkpointer.whenIdle(),
    emptyLog: () => checkpointer.moveAll(),
    close: () => store.close(),
  };
}

/** A body that is kept whole has the digest that its wire bytes have. */
function withDigest(row: Omit<WholeCall, 'id'>, body: PartBody): PartBody & { digest: Buffer | null } {
  const [bytes, sha256] =
    body.part === 'request'
      ? [row.request_bytes, row.request_sha256]
      : [row.response_bytes, row.response_sha256];
  const isWhole = bytes === body.kept_bytes && sha256?.length === 64;
  return { ...body, digest: isWhole ? Buffer.from(sha256, 'hex').subarray(0, digestBytes) : null };
}

function prepareStatements({ db }: Store) {
  const [id, part] = [sql.placeholder('id'), sql.placeholder('part')];
  return {
    stateOf: db
      .select({ state: calls.state, started_ms: calls.started_ms })
      .from(calls)
      .where(eq(calls.id, id))
      .prepare(),
    keptOf: db
      .select({ total: sql<number>`total(${bodies.kept_bytes})` })
      .from(bodies)
      .where(and(eq(bodies.call_id, id), eq(bodies.part, part)))
      .prepare(),
    addCall: db.insert(calls).values(placeholders(calls)).onConflictDoNothing().prepare(),
    addDetails: db.insert(callDetails).values(placeholders(callDetails)).onConflictDoNothing().prepare(),
    setCall: db
      .insert(calls)
      .values(placeholders(calls))
      .onConflictDoUpdate({ target: calls.id, set: excluded(calls) })
      .prepare(),
    setDetails: db
      .insert(callDetails)
      .values(placeholders(callDetails))
      .onConflictDoUpdate({ target: callDetails.call_id, set: excluded(callDetails) })
      .prepare(),
    setBody: db
      .insert(bodies)
      .values(placeholders(bodies))
      .onConflictDoUpdate({ target: [bodies.call_id, bodies.part, bodies.segment], set: excluded(bodies) })
      .prepare(),
    addPaidResult: db.insert(batchResults).values(placeholders(batchResults)).onConflictDoNothing().prepare(),
    dropBody: db
      .delete(bodies)
      .where(and(eq(bodies.call_id, id), eq(bodies.part, part)))
      .prepare(),
  };
}

/** Sets columns of one row; prepared once for each choice of columns, of which there are few. */
function updatesOf(
  { db }: Store,
  table: SQLiteTable,
  key: SQLiteColumn,
): (id: string, values: Readonly<Record<string, unknown>>) => void {
  const prepare = (names: readonly string[]) =>
    db
      .update(table)
      .set(Object.fromEntries(names.map((name) => [name, sql.placeholder(name)])))
      .where(eq(key, sql.placeholder('updated')))
      .prepare();
  const prepared = new Map<string, ReturnType<typeof prepare>>();
  return (id, values) => {
    const names = Object.keys(values);
    if (names.length === 0) return;
    const statement = prepared.get(names.join()) ?? prepare(names);
    prepared.set(names.join(), statement);
    statement.run({ ...values, updated: id });
  };
}

/** One named placeholder for each column; typed as values, which is what drizzle lets them stand for. */
function placeholders<Table extends SQLiteTable>(table: Table): Table['$inferInsert'] {
  const names = Object.keys(getTableColumns(table));
  return Object.fromEntries(names.map((name) => [name, sql.placeholder(name)]));
}

function excluded(table: SQLiteTable) {
  const names = Object.keys(getTableColumns(table));
  return Object.fromEntries(names.map((name) => [name, sql`excluded.${sql.identifier(name)}`]));
}

/** Every column of the table, NULL (or the column's default) where `row` says nothing. */
function allColumns(table: SQLiteTable, row: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const columns = Object.entries(getTableColumns(table));
  const whole = Object.fromEntries(
    columns.map(([name, column]) => [name, row[name] ?? column.default ?? null]),
  );
  return withSafeIntegers(table, whole);
}

/**
 * A number that is no exact integer becomes NULL: an upstream may claim any number of tokens, and one that cannot be counted
 * with is unknown.
 */
function withSafeIntegers<Row extends Readonly<Record<string, unknown>>>(table: SQLiteTable, row: Row): Row {
  const columns: Record<string, { dataType: string } | undefined> = getTableColumns(table);
  const entries = Object.entries(row).map(([name, value]) => {
    const isUncountable =
      columns[name]?.dataType === 'number' && value !== undefined && !Number.isSafeInteger(value);
    return [name, isUncountable ? null : value];
  });
  return Object.fromEntries(entries) as Row;
}
