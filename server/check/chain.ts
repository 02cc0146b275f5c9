/**
 * Checks that nothing of the record was altered or removed since it was recorded: the chain against itself, each call against its
 * entry, each body against its hash. Beside whatever else uses the store.
 */
import { callIdOf, entryNumber } from '../store/chain-entry.ts';
import type { Seal } from '../store/seal.ts';
import { createChainedCallReader, readEntry, type ChainedCall } from '../store/chain-reader.ts';
import { eachCall, surveyCalls, type StoredCall } from '../store/inspect.ts';
import type { Store } from '../store/open.ts';
import type { BodyPart } from '../store/write.ts';
import { checkBody } from './body.ts';
import { createBreath } from './breath.ts';
import { checkChainedCall } from './chain-call.ts';
import type { ChainFinding, ChainFindingKind } from './chain-finding.ts';
import { ChainMarks } from './chain-marks.ts';
import { ChainWalk, type WalkedWriter } from './chain-walk.ts';
import type { CheckProgress } from './store.ts';

export interface ChainCheckOptions {
  /** Of this installation; null where its secret is not at hand. */
  readonly seal: Seal | null;
  /** A head that was noted elsewhere: its hexadecimal digits, or the first of them. */
  readonly expect: string | null;
  /** Names of writers that need not be sealed by this installation. */
  readonly trusted: readonly string[];
  readonly onProgress: (progress: CheckProgress) => void;
}

export interface ChainCheck {
  readonly writers: readonly WalkedWriter[];
  /** Calls that are as they were recorded, or corrected by entries. */
  readonly calls: number;
  readonly corrections: number;
  /** Calls whose bodies retention has removed. */
  readonly expired: number;
  /** Entries of calls that retention has removed, or that were recorded again. */
  readonly settled: number;
  /** Under way: they get their entry when they end. */
  readonly open: number;
  /** Calls without an entry, from before there was a chain. */
  readonly beforeChain: number;
  /** Bodies whose every byte was hashed, and those of which only a part is kept or no hash was recorded. */
  readonly bodies: number;
  readonly unhashedBodies: number;
  readonly bodyBytes: number;
  /** Where the expected head lies. */
  readonly expectedAt: { readonly writer: string; readonly entry: number } | null;
  readonly findings: readonly ChainFinding[];
  /** Findings beyond those that are listed. */
  readonly unlisted: number;
}

const mostListed = 10_000;
const parts: readonly BodyPart[] = ['request', 'response'];

export async function checkChain(store: Store, options: ChainCheckOptions): Promise<ChainCheck> {
  const check = new ChainChecker(store, options);
  return check.run();
}

class ChainChecker {
  readonly #store: Store;
  readonly #options: ChainCheckOptions;
  readonly #marks = new ChainMarks();
  readonly #walk: ChainWalk;
  readonly #readCall: (id: string) => ChainedCall | null;
  readonly #findings: ChainFinding[] = [];
  /** Calls that say that their bodies were removed, by their entry. */
  readonly #expired = new Map<number, string>();
  /** Calls without an entry. */
  readonly #unchained: { readonly id: string; readonly startedMs: number }[] = [];
  readonly #counts = { calls: 0, open: 0, unchained: 0, bodies: 0, unhashedBodies: 0, bodyBytes: 0 };
  #unlisted = 0;

  constructor(store: Store, options: ChainCheckOptions) {
    this.#store = store;
    this.#options = options;
    const report = (finding: ChainFinding): void => this.#add(finding);
    this.#walk = new ChainWalk(store, this.#marks, { seal: options.seal, expect: options.expect, report });
    this.#readCall = createChainedCallReader(store);
  }

