/** What a request hears that no recording answers: what the nearest one is, and how the request differs from it. */
import type http from 'node:http';
import { headerValue } from '../messages/headers.ts';
import type { Reader, RecordingEntry } from '../reader/questions.ts';
import { clearHead } from '../proxy/wire-head.ts';
import type { Library } from './library.ts';
import type { AskedRequest } from './matching.ts';

export interface Miss {
  /** Some sentences. */
  readonly message: string;
  readonly nearestId: string | null;
}

/** Requests that are looked into: those that come nearest by their size. */
const mostCompared = 20;
const mostNamed = 5;

/** @param why what the matching had to say, if anything */
export async function explainMiss(
  asked: AskedRequest,
  why: string | null,
  library: Library,
  reader: Reader,
): Promise<Miss> {
  const target = `${asked.method} ${asked.path}${asked.query === null ? '' : `?${asked.query}`}`;
  const start = [`No recording answers ${target}.`, ...(why === null ? [] : [why])];
  const candidates = nearestBySize(asked, library.entries);
  const nearest = await reader.ask('nearest', {
    body: asked.body,
    encoding: headerValue(asked.headers, 'content-encoding'),
    ids: candidates.map(({ id }) => id),
  });
  const entry = candidates.find(({ id }) => id === nearest?.id);
  if (nearest === null || entry === undefined) {
    return { message: [...start, recordedTargets(library.entries)].join(' '), nearestId: null };
  }
  const words = entry.query === asked.query ? nearest.words : queryWords(entry, asked);
  const kept = entry.is_playable ? '' : ' Its answer was not kept.';
  const difference = `The nearest is ${nearest.id}: ${words}.${kept}`;
  return { message: [...start, difference].join(' '), nearestId: nearest.id };
}

/** Those with the same query first, then those whose body is as large. */
function nearestBySize(asked: AskedRequest, entries: readonly RecordingEntry[]): RecordingEntry[] {
  const distance = (entry: RecordingEntry): number =>
    Math.abs((entry.request_bytes ?? 0) - asked.body.byteLength);
  const isOther = (entry: RecordingEntry): number => (entry.query === asked.query ? 0 : 1);
  return entries
    .filter(({ method, path }) => method === asked.method && path === asked.path)
    .sort((one, other) => isOther(one) - isOther(other) || distance(one) - distance(other))
    .slice(0, mostCompared);
}

function queryWords({ query }: RecordingEntry, asked: AskedRequest): string {
  const shown = (text: string | null): string => (text === null ? 'no query' : `"?${text}"`);
  return `recorded with ${shown(query)}, sent with ${shown(asked.query)}`;
}

function recordedTargets(entries: readonly RecordingEntry[]): string {
  const counts = new Map<string, number>();
  for (const { method, path } of entries) {
    const target = `${method} ${path}`;
    counts.set(target, (counts.get(target) ?? 0) + 1);
  }
  const named = [...counts].sort(([, one], [, other]) => other - one).slice(0, mostNamed);
  return named.length === 0
    ? 'Nothing is recorded.'
    : `Recorded are ${named.map(([target, count]) => `${target} (${count})`).join(', ')}.`;
}

/** 404, as no client tries that again. */
export function answerMiss(response: http.ServerResponse, { message, nearestId }: Miss): void {
  const body = JSON.stringify({
    type: 'error',
    error: { type: 'not_found_error', message },
    request_id: null,
  });
  clearHead(response);
  response.writeHead(404, [
    'content-type',
    'application/json',
    'content-length',
    String(Buffer.byteLength(body)),
    'x-weir-error',
    'playback_miss',
    ...(nearestId === null ? [] : ['x-weir-nearest-call-id', nearestId]),
  ]);
  response.end(body);
}
