/** Follows the chains link by link, and marks what their entries settle. */
import { hash } from 'node:crypto';
import {
  callIdOf,
  decodeEntryIds,
  entryId,
  entryKinds,
  entryNumber,
  linkOf,
  noLink,
} from '../store/chain-entry.ts';
import { sealHead, type Seal } from '../store/seal.ts';
import { chainHeads, eachEntry, strayEntries } from '../store/chain-reader.ts';
import type { Store } from '../store/open.ts';
import type { ChainRow, ChainWriterRow } from '../store/tables.ts';
import type { ChainFinding } from './chain-finding.ts';
import type { ChainMarks } from './chain-marks.ts';

/** `valid`: by this installation; `other`: by another one, whose secret is not at hand; `none`: by nobody; `wrong`: not what this installation sealed. */
export type SealState = 'valid' | 'other' | 'none' | 'wrong';

export interface WalkedWriter {
  readonly name: string;
  readonly begunMs: number;
  /** Calls that had ended before it began, and are in no chain. */
  readonly callsBefore: number;
  /** Number of the latest entry, and its link in hexadecimal: what to note elsewhere. */
  readonly entries: number;
  readonly head: string;
  readonly seal: SealState;
}

export interface WalkOptions {
  /** Null where no secret is at hand. */
  readonly seal: Seal | null;
  /** A link that was noted elsewhere, hexadecimal; null for none. */
  readonly expect: string | null;
  report(finding: ChainFinding): void;
}

/** How far a writer's chain has been followed. */
interface Cursor {
  id: number;
  link: Buffer;
  callsBefore: number;
}

export class ChainWalk {
  readonly #store: Store;
  readonly #marks: ChainMarks;
  readonly #options: WalkOptions;
  readonly #cursors = new Map<number, Cursor>();
  /** Where the expected head was found: `writer` and number. */
  #expectedAt: { readonly writer: string; readonly entry: number } | null = null;
  #corrections = 0;

  constructor(store: Store, marks: ChainMarks, options: WalkOptions) {
    this.#store = store;
    this.#marks = marks;
    this.#options = options;
  }

  get expectedAt() {
    return this.#expectedAt;
  }

  get corrections(): number {
    return this.#corrections;
  }

  /** Up to the heads as they are now, going on where it stopped before. Yields now and then, for whoever wants a breath. */
  *advance(): Generator<void> {
    for (const writer of chainHeads(this.#store)) {
      const cursor = this.#cursors.get(writer.number) ?? {
        id: entryId(writer.number, 0),
        link: noLink,
        callsBefore: 0,
      };
      this.#cursors.set(writer.number, cursor);
      for (const entry of eachEntry(this.#store, cursor.id, writer.last)) {
        this.#follow(writer, cursor, entry);
        yield;
      }
      this.#missing(writer, cursor.id + 1, writer.last + 1);
      if (!cursor.link.equals(writer.link)) {
        this.#report(`the head of ${writer.name} is not its last entry`);
        cursor.link = writer.link;
      }
      cursor.id = writer.last;
    }
  }

  /** In one moment: the heads, and what stands in no chain. To be called last. */
  finish(): WalkedWriter[] {
    return this.#store.sqlite.transaction(() => {
      for (const _ of this.advance());
      for (const entry of strayEntries(this.#store)) {
        this.#report(
          `entry ${entryNumber(entry.id)}${callOf(entry)} stands behind the head, or has no writer`,
        );
      }
      return chainHeads(this.#store).map((head) => this.#walked(head));
    })();
  }

  #walked(head: ChainWriterRow): WalkedWriter {
    return {
      name: head.name,
      begunMs: head.begun_ms,
      callsBefore: this.#cursors.get(head.number)?.callsBefore ?? 0,
      entries: entryNumber(head.last),
      head: head.link.toString('hex'),
      seal: sealState(head, this.#options.seal),
    };
  }

  #follow(writer: ChainWriterRow, cursor: Cursor, entry: ChainRow): void {
    this.#missing(writer, cursor.id + 1, entry.id);
    const isNext = entry.id === cursor.id + 1;
    const link = linkOf(cursor.link, entry);
    // Behind a gap nothing can be said of what it follows.
    if (isNext && !link.equals(entry.link)) {
      this.#report(
        `${nameOf(writer, entry.id)}${callOf(entry)} does not follow from the one before: it was altered or moved`,
      );
    }
    this.#look(writer, entry, link.equals(entry.link) ? link : entry.link);
    this.#mark(writer, cursor, entry);
    cursor.id = entry.id;
    cursor.link = entry.link;
  }

  #look({ name }: ChainWriterRow, { id }: ChainRow, link: Buffer): void {
    const { expect } = this.#options;
    if (expect === null || !link.toString('hex').startsWith(expect)) return;
    this.#expectedAt = { writer: name, entry: entryNumber(id) };
  }

  #mark(writer: ChainWriterRow, cursor: Cursor, entry: ChainRow): void {
    const kind = entryKinds[entry.kind];
    try {
      switch (kind) {
        case 'call':
          this.#marks.set(entry.id, 'wanted');
          for (const id of decodeEntryIds(entry.note ?? Buffer.alloc(0))) this.#marks.set(id, 'settled');
          return;
        case 'revision':
          this.#corrections++;
          this.#marks.set(entry.id, 'wanted');
          return;
        case 'begin':
          cursor.callsBefore = callsBeforeOf(noteOf(entry));
          return;
        case 'expired':
          for (const id of decodeEntryIds(noteOf(entry))) this.#marks.set(id, 'expired');
          return;
        case 'removed':
          for (const id of decodeEntryIds(noteOf(entry))) this.#marks.set(id, 'settled');
          return;
        case undefined:
          this.#report(`${nameOf(writer, entry.id)} is of no kind that there is`);
          return;
        default:
          kind satisfies never;
      }
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      this.#report(`${nameOf(writer, entry.id)} cannot be read: ${why}`);
    }
  }

  #missing(writer: ChainWriterRow, from: number, end: number): void {
    if (from >= end) return;
    const which =
      end - from === 1
        ? nameOf(writer, from)
        : `entries ${entryNumber(from)} to ${entryNumber(end - 1)} of ${writer.name}`;
    this.#report(`${which} ${end - from === 1 ? 'is' : 'are'} missing`);
  }

  #report(text: string): void {
    this.#options.report({ kind: 'entry', callId: null, text });
  }
}

function sealState(head: ChainWriterRow, seal: Seal | null): SealState {
  if (head.seal === null) return 'none';
  if (seal === null || head.name !== seal.writer) return 'other';
  return sealHead(seal, head).equals(head.seal) ? 'valid' : 'wrong';
}

function noteOf({ note, hash: said }: ChainRow): Buffer {
  if (note === null || !hash('sha256', note, 'buffer').equals(said))
    throw new Error('its list is not the one whose hash it has');
  return note;
}

function callsBeforeOf(note: Buffer): number {
  const said: unknown = JSON.parse(note.toString());
  const isTold = typeof said === 'object' && said !== null && 'calls_before' in said;
  return isTold ? Number(said.calls_before) : 0;
}

function nameOf(writer: ChainWriterRow, id: number): string {
  return `entry ${entryNumber(id)} of ${writer.name}`;
}

function callOf({ call }: ChainRow): string {
  return call === null ? '' : ` (call ${callIdOf(call)})`;
}
