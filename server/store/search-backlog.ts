/**
 * Calls that the search index does not hold although they have bodies: of a store from before there was one, or whose index was
 * begun anew. They are indexed from the first one on, a few at a time; how far that is stands in the store.
 */
import { and, asc, eq, inArray, or, sql } from 'drizzle-orm';
import type { Store } from './open.ts';
import { formatCursor, isNewerThan, parseCursor, type Position } from './position.ts';
import { calls, meta } from './tables.ts';
import type { Writer } from './write.ts';

const backlogKey = 'search_backlog_after';

/** All calls there are may have to be indexed. */
export function beginBacklog(store: Pick<Store, 'db'>): void {
  setBacklog(store, { startedMs: 0, id: '0' });
}

export interface BacklogPart {
  /** Ids of calls that have bodies and are not indexed, oldest first. */
  readonly ids: readonly string[];
  /** Where to go on; null when this was the last of it. */
  readonly next: Position | null;
}

/** The next of it, having looked at `size` calls; null when there is no backlog. */
export function readBacklog({ db, sqlite }: Store, size: number): BacklogPart | null {
  const mark = db.select().from(meta).where(eq(meta.key, backlogKey)).get();
  if (mark === undefined) return null;
  const rows = db
    .select({ id: calls.id, startedMs: calls.started_ms, bodies: calls.bodies, state: calls.state })
    .from(calls)
    .where(isNewerThan(parseCursor(mark.value)))
    .orderBy(asc(calls.started_ms), asc(calls.id))
    .limit(size)
    .all();
  const docOf = sqlite.prepare<[string], number>('SELECT doc FROM call_docs WHERE call_id = ?').pluck();
  // One that is still open is indexed when it ends.
  const ids = rows
    .filter(({ bodies, state }) => /^(full|truncated)$/.test(bodies) && state !== 'open')
    .map(({ id }) => id)
    .filter((id) => docOf.get(id) === undefined);
  const last = rows.at(-1);
  const isLast = rows.length < size || last === undefined;
  return { ids, next: isLast ? null : { startedMs: last.startedMs, id: last.id } };
}

/** Indexes what was read, and notes how far that is. Belongs into a transaction. */
export function settleBacklog(
  store: Store,
  writer: Pick<Writer, 'setText'>,
  texts: ReadonlyMap<string, string | null>,
  next: Position | null,
): void {
  // Meanwhile it may have lost its bodies, or be gone.
  const kept = store.db
    .select({ id: calls.id })
    .from(calls)
    .where(
      and(inArray(calls.id, [...texts.keys()]), or(eq(calls.bodies, 'full'), eq(calls.bodies, 'truncated'))),
    )
    .all();
  for (const { id } of kept) writer.setText(id, texts.get(id) ?? null);
  if (next === null) store.db.delete(meta).where(eq(meta.key, backlogKey)).run();
  else setBacklog(store, next);
}

function setBacklog({ db }: Pick<Store, 'db'>, position: Position): void {
  const value = formatCursor(position);
  db.insert(meta)
    .values({ key: backlogKey, value })
    .onConflictDoUpdate({ target: meta.key, set: { value: sql`excluded.value` } })
    .run();
}
