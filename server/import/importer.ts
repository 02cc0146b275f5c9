/** Writes found calls into a store, each once: what is there already stays as it is. */
import type { Found, FoundCall, ImportContext, ImportedRows } from './imported.ts';
import { createPresence } from '../store/presence.ts';
import type { Store } from '../store/open.ts';
import type { Writer } from '../store/write.ts';

/** How an import went, in calls. */
export interface ImportCounts {
  imported: number;
  /** In the store before, or twice in the files. */
  present: number;
  /** Things that are no calls of the Messages API. */
  other: number;
  failed: number;
}

export interface Importer {
  readonly counts: Readonly<ImportCounts>;
  /** Written by the next `flush` at the latest. */
  take(found: Found): Promise<void>;
  flush(): void;
}

/** Calls of one transaction. */
const groupCalls = 64;

/** @param store null is one that holds nothing; @param writer null only counts; @param onFailure one sentence for each thing that failed */
export function createImporter(
  store: Store | null,
  writer: Writer | null,
  context: ImportContext,
  onFailure: (sentence: string) => void,
): Importer {
  const counts: ImportCounts = { imported: 0, present: 0, other: 0, failed: 0 };
  const presence = createPresence(store);
  let group: ImportedRows[] = [];

  const flush = (): void => {
    const rows = group;
    group = [];
    if (rows.length === 0 || writer === null) return;
    writer.transaction(() => {
      for (const { row, details, parts, text } of rows) {
        writer.finishCall(row.id, row, details, parts);
        writer.setText(row.id, text);
      }
    });
    presence.committed();
  };

  return {
    counts,
    flush,
    async take(found) {
      switch (found.kind) {
        case 'other':
          counts.other += 1;
          break;
        case 'broken':
          counts.failed += 1;
          onFailure(`${found.where}: ${found.why}`);
          break;
        case 'call':
          await takeCall(found.call);
          break;
        default:
          found satisfies never;
      }
    },
  };

  async function takeCall(call: FoundCall): Promise<void> {
    if (presence.has(call)) {
      counts.present += 1;
      return;
    }
    try {
      group.push(await call.toRows(context));
    } catch (error) {
      counts.failed += 1;
      onFailure(`${call.id}: ${error instanceof Error ? error.message : String(error)}`);
      return;
    }
    presence.add(call);
    counts.imported += 1;
    if (group.length >= groupCalls) flush();
  }
}
