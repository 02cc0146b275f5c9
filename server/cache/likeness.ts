/** How much alike two texts are, for blocks that neither content nor name tell again. Pure, and bounded. */

/** Of a longer text the beginning and the end are looked at. */
const headCharacters = 24_000;
const tailCharacters = 8_000;

/** The words of a text, as they are compared. */
export function wordsOf(text: string): ReadonlySet<string> {
  const seen =
    text.length <= headCharacters + tailCharacters
      ? text
      : `${text.slice(0, headCharacters)} ${text.slice(-tailCharacters)}`;
  return new Set(seen.match(/[\p{L}\p{N}_]+|[^\s\p{L}\p{N}_]+/gu) ?? []);
}

/** From 0 (no word in common) to 1: twice the common words over all of them. */
export function likenessOf(one: ReadonlySet<string>, two: ReadonlySet<string>): number {
  if (one.size + two.size === 0) return 1;
  const [few, many] = one.size <= two.size ? [one, two] : [two, one];
  let common = 0;
  for (const word of few) if (many.has(word)) common += 1;
  return (2 * common) / (one.size + two.size);
}
