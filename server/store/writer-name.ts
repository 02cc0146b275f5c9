import { unsealedName } from './seal.ts';
import type { Store } from './open.ts';

/** Tells the writers of one store from each other; null for a file, which has only one. */
export function writerName({ engine, seal }: Store): string | null {
  return engine === 'sqlite' ? null : (seal?.writer ?? unsealedName);
}
