/** What is wrong with a price file, and where. */
import { yaml } from '../yaml.ts';

export interface PriceFault {
  readonly model?: string;
  readonly key?: string;
  /** 1-based. */
  readonly line?: number;
}

/** The message is one sentence: `prices.json:12: claude-x: input_cost_per_token: must not be negative (-1).` */
export class PriceFileError extends Error {
  override readonly name = 'PriceFileError';
  readonly fault: PriceFault;

  constructor(message: string, fault: PriceFault, options?: ErrorOptions) {
    super(message, options);
    this.fault = fault;
  }
}

/** Where in a file a reader is, and what it does about a fault: refuse the file, or collect a warning. */
export interface Place {
  readonly refuse: (reason: string, ...path: (string | number)[]) => never;
  readonly path: readonly (string | number)[];
  readonly warnings: string[] | null;
}

/** An error at a path of keys, with its line where the text is known. */
export function located(
  name: string,
  reason: string,
  path: readonly (string | number)[],
  text: string | undefined,
): PriceFileError {
  const line = text === undefined || path.length === 0 ? undefined : lineOf(text, path);
  const keys = path.filter((part) => typeof part === 'string' && part !== 'models').map(String);
  const [model, ...rest] = keys;
  const fault = {
    ...(model === undefined ? {} : { model }),
    ...(rest.length === 0 ? {} : { key: rest.join('.') }),
    ...(line === undefined ? {} : { line }),
  };
  const where = [line === undefined ? name : `${name}:${line}`, ...(model === undefined ? [] : [model])];
  const what = rest.length === 0 ? [] : [rest.join('.')];
  return new PriceFileError([...where, ...what, reason].join(': '), fault);
}

/** What JSON.parse threw, on one line, with the line number that it may have left out. */
export function notJson(name: string, text: string, error: unknown): PriceFileError {
  const reason = (error instanceof Error ? error.message : String(error)).replaceAll(/\s+/g, ' ');
  const told = /\(line (\d+) column/.exec(reason)?.[1];
  const line = told === undefined ? yaml().parseDocument(text).errors[0]?.linePos?.[0].line : Number(told);
  const where = line === undefined ? name : `${name}:${line}`;
  const fault = line === undefined ? {} : { line };
  return new PriceFileError(`${where}: not valid JSON: ${reason}`, fault, { cause: error });
}

/** JSON is YAML, and the YAML parser knows where its nodes stand. Only asked once something is wrong. */
function lineOf(text: string, path: readonly (string | number)[]): number | undefined {
  const { LineCounter, parseDocument, isNode } = yaml();
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines });
  for (let depth = path.length; depth > 0; depth -= 1) {
    const node = document.getIn(path.slice(0, depth), true);
    if (isNode(node) && node.range) return lines.linePos(node.range[0]).line;
  }
  return undefined;
}
