/** What changed between two JSON values, member by member. Pure. */
import { isObject } from '../messages/json.ts';

export interface ValueChange {
  /** JSON pointer (RFC 6901) to the value; empty for the whole. */
  readonly path: string;
  /** Absent where there was nothing. */
  readonly before?: unknown;
  /** Absent where there is nothing any more. */
  readonly after?: unknown;
}

/** More of them are not told apart: what is left is one change of its whole parent. */
const mostChanges = 500;

/** The changes in the order of the members, those of the newer value that are new last; none for equal values. */
export function compareValues(before: unknown, after: unknown): ValueChange[] {
  const changes: ValueChange[] = [];
  collect(before, after, '', changes);
  return changes.length > mostChanges ? [{ path: '', before, after }] : changes;
}

function collect(before: unknown, after: unknown, path: string, changes: ValueChange[]): void {
  if (Object.is(before, after) || changes.length > mostChanges) return;
  const [one, other] = [membersOf(before), membersOf(after)];
  if (one === null || other === null || Array.isArray(before) !== Array.isArray(after)) {
    changes.push({ path, before, after });
    return;
  }
  for (const name of new Set([...one.keys(), ...other.keys()])) {
    const at = `${path}/${name.replaceAll('~', '~0').replaceAll('/', '~1')}`;
    if (!other.has(name)) changes.push({ path: at, before: one.get(name) });
    else if (!one.has(name)) changes.push({ path: at, after: other.get(name) });
    else collect(one.get(name), other.get(name), at, changes);
  }
}

function membersOf(value: unknown): ReadonlyMap<string, unknown> | null {
  if (Array.isArray(value)) return new Map(value.map((item, index) => [String(index), item]));
  return isObject(value) ? new Map(Object.entries(value)) : null;
}
