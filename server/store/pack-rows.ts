/**
 * Packs as rows. SQLite puts whole rows into pages, and of three rows of two kilobytes a quarter of the page stays empty: there such
 * a pack lies in several small rows, one behind the other.
 */
import type { Store } from './open.ts';
import type { PackRow } from './tables.ts';

/** A row of more takes pages of its own, which it fills. */
const mostSplitBytes = 8192;
const partBytes = 768;

export function createPackAdder({ sqlite, engine }: Store): (pack: Omit<PackRow, 'parts'>) => void {
  const add = sqlite.prepare<[PackRow]>(
    'INSERT INTO packs (id, packing, bytes, raw_bytes, base, depth, parts) VALUES (@id, @packing, @bytes, @raw_bytes, @base, @depth, @parts)',
  );
  return (pack) => {
    const { bytes } = pack;
    const isSplit = engine === 'sqlite' && bytes.byteLength <= mostSplitBytes;
    const rows = isSplit ? Math.max(1, Math.ceil(bytes.byteLength / partBytes)) : 1;
    const length = Math.ceil(bytes.byteLength / rows);
    add.run({ ...pack, bytes: bytes.subarray(0, length), parts: rows === 1 ? null : rows - 1 });
    for (let part = 1; part < rows; part += 1) {
      const more = bytes.subarray(part * length, (part + 1) * length);
      add.run({
        id: pack.id + part,
        packing: 'part',
        bytes: more,
        raw_bytes: 0,
        base: null,
        depth: 0,
        parts: null,
      });
    }
  };
}

/** Returns what finds a pack with the bytes of all its rows; fewer where some are missing. */
export function createPackFinder(sqlite: Store['sqlite']): (id: number) => PackRow | undefined {
  // Without drizzle: a long conversation asks for a hundred of them.
  const find = sqlite.prepare<[number], PackRow>(
    'SELECT id, packing, bytes, raw_bytes, base, depth, parts FROM packs WHERE id = ?',
  );
  const findParts = sqlite
    .prepare<[number, number], Buffer>(
      "SELECT bytes FROM packs WHERE id > ? AND id <= ? AND packing = 'part' ORDER BY id",
    )
    .pluck();
  return (id) => {
    const row = find.get(id);
    if (row === undefined || row.parts === null) return row;
    return { ...row, bytes: Buffer.concat([row.bytes, ...findParts.all(id, id + row.parts)]) };
  };
}
