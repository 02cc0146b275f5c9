/** What is asked of the full-text index for what somebody searches for. */
import { parseSearch, type SearchTerm } from '../messages/search-terms.ts';
import { BadQuestion } from './errors.ts';
import type { Store } from './open.ts';
import { frequentWords, pagesOfBeginning } from './search-vocabulary.ts';

export interface SearchQuery {
  /** As FTS5 reads it. */
  readonly match: string;
  /** It asks for beginnings of words: the index puts together all that it holds of them, whatever is wanted of it. */
  readonly isMerged: boolean;
  /** One sentence where not all that was searched for is looked for; null when it is. */
  readonly incomplete: string | null;
}

/** The index needs a tenth of a second to put so much together. */
const mostPages = 250;
/** Words that stand for a beginning which more begin with than can be put together. */
const wordsOfBroad = 16;

/**
 * Calls that hold what any of these searches asks for. A beginning of too many words is looked for as the most frequent of them.
 * Throws `BadQuestion` for one that cannot be understood.
 * @param pages of the index that beginnings may take altogether; PostgreSQL looks for all of them
 */
export function searchQuery(store: Store, searches: readonly string[], pages = mostPages): SearchQuery {
  const expansion = createExpansion(store, store.engine === 'sqlite' ? pages : Infinity);
  const match = matchAny(searches, expansion.of);
  const { broad } = expansion;
  const named = broad.map((beginning) => `${beginning}*`).join(', ');
  return {
    match,
    isMerged: expansion.isMerged(),
    incomplete:
      broad.length === 0
        ? null
        : `Too many words begin with ${named}: the ${wordsOfBroad} that take most room were looked for. Another letter finds them all.`,
  };
}

/** The same with all words of all beginnings, however many those are. */
export function wholeMatch(searches: readonly string[]): string {
  return matchAny(searches, matchOf);
}

function matchAny(searches: readonly string[], matchTerm: (term: SearchTerm) => string): string {
  return searches.map((search) => `(${termsOf(search).map(matchTerm).join(' AND ')})`).join(' OR ');
}

function createExpansion({ sqlite }: Store, most: number) {
  let left = most;
  const broad: string[] = [];
  const of = (term: SearchTerm): string => {
    const beginning = term.words.at(-1);
    if (!term.isPrefix || beginning === undefined) return matchOf(term);
    const pages = most === Infinity ? 0 : pagesOfBeginning(sqlite, beginning);
    if (pages <= left) {
      left -= pages;
      return matchOf(term);
    }
    broad.push(beginning);
    const words = new Set([beginning, ...frequentWords(sqlite, beginning, wordsOfBroad)]);
    const before = term.words.slice(0, -1);
    return `(${[...words].map((word) => matchOf({ words: [...before, word], isPrefix: false })).join(' OR ')})`;
  };
  return { of, broad, isMerged: () => left < most };
}

function termsOf(search: string): readonly SearchTerm[] {
  const parsed = parseSearch(search);
  if (typeof parsed === 'string') throw new BadQuestion(`The parameter "q" ${parsed}.`);
  return parsed;
}

/** Words hold letters and digits only, so nothing of them can be taken for FTS5's own syntax within the quotes. */
function matchOf({ words, isPrefix }: SearchTerm): string {
  return `"${words.join(' ')}"${isPrefix ? ' *' : ''}`;
}
