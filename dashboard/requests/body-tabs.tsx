import { useEffect, useMemo } from 'preact/hooks';
import { useSignal } from '@preact/signals';
import type { JSX } from 'preact';
import type { CallDetail, MessageAnswer } from '../../server/api/wire.ts';
import { ApiFailure, request, useResource } from '../app/api.ts';
import { CopyButton } from '../app/copy.tsx';
import { Failure } from '../app/failure.tsx';
import { Icon } from '../app/icons.tsx';
import { canDecode, decodeBody } from '../lib/body.ts';
import { formatBytes, formatCount } from '../lib/format.ts';
import { BodyState } from './body-state.tsx';
import { InTree, shownPlace } from './found.ts';
import { JsonView } from './json-view.tsx';

type Part = 'request' | 'response';

type Body =
  | { readonly state: 'loading' }
  | { readonly state: 'failed'; readonly error: ApiFailure }
  | { readonly state: 'packed'; readonly encoding: string; readonly bytes: number }
  | {
      readonly state: 'text';
      readonly text: string;
      readonly isCut: boolean;
      readonly encoding: string | null;
      readonly type: string | null;
    };

/** Text that a browser lays out at once without a pause; more comes when asked for. */
const RAW_CHARACTERS = 100_000;

async function readBody(id: string, part: Part, signal: AbortSignal): Promise<Body> {
  const answer = await request(`calls/${id}/${part}`, signal);
  const encoding = answer.headers.get('x-weir-content-encoding') || null;
  const bytes = new Uint8Array(await answer.arrayBuffer());
  if (!canDecode(encoding)) return { state: 'packed', encoding: encoding ?? '', bytes: bytes.length };
  return {
    state: 'text',
    ...(await decodeBody(bytes, encoding)),
    encoding,
    type: answer.headers.get('x-weir-content-type'),
  };
}

function useBody(id: string, part: Part, isWanted: boolean): Body {
  const body = useSignal<Body>({ state: 'loading' });
  useEffect(() => {
    if (!isWanted) return undefined;
    const abort = new AbortController();
    readBody(id, part, abort.signal).then(
      (read) => (body.value = read),
      (error: unknown) => {
        if (abort.signal.aborted) return;
        body.value = {
          state: 'failed',
          error: error instanceof ApiFailure ? error : new ApiFailure(0, String(error)),
        };
      },
    );
    return () => abort.abort();
  }, [id, part, isWanted]);
  return body.value;
}

function parse(text: string): { value: unknown } | null {
  try {
    return { value: JSON.parse(text) as unknown };
  } catch {
    return null;
  }
}

function Download({ id, part }: { id: string; part: Part }): JSX.Element {
  return (
    <a class="button" href={`/-/api/v1/calls/${id}/${part}`} download={`${id}.${part}`}>
      <Icon name="download" /> Exact bytes
    </a>
  );
}

function Views({
  views,
  shown,
  onShow,
}: {
  views: readonly string[];
  shown: string;
  onShow: (view: string) => void;
}): JSX.Element {
  return (
    <div class="pill-tabs" role="group" aria-label="View">
      {views.map((view) => (
        <button type="button" key={view} aria-pressed={view === shown} onClick={() => onShow(view)}>
          {view}
        </button>
      ))}
    </div>
  );
}

function bodyWords(body: Extract<Body, { state: 'text' }>): string {
  return [body.type, body.encoding ? `sent as ${body.encoding}` : null, body.isCut ? 'the beginning' : null]
    .filter(Boolean)
    .join(' · ');
}

function Raw({ body }: { body: Extract<Body, { state: 'text' }> }): JSX.Element {
  const shown = useSignal(RAW_CHARACTERS);
  const rest = body.text.length - shown.value;
  return (
    <>
      {body.isCut ? (
        <p class="hint">This is the beginning; the download has every byte that was kept.</p>
      ) : null}
      <pre class="raw" tabIndex={0}>
        {body.text === '' ? 'empty' : body.text.slice(0, shown.value)}
      </pre>
      {rest > 0 ? (
        <button type="button" class="button" onClick={() => (shown.value *= 4)}>
          Show more ({formatCount(rest)} characters left)
        </button>
      ) : null}
    </>
  );
}

function BodyView({
  call,
  part,
  message,
}: {
  call: CallDetail;
  part: Part;
  message?: MessageAnswer | null;
}): JSX.Element {
  const chosen = useSignal<string | null>(null);
  const place = shownPlace.value?.part === part ? shownPlace.value : null;
  useEffect(() => {
    if (place) chosen.value = null;
  }, [place]);
  const hasBytes = call.bodies === 'full' || call.bodies === 'truncated';
  const sentBytes = part === 'request' ? call.request_bytes : call.response_bytes;
  const isEmpty = sentBytes === 0;
  const body = useBody(call.id, part, hasBytes && !isEmpty);
  const text = body.state === 'text' && !body.isCut ? body.text : null;
  const parsed = useMemo(() => (text === null ? null : parse(text)), [text]);
  if (isEmpty) return <p class="muted">The {part} had no body.</p>;
  if (!hasBytes) return <BodyState call={call} />;
  if (body.state === 'loading')
    return (
      <p class="muted" aria-busy="true">
        Reading…
      </p>
    );
  if (body.state === 'failed') return <Failure error={body.error} />;
  const views = [
    message?.message ? 'Message' : null,
    parsed ? 'Tree' : null,
    body.state === 'text' ? 'Raw' : null,
  ].filter((view) => view !== null);
  const shown = views.find((view) => view === chosen.value) ?? views[0];
  return (
    <div class="body-view">
      <BodyState call={call} />
      <div class="body-tools">
        <Views views={views} shown={shown ?? ''} onShow={(view) => (chosen.value = view)} />
        <span class="muted small clip">
          {formatBytes(sentBytes)}
          {body.state === 'text' ? ` · ${bodyWords(body)}` : ''}
        </span>
        {body.state === 'text' ? <CopyButton text={body.text} label="Copy text" /> : null}
        <Download id={call.id} part={part} />
      </div>
      {body.state === 'packed' ? (
        <p class="hint">
          These {formatBytes(body.bytes)} are packed with {body.encoding}, which browsers do not unpack for a
          page. The download has them as they were.
        </p>
      ) : null}
      <InTree.Provider value={place}>
        {shown === 'Message' ? <JsonView value={message?.message} /> : null}
        {shown === 'Tree' && parsed ? <JsonView value={parsed.value} /> : null}
      </InTree.Provider>
      {shown === 'Raw' && body.state === 'text' ? <Raw body={body} /> : null}
    </div>
  );
}

/** The bytes that the client sent. */
export function RequestTab({ call }: { call: CallDetail }): JSX.Element {
  return <BodyView call={call} part="request" />;
}

/** The bytes that the upstream answered, and the message that they add up to. */
export function ResponseTab({ call }: { call: CallDetail }): JSX.Element {
  const { data } = useResource<MessageAnswer>(`calls/${call.id}/message`).value;
  return (
    <>
      {data?.notes.length ? <p class="hint">{data.notes.join(' · ')}</p> : null}
      <BodyView call={call} part="response" message={data} />
    </>
  );
}
