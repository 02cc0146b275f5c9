/** What the asking and the reading process send each other. */
import type { Failure } from './failure.ts';
import type { QuestionName, Questions } from './questions.ts';

/** A question; they are sent one at a time, so no answer can be taken for another's but a late one. */
export type Asked = {
  [Name in QuestionName]: {
    readonly id: number;
    readonly name: Name;
    readonly args: Questions[Name]['args'];
    /** The answer is wanted as the bytes of its JSON. */
    readonly isJson: boolean;
  };
}[QuestionName];

export type Answer = Questions[QuestionName]['answer'] | Uint8Array;

export type Answered =
  | { readonly id: number; readonly ok: true; readonly answer: Answer }
  | { readonly id: number; readonly ok: false; readonly failure: Failure };

/** Sent to the process before the first question. */
export interface Setup {
  readonly kind: 'setup';
  /** The store. A message, not an argument: everybody on the machine can list those, and a connection string may hold a password. */
  readonly target: string;
  /** Text of the user's price file and what to call it in errors; null: none. */
  readonly prices: { readonly text: string; readonly name: string } | null;
}

/** Sent once, when the process can be asked. */
export const ready = 'ready';
