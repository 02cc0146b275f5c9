/** Asking the server: plain fetch, the last answer kept while the next one is on its way. */
import { useEffect, useRef } from 'preact/hooks';
import { useSignal, type ReadonlySignal } from '@preact/signals';
import type { Problem } from '../../server/api/wire.ts';

const API = '/-/api/v1/';

/** What the server answered instead of data, in its own words. */
export class ApiFailure extends Error {
  override readonly name = 'ApiFailure';
  /** HTTP status; 0 when the server was not reached. */
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

function isProblem(value: unknown): value is Problem {
  return typeof value === 'object' && value !== null && 'title' in value;
}

/** Answers that are on their way before anybody has asked for them. */
const early = new Map<string, Promise<Response>>();
const EARLY_MS = 5_000;

/** Asks already for what will be needed in a moment, so that two answers come after one another without a pause between them. */
export function askEarly(resource: string): void {
  if (early.has(resource)) return;
  const answer = fetchAnswer(resource);
  early.set(resource, answer);
  // Who asks later wants a fresh answer; a failure is told to whoever asks.
  const forget = () => early.get(resource) === answer && early.delete(resource);
  setTimeout(forget, EARLY_MS);
  answer.catch(forget);
}

/** The raw answer; throws `ApiFailure` for what is no success. `AbortError` passes through. */
export async function request(resource: string, signal?: AbortSignal): Promise<Response> {
  const answer = early.get(resource);
  early.delete(resource);
  return await (answer ?? fetchAnswer(resource, signal));
}

async function fetchAnswer(
  resource: string,
  signal?: AbortSignal,
  options: RequestInit = {},
): Promise<Response> {
  let response: Response;
  try {
    response = await fetch(API + resource, { cache: 'no-store', ...options, ...(signal ? { signal } : {}) });
  } catch (error) {
    if (error instanceof DOMException && error.name === 'AbortError') throw error;
    throw new ApiFailure(0, 'The program does not answer. Is it still running?');
  }
  if (response.ok) return response;
  const body: unknown = await response.json().catch(() => null);
  const said = isProblem(body) ? body.detail || body.title : response.statusText;
  throw new ApiFailure(response.status, said);
}

/** A JSON answer. The shape is the server's promise (`server/api/wire.ts`), so it is taken at its word here, once. */
export async function ask<T>(resource: string, signal?: AbortSignal): Promise<T> {
  const response = await request(resource, signal);
  return (await response.json()) as T;
}

/** Tells the server to do something; the answer as with `ask`. */
export async function tell<T>(resource: string, body: object, signal?: AbortSignal): Promise<T> {
  const response = await fetchAnswer(resource, signal, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  return (await response.json()) as T;
}

export interface Resource<T> {
  /** The last answer, also while the next one is awaited. */
  readonly data: T | null;
  readonly error: ApiFailure | null;
  /** The data shown belongs to an earlier question. */
  readonly isStale: boolean;
}

/** Asks one question, again when told to; never twice at the same time, so that slow answers still arrive. */
function startAsking(load: (signal: AbortSignal) => Promise<void>, onFailure: (error: ApiFailure) => void) {
  const abort = new AbortController();
  let isAsking = false;
  let isDue = false;
  const again = () => {
    if (isAsking) {
      isDue = true;
      return;
    }
    isAsking = true;
    isDue = false;
    load(abort.signal)
      .catch((error: unknown) => {
        if (abort.signal.aborted) return;
        onFailure(error instanceof ApiFailure ? error : new ApiFailure(0, String(error)));
      })
      .finally(() => {
        isAsking = false;
        if (isDue && !abort.signal.aborted) again();
      })
      .catch(reportError);
  };
  return { again, stop: () => abort.abort() };
}

/**
 * Data of one address, asked again when `resource` changes (old data dims) or `revision` does (in silence).
 * Null asks nothing.
 */
export function useResource<T>(resource: string | null, revision = 0): ReadonlySignal<Resource<T>> {
  const state = useSignal<Resource<T>>({ data: null, error: null, isStale: resource !== null });
  const again = useRef<(() => void) | null>(null);
  const asked = useRef(revision);
  useEffect(() => {
    if (resource === null) return undefined;
    state.value = { ...state.peek(), isStale: true };
    const asking = startAsking(
      async (signal) => {
        const data = await ask<T>(resource, signal);
        if (!signal.aborted) state.value = { data, error: null, isStale: false };
      },
      (error) => (state.value = { data: state.peek().data, error, isStale: false }),
    );
    again.current = asking.again;
    asking.again();
    return asking.stop;
  }, [resource]);
  useEffect(() => {
    if (asked.current !== revision) again.current?.();
    asked.current = revision;
  }, [revision]);
  return state;
}
