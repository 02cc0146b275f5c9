/**
 * Where changes wait while the store cannot be written: files of records, imported in order and then deleted. The payload of a
 * record is V8's serialization of a StoreChange.
 */
import { createHash } from 'node:crypto';
import { basename, dirname, isAbsolute, join, relative, resolve } from 'node:path';
import { deserialize, serialize } from 'node:v8';
import { bodyBytesOf, type StoreChange } from '../store/change.ts';
import { isPostgresAddress } from '../store/postgres/address.ts';
import { readIfThere, recordAt, recordOf, SegmentFiles } from './segment-files.ts';

const groupRecords = 64;
const groupBytes = 8 * 1024 * 1024;

/**
 * Of one store: several may share a data directory, and what one could not take must not go into another. One that lies in the data
 * directory is known by its place in there, so that both can be moved together.
 */
export function spillFolder(spillDir: string, target: string): string {
  const whole = isPostgresAddress(target) ? target : resolve(target);
  const inside = relative(dirname(resolve(spillDir)), whole);
  const isInside = !isPostgresAddress(target) && !inside.startsWith('..') && !isAbsolute(inside);
  const hash = createHash('sha256')
    .update(isInside ? inside : whole)
    .digest('hex')
    .slice(0, 8);
  return join(spillDir, `${basename(whole)}-${hash}`);
}

/** What became of one file's import. */
export interface SpillImport {
  /** What could not be applied, or not be read: kept in a file beside. */
  readonly setAside: readonly StoreChange[];
  /** Where; null when all went well. */
  readonly keptAs: string | null;
}

export class Spill {
  readonly #files: SegmentFiles;

  constructor(dir: string) {
    this.#files = new SegmentFiles(dir, '.spill');
  }

  /** Bytes that wait to be imported. */
  get bytes(): number {
    return this.#files.bytes;
  }

  get isEmpty(): boolean {
    return this.#files.isEmpty;
  }

  /** On disk when it returns. Throws what the file system throws (`ENOSPC`, `EIO`, …); then nothing of the group is kept. */
  append(changes: readonly StoreChange[]): void {
    this.#files.append(changes.flatMap(encode));
  }

  /**
   * Hands the records of the oldest file to `apply` in groups and deletes it. `apply` throws when the store refuses again; then the
   * file stays for the next time.
   * @param isRefusal tells a store that refuses from a record that cannot be applied
   */
  importOldest(
    apply: (changes: readonly StoreChange[]) => void,
    isRefusal: (error: unknown) => boolean,
  ): SpillImport {
    const bytes = this.#files.readOldest();
    const { changes, damagedFrom } = decodeAll(bytes);
    const refused = [...groupsOf(changes)].flatMap((group) => applyGroup(group, apply, isRefusal));
    const damaged = damagedFrom === null ? [] : [bytes.subarray(damagedFrom)];
    const unusable = Buffer.concat([...refused.flatMap(encode), ...damaged]);
    const keptAs = unusable.byteLength > 0 ? this.#files.setAside(unusable) : null;
    this.#files.removeOldest();
    return { setAside: refused, keptAs };
  }

  /** What waits of these calls, each with its changes in their order. */
  changesOf(ids: ReadonlySet<string>): Map<string, StoreChange[]> {
    const found = new Map<string, StoreChange[]>();
    for (const path of this.#files.paths) {
      for (const change of decodeAll(readIfThere(path)).changes) {
        const id = change.kind === 'progress' ? change.id : change.row.id;
        if (!ids.has(id)) continue;
        const known = found.get(id);
        if (known === undefined) found.set(id, [change]);
        else known.push(change);
      }
    }
    return found;
  }

  /** Keeps a change that the store does not take, whatever it is, and nobody tries again; returns where. */
  setAside(change: StoreChange): string {
    return this.#files.setAside(Buffer.concat(encode(change)));
  }

  close(): void {
    this.#files.close();
  }
}

function encode(change: StoreChange): Uint8Array[] {
  return recordOf([serialize(change)]);
}

/** Whole records from the start; `damagedFrom` is the offset of the first that is not. */
function decodeAll(bytes: Buffer): { changes: StoreChange[]; damagedFrom: number | null } {
  const changes: StoreChange[] = [];
  let at = 0;
  while (at < bytes.byteLength) {
    const record = recordAt(bytes, at);
    if (record === null) return { changes, damagedFrom: at };
    try {
      // The checksum says that these are the bytes that this program wrote.
      changes.push(deserialize(record.payload) as StoreChange);
    } catch {
      // By another version of it: kept for that one.
      return { changes, damagedFrom: at };
    }
    at = record.end;
  }
  return { changes, damagedFrom: null };
}

function* groupsOf(changes: readonly StoreChange[]): Generator<StoreChange[]> {
  let group: StoreChange[] = [];
  let bytes = 0;
  for (const change of changes) {
    group.push(change);
    bytes += bodyBytesOf(change);
    if (group.length < groupRecords && bytes < groupBytes) continue;
    yield group;
    group = [];
    bytes = 0;
  }
  if (group.length > 0) yield group;
}

/** Returns the changes that cannot be applied even alone. */
function applyGroup(
  group: readonly StoreChange[],
  apply: (changes: readonly StoreChange[]) => void,
  isRefusal: (error: unknown) => boolean,
): StoreChange[] {
  try {
    apply(group);
    return [];
  } catch (error) {
    if (isRefusal(error)) throw error;
    const [only] = group;
    if (group.length === 1 && only !== undefined) return [only];
    return group.flatMap((change) => applyGroup([change], apply, isRefusal));
  }
}
