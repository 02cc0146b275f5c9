/** Writing calls. Synchronous, on the one writing connection; every write is an upsert by id, so a replay changes nothing. */
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
import { bodies, callDetails, calls, meta, type CallRow } from './tables.ts';
import { prepareInsert, replaceAll, updatesOf, wholeRowsOf } from './whole-row.ts';

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
  const pieceWriter = createPieceWriter(store);
  const rollups = rollupsOf(store);
  const chain = chainOf(store);
  const isHourThinned = createThinnedHours(store);
  const textWriter = createTextWriter(store);
  const checkpointer = createCheckpointer(store);
  /** Words of the calls of the transaction under way. */
  const texts = new Map<string, string | null>();
  let isHolding = false;

  /** What was put off until the end of the transaction. */
  const settle = (): void => {
    rollups.settle();
    chain.settle();
    pieceWriter.settle();
    // Last, and all at once: what the index holds in memory is written out in front of every part of a transaction that can fail alone.
    for (const [id, text] of texts) textWriter.set(id, text);
    if (texts.size > 0) textWriter.settle();
    texts.clear();
  };
  const forget = (): void => {
    texts.clear();
    pieceWriter.forget();
    rollups.forget();
  };
  const commit = <Result>(fn: () => Result): Result => {
    const isOutermost = !isHolding;
    // What a part puts off is undone with that part alone.
    if (!isOutermost) settle();
    isHolding = true;
    chain.hold(true);
    try {
      const whole = (): Result => {
        const result = fn();
        settle();
        return result;
      };
      return sqlite.transaction(whole).immediate();
    } catch (error) {
      forget();
      throw error;
    } finally {
      isHolding = !isOutermost;
      chain.hold(isHolding);
    }
  };
  const isStored = (id: string, { part, digest }: PartBody & { digest: Buffer | null }): boolean => {
    const [known, ...others] = statements.digestsOf.all(id, part);
    return digest !== null && others.length === 0 && known?.equals(digest) === true;
  };
  /** A write without a transaction is one of its own. */
  const held = (fn: () => void): void => (isHolding ? fn() : commit(fn));

  return {
    openCall(row, details) {
      // Told again after it has ended and gone; should it be new, its ending comes.
      if (statements.before.get(row.id) === undefined && isHourThinned(row.started_ms)) return;
      held(() => {
        const isNew = statements.addCall.run(...callRows.bound(callRows.complete({ ...row }))).changes > 0;
        if (isNew && row.state !== 'open') rollups.add(row.id);
        const own = { ...details, call_id: row.id, writer: writerName(store) };
        statements.addDetails.run(...detailRows.bound(detailRows.complete(own)));
      });
    },
    updateCall(id, patch, details = {}) {
      if (statements.before.get(id)?.state !== 'open') return;
      statements.updateCall(id, patch);
      statements.updateDetails(id, details);
    },
    appendBody(id, segment, body) {
      const call = statements.before.get(id);
      if (call?.state !== 'open') return;
      if (segment === 0) statements.dropBody.run(id, body.part);
      // A request has usually arrived by then and stays as it is stored here; an answer is stored again when it is whole.
      const [stored] =
        body.part === 'request'
          ? pieceWriter.store({ id, startedMs: call.started_ms, hasEnded: false }, [body])
          : [body];
      statements.setBody.run(...bodyRows.bound(bodyRows.complete({ ...stored, call_id: id, segment })));
    },
    finishCall: (id, row, details, parts) =>
      held(() => {
        const before = statements.before.get(id);
        const isCounted = before === undefined && isHourThinned(row.started_ms);
        const hadEnded = before !== undefined && before.state !== 'open' && rollups.take(id);
        const call = callRows.complete({ ...row, ...costPartsOf(row, details.cost_lines ?? null), id });
        const set = before === undefined ? statements.addCall : statements.setCall;
        set.run(...callRows.bound(call));
        if (!isCounted) rollups.addRow(call);
        const own = detailRows.complete({ ...details, call_id: id });
        statements.setDetails.run(
          ...detailRows.bound({ ...own, chain: chain.addCall({ ...call }, { ...own }, hadEnded) }),
        );
        const given = parts
          .map((part) => withDigest(row, part))
          // Told again, after a restart too, it is there already.
          .filter((body) => before === undefined || before.state === 'open' || !isStored(id, body));
        const stored = pieceWriter.store({ id, startedMs: row.started_ms, hasEnded: true }, given);
        for (const body of stored) {
          if (before !== undefined) statements.dropBody.run(id, body.part);
          statements.setBody.run(...bodyRows.bound(bodyRows.complete({ ...body, call_id: id, segment: 0 })));
        }
      }),
    keptBytes(id, part) {
      return statements.keptOf.get(id, part) ?? 0;
    },
    waitForOthers(waitMs) {
      if (engine === 'sqlite') sqlite.pragma(`busy_timeout = ${waitMs}`);
    },
    addPaidResults(id, messageIds) {
      for (const messageId of messageIds) statements.addPaidResult.run(messageId, id);
    },
    setText: (id, text) => held(() => void texts.set(id, text)),
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

const callRows = wholeRowsOf(calls);
const detailRows = wholeRowsOf(callDetails);
const bodyRows = wholeRowsOf(bodies);

type CallBefore = Pick<CallRow, 'state' | 'started_ms'>;

/** Without drizzle, as they run with each call. */
function prepareStatements(store: Store) {
  const { sqlite } = store;
  return {
    before: sqlite.prepare<[string], CallBefore>('SELECT state, started_ms FROM calls WHERE id = ?'),
    keptOf: sqlite
      .prepare<[string, string], number>(
        'SELECT total(kept_bytes) FROM bodies WHERE call_id = ? AND part = ?',
      )
      .pluck(),
    digestsOf: sqlite
      .prepare<[string, string], Buffer | null>('SELECT digest FROM bodies WHERE call_id = ? AND part = ?')
      .pluck(),
    addCall: prepareInsert(store, 'calls', callRows.names, 'ON CONFLICT DO NOTHING'),
    setCall: prepareInsert(store, 'calls', callRows.names, `ON CONFLICT (id) ${replaceAll(callRows.names)}`),
    addDetails: prepareInsert(store, 'call_details', detailRows.names, 'ON CONFLICT DO NOTHING'),
    setDetails: prepareInsert(
      store,
      'call_details',
      detailRows.names,
      `ON CONFLICT (call_id) ${replaceAll(detailRows.names)}`,
    ),
    setBody: prepareInsert(
      store,
      'bodies',
      bodyRows.names,
      `ON CONFLICT (call_id, part, segment) ${replaceAll(bodyRows.names)}`,
    ),
    addPaidResult: prepareInsert(store, 'batch_results', ['message_id', 'call_id'], 'ON CONFLICT DO NOTHING'),
    dropBody: sqlite.prepare<[string, string]>('DELETE FROM bodies WHERE call_id = ? AND part = ?'),
    updateCall: updatesOf(store, 'calls', 'id', callRows),
    updateDetails: updatesOf(store, 'call_details', 'call_id', detailRows),
  };
}
