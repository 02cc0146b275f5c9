/** What can go wrong with the store or a question to it, each with one sentence that says what is wrong and what to change. */

export type StoreErrorCode =
  /** The path cannot be a store: a directory, a missing file, another program's database. */
  | 'wrong_path'
  /** The place cannot be written, or the file not be opened, with the rights we have. */
  | 'not_writable'
  /** A database that is not there, or that this user may not use. */
  | 'denied'
  /** A database that cannot be reached just now. */
  | 'away'
  /** Another instance is recording into it. */
  | 'locked'
  /** Not a database, or a damaged one. */
  | 'corrupt'
  /** Written by a newer version of Weir. */
  | 'newer_version'
  /** Written by an older version, and opened only for reading. */
  | 'older_version'
  /** A kind of target, or a file system, that this version cannot store into. */
  | 'unsupported';

/** The store cannot be opened. `message` is meant for the user; `cause` is what the database said. */
export class StoreError extends Error {
  override readonly name = 'StoreError';
  readonly code: StoreErrorCode;

  constructor(code: StoreErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/** A filter, a group, a zone or a bucket that the store does not know. */
export class BadQuestion extends Error {
  override readonly name = 'BadQuestion';
}

/** A cursor that this server did not give. */
export class BadCursor extends Error {
  override readonly name = 'BadCursor';
}

/** The full-text index did not take, or did not give back, the words of a call. */
export class SearchDamaged extends Error {
  override readonly name = 'SearchDamaged';
}

/** Asked for something that this version does not do. */
export class Unsupported extends Error {
  override readonly name = 'Unsupported';
}
