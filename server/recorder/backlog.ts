/** Indexes calls for the search that came without, a little at a time between commits. */
import { unpackChunks } from '../store/bodies.ts';
import { readBody, readCall } from '../store/calls.ts';
import type { Store } from '../store/open.ts';
import { isStoreRefusal } from '../store/refusal.ts';
import { readBacklog, settleBacklog } from '../store/search-backlog.ts';
import { textOfPast } from './call-text.ts';
import type { Keeper } from './keeper.ts';
import { createNewText } from './new-text.ts';
import { deathsUntilBlind, Suspect } from './suspect.ts';

const stepEveryMs = 100;
const lookAgainMs = 5000;
/** Reading a long conversation takes about ten. */
const longestStepMs = 25;
const mostInStep = 500;

export class Backlog {
  readonly #keeper: Keeper;
  readonly #suspect: Suspect;
  /** Sessions as they were when the calls ran. */
  readonly #newText = createNewText();
  #size = 4;
  #nextMs = 0;

  /** @param dir for a note of what is looked into */
  constructor(keeper: Keeper, dir: string) {
    this.#keeper = keeper;
    this.#suspect = new Suspect(dir, 'in-index');
  }

  /** Never rejects for what the store refuses: then it goes on when that can be written again. */
  async step(): Promise<void> {
    const { store } = this.#keeper;
    const beganMs = performance.now();
    if (store === null || this.#keeper.trouble !== null || beganMs < this.#nextMs) return;
    try {
      const part = readBacklog(store, this.#suspect.isSought ? 1 : this.#size);
      this.#nextMs = beganMs + (part === null ? lookAgainMs : stepEveryMs);
      if (part === null) return;
      const texts = new Map<string, string | null>();
      for (const id of part.ids) texts.set(id, await this.#textOf(store, id));
      this.#keeper.attend((now, writer) => {
        if (now !== store) return;
        writer.transaction(() => settleBacklog(store, writer, texts, part.next));
        if (part.next === null) this.#suspect.forget();
        else this.#suspect.done();
      });
    } catch (error) {
      this.#keeper.readFailed(error);
    }
    const factor = longestStepMs / Math.max(performance.now() - beganMs, 1);
    this.#size = Math.min(Math.max(Math.floor(this.#size * Math.min(factor, 2)), 1), mostInStep);
  }

  /** Null also for a body that cannot be read, of which the check tells, and for one of which others have died. */
  async #textOf(store: Store, id: string): Promise<string | null> {
    if (this.#suspect.take(id) >= deathsUntilBlind) return null;
    const call = readCall(store, id);
    if (call === null) return null;
    try {
      const [request, response] = (['request', 'response'] as const).map((part) =>
        readBody(store, id, part).flatMap(unpackChunks),
      );
      const past = {
        method: call.method,
        path: call.path,
        status: call.status,
        state: call.state,
        sessionId: call.session_id,
        requestHeaders: (call.request_headers ?? []).flat(),
        responseHeaders: (call.response_headers ?? []).flat(),
        request: request ?? [],
        response: response ?? [],
      };
      return await textOfPast(past, this.#newText);
    } catch (error) {
      if (isStoreRefusal(error)) throw error;
      return null;
    }
  }
}
