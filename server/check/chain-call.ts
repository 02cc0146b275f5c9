/** Whether a stored call is what its entry of the chain says. Pure. */
import {
  callBytes,
  callHash,
  entryKinds,
  entryNumber,
  revisionHash,
  type Columns,
} from '../store/chain-entry.ts';
import type { ChainedCall } from '../store/chain-reader.ts';
import { costParts, costPartsOf } from '../store/cost-parts.ts';
import type { ChainRow, CostRevisionRow } from '../store/tables.ts';

export interface ChainedCallCheck {
  /** Sentences. */
  readonly faults: readonly string[];
  /** Entries that tell of what was found here. */
  readonly seen: readonly number[];
  /** The entry of a call whose bodies are gone: only right when a later entry tells that they were removed. */
  readonly expired: number | null;
}

/** @param call that has ended; one without an entry is from before the chain, and only its corrections are looked at */
export function checkChainedCall(call: ChainedCall): ChainedCallCheck {
  const faults: string[] = [];
  const seen: number[] = [];
  const id = call.details?.chain ?? null;
  const entry = id === null ? null : ownEntry(call, id, 'call');
  if (typeof entry === 'string') return { faults: [entry], seen, expired: null };
  const match = entry === null ? 'whole' : matchOf(call, entry);
  if (entry !== null) seen.push(entry.id);
  if (match === 'not') faults.push(`it is not as it was recorded in entry ${entryNumber(id ?? 0)}`);
  // The first revision is what was recorded, and part of the call's own entry.
  for (const revision of call.revisions.slice(1)) {
    const own = ownEntry(call, revision.chain, 'revision');
    if (typeof own === 'string') {
      faults.push(`correction ${revision.revision} of its cost: ${own}`);
      continue;
    }
    seen.push(own.id);
    if (!revisionHash(revision).equals(own.hash)) {
      faults.push(
        `correction ${revision.revision} of its cost is not as it was made in entry ${entryNumber(own.id)}`,
      );
    }
  }
  faults.push(...costFaults(call));
  return { faults, seen, expired: match === 'expired' ? id : null };
}

/** The entry that is named, or what is wrong with it. */
function ownEntry(call: ChainedCall, id: number | null, kind: 'call' | 'revision'): ChainRow | string {
  if (id === null) return 'it has no entry';
  const entry = call.entries.get(id);
  if (entry === undefined) return `its entry ${entryNumber(id)} is missing`;
  const isOwn = entryKinds[entry.kind] === kind && entry.call?.equals(callBytes(call.row.id)) === true;
  return isOwn ? entry : `entry ${entryNumber(id)}, which it names, is about something else`;
}

/** `expired`: as it was recorded, but for its bodies. */
function matchOf(
  { row, details, revisions }: ChainedCall,
  { hash: said }: ChainRow,
): 'whole' | 'expired' | 'not' {
  const recorded = revisions[0];
  const costs =
    recorded === undefined ? { row, details: details ?? {} } : { row: recorded, details: recorded };
  const isSaid = (bodies: string): boolean => callHash({ ...row, bodies }, details ?? {}, costs).equals(said);
  if (isSaid(row.bodies)) return 'whole';
  return row.bodies === 'expired' && (isSaid('full') || isSaid('truncated')) ? 'expired' : 'not';
}

/** What the row shows must be what the last correction made. */
function costFaults({ row, details, revisions }: ChainedCall): string[] {
  const faults: string[] = [];
  const latest = revisions.at(-1);
  if (latest !== undefined && !isShown(latest, { ...row, ...details })) {
    faults.push('its cost is not what the last correction made it');
  }
  const parts = costPartsOf(row, details?.cost_lines ?? null);
  if (costParts.some((part) => row[part] !== parts[part])) {
    faults.push('the parts of its cost are not those of its cost lines');
  }
  return faults;
}

const shownColumns = [
  'cost_nano_usd',
  'cost_source',
  'computed_cost_nano_usd',
  'cache_saved_nano_usd',
  'cost_lines',
  'notes',
] as const satisfies readonly (keyof CostRevisionRow)[];

function isShown(latest: CostRevisionRow, shown: Columns): boolean {
  return shownColumns.every((column) => (latest[column] ?? null) === (shown[column] ?? null));
}
