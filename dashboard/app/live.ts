/** The live stream of calls: one connection for the whole page. */
import { batch, signal } from '@preact/signals';
import type { LiveCall } from '../../server/api/wire.ts';

type LiveEvent = 'open' | 'progress' | 'end';
type Listener = (event: LiveEvent, call: LiveCall) => void;
type GroupListener = (calls: readonly LiveCall[]) => void;

/** `connecting` also stands for a broken connection that the browser opens again by itself. */
export const liveState = signal<'connecting' | 'connected'>('connecting');

/** Grows with every call that ends, at most once in `SETTLE_MS`; figures on the page follow it. */
export const revision = signal(0);

/** Grows when the server says that events were missed: lists have to be asked again. */
export const gaps = signal(0);

const SETTLE_MS = 3_000;
const AGAIN_MS = 5_000;
const listeners = new Set<Listener>();
const groupListeners = new Set<GroupListener>();
let isBehind = false;
let settling: ReturnType<typeof setTimeout> | undefined;

function bump(): void {
  // A page that nobody looks at asks nothing; it catches up when it is shown.
  isBehind ||= document.hidden;
  if (document.hidden) return;
  settling ??= setTimeout(() => {
    settling = undefined;
    revision.value++;
  }, SETTLE_MS);
}

document.addEventListener('visibilitychange', () => {
  if (document.hidden) flush();
  if (document.hidden || !isBehind) return;
  isBehind = false;
  bump();
});

/** Calls `listener` for every event from now on; the answer ends that. */
export function onLive(listener: Listener): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/** Calls `listener` once for all calls that something happened to between two pictures, each as it is by then. */
export function onLiveGroup(listener: GroupListener): () => void {
  groupListeners.add(listener);
  return () => groupListeners.delete(listener);
}

/** The latest event of each call since the last picture, as it came. */
const waiting = new Map<string, { name: LiveEvent; data: string }>();
let isDue = false;

/** Hands on what came since the last time: however busy the feed is, lists change once for each picture. */
function flush(): void {
  isDue = false;
  lastFlushMs = performance.now();
  const events = [...waiting.values()];
  waiting.clear();
  batch(() => {
    const calls = events.map(({ data }) => JSON.parse(data) as LiveCall);
    for (const listener of groupListeners) listener(calls);
    for (const [at, { name }] of events.entries()) {
      const call = calls[at];
      if (call) for (const listener of listeners) listener(name, call);
    }
  });
  if (events.some(({ name }) => name === 'end')) bump();
}

const HIDDEN_MS = 1_000;
/** A busy feed is drawn ten times a second: nobody reads faster, and the page stays free for the reader. */
const BUSY_MS = 100;
let lastFlushMs = -Infinity;

function receive(name: LiveEvent, event: Event): void {
  // The connection's own "open" event has the same name and no data.
  if (!(event instanceof MessageEvent) || typeof event.data !== 'string') return;
  const id = /"id":"([^"]+)"/.exec(event.data)?.[1] ?? event.data;
  waiting.set(id, { name, data: event.data });
  if (isDue) return;
  isDue = true;
  // A hidden page gets no frames.
  if (document.hidden) {
    setTimeout(flush, HIDDEN_MS);
    return;
  }
  const waitMs = lastFlushMs + BUSY_MS - performance.now();
  if (waitMs <= 0) requestAnimationFrame(flush);
  else setTimeout(() => requestAnimationFrame(flush), waitMs);
}

/** Opens the stream; called once, when the page starts, and again by itself when it was refused. */
export function connectLive(): void {
  const source = new EventSource('/-/api/v1/live');
  source.addEventListener('error', () => {
    liveState.value = 'connecting';
    // Browsers come back by themselves after a break, but give up for good after an answer that is no stream.
    if (source.readyState === EventSource.CLOSED) setTimeout(connectLive, AGAIN_MS);
  });
  source.addEventListener('open', (event) => {
    liveState.value = 'connected';
    receive('open', event);
  });
  source.addEventListener('progress', (event) => receive('progress', event));
  source.addEventListener('end', (event) => receive('end', event));
  // Too slow a reader has lost events: everything is asked again.
  source.addEventListener('gap', () => {
    gaps.value++;
    bump();
  });
}
