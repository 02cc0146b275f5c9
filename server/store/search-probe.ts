/** Whether the full-text index can be read. */
import { findHits } from './index-hits.ts';
import type { Store } from './open.ts';
import { searchQuery } from './search-query.ts';

/** Asks it what somebody could not be answered. @throws what that one was told, if it is still so */
export function probeSearch(store: Store, searches: readonly string[]): void {
  findHits(store, searchQuery(store, searches)).count(1);
}
