/**
 * Sends recorded calls again: the stored bytes, changed only as asked, through the program's own forwarder and recorder, to
 * configured upstreams and nowhere else. Never awaited by anybody's call.
 */
import { setTimeout } from 'node:timers/promises';
import type { CallDetail, ReplayPlan, ReplayRequest, ReplayUpstream } from '../api/wire.ts';
import type { Sink } from '../exchange.ts';
import type { Forwarder } from '../proxy/forward.ts';
import type { Draft } from '../reader/draft.ts';
import type { Reader } from '../reader/questions.ts';
import { replayTags } from '../store/replay-tags.ts';
import { sendThrough, type DoorRequest } from './door.ts';
import { credentialHeader, resentHeaders } from './headers.ts';
import { markedSink, type Mark } from './marked.ts';
import { Once, type Begun } from './once.ts';
import { ReplayRefused } from './refused.ts';

/** An upstream of the configuration. */
export interface ConfiguredUpstream {
  readonly name: string;
  readonly url: URL;
  /** False for the one inside the process. */
  readonly needsKey: boolean;
  /** What the environment of the program holds for it. */
  readonly key: string | null;
  /** Made when it is first needed. */
  forwarder(): Forwarder;
}

export interface ReplayerOptions {
  readonly reader: Reader;
  readonly sink: Sink;
  /** The first one is where calls go that name none. */
  readonly upstreams: readonly ConfiguredUpstream[];
  readonly maxHeaderBytes: number;
}

export interface Replayer {
  upstreams(): ReplayUpstream[];
  /** What would be sent, and what that would cost. @throws ReplayRefused */
  plan(id: string, request: ReplayRequest): Promise<ReplayPlan>;
  /** Resolves with the new call: when it has ended, or has begun where the request does not wait. @throws ReplayRefused */
  send(id: string, request: ReplayRequest): Promise<SentReplay>;
}

export interface SentReplay {
  readonly call: CallDetail;
  /** It had been sent before, by a request with the same idempotency key. */
  readonly isRepeated: boolean;
}

/** How long the record of a call may take to be readable after the call. */
const readableWithinMs = 15_000;
const lookEveryMs = 25;

export function createReplayer(options: ReplayerOptions): Replayer {
  const { reader, upstreams } = options;
  const once = new Once((of, key) => findSent(reader, of, key));

  const prepare = async (id: string, request: ReplayRequest): Promise<Prepared> => {
    const upstream = chooseUpstream(upstreams, request.upstream);
    const { model = null, set = null, stream = null } = request;
    const draft = await reader.ask('draft', { id, changes: { model, set, stream }, nowMs: Date.now() });
    if (draft === null) throw new ReplayRefused('not_found', `There is no call ${id}.`);
    if (draft.kind === 'impossible') throw new ReplayRefused('conflict', draft.why);
    const { headers, masked } = resentHeaders(draft.call.request_headers.flat(), draft.isChanged);
    return { draft, upstream, headers, masked, key: request.key ?? upstream.key };
  };

  return {
    upstreams: () =>
      upstreams.map((upstream, index) => ({
        name: upstream.name,
        url: addressOf(upstream.url),
        is_default: index === 0,
        has_key: upstream.key !== null || !upstream.needsKey,
      })),
    plan: async (id, request) => planOf(await prepare(id, request), request),
    async send(id, request) {
      const begin = async (): Promise<Begun> => {
        const prepared = await prepare(id, request);
        if (prepared.upstream.needsKey && prepared.key === null) throw keyMissing(prepared.upstream);
        return beginSending(prepared, request, options);
      };
      const { begun, isRepeated } = await once.run(id, request, begin);
      const waits = request.wait !== false;
      if (waits) await begun.over;
      return { call: await readCall(reader, begun.id, waits), isRepeated };
    },
  };
}

interface Prepared {
  readonly draft: Draft;
  readonly upstream: ConfiguredUpstream;
  readonly headers: readonly string[];
  readonly masked: readonly string[];
  readonly key: string | null;
}

function chooseUpstream(
  upstreams: readonly ConfiguredUpstream[],
  asked: string | undefined,
): ConfiguredUpstream {
  const wanted = asked?.replace(/\/+$/, '');
  const found =
    wanted === undefined
      ? upstreams[0]
      : upstreams.find(({ name, url }) => name === wanted || addressOf(url) === wanted);
  if (found !== undefined) return found;
  const known = upstreams.map(({ name }) => name).join(', ');
  throw new ReplayRefused(
    'unknown_upstream',
    `No upstream of the configuration is called "${(asked ?? '').slice(0, 80)}": there ${upstreams.length === 1 ? 'is' : 'are'} ${known}; --upstreams NAME=URL adds one.`,
  );
}

