/**
 * Which of a request's texts are new. A request repeats the whole conversation; indexed again with each turn, it would make the
 * index as large as the record. What a session has said is remembered by hashes, within bounds.
 */
import { crc32 } from 'node:zlib';
import type { RequestText } from '../messages/text.ts';

/** About 20 MB. */
const rememberedHashes = 300_000;
/** Characters of one call that are indexed; larger ones are logs and files, of which the beginning is found. */
const mostCharacters = 512 * 1024;

export interface NewText {
  /**
   * What is to be indexed for a call, one text a line: the last turn, the answer, and of the turns before what this session has not
   * shown yet. Of a session that nobody remembers, and of a call without one, only the last turn. Null when there are no words.
   */
  of(sessionId: string | null, request: readonly RequestText[], answer: readonly string[]): string | null;
}

export function createNewText(limit = rememberedHashes): NewText {
  /** Least recently used first. */
  const sessions = new Map<string, Set<number>>();
  /** The same texts come again with each turn: known-json.ts. */
  const rememberedBy = new WeakMap<RequestText, Set<number>>();
  let held = 0;

  const forgetOldest = (): void => {
    for (const [id, seen] of sessions) {
      if (held <= limit || sessions.size === 1) return;
      sessions.delete(id);
      held -= seen.size;
    }
  };

  const remember = (id: string, request: readonly RequestText[], answer: readonly string[]): void => {
    let seen = sessions.get(id) ?? new Set<number>();
    sessions.delete(id);
    held -= seen.size;
    for (const each of request) {
      if (rememberedBy.get(each) === seen) continue;
      seen.add(knownHash(each));
      rememberedBy.set(each, seen);
    }
    for (const each of answer) seen.add(hashOf(each));
    // One session alone past the limit begins anew, and its next call counts as the first.
    if (seen.size > limit) seen = new Set();
    held += seen.size;
    sessions.set(id, seen);
    forgetOldest();
  };

  return {
    of(sessionId, request, answer) {
      const seen = sessionId === null ? undefined : sessions.get(sessionId);
      const isNew = (text: RequestText): boolean =>
        seen !== undefined && rememberedBy.get(text) !== seen && !seen.has(knownHash(text));
      const wanted = request.filter((text) => text.isLastTurn || isNew(text));
      const text = joined([...wanted.map((each) => each.text), ...answer]);
      if (sessionId !== null) remember(sessionId, request, answer);
      return text;
    },
  };
}

/** A text that stays in its conversation is hashed once. */
const known = new WeakMap<RequestText, number>();

function knownHash(of: RequestText): number {
  const hash = known.get(of) ?? hashOf(of.text);
  known.set(of, hash);
  return hash;
}

/** 48 bits: two texts of one session that are taken for the same are a word not found. */
function hashOf(text: string): number {
  return crc32(text) * 0x10000 + (text.length & 0xffff);
}

function joined(texts: readonly string[]): string | null {
  const kept: string[] = [];
  let room = mostCharacters;
  for (const text of texts) {
    if (room <= 0) break;
    kept.push(text.slice(0, room));
    room -= text.length;
  }
  return kept.length === 0 ? null : kept.join('\n');
}
