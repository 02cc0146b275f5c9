/** Tags that Weir itself gives to replays. */
export const replayTags = {
  /** The batch that it was sent in. */
  batch: 'replay_batch',
  /** The idempotency key of the request that asked for it. */
  key: 'replay_key',
} as const;
