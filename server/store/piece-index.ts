/** Where the pieces of a day lie, as `pieces` has it. Without drizzle: a new conversation of 270 kB asks for some 250 of them. */
import type { Store } from './open.ts';
import type { PieceRow } from './tables.ts';

export interface PieceIndex {
  /** These will be asked for: where each question goes to a server, it is asked for all of them at once. */
  expect(keys: readonly number[]): void;
  find(key: number): Omit<PieceRow, 'key'> | undefined;
  add(piece: PieceRow): void;
  /** To be called last in each transaction. */
  settle(): void;
  /** To be called when it is rolled back. */
  forget(): void;
}

export function createPieceIndex({ engine, sqlite }: Store): PieceIndex {
  const find = sqlite.prepare<[number], Omit<PieceRow, 'key'>>(
    'SELECT pack, "offset", length FROM pieces WHERE key = ?',
  );
  const add = sqlite.prepare<[PieceRow]>(
    `INSERT INTO pieces (key, pack, "offset", length) VALUES (@key, @pack, @offset, @length)
    ON CONFLICT DO NOTHING`,
  );
  if (engine === 'sqlite') {
    return {
      expect: () => undefined,
      find: (key) => find.get(key),
      add: (piece) => void add.run(piece),
      settle: () => undefined,
      forget: () => undefined,
    };
  }
  const findAll = sqlite.prepare<[string], PieceRow>(
    'SELECT key, pack, "offset", length FROM pieces WHERE key IN (SELECT CAST(value AS BIGINT) FROM json_each(?))',
  );
  const added = new Map<number, PieceRow>();
  /** Null: it is known that there is none. */
  let expected = new Map<number, PieceRow | null>();
  return {
    expect(keys) {
      expected = new Map(keys.map((key) => [key, null]));
      if (keys.length === 0) return;
      for (const piece of findAll.all(JSON.stringify(keys))) expected.set(piece.key, piece);
    },
    find(key) {
      const known = expected.get(key);
      return added.get(key) ?? (known === undefined ? find.get(key) : (known ?? undefined));
    },
    add: (piece) => void added.set(piece.key, piece),
    settle() {
      // In one order, at the end: two writers with the same pieces would else wait for each other in a circle.
      for (const key of [...added.keys()].sort((a, b) => a - b)) {
        const piece = added.get(key);
        if (piece !== undefined) add.run(piece);
      }
      added.clear();
      expected.clear();
    },
    forget() {
      added.clear();
      expected.clear();
    },
  };
}
