/** Errors of the reading process on their way to the asking one: plain data, made typed again on the other side. */
import {
  BadCursor,
  BadQuestion,
  SearchDamaged,
  StoreError,
  Unsupported,
  type StoreErrorCode,
} from '../store/errors.ts';
import { isPostgresRefusal } from '../store/postgres/error.ts';

export interface Failure {
  readonly name: string;
  readonly message: string;
  readonly code: StoreErrorCode | null;
}

export function toFailure(error: unknown): Failure {
  if (!(error instanceof Error)) return { name: 'Error', message: String(error), code: null };
  // A server that has gone away while it was asked: nothing is wrong with the question.
  const away = isPostgresRefusal(error) ? 'away' : null;
  return { name: error.name, message: error.message, code: error instanceof StoreError ? error.code : away };
}

export function fromFailure({ name, message, code }: Failure): Error {
  if (code !== null) return new StoreError(code, message);
  switch (name) {
    case 'BadCursor':
      return new BadCursor(message);
    case 'BadQuestion':
      return new BadQuestion(message);
    case 'SearchDamaged':
      return new SearchDamaged(message);
    case 'Unsupported':
      return new Unsupported(message);
    default:
      return new Error(`the store could not answer: ${name}: ${message}`);
  }
}
