/** Checks a whole store, a call at a time, beside whatever else uses it; and puts right what can be. */
import { eachPiece } from '../store/inspect-pieces.ts';
import { eachHour } from '../store/inspect-rollups.ts';
import { eachCall, findForeignShapes, findOrphans, surveyCalls } from '../store/inspect.ts';
import {
  clearSavedSeq,
  fillSha256,
  forgetPiece,
  removeOrphanBodies,
  removeOrphanDetails,
} from '../store/mend.ts';
import type { Store } from '../store/open.ts';
import { hourMs } from '../store/rollup-keys.ts';
import { rebuildSearch } from '../store/search-damage.ts';
import { recountHour } from '../store/rollup-writer.ts';
import { createBreath } from './breath.ts';
import { checkCall } from './call.ts';
import type { Finding, Repair } from './finding.ts';

export interface CheckProgress {
  readonly calls: number;
  readonly ofCalls: number;
}

export interface StoreCheck {
  /** Calls looked at. */
  readonly calls: number;
  /** Calls by state. */
  readonly states: Readonly<Record<string, number>>;
  readonly bodies: number;
  /** Wire bytes that were unpacked and hashed. */
  readonly bodyBytes: number;
  readonly findings: readonly Finding[];
  /** Findings beyond those that are listed. */
  readonly unlisted: number;
}

/** A store that is wrong throughout must not fill the memory. */
const mostListed = 10_000;

/** Reads everything once. Calls that begin while it runs are left out. */
export async function checkStore(
  store: Store,
  onProgress: (progress: CheckProgress) => void,
): Promise<StoreCheck> {
  const found = new FindingList();
  for (const text of findForeignShapes(store)) {
    found.add({ kind: 'shape', callId: null, text, repair: null });
  }
  const { calls: ofCalls, lastId } = surveyCalls(store);
  const states: Record<string, number> = {};
  let [calls, bodies, bodyBytes] = [0, 0, 0];
  const breathe = createBreath();
  for (const stored of lastId === null ? [] : eachCall(store, lastId)) {
    const checked = checkCall(stored);
    calls++;
    bodies += checked.bodies;
    bodyBytes += checked.bodyBytes;
    states[stored.row.state] = (states[stored.row.state] ?? 0) + 1;
    for (const finding of checked.findings) found.add(finding);
    await breathe(() => onProgress({ calls, ofCalls }));
  }
  for (const { key, problem } of eachPiece(store)) {
    if (problem !== null) found.add(pieceFinding(key, problem));
    await breathe(() => onProgress({ calls, ofCalls }));
  }
  for (const { hourMs, problem } of eachHour(store)) {
    if (problem !== null) found.add(hourFinding(hourMs, problem));
    await breathe(() => onProgress({ calls, ofCalls }));
  }
  for (const finding of orphanFindings(store)) found.add(finding);
  return { calls, states, bodies, bodyBytes, findings: found.listed, unlisted: found.unlisted };
}

class FindingList {
  readonly listed: Finding[] = [];
  unlisted = 0;

  add(finding: Finding): void {
    if (this.listed.length < mostListed) this.listed.push(finding);
    else this.unlisted++;
  }
}

function pieceFinding(key: number, problem: string): Finding {
  return {
    kind: 'piece',
    callId: null,
    text: `piece ${key}: ${problem}`,
    repair: { kind: 'forget_piece', key },
  };
}

function hourFinding(hourMs: number, problem: string): Finding {
  return {
    kind: 'rollup',
    callId: null,
    text: `hour ${new Date(hourMs).toISOString()}: ${problem}`,
    repair: { kind: 'recount_hour', hourMs },
  };
}

function orphanFindings(store: Store): Finding[] {
  const { details, bodies } = findOrphans(store);
  return [
    ...details.map((id): Finding => ({
      kind: 'orphan',
      callId: id,
      text: 'details of a call that is not there',
      repair: { kind: 'remove_orphan_details', id },
    })),
    ...bodies.map((id): Finding => ({
      kind: 'orphan',
      callId: id,
      text: 'a body of a call that is not there',
      repair: { kind: 'remove_orphan_bodies', id },
    })),
  ];
}

/** True when something was changed. @param store opened with `write` */
export function applyRepair(store: Store, repair: Repair): boolean {
  switch (repair.kind) {
    case 'fill_sha256':
      return fillSha256(store, repair.id, repair.part, repair.sha256);
    case 'clear_saved_seq':
      return clearSavedSeq(store, repair.id);
    case 'remove_orphan_details':
      return removeOrphanDetails(store, repair.id);
    case 'remove_orphan_bodies':
      return removeOrphanBodies(store, repair.id);
    case 'forget_piece':
      return forgetPiece(store, repair.key);
    case 'recount_hour':
      recountHour(store, Math.floor(repair.hourMs / hourMs));
      return true;
    case 'rebuild_search':
      rebuildSearch(store);
      return true;
    default:
      return repair satisfies never;
  }
}
