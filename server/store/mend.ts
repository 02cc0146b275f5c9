/** The few things in a store that can be put right without inventing anything. Each needs a store opened with `write`. */
import { and, eq, isNull, notInArray } from 'drizzle-orm';
import { chainOf } from './chain.ts';
import type { Store } from './open.ts';
import { bodies, callDetails, calls, pieces } from './tables.ts';
import type { BodyPart } from './write.ts';

/** Removes details of a call that is not there; true when there were some. */
export function removeOrphanDetails({ db }: Store, id: string): boolean {
  const known = db.select({ id: calls.id }).from(calls);
  const orphan = and(eq(callDetails.call_id, id), notInArray(callDetails.call_id, known));
  return db.delete(callDetails).where(orphan).run().changes > 0;
}

/** Removes bodies of a call that is not there; true when there were some. */
export function removeOrphanBodies({ db }: Store, id: string): boolean {
  const known = db.select({ id: calls.id }).from(calls);
  const orphan = and(eq(bodies.call_id, id), notInArray(bodies.call_id, known));
  return db.delete(bodies).where(orphan).run().changes > 0;
}

/** Writes the hash of a body where there is none; one that is there is never replaced. */
export function fillSha256(store: Store, id: string, part: BodyPart, sha256: string): boolean {
  const [column, patch] =
    part === 'request'
      ? ([calls.request_sha256, { request_sha256: sha256 }] as const)
      : ([calls.response_sha256, { response_sha256: sha256 }] as const);
  const empty = and(eq(calls.id, id), isNull(column));
  const wasAsRecorded = chainOf(store).holds(id);
  const isFilled = store.db.update(calls).set(patch).where(empty).run().changes > 0;
  // What is otherwise than it was recorded must not be sealed by mending it.
  if (isFilled && wasAsRecorded) chainOf(store).addStored(id);
  return isFilled;
}

/** Forgets up to where a call was saved, which only a running call needs. */
export function clearSavedSeq({ db }: Store, id: string): boolean {
  return db.update(callDetails).set({ saved_seq: null }).where(eq(callDetails.call_id, id)).run().changes > 0;
}

/** Forgets where a piece lies; bodies that are stored do not need it. */
export function forgetPiece({ db }: Store, key: number): boolean {
  return db.delete(pieces).where(eq(pieces.key, key)).run().changes > 0;
}
