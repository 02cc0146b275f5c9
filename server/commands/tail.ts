/** `weir tail`: calls of the running program as they end, over its own live feed. */
import { createParser } from 'eventsource-parser';
import { callSchema } from '../api/schemas/call.ts';
import { parseJson } from '../messages/json.ts';
import { findRunning } from '../running-program.ts';
import { followProgram, NoAnswer } from './ask-program.ts';
import { callLine } from './call-text.ts';
import type { CommandIo } from './command-io.ts';
import { filterQuery, readFilters } from './filter-flags.ts';
import { BadOption, toParameters, type QueryOptions } from './query-flags.ts';
import { exitCodes, targetConfig, type StoreTargetOptions } from './store-target.ts';

export interface TailOptions extends StoreTargetOptions {
  readonly json?: boolean;
}

/** Until it is interrupted or nobody reads; 2 for options that do not fit, 69 without a program, or when it ends. @throws ConfigError */
export async function runTail(options: TailOptions & QueryOptions, io: CommandIo): Promise<number> {
  const config = targetConfig(options);
  const running = findRunning(config.dataDir);
  try {
    if (readFilters(options, Date.now()).q !== undefined) {
      throw new BadOption('--q searches what is stored: weir calls takes it, the live feed cannot.');
    }
    if (running === null)
      throw new NoAnswer(`No program runs with the data directory ${config.dataDir}.`, true);
    const parser = createParser({
      onEvent: ({ event = 'message', data }) => io.stdout(eventText(event, data, options.json === true)),
    });
    const decoder = new TextDecoder();
    const query = toParameters(options, filterQuery).toString();
    for await (const bytes of followProgram(running, config, `live?${query}`)) {
      parser.feed(decoder.decode(bytes, { stream: true }));
      // `weir tail | head` has had what it wanted.
      if (process.stdout.destroyed) return exitCodes.ok;
    }
    throw new NoAnswer(`The program at ${running.url} has ended.`, true);
  } catch (error) {
    if (!(error instanceof BadOption) && !(error instanceof NoAnswer)) throw error;
    io.stderr(`weir: ${error.message}\n`);
    return error instanceof BadOption ? exitCodes.usage : exitCodes.unreachable;
  }
}

/** JSON tells every event, text only the ends. */
function eventText(event: string, data: string, asJson: boolean): string {
  const parsed = parseJson(data);
  if (!parsed.ok) return '';
  if (asJson) return `${JSON.stringify({ event, data: parsed.value })}\n`;
  if (event === 'gap') return '… some calls were missed\n';
  const call = callSchema.safeParse(parsed.value);
  return event === 'end' && call.success ? callLine(call.data) : '';
}
