/**
 * Packs of calls whose request was stored before their answer: the answer is packed against the request, and the next turn, which repeats
 * the answer, against that. As if they were one pack; a few numbers for each call, and what is not known here costs space only.
 */

/** Of calls under way, and of answers that a next turn may repeat. */
const mostKnown = 4096;

export class CallPacks {
  /** Ids of packs, by ids of calls. */
  readonly #requests = new Map<string, number>();
  /** By the packs of their requests. */
  readonly #answers = new Map<number, number>();

  noteRequest(callId: string, pack: number): void {
    note(this.#requests, callId, pack);
  }

  /** The pack of a call's request, which is forgotten with that; null where it is not known. */
  takeRequest(callId: string): number | null {
    const pack = this.#requests.get(callId) ?? null;
    this.#requests.delete(callId);
    return pack;
  }

  noteAnswer(requestPack: number, pack: number): void {
    note(this.#answers, requestPack, pack);
  }

  /** Where what was said after this pack lies; else the pack itself. */
  latest(pack: number): number {
    return this.#answers.get(pack) ?? pack;
  }

  /** To be called when what was noted may not be in the store. */
  forget(): void {
    this.#requests.clear();
    this.#answers.clear();
  }
}

function note<Key>(known: Map<Key, number>, key: Key, pack: number): void {
  known.delete(key);
  known.set(key, pack);
  for (const oldest of known.keys()) {
    if (known.size <= mostKnown) break;
    known.delete(oldest);
  }
}
