/** A call that is not sent again. */

/** `not_found`: no such call. `conflict`: this call cannot be sent, or not now. `bad_body`: what was asked for does not fit. */
export type RefusalCode = 'not_found' | 'conflict' | 'bad_body' | 'key_missing' | 'unknown_upstream';

/** One sentence that says which and what to do; never a credential. */
export class ReplayRefused extends Error {
  override readonly name = 'ReplayRefused';
  readonly code: RefusalCode;

  constructor(code: RefusalCode, message: string) {
    super(message);
    this.code = code;
  }
}
