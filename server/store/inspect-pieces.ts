/** What a check reads of the pieces that bodies are made of: whether each lies where it is said to lie. */
import { hash } from 'node:crypto';
import { asc, gt } from 'drizzle-orm';
import { dayOfPieceKey, pieceKey } from './days.ts';
import type { Store } from './open.ts';
import { createPackReader } from './packs.ts';
import { pieces, type PieceRow } from './tables.ts';

export interface CheckedPiece {
  /** Of its row in `pieces`. */
  readonly key: number;
  /** Why the next body with these bytes would not be what it was; null when all is well. */
  readonly problem: string | null;
}

const pageRows = 500;

/** Every piece by its key, pages of them in a transaction of their own. */
export function* eachPiece(store: Store): Generator<CheckedPiece> {
  const { db, sqlite } = store;
  const check = createPieceCheck(store);
  const readPage = sqlite.transaction((after: number): CheckedPiece[] =>
    db
      .select()
      .from(pieces)
      .where(gt(pieces.key, after))
      .orderBy(asc(pieces.key))
      .limit(pageRows)
      .all()
      .map((piece) => ({ key: piece.key, problem: check(piece) })),
  );
  for (let after = -1; ;) {
    const page = readPage(after);
    yield* page;
    const last = page.at(-1);
    if (last === undefined) return;
    after = last.key;
  }
}

function createPieceCheck(store: Store): (piece: PieceRow) => string | null {
  const packs = createPackReader(store);
  const rawOf = (day: number, pack: number): Buffer | string => {
    try {
      return packs.read(day, pack).raw;
    } catch (error) {
      // Whatever stands in a damaged row: it is what a check is there to tell.
      return error instanceof Error ? error.message : String(error);
    }
  };
  return ({ key, pack, offset, length }) => {
    const day = dayOfPieceKey(key);
    const raw = rawOf(day, pack);
    if (typeof raw === 'string') return raw;
    const sha256 = hash('sha256', raw.subarray(offset, offset + length), 'buffer');
    return pieceKey(day, sha256) === key ? null : 'its pack holds other bytes in its place';
  };
}
