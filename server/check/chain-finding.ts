/** What a check of the chain can find. */

export type ChainFindingKind =
  /** An entry is missing, altered, added or in another place. */
  | 'entry'
  /** The head is not sealed by this installation. */
  | 'seal'
  /** A head that was noted elsewhere is in no chain. */
  | 'head'
  /** The call is not what its entry says. */
  | 'altered'
  /** Its entry is there, the call is not, and retention did not remove it. */
  | 'removed'
  /** A call that no entry tells of. */
  | 'inserted'
  /** The kept bytes are not those whose hash was recorded. */
  | 'body';

export interface ChainFinding {
  readonly kind: ChainFindingKind;
  /** Null when it concerns no single call. */
  readonly callId: string | null;
  /** One sentence without its full stop. */
  readonly text: string;
}
