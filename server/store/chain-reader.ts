/** What a check reads of the chains: their heads, their entries, and each call beside what its entry said. */
import { and, asc, eq, getTableColumns, gt, isNull, lte, sql } from 'drizzle-orm';
import { entryId, entryNumber } from './chain-entry.ts';
import type { Store } from './open.ts';
import type { ChainHead } from './served.ts';
import {
  callDetails,
  calls,
  chain,
  chainWriters,
  costRevisions,
  type CallDetailsRow,
  type CallRow,
  type ChainRow,
  type ChainWriterRow,
  type CostRevisionRow,
} from './tables.ts';

const pageEntries = 1000;
const mostStray = 100;

/** By number. */
export function chainHeads({ db }: Store): ChainWriterRow[] {
  return db.select().from(chainWriters).orderBy(asc(chainWriters.number)).all();
}

/** What of them is worth noting elsewhere. */
export function notedHeads(store: Store): ChainHead[] {
  return chainHeads(store).map(({ name, last, link }) => ({
    writer: name,
    entries: entryNumber(last),
    head: link.toString('hex'),
  }));
}

/** Those with ids above `after` up to `last`, in their order. */
export function* eachEntry({ db }: Store, after: number, last: number): Generator<ChainRow> {
  for (let from = after; from < last;) {
    const range = and(gt(chain.id, from), lte(chain.id, last));
    const page = db.select().from(chain).where(range).orderBy(asc(chain.id)).limit(pageEntries).all();
    yield* page;
    from = page.at(-1)?.id ?? last;
  }
}

/** Entries that no head reaches; not more than `mostStray`. */
export function strayEntries({ db }: Store): ChainRow[] {
  const isReached = sql`${chain.id} > ${chainWriters.number} * ${entryId(1, 0)} AND ${chain.id} <= ${chainWriters.last}`;
  return db
    .select(getTableColumns(chain))
    .from(chain)
    .leftJoin(chainWriters, isReached)
    .where(isNull(chainWriters.number))
    .limit(mostStray)
    .all();
}

/** A call, and the entries that it names itself. */
export interface ChainedCall {
  readonly row: CallRow;
  readonly details: CallDetailsRow | null;
  /** The first one, as it was recorded, first. */
  readonly revisions: readonly CostRevisionRow[];
  /** By id; those that are missing are not among them. */
  readonly entries: ReadonlyMap<number, ChainRow>;
}

/** What is returned reads a call as it is at one moment; null when it is not there. */
export function createChainedCallReader(store: Store): (id: string) => ChainedCall | null {
  const { db, sqlite } = store;
  const wanted = sql.placeholder('id');
  const ownRow = db.select().from(calls).where(eq(calls.id, wanted)).prepare();
  const ownDetails = db.select().from(callDetails).where(eq(callDetails.call_id, wanted)).prepare();
  const ownRevisions = db
    .select()
    .from(costRevisions)
    .where(eq(costRevisions.call_id, wanted))
    .orderBy(asc(costRevisions.revision))
    .prepare();
  const entryOf = db.select().from(chain).where(eq(chain.id, wanted)).prepare();
  return sqlite.transaction((id: string): ChainedCall | null => {
    const row = ownRow.get({ id });
    if (row === undefined) return null;
    const details = ownDetails.get({ id }) ?? null;
    const revisions = ownRevisions.all({ id });
    const ids = [details, ...revisions].flatMap((one) => one?.chain ?? []);
    const entries = ids.flatMap((entry) => entryOf.get({ id: entry }) ?? []);
    return { row, details, revisions, entries: new Map(entries.map((entry) => [entry.id, entry])) };
  });
}

/** The entry with that id; null when it is missing. */
export function readEntry({ db }: Store, id: number): ChainRow | null {
  return db.select().from(chain).where(eq(chain.id, id)).get() ?? null;
}
