/** `weir prices`: what a model costs, and what a usage would cost, by the same engine that prices the record. */
import { readFileSync } from 'node:fs';
import { InvalidArgumentError, type Command } from 'commander';
import type { Pricer } from '../pricing/engine.ts';
import { canonicalModelId } from '../pricing/model-id.ts';
import { nanoToUsd } from '../pricing/money.ts';
import { parseDate } from '../pricing/price-file.ts';
import { showCard } from '../pricing/shown-card.ts';
import type { CommandIo } from './command-io.ts';
import { answerFacts, requestFacts, usageOf } from './price-facts.ts';
import { createOwnPricer } from './own-pricer.ts';
import type { PriceSourceOptions } from './price-source.ts';
import { addPricesSetCommand } from './prices-set.ts';
import { cardText, checkText } from './price-text.ts';

/** Exit codes of `weir prices`. */
const exitCodes = { ok: 0, failure: 1, usage: 2, notFound: 4 } as const;

interface PricesShowOptions extends PriceSourceOptions {
  readonly at?: number;
  readonly json?: boolean;
}

interface PricesCheckOptions extends PriceSourceOptions {
  readonly model: string;
  /** Epoch ms; undefined: now. */
  readonly at?: number;
  /** File with a usage object or a whole message, `-` for stdin; undefined takes the usage of the response. */
  readonly usage?: string;
  readonly request?: string;
  readonly response?: string;
  readonly json?: boolean;
}

/** Adds `prices` to the program. Its actions throw ConfigError for a price file that cannot be used. */
export function addPricesCommand(program: Command, io: CommandIo): void {
  const prices = program.command('prices').description('look at prices and check what a usage costs');
  withSource(prices.command('show'))
    .description('the prices in effect for a model')
    .argument('<model>', 'model id')
    .option('--at <date>', 'day or RFC 3339 time (default: now)', readAt)
    .action((model: string, options: PricesShowOptions) => io.setExitCode(runPricesShow(model, options, io)));
  withSource(prices.command('check'))
    .description('price a usage object, line by line')
    .requiredOption('--model <model>', 'model id; the model of the response wins')
    .option('--at <date>', 'day or RFC 3339 time of the call (default: now)', readAt)
    .option('--usage <file>', 'JSON of the usage or of the whole message, - for stdin')
    .option('--request <file>', 'JSON of the request body, - for stdin')
    .option('--response <file>', 'JSON of the answer or of a batch result, - for stdin')
    .action(async (options: PricesCheckOptions) => io.setExitCode(await runPricesCheck(options, io)));
  addPricesSetCommand(prices, io);
}

/** Prints the effective card. 4 when nothing is known about the model at that time. @throws ConfigError */
function runPricesShow(model: string, options: PricesShowOptions, io: CommandIo): number {
  const atMs = options.at ?? Date.now();
  const at = new Date(atMs).toISOString();
  const card = createOwnPricer(options).card(model, atMs);
  if (card === null) {
    io.stderr(`weir: no price is known for ${model} on ${at.slice(0, 10)}.\n`);
    return exitCodes.notFound;
  }
  const { rates, factors } = showCard(card);
  const canonical = canonicalModelId(model);
  const shown = { model, canonical_model: canonical, at, rates, factors };
  io.stdout(options.json === true ? `${JSON.stringify(shown, null, 2)}\n` : cardText(canonical, at, card));
  return exitCodes.ok;
}

/**
 * Prints `{model, at, total_nano_usd, cost_usd, source, book_version, lines, notes}`; nulls when it is unpriced, which is an
 * answer too (exit code 0). 1 when an input cannot be read, 2 when the options do not fit together. @throws ConfigError
 */
async function runPricesCheck(options: PricesCheckOptions, io: CommandIo): Promise<number> {
  const pricer = createOwnPricer(options);
  const misuse = whyMisused(options);
  if (misuse !== null) {
    io.stderr(`weir: ${misuse}\n`);
    return exitCodes.usage;
  }
  let inputs: CheckInputs;
  try {
    inputs = {
      usage: await readJson(options.usage, io),
      request: await readJson(options.request, io),
      response: await readJson(options.response, io),
    };
  } catch (error) {
    io.stderr(`weir: ${error instanceof Error ? error.message : String(error)}\n`);
    return exitCodes.failure;
  }
  const shown = check(pricer, options, inputs);
  io.stdout(options.json === true ? `${JSON.stringify(shown, null, 2)}\n` : checkText(shown));
  return exitCodes.ok;
}

/** Undefined where no file was named. */
interface CheckInputs {
  readonly usage: unknown;
  readonly request: unknown;
  readonly response: unknown;
}

function whyMisused({ usage, request, response }: PricesCheckOptions): string | null {
  if (usage === undefined && response === undefined) {
    return 'prices check needs --usage FILE or --response FILE.';
  }
  const stdins = [usage, request, response].filter((file) => file === '-').length;
  return stdins > 1 ? 'only one of the files can be -, stdin.' : null;
}

function check(pricer: Pricer, options: PricesCheckOptions, inputs: CheckInputs) {
  const answer = answerFacts(inputs.response);
  const atMs = options.at ?? Date.now();
  const model = answer.model ?? options.model;
  const priced = pricer.price({
    model,
    atMs,
    usage: options.usage === undefined ? answer.usage : usageOf(inputs.usage),
    usageComplete: null,
    request: requestFacts(inputs.request),
    response: answer.response,
    ...(answer.kind === null ? {} : { kind: answer.kind }),
  });
  const total = priced.costNanoUsd;
  return {
    model,
    at: new Date(atMs).toISOString(),
    total_nano_usd: total,
    cost_usd: total === null ? null : nanoToUsd(total),
    source: priced.source,
    book_version: priced.bookVersion,
    lines: priced.lines,
    notes: priced.notes,
  };
}

function withSource(command: Command): Command {
  return command
    .option('--prices <file>', 'your price overrides (default: as the server finds them)')
    .option('--data-dir <dir>', 'where prices.json is looked for')
    .option('--config <file>', 'configuration file')
    .option('--json', 'print JSON');
}

function readAt(text: string): number {
  const ms = parseDate(text);
  if (ms === null) throw new InvalidArgumentError('It must be a date like 2026-11-22 or an RFC 3339 time.');
  return ms;
}

/** Undefined when no file was named. @throws Error with one sentence when it cannot be read */
async function readJson(file: string | undefined, io: CommandIo): Promise<unknown> {
  if (file === undefined) return undefined;
  try {
    return JSON.parse(file === '-' ? await io.readStdin() : readFileSync(file, 'utf8'));
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new Error(`${file === '-' ? 'stdin' : file} cannot be read: ${reason}`, { cause: error });
  }
}