function addressOf(url: URL): string {
  return `${url.origin}${url.pathname.replace(/\/+$/, '')}`;
}

function keyMissing({ name }: ConfiguredUpstream): ReplayRefused {
  return new ReplayRefused(
    'key_missing',
    `There is no key for the upstream "${name}": set ANTHROPIC_API_KEY or ANTHROPIC_AUTH_TOKEN where weir runs, or give one for this once.`,
  );
}

function planOf({ draft, upstream, masked, key }: Prepared, request: ReplayRequest): ReplayPlan {
  const { call, estimate } = draft;
  const credential = request.key !== undefined ? 'given' : key !== null ? 'environment' : null;
  const address = addressOf(upstream.url);
  const elsewhere = call.upstream !== null && call.upstream !== address && upstream.needsKey;
  return {
    id: call.id,
    upstream: upstream.name,
    upstream_url: address,
    method: call.method,
    path: call.path,
    model: draft.model,
    stream: draft.stream,
    request_bytes: draft.body.byteLength,
    is_changed: draft.isChanged,
    credential: upstream.needsKey ? credential : 'not_needed',
    low_nano_usd: estimate.lowNanoUsd,
    high_nano_usd: estimate.highNanoUsd,
    most_nano_usd: estimate.mostNanoUsd,
    assumptions: [...estimate.assumptions],
    warnings: [
      ...draft.warnings,
      ...(elsewhere ? [`The call went to ${call.upstream}, and is sent to ${address}.`] : []),
      ...(masked.length === 0 ? [] : [`Not sent, because their values are not kept: ${masked.join(', ')}.`]),
    ],
  };
}

/** Resolves as soon as the new call has an id. */
async function beginSending(
  prepared: Prepared,
  request: ReplayRequest,
  { sink, maxHeaderBytes }: ReplayerOptions,
): Promise<Begun> {
  const { draft, upstream } = prepared;
  const opened = Promise.withResolvers<string>();
  const over = sendThrough(
    upstream.forwarder(),
    requestOf(prepared),
    markedSink(sink, markOf(draft.call, request), opened.resolve),
    maxHeaderBytes,
  );
  const refused = new ReplayRefused('conflict', 'Weir takes no calls at the moment: it is shutting down.');
  // After a call has begun this comes too late to change anything.
  void over.then(() => opened.reject(refused));
  return { id: await opened.promise, over };
}

function requestOf({ draft: { call, body }, upstream, headers, key }: Prepared): DoorRequest {
  const target = call.query === null ? call.path : `${call.path}?${call.query}`;
  if (!/^\/[\x21-\x7e]*$/.test(target)) {
    throw new ReplayRefused('conflict', `The path of call ${call.id} cannot be sent as it was recorded.`);
  }
  const credential = key === null || !upstream.needsKey ? [] : credentialHeader(key);
  return { method: call.method, target, headers: [...headers, ...credential], body };
}

function markOf(call: CallDetail, { batch, idempotency_key: key }: ReplayRequest): Mark {
  const tags = {
    ...call.tags,
    ...(batch === undefined ? {} : { [replayTags.batch]: batch }),
    ...(key === undefined ? {} : { [replayTags.key]: key }),
  };
  const attribution = { userId: call.user_id, team: call.team, sessionId: call.session_id, tags };
  return { replayOf: call.id, attribution };
}

async function findSent(reader: Reader, of: string, key: string): Promise<string | null> {
  const { items } = await reader.ask('replays', { filters: { of, key }, limit: 1, cursor: null });
  return items[0]?.id ?? null;
}

/** The new call from the record, where it stands a moment after it happened. */
async function readCall(reader: Reader, id: string, hasEnded: boolean): Promise<CallDetail> {
  const giveUpMs = performance.now() + readableWithinMs;
  for (;;) {
    const call = await reader.ask('call', { id });
    if (call !== null && (call.state !== 'open' || !hasEnded)) return call;
    if (performance.now() > giveUpMs) {
      throw new Error(`the replay ${id} was sent, but its record cannot be read`);
    }
    await setTimeout(lookEveryMs);
  }
}
