/** Reads CSV as RFC 4180 has it: the first line names the columns. */

/** Each further line as an object; a byte order mark and empty lines are left out. */
export function readCsv(text: string): Record<string, string>[] {
  const [names = [], ...lines] = splitLines(text.replace(/^\uFEFF/, ''));
  return lines
    .filter((line) => line.some((cell) => cell !== ''))
    .map((line) => Object.fromEntries(names.map((name, at) => [name.trim().toLowerCase(), line[at] ?? ''])));
}

function splitLines(text: string): string[][] {
  const lines: string[][] = [];
  let cells: string[] = [];
  // A cell, quoted or not, and what ends it.
  for (const match of text.matchAll(/(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r?\n|$)/g)) {
    const [all, quoted, plain = '', end] = match;
    if (all === '' && cells.length === 0) break;
    cells.push(quoted === undefined ? plain : quoted.replaceAll('""', '"'));
    if (end === ',') continue;
    lines.push(cells);
    cells = [];
    if (end === '') break;
  }
  return lines;
}
