/**
 * Which words the index of SQLite holds, as far as that can be told without reading what it says of them: out of the list of
 * the pages that its segments begin new words on (FTS5's own tables `_idx` and `_data`, format version 4). A query that has more
 * pages to read than there is time for is known before it is asked.
 */
import type { Store } from './open.ts';
import { Varints } from './search-varints.ts';

type Connection = Store['sqlite'];

/** A run of pages of a segment that begins at a word, up to the next page that a word begins on. */
interface Run {
  readonly segment: number;
  readonly page: number;
  readonly pages: number;
}

const pagesOfSegment = 2 ** 37;
/** Above it a segment has pages of other kinds. */
const mostPages = 2 ** 31;
/** No word holds it, so that it stands behind all that begin so. */
const end = Buffer.from([0xff]);
/** What words of the index itself begin with. */
const mark = Buffer.from('0');

/** How many pages hold what the index says of words that begin so; one of each segment at least. */
export function pagesOfBeginning(sqlite: Connection, beginning: string): number {
  return runsOf(sqlite, beginning).reduce((total, { pages }) => total + pages, 0);
}

/** So many words that begin so, those first that take most pages: an estimate of which are the most frequent. */
export function frequentWords(sqlite: Connection, beginning: string, most: number): string[] {
  const longest = runsOf(sqlite, beginning)
    .sort((a, b) => b.pages - a.pages)
    .slice(0, 4 * most);
  const pages = new Map<string, number>();
  for (const run of longest) {
    const word = lastWord(sqlite, run);
    if (word?.startsWith(beginning) === true) pages.set(word, (pages.get(word) ?? 0) + run.pages);
  }
  return [...pages]
    .sort(([, one], [, other]) => other - one)
    .slice(0, most)
    .map(([word]) => word);
}

/** What runs on over many pages is the word that the first of them ends with. */
function lastWord(sqlite: Connection, { segment, page }: Run): string | undefined {
  const block = sqlite
    .prepare<[number], Buffer>('SELECT block FROM call_text_data WHERE id = ?')
    .pluck()
    .get(segment * pagesOfSegment + page);
  return block === undefined ? undefined : wordsOnPage(block).at(-1);
}

function runsOf(sqlite: Connection, beginning: string): Run[] {
  const nextSegment = sqlite
    .prepare<[number], number | null>('SELECT min(segid) FROM call_text_idx WHERE segid > ?')
    .pluck();
  const [from, to] = [
    Buffer.concat([mark, Buffer.from(beginning)]),
    Buffer.concat([mark, Buffer.from(beginning), end]),
  ];
  // From the page on which a word before them begins, as they may stand behind it.
  const pages = sqlite
    .prepare<[number, Buffer, number, Buffer], number>(
      `SELECT pgno >> 1 FROM call_text_idx WHERE segid = ? AND term < ? AND term >= coalesce(
        (SELECT max(term) FROM call_text_idx WHERE segid = ? AND term <= ?), x'') ORDER BY term`,
    )
    .pluck();
  const nextPage = sqlite
    .prepare<[number, Buffer], number | null>(
      'SELECT min(pgno) >> 1 FROM call_text_idx WHERE segid = ? AND term >= ?',
    )
    .pluck();
  const lastPage = sqlite
    .prepare<[number, number], number | null>('SELECT max(id) FROM call_text_data WHERE id >= ? AND id < ?')
    .pluck();
  const runs: Run[] = [];
  for (
    let segment = nextSegment.get(0) ?? null;
    segment !== null;
    segment = nextSegment.get(segment) ?? null
  ) {
    const first = segment * pagesOfSegment;
    const starts = pages.all(segment, to, segment, from);
    const after = nextPage.get(segment, to) ?? (lastPage.get(first, first + mostPages) ?? first) - first + 1;
    for (const [at, page] of starts.entries()) {
      const run = { segment, page, pages: (starts[at + 1] ?? after) - page };
      // The words around them may end on the same page as they begin, and run on for long.
      const isAtEdge = at === 0 || at === starts.length - 1;
      const isOurs = !isAtEdge || run.pages === 1 || lastWord(sqlite, run)?.startsWith(beginning) === true;
      runs.push(isOurs ? run : { ...run, pages: 1 });
    }
  }
  return runs;
}

/** The words that begin on a page of a segment, in their order; their first byte is a mark. */
function wordsOnPage(block: Buffer): string[] {
  const places = new Varints(block, block.readUInt16BE(2));
  const words: string[] = [];
  let [at, before] = [0, Buffer.alloc(0)];
  while (places.at < block.byteLength) {
    at += places.next();
    const word = new Varints(block, at);
    // The first one of a page is written out, the others only from where they differ.
    const kept = words.length === 0 ? 0 : word.next();
    const length = word.next();
    before = Buffer.concat([before.subarray(0, kept), block.subarray(word.at, word.at + length)]);
    words.push(before.toString('utf8', 1));
  }
  return words;
}
