/** What is known of each entry while a chain is checked: a byte for each, as there may be millions. */
import { entryId, entryNumber, writerOfEntry } from '../store/chain-entry.ts';

const flags = {
  /** A call or a revision must be there that names it. */
  wanted: 1,
  /** A later entry tells that this is over. */
  settled: 2,
  /** A later entry tells that the bodies of its call were removed. */
  expired: 4,
  /** What it tells of was found. */
  seen: 8,
} as const;

export type Mark = keyof typeof flags;

export class ChainMarks {
  readonly #marks = new Map<number, Uint8Array>();

  set(id: number, mark: Mark): void {
    const [writer, number] = [writerOfEntry(id), entryNumber(id)];
    let marks = this.#marks.get(writer) ?? new Uint8Array(1024);
    if (number >= marks.length) {
      const longer = new Uint8Array(Math.max(number + 1, marks.length * 2));
      longer.set(marks);
      marks = longer;
    }
    marks[number] = (marks[number] ?? 0) | flags[mark];
    this.#marks.set(writer, marks);
  }

  has(id: number, mark: Mark): boolean {
    return ((this.#marks.get(writerOfEntry(id))?.[entryNumber(id)] ?? 0) & flags[mark]) !== 0;
  }

  /** Entries that have `mark`, and of the other two all of one and none of the other. */
  *select(mark: Mark, { without }: { readonly without: readonly Mark[] }): Generator<number> {
    const not = without.reduce((all, one) => all | flags[one], 0);
    for (const [writer, marks] of this.#marks) {
      for (const [number, found] of marks.entries()) {
        if ((found & flags[mark]) !== 0 && (found & not) === 0) yield entryId(writer, number);
      }
    }
  }

  count(mark: Mark): number {
    let count = 0;
    for (const _ of this.select(mark, { without: [] })) count++;
    return count;
  }
}