  async run(): Promise<ChainCheck> {
    const { onProgress } = this.#options;
    const { calls: ofCalls, lastId } = surveyCalls(this.#store);
    const breathe = createBreath();
    let calls = 0;
    const tell = (): void => onProgress({ calls, ofCalls });
    for (const _ of this.#walk.advance()) await breathe(tell);
    for (const stored of lastId === null ? [] : eachCall(this.#store, lastId)) {
      calls++;
      this.#checkCall(stored.row.id);
      if (stored.row.state !== 'open') this.#checkBodies(stored);
      await breathe(tell);
    }
    const writers = this.#walk.finish();
    this.#judgeEntries();
    this.#judgeExpired();
    this.#judgeUnchained(writers);
    this.#judgeHeads(writers);
    return this.#result(writers);
  }

  #checkCall(id: string): void {
    const call = this.#readCall(id);
    // Removed since: its entry tells.
    if (call === null) return;
    if (call.row.state === 'open') {
      this.#counts.open++;
      return;
    }
    if ((call.details?.chain ?? null) === null) {
      this.#counts.unchained++;
      if (this.#unchained.length < mostListed) this.#unchained.push({ id, startedMs: call.row.started_ms });
      if (call.revisions.length === 0) return;
      // Its corrections may be from after that.
      this.#judgeCall(call);
      return;
    }
    this.#counts.calls++;
    this.#judgeCall(call);
  }

  #judgeCall(call: ChainedCall): void {
    const { faults, seen, expired } = checkChainedCall(call);
    for (const entry of seen) this.#marks.set(entry, 'seen');
    if (expired !== null) this.#expired.set(expired, call.row.id);
    for (const text of faults) this.#report('altered', call.row.id, text);
  }

  #checkBodies({ row, bodies }: StoredCall): void {
    for (const part of parts) {
      const segments = bodies.filter((body) => body.row.part === part);
      const { faults, bytes } = checkBody(row, part, segments);
      for (const fault of faults) this.#report('body', row.id, fault);
      if (segments.length === 0) continue;
      const sha256 = part === 'request' ? row.request_sha256 : row.response_sha256;
      const wireBytes = part === 'request' ? row.request_bytes : row.response_bytes;
      if (sha256 === null || wireBytes !== bytes) this.#counts.unhashedBodies++;
      else this.#counts.bodies++;
      this.#counts.bodyBytes += bytes;
    }
  }

  /** Entries that nothing was found for, and those for which something was found that should be gone. */
  #judgeEntries(): void {
    for (const id of this.#marks.select('wanted', { without: ['settled', 'seen'] })) {
      const callId = this.#callOf(id);
      const call = callId === null ? null : this.#readCall(callId);
      // It ended, or was corrected, while this was running.
      if (call !== null && this.#isNamed(call, id)) this.#judgeCall(call);
      else if (call === null)
        this.#report('removed', callId, `it was recorded in entry ${entryNumber(id)}, and is not there`);
      else this.#report('altered', callId, `it does not name entry ${entryNumber(id)}, which is about it`);
    }
    for (const id of this.#marks.select('seen', { without: [] })) {
      if (!this.#marks.has(id, 'settled')) continue;
      const callId = this.#callOf(id);
      const call = callId === null ? null : this.#readCall(callId);
      if (call === null || !this.#isNamed(call, id)) continue;
      this.#report('altered', callId, `it names entry ${entryNumber(id)}, which a later one has settled`);
    }
  }

  #callOf(entry: number): string | null {
    const bytes = readEntry(this.#store, entry)?.call ?? null;
    return bytes === null ? null : callIdOf(bytes);
  }

  #isNamed({ details, revisions }: ChainedCall, entry: number): boolean {
    return [details, ...revisions].some((one) => one?.chain === entry);
  }

  #judgeExpired(): void {
    for (const [entry, callId] of this.#expired) {
      if (this.#marks.has(entry, 'expired')) continue;
      this.#report('body', callId, 'its bodies are gone, and retention did not remove them');
    }
  }

  #judgeUnchained(writers: readonly WalkedWriter[]): void {
    const first = writers.toSorted((a, b) => a.begunMs - b.begunMs)[0];
    if (first === undefined) {
      if (this.#counts.unchained > 0) this.#report('entry', null, 'there is no chain');
      return;
    }
    const later = this.#unchained.filter(({ startedMs }) => startedMs > first.begunMs);
    for (const { id } of later) this.#report('inserted', id, 'no entry tells of it');
    const rest = this.#counts.unchained - later.length - first.callsBefore;
    if (rest > 0) {
      this.#report(
        'inserted',
        null,
        `${rest} more calls without an entry than there were when the chain began`,
      );
    }
  }

  #judgeHeads(writers: readonly WalkedWriter[]): void {
    const { seal, trusted, expect } = this.#options;
    for (const { name, seal: state } of seal === null ? [] : writers) {
      if (state === 'valid' || trusted.includes(name)) continue;
      this.#report('seal', null, sealText(name, state));
    }
    if (expect !== null && this.#walk.expectedAt === null) {
      this.#report('head', null, `the head ${expect} is in no chain: entries were removed or written anew`);
    }
  }

  #report(kind: ChainFindingKind, callId: string | null, text: string): void {
    this.#add({ kind, callId, text });
  }

  #add(finding: ChainFinding): void {
    if (this.#findings.length < mostListed) this.#findings.push(finding);
    else this.#unlisted++;
  }

  #result(writers: readonly WalkedWriter[]): ChainCheck {
    const { unchained, ...counts } = this.#counts;
    return {
      ...counts,
      writers,
      beforeChain: unchained,
      corrections: this.#walk.corrections,
      expired: this.#expired.size,
      settled: this.#marks.count('settled'),
      expectedAt: this.#walk.expectedAt,
      findings: this.#findings,
      unlisted: this.#unlisted,
    };
  }
}

function sealText(name: string, state: WalkedWriter['seal']): string {
  if (state === 'wrong') return `the head of ${name} is not the one that this installation sealed`;
  const who = state === 'none' ? 'by nobody' : 'by another installation';
  return `${name} is sealed ${who}: if that is right, say --trust-writer ${name}`;
}
