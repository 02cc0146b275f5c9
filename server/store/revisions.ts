/** Corrections of what calls cost: the only way in which a cost that stands ever changes, and what stood before is kept. */
import { asc, eq, max } from 'drizzle-orm';
import { chainOf } from './chain.ts';
import { costPartsOf } from './cost-parts.ts';
import type { Store } from './open.ts';
import { rollupsOf } from './rollup-writer.ts';
import { callDetails, calls, costRevisions, type CostRevisionRow } from './tables.ts';

/** Columns of the calls as they are to stand. */
export interface RevisedCost {
  readonly costNanoUsd: number | null;
  readonly costSource: string | null;
  readonly computedCostNanoUsd: number | null;
  readonly cacheSavedNanoUsd: number | null;
  /** Follows from the prices too; no revision of its own. */
  readonly cacheLostNanoUsd: number | null;
  /** JSON `CostLine[]`. */
  readonly costLines: string;
  /** Of the price; they take the place of what the last price remarked. */
  readonly notes: readonly string[];
  readonly bookVersion: string;
}

const firstReason = 'as recorded';

/** Writes a new revision of a call that has ended; the first time also what was recorded. Belongs into a transaction. */
export function reviseCost(
  store: Store,
  callId: string,
  revised: RevisedCost,
  { reason, nowMs }: { readonly reason: string; readonly nowMs: number },
): void {
  const { db } = store;
  const row = db.select().from(calls).where(eq(calls.id, callId)).get();
  const details = db.select().from(callDetails).where(eq(callDetails.call_id, callId)).get();
  if (row === undefined || row.state === 'open') return;
  const latest = db
    .select({ revision: max(costRevisions.revision) })
    .from(costRevisions)
    .where(eq(costRevisions.call_id, callId))
    .get();
  const lines = details?.cost_lines ?? '[]';
  if ((latest?.revision ?? null) === null) {
    const first = {
      call_id: callId,
      revision: 1,
      created_ms: row.ended_ms ?? row.started_ms,
      cost_nano_usd: row.cost_nano_usd,
      cost_source: row.cost_source,
      computed_cost_nano_usd: row.computed_cost_nano_usd,
      cache_saved_nano_usd: row.cache_saved_nano_usd,
      cost_lines: lines,
      notes: details?.notes ?? null,
      book_version: bookVersionOf(lines),
      reason: firstReason,
    };
    db.insert(costRevisions).values(first).run();
  }
  const columns = {
    cost_nano_usd: revised.costNanoUsd,
    cost_source: revised.costSource,
    computed_cost_nano_usd: revised.computedCostNanoUsd,
    cache_saved_nano_usd: revised.cacheSavedNanoUsd,
  };
  const notes = mergeNotes(details?.notes ?? null, revised.notes);
  const revision: CostRevisionRow = {
    ...columns,
    call_id: callId,
    revision: (latest?.revision ?? 1) + 1,
    created_ms: nowMs,
    cost_lines: revised.costLines,
    notes,
    book_version: revised.bookVersion,
    reason,
    chain: null,
  };
  const entry = chainOf(store).addRevision(revision);
  db.insert(costRevisions)
    .values({ ...revision, chain: entry })
    .run();
  const rollups = rollupsOf(store);
  rollups.take(callId);
  db.update(calls)
    .set({
      ...columns,
      ...costPartsOf(columns, revised.costLines),
      cache_lost_nano_usd: revised.cacheLostNanoUsd,
    })
    .where(eq(calls.id, callId))
    .run();
  rollups.add(callId);
  db.update(callDetails)
    .set({ cost_lines: revised.costLines, notes })
    .where(eq(callDetails.call_id, callId))
    .run();
}

/** What a call was said to cost, the first word first; none when that never changed. */
export function readRevisions({ db }: Store, callId: string): CostRevisionRow[] {
  return db
    .select()
    .from(costRevisions)
    .where(eq(costRevisions.call_id, callId))
    .orderBy(asc(costRevisions.revision))
    .all();
}

/** Every line names the file that its rate is from; the book and a file of the user's may both be among them. */
function bookVersionOf(lines: string): string | null {
  const versions = texts(lines, (line) =>
    typeof line === 'object' && line !== null && 'book_version' in line ? line.book_version : null,
  );
  return versions.length === 0 ? null : [...new Set(versions)].join('+');
}

function mergeNotes(before: string | null, added: readonly string[]): string | null {
  const kept = texts(before, (note) => note).filter((note) => !/^(?:unpriced|estimated|free): /.test(note));
  const notes = [...new Set([...kept, ...added])];
  return notes.length === 0 ? null : JSON.stringify(notes);
}

/** Texts that `pick` finds in a JSON list; none where the column is damaged. */
function texts(json: string | null, pick: (item: unknown) => unknown): string[] {
  if (json === null) return [];
  try {
    const parsed: unknown = JSON.parse(json);
    return Array.isArray(parsed) ? parsed.map(pick).filter((text) => typeof text === 'string') : [];
  } catch (error) {
    if (error instanceof SyntaxError) return [];
    throw error;
  }
}
