/** Which of many entries somebody means by what was typed. */

export interface Entry {
  readonly label: string;
  /** What it is also found by. */
  readonly words?: string;
}

/**
 * The entries that hold every typed word, those first whose label begins with the text, then those of which a word does; equal
 * ones stay in their order. Without words: all.
 */
export function rank<E extends Entry>(entries: readonly E[], typed: string, most: number): E[] {
  const text = typed.trim().toLowerCase();
  const words = text.split(/\s+/).filter(Boolean);
  const scored = entries.flatMap((entry) => {
    const label = entry.label.toLowerCase();
    const all = `${label} ${entry.words?.toLowerCase() ?? ''}`;
    if (!words.every((word) => all.includes(word))) return [];
    const isBeginning = words.every((word) => ` ${all}`.includes(` ${word}`));
    return [{ entry, score: label.startsWith(text) ? 0 : isBeginning ? 1 : 2 }];
  });
  return scored
    .toSorted((one, other) => one.score - other.score)
    .slice(0, most)
    .map(({ entry }) => entry);
}
