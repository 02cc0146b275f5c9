/** `weir export`: the record, or a part of it, as a file for other tools or for `weir import`. */
import { createWriteStream, renameSync, rmSync } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import { encodeCsvHead, encodeCsvRow } from '../export/csv.ts';
import { callSchema } from '../api/schemas/call.ts';
import type { Call } from '../api/wire.ts';
import { createParquetEncoder } from '../export/parquet.ts';
import { readWholeCall } from '../export/whole-call.ts';
import { listCalls } from '../store/calls.ts';
import { BadQuestion, StoreError, Unsupported } from '../store/errors.ts';
import type { Filters } from '../store/filters.ts';
import { openStore, type Store } from '../store/open.ts';
import { version } from '../version.ts';
import { exportCassette } from './cassette.ts';
import type { CommandIo } from './command-io.ts';
import { readFilters } from './filter-flags.ts';
import { BadOption, type QueryOptions } from './query-flags.ts';
import { createProgress, type Progress } from './progress.ts';
import { exitCodes, storeExitCode, targetConfig, type StoreTargetOptions } from './store-target.ts';

export interface ExportOptions extends StoreTargetOptions {
  readonly format: 'csv' | 'ndjson' | 'parquet';
  readonly out?: string;
  readonly bodies?: boolean;
  /** Instead of all of these. */
  readonly cassette?: string;
}

const pageCalls = 500;

/** 0, or 2 for options that do not fit, 4 without a store or without a call for a cassette, 3 when a body is damaged, 1 when it cannot be written. @throws ConfigError */
export async function runExport(options: ExportOptions & QueryOptions, io: CommandIo): Promise<number> {
  const config = targetConfig(options);
  const progress = createProgress(io.stderr, { isTerminal: process.stderr.isTTY });
  try {
    if (options.bodies === true && options.format !== 'ndjson') {
      throw new BadOption('--bodies needs --format ndjson: the other formats have no room for them.');
    }
    if (options.cassette !== undefined && (options.out !== undefined || options.bodies === true)) {
      throw new BadOption(
        '--cassette names its file and always has the bodies: leave --out and --bodies away.',
      );
    }
    const filters = readFilters(options, Date.now());
    const store = openStore(config.store, 'read');
    try {
      if (options.cassette !== undefined)
        return exportCassette(store, filters, options.cassette, progress, io);
      const source = new ExportSource(store, filters, options, progress);
      await writeOut(source.pieces(), options.out ?? null);
      progress.end();
      for (const failure of source.failures) io.stderr(`weir: ${failure}\n`);
      io.stderr(`${source.count} calls exported${options.out === undefined ? '' : ` to ${options.out}`}\n`);
      return source.failures.length === 0 ? exitCodes.ok : exitCodes.someFailed;
    } finally {
      store.close();
    }
  } catch (error) {
    progress.end();
    if (isClosedPipe(error)) return exitCodes.ok;
    io.stderr(`weir: ${error instanceof Error ? error.message : String(error)}\n`);
    if (error instanceof BadOption || error instanceof BadQuestion || error instanceof Unsupported) {
      return exitCodes.usage;
    }
    return error instanceof StoreError ? storeExitCode(error, config.store) : exitCodes.failure;
  }
}

/** Reads page by page, as fast as what it gives is taken. */
class ExportSource {
  readonly failures: string[] = [];
  count = 0;
  readonly #store: Store;
  readonly #filters: Filters;
  readonly #options: ExportOptions;
  readonly #progress: Progress;

  constructor(store: Store, filters: Filters, options: ExportOptions, progress: Progress) {
    this.#store = store;
    this.#filters = filters;
    this.#options = options;
    this.#progress = progress;
  }

  async *pieces(): AsyncGenerator<string | Uint8Array, void, undefined> {
    const columns = Object.keys(callSchema.shape);
    switch (this.#options.format) {
      case 'csv':
        yield encodeCsvHead(columns);
        for (const page of this.#pages())
          yield page.map((call) => encodeCsvRow(columns, { ...call })).join('');
        break;
      case 'ndjson':
        for (const page of this.#pages()) yield* this.#lines(page);
        break;
      case 'parquet': {
        const encoder = createParquetEncoder(`weir ${version}`);
        for (const page of this.#pages()) yield* encoder.add(page);
        yield* encoder.finish();
        break;
      }
      default:
        this.#options.format satisfies never;
    }
  }

  *#pages(): Generator<readonly Call[], void, undefined> {
    let cursor: string | null = null;
    do {
      const page = listCalls(this.#store, this.#filters, pageCalls, cursor);
      yield page.items;
      this.count += page.items.length;
      this.#progress.update(null, `${this.count} calls`);
      cursor = page.next_cursor;
    } while (cursor !== null);
  }

  *#lines(page: readonly Call[]): Generator<string, void, undefined> {
    if (this.#options.bodies !== true) {
      yield page.map((call) => `${JSON.stringify(call)}\n`).join('');
      return;
    }
    for (const { id } of page) {
      try {
        const whole = readWholeCall(this.#store, id);
        if (whole !== null) yield `${JSON.stringify(whole)}\n`;
      } catch (error) {
        this.failures.push(`${id} is left out: ${error instanceof Error ? error.message : String(error)}`);
      }
    }
  }
}

/** Into a file that appears when it is whole, or to stdout. */
async function writeOut(pieces: AsyncIterable<string | Uint8Array>, out: string | null): Promise<void> {
  if (out === null) {
    // The stream itself and not the io's text function: it must be waited for.
    await pipeline(pieces, process.stdout, { end: false });
    return;
  }
  const partial = `${out}.partial`;
  try {
    await pipeline(pieces, createWriteStream(partial, { mode: 0o600 }));
    renameSync(partial, out);
  } finally {
    rmSync(partial, { force: true });
  }
}

/** `weir export | head` has had what it wanted. */
function isClosedPipe(error: unknown): boolean {
  return (
    error instanceof Error &&
    'code' in error &&
    (error.code === 'EPIPE' || error.code === 'ERR_STREAM_PREMATURE_CLOSE')
  );
}
