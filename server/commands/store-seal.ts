/** What the commands that write into the record, or check it, know of the installation that records. */
import { readSecret } from '../data-dir.ts';
import { createSeal, type Seal } from '../store/seal.ts';

/** Null where there is no data directory with a secret. @throws DataDirError */
export function storeSeal({ dataDir }: { readonly dataDir: string }): Seal | null {
  const secret = readSecret(dataDir);
  return secret === null ? null : createSeal(secret);
}
