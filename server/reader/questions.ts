/** What can be asked of the reader: name, arguments, answer. All of it crosses a process border, so all of it is plain data. */
import type {
  CacheLedger,
  TtlAdvice,
  Call,
  CallDetail,
  CallDiff,
  CallsPage,
  ChainHead,
  Comparison,
  Conversation,
  EventsPage,
  MessageAnswer,
  ReplaysPage,
  Prices,
  Retention,
  SessionDetail,
  SessionsPage,
  Stats,
} from '../api/wire.ts';
import type { LineFormat } from '../export/lines.ts';
import type { WhatIf } from '../pricing/what-if.ts';
import type { FoundFacets } from '../store/facets.ts';
import type { Filters } from '../store/filters.ts';
import type { RetentionPolicy } from '../store/retention.ts';
import type { ReplayFilters } from '../store/replays.ts';
import type { StatsRequest } from '../store/stats.ts';
import type { Draft, DraftChanges, NoDraft } from './draft.ts';

export interface StatsQuestion extends StatsRequest {
  /** Also what the same calls would have cost otherwise. */
  readonly whatIf?: WhatIf;
}

/** Figures that rows and totals get besides the metrics where `whatIf` is asked. */
export const whatIfColumns = [
  'what_if_low_nano_usd',
  'what_if_high_nano_usd',
  'what_if_unpriced_calls',
] as const;

/** Bytes of one body as they were on the wire. */
export interface BodyAnswer {
  readonly bytes: Uint8Array;
  readonly contentType: string | null;
  readonly contentEncoding: string | null;
}

/** A page of rows, encoded. */
export interface LinesPage {
  readonly bytes: Uint8Array;
  readonly next_cursor: string | null;
  readonly incomplete?: string;
}

/** How much there is. */
export interface StoreSize {
  readonly bytes: number | null;
  readonly calls: number;
  /** Of each writer. */
  readonly chain: ChainHead[];
}

/** What the store tells of retention. */
export type RetentionPlanned = Pick<Retention, 'plan' | 'sizes'>;
/** Entries, newest first, as a page of calls has them. */
export type RecordingsPage = Omit<CallsPage, 'items'> & { readonly items: RecordingEntry[] };
/** What finds a recorded call again by what it was asked, and what tells whether it can be answered with. */
export interface RecordingEntry extends Pick<
  Call,
  | 'id'
  | 'started_ms'
  | 'method'
  | 'path'
  | 'query'
  | 'request_sha256'
  | 'request_bytes'
  | 'requested_model'
  | 'session_id'
  | 'agent_id'
  | 'kind'
  | 'response_bytes'
> {
  /** It has ended, and all bytes of its answer are kept as they were on the wire. */
  readonly is_playable: boolean;
  /** Of the request: server/messages/same-request.ts. Null when it was not asked for, or the request was not kept. */
  readonly same_key: string | null;
}

/** An answer as it arrived, and how it ended. */
export interface RecordingAnswer {
  readonly id: string;
  /** Null when there was no head. */
  readonly status: number | null;
  readonly statusMessage: string;
  /** `[name, value, …]`, secrets masked. */
  readonly responseHeaders: readonly string[];
  /** Microseconds from the start of the call, as in `marks`. */
  readonly ttfbUs: number;
  readonly durationUs: number;
  readonly state: Call['state'];
  readonly errorKind: string | null;
  readonly bytes: Uint8Array;
  /** `[bytes, microseconds]` of each chunk. */
  readonly marks: readonly (readonly [number, number])[];
}

/** The recorded request that is most like another one. */
export interface NearestAnswer {
  readonly id: string;
  /** In which it differs. */
  readonly parts: number;
  /** A clause. */
  readonly words: string;
}

