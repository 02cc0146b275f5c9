/** Statements as the store writes them, for PostgreSQL: numbered parameters, and conflict targets without their table, percentiles. Pure. */

export interface Translated {
  readonly text: string;
  /** What each `$n` stands for: the place of a `?`, or the name behind an `@`. */
  readonly parameters: readonly (number | string)[];
}

/** A percentile as SQLite writes it, whose column is no parameter. */
const percentile = /\bpercentile_cont\(((?:"\w+"\.)?"\w+"), ([\d.]+)\)/g;
/** A quoted text or name, a comment, a parameter, or the target of a conflict. */
const parts = /'(?:[^']|'')*'|"(?:[^"]|"")*"|--[^\n]*|\?|@([a-z_]\w*)|\bon conflict \(([^)]*)\)/gi;

/** A parameter that is named twice is one. What stands in quotes or comments is left alone. */
export function translate(sql: string): Translated {
  const parameters: (number | string)[] = [];
  let places = 0;
  const written = sql.replaceAll(percentile, 'percentile_cont($2) WITHIN GROUP (ORDER BY $1)');
  const text = written.replaceAll(parts, (part, name: string | undefined, target: string | undefined) => {
    if (target !== undefined) return `ON CONFLICT (${target.replaceAll(/"\w+"\.(?=")/g, '')})`;
    if (part !== '?' && name === undefined) return part;
    const known = name === undefined ? -1 : parameters.indexOf(name);
    return `$${known >= 0 ? known + 1 : parameters.push(name ?? places++)}`;
  });
  return { text, parameters };
}
