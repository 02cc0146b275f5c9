/** What a check can find wrong with a stored call or with the store itself. */
import type { BodyPart } from '../store/write.ts';

export type FindingKind =
  /** The pages of the file; found by the database itself. */
  | 'damage'
  /** The full-text index, and nothing else; it can be made again from the bodies. */
  | 'search'
  /** A table, index or view is not what this version makes. */
  | 'shape'
  /** State, error kind, or how the call ended. */
  | 'ending'
  | 'times'
  /** Token columns and the stored usage disagree. */
  | 'usage'
  | 'cost'
  | 'details'
  | 'body'
  /** Of bodies that are still to come: it is said to lie where it does not. */
  | 'piece'
  /** The sums of an hour are not those of its calls. */
  | 'rollup'
  /** Belongs to a call that is not there. */
  | 'orphan';

/** Something that can be put right without inventing anything. */
export type Repair =
  | { readonly kind: 'fill_sha256'; readonly id: string; readonly part: BodyPart; readonly sha256: string }
  | { readonly kind: 'clear_saved_seq'; readonly id: string }
  | { readonly kind: 'remove_orphan_details'; readonly id: string }
  | { readonly kind: 'remove_orphan_bodies'; readonly id: string }
  /** It only saves space: without it the same bytes are stored once more. */
  | { readonly kind: 'forget_piece'; readonly key: number }
  | { readonly kind: 'rebuild_search' }
  | { readonly kind: 'recount_hour'; readonly hourMs: number };

export interface Finding {
  readonly kind: FindingKind;
  /** Null when it concerns no single call. */
  readonly callId: string | null;
  /** One sentence without its full stop; never content of a body. */
  readonly text: string;
  /** Null when nobody but its owner can tell what is right. */
  readonly repair: Repair | null;
}
