/** What can be answered with: the entries of a slice of the record, read once, and the answers themselves, read when needed. */
import type { Filters } from '../store/filters.ts';
import type { Reader, RecordingAnswer, RecordingEntry, RecordingsPage } from '../reader/questions.ts';
import { createMatcher, type AskedRequest, type Found, type Match, type Matcher } from './matching.ts';

/** Entries take about a kilobyte each. */
export const mostRecordings = 100_000;
/** Answers that are held ready. */
const heldBytes = 64 * 1024 * 1024;
/** Of more it takes too long to read them all before the first request. */
const mostReadAhead = 2000;

/** The slice holds more than is kept in memory; the message is one sentence. */
export class TooManyRecordings extends Error {
  override readonly name = 'TooManyRecordings';
}

export interface LibraryOptions {
  readonly reader: Reader;
  readonly match: Match;
  readonly filters: Filters;
  onProgress(calls: number): void;
  /** Not all that the filters ask for is looked for; one sentence. */
  onIncomplete(sentence: string): void;
}

/** Reads the entries of all calls that pass the filters. Throws what the reader throws, and `TooManyRecordings`. */
export async function openLibrary(options: LibraryOptions): Promise<Library> {
  const { reader, match, filters } = options;
  const withKeys = match === 'body';
  const entries: RecordingEntry[] = [];
  let cursor: string | null = null;
  do {
    const page: RecordingsPage = await reader.ask('recordings', {
      filters,
      cursor,
      withKeys,
    });
    entries.push(...page.items);
    if (entries.length > mostRecordings) {
      throw new TooManyRecordings(
        `These are more than ${mostRecordings} calls: take fewer, for instance with --session, --from or --path.`,
      );
    }
    options.onProgress(entries.length);
    if (cursor === null && page.incomplete !== undefined) options.onIncomplete(page.incomplete);
    cursor = page.next_cursor;
  } while (cursor !== null);
  const library = new Library(reader, createMatcher(match), withKeys);
  // Pages come newest first, and turns go from the oldest on.
  for (const entry of entries.reverse()) library.add(entry);
  await library.holdReady();
  return library;
}

export class Library {
  readonly #reader: Reader;
  readonly #matcher: Matcher;
  readonly #withKeys: boolean;
  readonly #entries: RecordingEntry[] = [];
  /** The one that was used last stands last. */
  readonly #held = new Map<string, RecordingAnswer>();
  #heldBytes = 0;

  constructor(reader: Reader, matcher: Matcher, withKeys: boolean) {
    this.#reader = reader;
    this.#matcher = matcher;
    this.#withKeys = withKeys;
  }

  get entries(): readonly RecordingEntry[] {
    return this.#entries;
  }

  add(entry: RecordingEntry): void {
    this.#entries.push(entry);
    this.#matcher.add(entry);
  }

  /** Adds a call that was recorded meanwhile. */
  async learn(id: string): Promise<void> {
    const entry = await this.#reader.ask('recordingEntry', { id, withKeys: this.#withKeys });
    if (entry !== null) this.add(entry);
  }

  find(asked: AskedRequest): Found {
    return this.#matcher.take(asked);
  }

  /** The answer, at once when it is held ready; null for a call that was removed. Rejects when its bytes are damaged. */
  answer(id: string): RecordingAnswer | Promise<RecordingAnswer | null> {
    const held = this.#held.get(id);
    if (held === undefined) return this.#read(id);
    this.#held.delete(id);
    this.#held.set(id, held);
    return held;
  }

  /** Reads the answers of a slice that is small enough before the first one is asked for: reading takes time from the streams that run. */
  async holdReady(): Promise<void> {
    const playable = this.#entries.filter((entry) => entry.is_playable);
    const bytes = playable.reduce((sum, entry) => sum + (entry.response_bytes ?? 0), 0);
    if (bytes > heldBytes || playable.length > mostReadAhead) return;
    // One that is damaged says so when it is asked for.
    for (const { id } of playable) await this.#read(id).catch(() => null);
  }

  async #read(id: string): Promise<RecordingAnswer | null> {
    const answer = await this.#reader.ask('recording', { id });
    if (answer === null || this.#held.has(id)) return answer;
    this.#held.set(id, answer);
    this.#heldBytes += answer.bytes.byteLength;
    for (const [oldest, { bytes }] of this.#held) {
      if (this.#heldBytes <= heldBytes || oldest === id) break;
      this.#held.delete(oldest);
      this.#heldBytes -= bytes.byteLength;
    }
    return answer;
  }
}
