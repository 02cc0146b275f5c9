/** Which recording answers a request: three ways to say when one asks what another one asked. In memory, without the bodies. */
import { createHash } from 'node:crypto';
import type { RawHeaders } from '../exchange.ts';
import { parseRequest } from '../messages/conversation.ts';
import { headerValue } from '../messages/headers.ts';
import { readIdentity } from '../messages/identity.ts';
import { kindOf } from '../messages/request-kind.ts';
import { sameRequestKey } from '../messages/same-request.ts';
import type { RecordingEntry } from '../reader/questions.ts';

export const matches = ['exact', 'body', 'session'] as const;
export type Match = (typeof matches)[number];

/** A request as it came, in the terms of the record. */
export interface AskedRequest {
  readonly method: string;
  readonly path: string;
  /** Credential-like values masked, as in the record. */
  readonly query: string | null;
  readonly headers: RawHeaders;
  /** As it was on the wire. */
  readonly body: Buffer;
  /** With its content encoding undone. */
  readonly decodedBody: Uint8Array;
}

/** The recording whose turn it is, or why there is none, in a sentence where more is to be said than that nothing matches. */
export type Found =
  | { readonly entry: RecordingEntry }
  | { readonly entry: null; readonly why: string | null };

export interface Matcher {
  /** Entries come in the order of their calls. */
  add(entry: RecordingEntry): void;
  take(asked: AskedRequest): Found;
}

export function createMatcher(match: Match): Matcher {
  switch (match) {
    case 'exact':
      return new TurnsByKey(
        (entry) => entry.request_sha256,
        ({ body }) => createHash('sha256').update(body).digest('hex'),
      );
    case 'body':
      return new TurnsByKey(
        (entry) => entry.same_key,
        ({ decodedBody }) => sameRequestKey(decodedBody),
      );
    case 'session':
      return new TurnsOfSessions();
    default:
      return match satisfies never;
  }
}

interface Turns {
  readonly entries: RecordingEntry[];
  next: number;
}

/** Recordings of the same request answer one after the other; after the last one the first has its turn again. */
class TurnsByKey implements Matcher {
  readonly #turns = new Map<string, Turns>();
  readonly #keyOf: (entry: RecordingEntry) => string | null;
  readonly #askedKeyOf: (asked: AskedRequest) => string;

  constructor(keyOf: (entry: RecordingEntry) => string | null, askedKeyOf: (asked: AskedRequest) => string) {
    this.#keyOf = keyOf;
    this.#askedKeyOf = askedKeyOf;
  }

  add(entry: RecordingEntry): void {
    const key = this.#keyOf(entry);
    if (key === null || !entry.is_playable) return;
    const place = `${targetOf(entry)} ${key}`;
    const turns = this.#turns.get(place);
    if (turns === undefined) this.#turns.set(place, { entries: [entry], next: 0 });
    else turns.entries.push(entry);
  }

  take(asked: AskedRequest): Found {
    const turns = this.#turns.get(`${targetOf(asked)} ${this.#askedKeyOf(asked)}`);
    const entry = turns?.entries[turns.next];
    if (turns === undefined || entry === undefined) return { entry: null, why: null };
    turns.next = (turns.next + 1) % turns.entries.length;
    return { entry };
  }
}

function targetOf({ method, path, query }: Pick<AskedRequest, 'method' | 'path' | 'query'>): string {
  return `${method} ${path}?${query ?? ''}`;
}

/** Calls that a client makes one after the other: of one session, agent and kind to one path. */
type Lane = string;

/** Agents have other names in every run: they are told by the order in which they appear. */
class Agents {
  /** The main one has no name. */
  readonly #numbers = new Map<string, number>([['', 0]]);

  laneOf(
    agentId: string | null,
    { method, path }: { method: string; path: string },
    kind: string | null,
  ): Lane {
    const name = agentId ?? '';
    const number = this.#numbers.get(name) ?? this.#numbers.size;
    this.#numbers.set(name, number);
    return `${method} ${path}${kind === null ? '' : ` (${kind})`}${number === 0 ? '' : ` of agent ${number}`}`;
  }
}

interface RecordedSession {
  readonly id: string | null;
  readonly agents: Agents;
  readonly lanes: Map<Lane, RecordingEntry[]>;
}

interface RunningSession {
  readonly recorded: RecordedSession;
  readonly agents: Agents;
  readonly taken: Map<Lane, number>;
}

/** Sessions that are kept in mind; a test suite has few of them at a time. */
const mostRunning = 1000;

/**
 * The n-th call of a session is answered by the n-th of the recorded one. A session that was recorded under its own id answers
 * that id; any other new session gets the next recorded one, and after the last one the first again.
 */
class TurnsOfSessions implements Matcher {
  readonly #recorded = new Map<string | null, RecordedSession>();
  readonly #running = new Map<string | null, RunningSession>();
  #nextRecorded = 0;

  add(entry: RecordingEntry): void {
    const id = entry.session_id;
    let session = this.#recorded.get(id);
    if (session === undefined) {
      session = { id, agents: new Agents(), lanes: new Map() };
      this.#recorded.set(id, session);
    }
    const lane = session.agents.laneOf(entry.agent_id, entry, entry.kind);
    const entries = session.lanes.get(lane);
    if (entries === undefined) session.lanes.set(lane, [entry]);
    else entries.push(entry);
  }

  take(asked: AskedRequest): Found {
    const request = parseRequest(asked.decodedBody);
    const identity = readIdentity(asked.headers, request);
    const sessionId = headerValue(asked.headers, 'x-weir-session') ?? identity.sessionId;
    const session = this.#sessionOf(sessionId);
    if (session === null) return { entry: null, why: null };
    const kind = kindOf(asked.method, asked.path, asked.headers, request);
    const lane = session.agents.laneOf(identity.agentId, asked, kind);
    const number = session.taken.get(lane) ?? 0;
    session.taken.set(lane, number + 1);
    const entries = session.recorded.lanes.get(lane) ?? [];
    const entry = entries[number];
    if (entry?.is_playable === true) return { entry };
    const name = session.recorded.id ?? 'without an id';
    const why =
      entry === undefined
        ? `The recorded session ${name} has ${entries.length} of ${lane}, and this is number ${number + 1}.`
        : `Call number ${number + 1} of ${lane} in the recorded session ${name} is ${entry.id}, whose answer was not kept.`;
    return { entry: null, why };
  }

  #sessionOf(id: string | null): RunningSession | null {
    const known = this.#running.get(id);
    if (known !== undefined) return known;
    const recorded = this.#recorded.get(id) ?? this.#next();
    if (recorded === undefined) return null;
    const session = { recorded, agents: new Agents(), taken: new Map<Lane, number>() };
    this.#running.set(id, session);
    const [oldest = null] = this.#running.keys();
    if (this.#running.size > mostRunning) this.#running.delete(oldest);
    return session;
  }

  #next(): RecordedSession | undefined {
    const all = [...this.#recorded.values()];
    const recorded = all[this.#nextRecorded % all.length];
    this.#nextRecorded += 1;
    return recorded;
  }
}
