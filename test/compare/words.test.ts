import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { diffWords, smooth, type Piece } from '../../server/compare/words.ts';

const without = (pieces: readonly Piece[], kind: Piece['kind']) =>
  pieces
    .filter((piece) => piece.kind !== kind)
    .map(({ text }) => text)
    .join('');

/** The fewest changed words, the plain way: a table of the longest common subsequence. */
function fewestChanges(one: readonly string[], other: readonly string[]): number {
  let above = Array.from({ length: other.length + 1 }, () => 0);
  for (const word of one) {
    const row = [0];
    for (let at = 1; at <= other.length; at++) {
      row.push(
        word === other[at - 1] ? (above[at - 1] ?? 0) + 1 : Math.max(above[at] ?? 0, row[at - 1] ?? 0),
      );
    }
    above = row;
  }
  return one.length + other.length - 2 * (above.at(-1) ?? 0);
}

describe('diffWords', () => {
  it('marks the words that changed and leaves the others', () => {
    expect(diffWords('the river is low today', 'the river is very high today')).toEqual([
      { kind: 'same', text: 'the river is ' },
      { kind: 'removed', text: 'low' },
      { kind: 'added', text: 'very high' },
      { kind: 'same', text: ' today' },
    ]);
  });

  it('has both texts in it, whatever they are, with as few changes as there can be', () => {
    const text = fc
      .array(fc.constantFrom('a', 'b', 'c', ' ', '\n', 'wéir', '…', '🌊'), { maxLength: 40 })
      .map((words) => words.join(' '));
    fc.assert(
      fc.property(text, text, (before, after) => {
        const pieces = diffWords(before, after);
        expect(without(pieces, 'added')).toBe(before);
        expect(without(pieces, 'removed')).toBe(after);
        expect(without(smooth(pieces), 'added')).toBe(before);
        expect(without(smooth(pieces), 'removed')).toBe(after);
        const words = (given: string) => given.match(/\s+|[\p{L}\p{N}_]+|[^\s\p{L}\p{N}_]/gu) ?? [];
        const changed = pieces.filter(({ kind }) => kind !== 'same').flatMap((piece) => words(piece.text));
        expect(changed.length).toBeLessThanOrEqual(fewestChanges(words(before), words(after)));
      }),
      { numRuns: 300 },
    );
  });

  it('gives up on texts that have nothing in common, without losing them', () => {
    const before = Array.from({ length: 4000 }, (_, at) => `left${at}`).join(' ');
    const after = Array.from({ length: 4000 }, (_, at) => `right${at}`).join(' ');
    const pieces = diffWords(before, after);
    expect(without(pieces, 'added')).toBe(before);
    expect(without(pieces, 'removed')).toBe(after);
  });

  it('compares long texts by lines', () => {
    const lines = Array.from({ length: 20_000 }, (_, at) => `line ${at} of many`);
    const changed = lines.with(10_000, 'another line');
    expect(diffWords(lines.join('\n'), changed.join('\n'))).toMatchObject([
      { kind: 'same' },
      { kind: 'removed', text: 'line 10000 of many\n' },
      { kind: 'added', text: 'another line\n' },
      { kind: 'same' },
    ]);
  });
});

describe('smooth', () => {
  it('lets the space between two changed words change with them', () => {
    expect(smooth(diffWords('one two three', 'uno due three'))).toEqual([
      { kind: 'removed', text: 'one two' },
      { kind: 'added', text: 'uno due' },
      { kind: 'same', text: ' three' },
    ]);
  });
});
