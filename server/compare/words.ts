/**
 * What changed between two texts, word by word. The shortest script of removals and additions (E. W. Myers, "An O(ND)
 * Difference Algorithm and Its Variations", 1986), after what both share at their ends has been set aside.
 */

export interface Piece {
  readonly kind: 'same' | 'removed' | 'added';
  readonly text: string;
}

/** Changes past which the exact script is not worth its time: lines are compared instead, then nothing. */
const MOST_CHANGES = 1_500;
/** Together; longer texts are compared line by line. */
const MOST_WORDS = 60_000;

const WORDS = /\s+|[\p{L}\p{N}_]+|[^\s\p{L}\p{N}_]/gu;
const LINES = /[^\n]*\n|[^\n]+$/g;

function tokens(text: string, pattern: RegExp): string[] {
  return text.match(pattern) ?? [];
}

/** The furthest reach on each diagonal, once for every number of changes; null when they would be too many. */
function reaches(one: readonly string[], other: readonly string[]): Int32Array[] | null {
  const most = Math.min(one.length + other.length, MOST_CHANGES);
  const reach = new Int32Array(2 * most + 3);
  const history: Int32Array[] = [];
  for (let changes = 0; changes <= most; changes++) {
    history.push(reach.slice(most - changes, most + changes + 3));
    for (let diagonal = -changes; diagonal <= changes; diagonal += 2) {
      const at = most + 1 + diagonal;
      const below = reach[at + 1] ?? 0;
      const above = reach[at - 1] ?? 0;
      let x = diagonal === -changes || (diagonal !== changes && above < below) ? below : above + 1;
      while (x < one.length && x - diagonal < other.length && one[x] === other[x - diagonal]) x++;
      reach[at] = x;
      if (x >= one.length && x - diagonal >= other.length) return history;
    }
  }
  return null;
}

/** Walks the reaches back from the end. */
function script(one: readonly string[], other: readonly string[], history: readonly Int32Array[]): Piece[] {
  const pieces: Piece[] = [];
  let x = one.length;
  let y = other.length;
  for (let changes = history.length - 1; changes > 0; changes--) {
    const reach = history[changes] ?? new Int32Array();
    const diagonal = x - y;
    const at = changes + 1 + diagonal;
    const below = reach[at + 1] ?? 0;
    const above = reach[at - 1] ?? 0;
    const isAdded = diagonal === -changes || (diagonal !== changes && above < below);
    const startX = isAdded ? below : above + 1;
    for (; x > startX; y--) pieces.push({ kind: 'same', text: one[--x] ?? '' });
    if (isAdded) pieces.push({ kind: 'added', text: other[--y] ?? '' });
    else pieces.push({ kind: 'removed', text: one[--x] ?? '' });
  }
  while (x > 0) pieces.push({ kind: 'same', text: one[--x] ?? '' });
  return pieces.reverse();
}

function joined(pieces: readonly Piece[]): Piece[] {
  const runs: { kind: Piece['kind']; texts: string[] }[] = [];
  for (const { kind, text } of pieces) {
    if (text === '') continue;
    const last = runs.at(-1);
    if (last?.kind === kind) last.texts.push(text);
    else runs.push({ kind, texts: [text] });
  }
  return runs.map(({ kind, texts }) => ({ kind, text: texts.join('') }));
}

function between(one: readonly string[], other: readonly string[]): Piece[] | null {
  let start = 0;
  while (start < one.length && start < other.length && one[start] === other[start]) start++;
  let end = 0;
  const rest = Math.min(one.length, other.length) - start;
  while (end < rest && one[one.length - 1 - end] === other[other.length - 1 - end]) end++;
  const [left, right] = [one.slice(start, one.length - end), other.slice(start, other.length - end)];
  const history = reaches(left, right);
  if (!history) return null;
  return joined([
    { kind: 'same', text: one.slice(0, start).join('') },
    ...script(left, right, history),
    { kind: 'same', text: one.slice(one.length - end).join('') },
  ]);
}

/**
 * The pieces in reading order; those that are not `added` make up `before`, those that are not `removed` make up `after`.
 * Texts that differ too much are one removal and one addition.
 */
export function diffWords(before: string, after: string): Piece[] {
  if (before === after) return before === '' ? [] : [{ kind: 'same', text: before }];
  const [one, other] = [tokens(before, WORDS), tokens(after, WORDS)];
  const byWords = one.length + other.length <= MOST_WORDS ? between(one, other) : null;
  return (
    byWords ??
    between(tokens(before, LINES), tokens(after, LINES)) ??
    joined([
      { kind: 'removed', text: before },
      { kind: 'added', text: after },
    ])
  );
}

/**
 * The same pieces, easier to read: what stands between two changes and is no word, a space or a comma, changes with them.
 * `before` and `after` stay what they are.
 */
export function smooth(pieces: readonly Piece[]): Piece[] {
  const runs: Piece[] = [];
  let removed = '';
  let added = '';
  const flush = () => {
    if (removed) runs.push({ kind: 'removed', text: removed });
    if (added) runs.push({ kind: 'added', text: added });
    removed = added = '';
  };
  pieces.forEach(({ kind, text }, at) => {
    if (kind === 'removed') removed += text;
    else if (kind === 'added') added += text;
    else if (at > 0 && at < pieces.length - 1 && !/[\p{L}\p{N}\n]/u.test(text)) {
      removed += text;
      added += text;
    } else {
      flush();
      runs.push({ kind, text });
    }
  });
  flush();
  return runs;
}
