/** Appends to the chain of this installation. Belongs into the transaction of what it tells of. */
import { and, count, eq, inArray, isNotNull, isNull, max, ne } from 'drizzle-orm';
import { hash } from 'node:crypto';
import {
  callBytes,
  callHash,
  callIdOf,
  encodeEntryIds,
  entryId,
  entryKinds,
  linkOf,
  noLink,
  revisionHash,
  type Columns,
  type EntryKind,
} from './chain-entry.ts';
import { sealHead, unsealedName } from './seal.ts';
import { waitToBeAlone } from './alone.ts';
import type { Store } from './open.ts';
import {
  callDetails,
  calls,
  chainWriters,
  costRevisions,
  type ChainWriterRow,
  type CostRevisionRow,
} from './tables.ts';

export interface Chain {
  /**
   * A call has ended as these columns say; one that had ended before, and says what its entry says, keeps that. Returns the entry
   * for `call_details.chain`.
   */
  addCall(row: Columns & { readonly id: string }, details: Columns, hadEnded: boolean): number;
  /** The same for a call as it stands in the store; sets its entry. */
  addStored(id: string): void;
  /** Returns the entry for `cost_revisions.chain`. */
  addRevision(revision: CostRevisionRow): number;
  /** Retention is about to remove these calls, or only their bodies. */
  addRemoval(kind: 'expired' | 'removed', callIds: readonly string[]): void;
  /** From now on the head is only written when `settle` is called, last in the transaction under way; or, with false, with each entry. Forgets what was not settled. */
  hold(isHeld: boolean): void;
  settle(): void;
  /** Whether the call is what its entry says, as long as nobody has corrected its cost. */
  holds(id: string): boolean;
}

type Head = Pick<ChainWriterRow, 'number' | 'last' | 'link'>;

const chains = new WeakMap<Store, Chain>();

/** The one of this store. */
export function chainOf(store: Store): Chain {
  const known = chains.get(store) ?? createChain(store);
  chains.set(store, known);
  return known;
}

function createChain(store: Store): Chain {
  const { seal, db } = store;
  const name = seal?.writer ?? unsealedName;
  const statements = prepareStatements(store);
  let isHeld = false;
  /** Of the transaction under way; null where it has to be read. */
  let heldHead: Head | null = null;
  let isMoved = false;
  const read = (id: string) => ({
    row: db.select().from(calls).where(eq(calls.id, id)).get(),
    details: db.select().from(callDetails).where(eq(callDetails.call_id, id)).get() ?? {},
  });

  function append(kind: EntryKind, said: Buffer, call: Buffer | null, note: Buffer | null): number {
    const head = heldHead ?? statements.head.get(name) ?? begin(kind === 'call' ? call : null);
    const id = head.last + 1;
    const entry = { id, kind: entryKinds.indexOf(kind), call, hash: said, note };
    const link = linkOf(head.link, entry);
    statements.addEntry.run({ ...entry, link });
    const moved = { number: head.number, last: id, link };
    if (isHeld) [heldHead, isMoved] = [moved, true];
    else setHead(moved);
    return id;
  }

  function setHead({ number, last, link }: Head): void {
    const sealed = seal === null ? null : sealHead(seal, { name, last, link });
    statements.setHead.run(last, link, sealed, number);
  }

  function begin(ending: Buffer | null): Head {
    waitToBeAlone(store, 'chain');
    const latest = db
      .select({ number: max(chainWriters.number) })
      .from(chainWriters)
      .get();
    const number = (latest?.number ?? -1) + 1;
    const begun_ms = Date.now();
    db.insert(chainWriters)
      .values({ number, name, begun_ms, last: entryId(number, 0), link: noLink })
      .run();
    const said = Buffer.from(
      JSON.stringify({ writer: name, begun_ms, calls_before: callsWithoutEntry(store, ending) }),
    );
    append('begin', hash('sha256', said, 'buffer'), null, said);
    // Written one line above.
    return heldHead ?? (statements.head.get(name) as Head);
  }

  function addCall(row: Columns & { readonly id: string }, details: Columns, hadEnded: boolean): number {
    const said = callHash(row, details, { row, details });
    const before = hadEnded ? statements.entryOf.get(row.id) : undefined;
    if (before?.hash.equals(said) === true) return before.id;
    const note = before === undefined ? null : encodeEntryIds([before.id]);
    return append('call', said, callBytes(row.id), note);
  }

  return {
    addCall,
    addStored(id) {
      const { row, details } = read(id);
      if (row === undefined || row.state === 'open') return;
      const chain = addCall(row, details, true);
      db.update(callDetails).set({ chain }).where(eq(callDetails.call_id, id)).run();
    },
    addRevision(revision) {
      return append('revision', revisionHash(revision), callBytes(revision.call_id), null);
    },
    addRemoval(kind, callIds) {
      const ids = entriesOf(store, callDetails, callIds);
      if (kind === 'removed') ids.push(...entriesOf(store, costRevisions, callIds));
      // Calls from before there was a chain are in none.
      if (ids.length === 0) return;
      const note = encodeEntryIds(ids);
      append(kind, hash('sha256', note, 'buffer'), null, note);
    },
    hold(isToBeHeld) {
      isHeld = isToBeHeld;
      heldHead = null;
      isMoved = false;
    },
    settle() {
      if (isMoved && heldHead !== null) setHead(heldHead);
      isMoved = false;
    },
    holds(id) {
      const { row, details } = read(id);
      const entry = statements.entryOf.get(id);
      if (row === undefined || entry === undefined) return false;
      return callHash(row, details, { row, details }).equals(entry.hash);
    },
  };
}

/** Calls that have ended and are in no chain, but for one that ends right now. */
function callsWithoutEntry({ db }: Store, ending: Buffer | null): number {
  const isOther = ending === null ? undefined : ne(calls.id, callIdOf(ending));
  const found = db
    .select({ calls: count() })
    .from(calls)
    .leftJoin(callDetails, eq(callDetails.call_id, calls.id))
    .where(and(isNull(callDetails.chain), ne(calls.state, 'open'), isOther))
    .get();
  return found?.calls ?? 0;
}

function entriesOf(
  { db }: Store,
  table: typeof callDetails | typeof costRevisions,
  callIds: readonly string[],
): number[] {
  const ofCalls = and(isNotNull(table.chain), inArray(table.call_id, [...callIds]));
  const rows = db.select({ entry: table.chain }).from(table).where(ofCalls).all();
  return rows.flatMap(({ entry }) => entry ?? []);
}

/** Without drizzle, as they run with each call. */
function prepareStatements({ sqlite }: Store) {
  return {
    head: sqlite.prepare<[string], Head>('SELECT number, last, link FROM chain_writers WHERE name = ?'),
    addEntry: sqlite.prepare(
      'INSERT INTO chain (id, kind, call, hash, link, note) VALUES (@id, @kind, @call, @hash, @link, @note)',
    ),
    setHead: sqlite.prepare<[number, Buffer, Buffer | null, number]>(
      'UPDATE chain_writers SET last = ?, link = ?, seal = ? WHERE number = ?',
    ),
    entryOf: sqlite.prepare<[string], { id: number; hash: Buffer }>(
      'SELECT chain.id, chain.hash FROM call_details JOIN chain ON chain.id = call_details.chain WHERE call_id = ?',
    ),
  };
}
