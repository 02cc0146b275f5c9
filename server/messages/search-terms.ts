/** What a search asks for, and where a text holds it. Words are those of the index (FTS5's unicode61): letters and digits, without case and accents. */

/** Words that follow each other; of the last one, only the beginning when it `isPrefix`. */
export interface SearchTerm {
  readonly words: readonly string[];
  readonly isPrefix: boolean;
}

/** A word of a text and where it stands there. */
interface Word {
  readonly folded: string;
  readonly start: number;
  readonly end: number;
}

const wordPattern = /[\p{L}\p{N}\p{Co}][\p{L}\p{N}\p{Co}\p{M}]*/gu;
const mostTerms = 50;

/**
 * All terms of a search have to be found: words, "phrases in quotes", and either with a `*` at its end for any continuation.
 * A text is what is wrong with it, to be said of the parameter.
 */
export function parseSearch(search: string): readonly SearchTerm[] | string {
  if ((search.match(/"/g)?.length ?? 0) % 2 === 1) return 'has a quotation mark that is not closed';
  const terms: SearchTerm[] = [];
  for (const [part] of search.matchAll(/"[^"]*"\*?|[^\s"]+/g)) {
    const words = wordsOf(part).map(({ folded }) => folded);
    if (words.length === 0)
      return `has nothing to search for in ${part.slice(0, 40)}: it takes words, "phrases" and beginnings*`;
    terms.push({ words, isPrefix: part.endsWith('*') });
  }
  if (terms.length === 0) return 'is empty: it takes words, "phrases" and beginnings*';
  return terms.length > mostTerms ? `has ${terms.length} terms, more than ${mostTerms}` : terms;
}

/** Where `text` holds the terms, as `[start, end)` in its order, overlapping ones merged; at most `most` words are looked at. */
export function findTerms(text: string, terms: readonly SearchTerm[], most = 100_000): [number, number][] {
  const words = wordsOf(text, most);
  const hits: [number, number][] = [];
  words.forEach((word, at) => {
    for (const term of terms) {
      const last = words[at + term.words.length - 1];
      if (last === undefined || !startsHere(words, at, term)) continue;
      const before = hits.at(-1);
      if (before !== undefined && before[1] >= word.start) before[1] = Math.max(before[1], last.end);
      else hits.push([word.start, last.end]);
    }
  });
  return hits;
}

function startsHere(words: readonly Word[], at: number, { words: wanted, isPrefix }: SearchTerm): boolean {
  return wanted.every((each, index) => {
    const folded = words[at + index]?.folded ?? '';
    return isPrefix && index === wanted.length - 1 ? folded.startsWith(each) : folded === each;
  });
}

/** The words of a text in their order, as they are compared. */
export function foldedWords(text: string): string[] {
  return wordsOf(text).map(({ folded }) => folded);
}

function wordsOf(text: string, most = Number.POSITIVE_INFINITY): Word[] {
  const words: Word[] = [];
  for (const match of text.matchAll(wordPattern)) {
    if (words.length >= most) break;
    words.push({ folded: fold(match[0]), start: match.index, end: match.index + match[0].length });
  }
  return words;
}

function fold(word: string): string {
  return word.normalize('NFD').replaceAll(/\p{M}/gu, '').toLowerCase();
}
