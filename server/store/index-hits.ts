/** What the full-text index answers to a query: how many calls, which of some, all of them. Calls are numbers here, as the index knows them. */
import { sql, type SQL } from 'drizzle-orm';
import type { Store } from './open.ts';
import type { SearchQuery } from './search-query.ts';
import { callsHolding } from './search.ts';
import { calls } from './tables.ts';

export interface IndexHits {
  /** No more than one above `most`. */
  count(most: number): number;
  /** Those of some calls. */
  among(docs: readonly number[]): ReadonlySet<number>;
  /** As a condition on calls, by which each hit is sought. */
  readonly condition: SQL;
}

/** Numbers that lie further apart are asked for by themselves. */
const farApart = 10_000;

export function findHits(store: Store, { match, isMerged }: SearchQuery): IndexHits {
  return isMerged ? mergedHits(store, match) : lazyHits(store, match);
}

function lazyHits({ sqlite }: Store, match: string): IndexHits {
  const some = sqlite
    .prepare<[string, number], number>('SELECT count(*) FROM (SELECT 1 FROM call_text(?) LIMIT ?) AS found')
    .pluck();
  const between = sqlite
    .prepare<[string, number, number], number>(
      // Numbers are bound as floating ones, and the index begins at a bound only where that is an integer.
      'SELECT rowid FROM call_text(?) WHERE rowid BETWEEN CAST(? AS INTEGER) AND CAST(? AS INTEGER)',
    )
    .pluck();
  return {
    count: (most) => some.get(match, most + 1) ?? 0,
    among: (docs) => new Set(rangesOf(docs).flatMap(([first, last]) => between.all(match, first, last))),
    condition: callsHolding(match),
  };
}

/** Read once: the index would put the beginnings together again for each question. */
function mergedHits({ sqlite }: Store, match: string): IndexHits {
  const docs = sqlite.prepare<[string], number>('SELECT rowid FROM call_text(?)').pluck().all(match);
  const all = new Set(docs);
  return {
    count: () => all.size,
    among: () => all,
    get condition() {
      const list = JSON.stringify(docs);
      return sql`${calls.id} IN (SELECT call_id FROM call_docs WHERE doc IN (SELECT value FROM json_each(${list})))`;
    },
  };
}

/** As few ranges as hold them all without much between: calls are numbered as they end, which is nearly the order of the list. */
function rangesOf(docs: readonly number[]): [number, number][] {
  const ranges: [number, number][] = [];
  for (const doc of docs.toSorted((a, b) => a - b)) {
    const range = ranges.at(-1);
    if (range === undefined || doc - range[1] > farApart) ranges.push([doc, doc]);
    else range[1] = doc;
  }
  return ranges;
}