export interface Questions {
  calls: {
    /** `snippets`: with the places that the filter `q` found. */
    args: { filters: Filters; limit: number; cursor: string | null; snippets?: boolean };
    answer: CallsPage;
  };
  /** The same as the lines of a file, so that the thread that carries the calls only passes bytes on. */
  callLines: {
    args: {
      filters: Filters;
      limit: number;
      cursor: string | null;
      format: LineFormat;
      columns: readonly string[];
    };
    answer: LinesPage;
  };
  call: { args: { id: string }; answer: CallDetail | null };
  body: { args: { id: string; part: 'request' | 'response' }; answer: BodyAnswer | null };
  message: { args: { id: string }; answer: MessageAnswer | null };
  conversation: { args: { id: string; cut?: number | null }; answer: Conversation | null };
  /** `nowMs`: when it is to go out, for its price. */
  draft: {
    args: { id: string; changes: DraftChanges; nowMs: number };
    answer: Draft | NoDraft | null;
  };
  /** Replays as they stand in the record. */
  replays: {
    args: { filters: ReplayFilters; limit: number; cursor: string | null };
    answer: CallsPage;
  };
  /** Replays beside what they repeat. */
  replayRows: {
    args: { filters: ReplayFilters; limit: number; cursor: string | null };
    answer: ReplaysPage;
  };
  /** `others`: ids; empty for the replays of the call. */
  comparison: { args: { id: string; others: readonly string[] }; answer: Comparison | null };
  /** `against`: the other call; null for the one before. `cut`: characters after which texts are shortened. */
  diff: { args: { id: string; against: string | null; cut: number }; answer: CallDiff | null };
  events: { args: { id: string; limit: number; cursor: string | null }; answer: EventsPage | null };
  sessions: { args: { filters: Filters; limit: number; cursor: string | null }; answer: SessionsPage };
  session: { args: { id: string; limit: number; cursor: string | null }; answer: SessionDetail | null };
  stats: { args: StatsQuestion; answer: Stats };
  facets: { args: { filters: Filters }; answer: FoundFacets };
  cache: { args: { filters: Filters }; answer: CacheLedger };
  cacheTtl: { args: { filters: Filters }; answer: TtlAdvice };
  prices: { args: { atMs: number }; answer: Prices };
  retention: { args: { policy: RetentionPolicy; nowMs: number }; answer: RetentionPlanned };
  recordings: {
    /** `withKeys`: with `same_key`, for which every request is read. */
    args: { filters: Filters; cursor: string | null; withKeys: boolean };
    answer: RecordingsPage;
  };
  recordingEntry: { args: { id: string; withKeys: boolean }; answer: RecordingEntry | null };
  recording: { args: { id: string }; answer: RecordingAnswer | null };
  nearest: {
    /** The request's body as it was sent, and its content encoding. */
    args: { body: Uint8Array; encoding: string | null; ids: readonly string[] };
    answer: NearestAnswer | null;
  };
  size: { args: Record<string, never>; answer: StoreSize };
}

export type QuestionName = keyof Questions;

/** Bytes, and null where the answer may be null. */
export type JsonOf<Name extends QuestionName> = Uint8Array | Extract<Questions[Name]['answer'], null>;

/** Asks the store without ever blocking the main thread. */
export interface Reader {
  /**
   * Rejects with `QuestionTooSlow` past the limit, and the process behind it is ended; with `BadCursor`,
   * `BadQuestion` or `Unsupported` for what the store does not understand; with `StoreError` while there is no store to read.
   */
  ask<Name extends QuestionName>(
    name: Name,
    args: Questions[Name]['args'],
  ): Promise<Questions[Name]['answer']>;
  /** The same as the bytes of its JSON, for what is only passed on: the main thread never has it as objects. Null where the answer is. */
  askJson<Name extends QuestionName>(name: Name, args: Questions[Name]['args']): Promise<JsonOf<Name>>;
  close(): Promise<void>;
}

/** The store took longer than it may. */
export class QuestionTooSlow extends Error {
  override readonly name = 'QuestionTooSlow';
}

/** Closed, or too much is asked of it at once. */
export class ReaderUnavailable extends Error {
  override readonly name = 'ReaderUnavailable';
}

export { BadCursor, BadQuestion, SearchDamaged, StoreError, Unsupported } from '../store/errors.ts';
