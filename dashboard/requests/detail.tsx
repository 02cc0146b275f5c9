import { useEffect, useLayoutEffect, useRef } from 'preact/hooks';
import { useSignal } from '@preact/signals';
import type { ComponentChildren, JSX } from 'preact';
import type { CallDetail } from '../../server/api/wire.ts';
import { hrefOf, param, setParams, zone } from '../app/address.ts';
import { askEarly, request, useResource } from '../app/api.ts';
import { modelColour } from '../app/colours.ts';
import { CopyButton } from '../app/copy.tsx';
import { Failure } from '../app/failure.tsx';
import { Icon } from '../app/icons.tsx';
import { bindKeys } from '../app/keys.ts';
import { onLive } from '../app/live.ts';
import { compare, compareHref, marked, toggleMark } from '../app/marked.ts';
import { shade } from '../app/theme.ts';
import { Swatch } from '../charts/chart.tsx';
import { canDecode, decodeBody } from '../lib/body.ts';
import { toCurl } from '../lib/curl.ts';
import { totalTokens } from '../lib/filters.ts';
import {
  formatAgo,
  formatCount,
  formatDuration,
  formatInstant,
  formatMoney,
  formatMoneyExact,
  formatTokens,
} from '../lib/format.ts';
import { Attribution } from './attribution.tsx';
import { Ending, RunningTimer } from './badges.tsx';
import { ConversationTab, shortConversation } from './conversation-tab.tsx';
import { DiffTab } from './diff-tab.tsx';
import { EventsTab } from './events-tab.tsx';
import { FindBar } from './find-bar.tsx';
import { HeadersTab } from './headers-tab.tsx';
import { RequestTab, ResponseTab } from './body-tabs.tsx';
import { ReplayForm } from './replay-form.tsx';
import { TimingTab } from './timing-tab.tsx';

const TABS = [
  { id: 'conversation', label: 'Conversation', Body: ConversationTab },
  { id: 'diff', label: 'Diff', Body: DiffTab },
  { id: 'request', label: 'Request', Body: RequestTab },
  { id: 'response', label: 'Response', Body: ResponseTab },
  { id: 'events', label: 'Events', Body: EventsTab },
  { id: 'timing', label: 'Timing & cost', Body: TimingTab },
  { id: 'headers', label: 'Headers', Body: HeadersTab },
] as const;

type TabId = (typeof TABS)[number]['id'];

const tabId = param('tab', 'conversation', (value): value is TabId => TABS.some(({ id }) => id === value));

function chooseTab(id: TabId): void {
  setParams({ tab: id === 'conversation' ? null : id }, 'replace');
}

async function curlOf(call: CallDetail): Promise<string> {
  const url = `${window.location.origin}${call.path}${call.query ? `?${call.query}` : ''}`;
  const answer = await request(`calls/${call.id}/request`);
  const encoding = answer.headers.get('x-weir-content-encoding');
  const body = canDecode(encoding)
    ? (await decodeBody(new Uint8Array(await answer.arrayBuffer()), encoding)).text
    : null;
  return toCurl(url, call.method, call.request_headers, body || null);
}

function Fact({
  label,
  title,
  children,
}: {
  label: string;
  title?: string | undefined;
  children: ComponentChildren;
}): JSX.Element {
  return (
    <div title={title}>
      <dt>{label}</dt>
      <dd class="num">{children}</dd>
    </div>
  );
}

function Facts({ call }: { call: CallDetail }): JSX.Element {
  const tokens = totalTokens(call);
  return (
    <dl class="facts">
      <Fact
        label="Cost"
        title={
          call.cost_nano_usd === null
            ? 'price unknown'
            : `${formatMoneyExact(call.cost_nano_usd)}, ${call.cost_source ?? ''}`
        }
      >
        {call.cost_source === 'estimated' ? '≈' : ''}
        {call.cost_nano_usd === null ? 'unpriced' : formatMoney(call.cost_nano_usd)}
      </Fact>
      <Fact label="Tokens" title={formatCount(tokens)}>
        {formatTokens(tokens)}
      </Fact>
      <Fact label="Output" title={formatCount(call.output_tokens)}>
        {formatTokens(call.output_tokens)}
      </Fact>
      <Fact label="First token">{formatDuration(call.ttft_us)}</Fact>
      <Fact label="Duration">
        {call.state === 'open' ? (
          <RunningTimer startedMs={call.started_ms} />
        ) : (
          formatDuration(call.duration_us)
        )}
      </Fact>
      <Fact label="Status">{call.status ?? '—'}</Fact>
    </dl>
  );
}

function Head({
  call,
  tools,
  onFind,
  onReplay,
}: {
  call: CallDetail;
  tools: ComponentChildren;
  onFind: () => void;
  onReplay: () => void;
}): JSX.Element {
  const model = call.model ?? call.requested_model;
  return (
    <header class="detail-head">
      <div class="detail-line">
        <h2 class="detail-title">
          {model ? <Swatch colour={shade(modelColour(model))} /> : null}
          <span class="clip">{model ?? `${call.method} ${call.path}`}</span>
        </h2>
        <Ending call={call} />
        <div class="detail-tools">{tools}</div>
      </div>
      <div class="detail-line muted small">
        <time dateTime={call.started} title={`${call.started}, ${formatAgo(call.started_ms, Date.now())}`}>
          {formatInstant(call.started_ms, zone.value)}
        </time>
        {call.client ? <span>{call.client}</span> : null}
        {call.kind ? <span>{call.kind}</span> : null}
        {call.demo ? <span>demo</span> : null}
        {call.replay_of ? <a href={hrefOf('/compare', { of: call.replay_of })}>a replay</a> : null}
        <code class="clip" title={call.id}>
          {call.id}
        </code>
        <span class="detail-actions">
          <button
            type="button"
            class="button"
            title="Find in the request and its answer ( F )"
            onClick={onFind}
          >
            <Icon name="search" /> Find
          </button>
          <button type="button" class="button" title="Send it once more ( r )" onClick={onReplay}>
            <Icon name="again" /> Replay
          </button>
          <CopyButton text={call.id} label="Id" />
          <a
            class="button"
            href={compareHref(call.id)}
            title="Compare with the marked request, or with the one before it ( X )"
          >
            <Icon name="compare" /> Compare
          </a>
          <button
            type="button"
            class="button"
            aria-pressed={marked.value === call.id}
            title="Mark for a comparison ( x )"
            onClick={() => toggleMark(call.id)}
          >
            <Icon name="bookmark" /> {marked.value === call.id ? 'Marked' : 'Mark'}
          </button>
          {call.bodies === 'full' ? <CopyButton text={() => curlOf(call)} label="cURL" /> : null}
        </span>
      </div>
      <Facts call={call} />
      <Attribution call={call} />
      {call.notes.length > 0 ? (
        <ul class="detail-notes">
          {call.notes.map((note) => (
            <li key={note}>{note}</li>
          ))}
        </ul>
      ) : null}
    </header>
  );
}

function TabList(): JSX.Element {
  const list = useRef<HTMLDivElement>(null);
  const chosen = tabId.value;
  useEffect(() => {
    list.current
      ?.querySelector('[aria-selected="true"]')
      ?.scrollIntoView({ block: 'nearest', inline: 'nearest' });
  }, [chosen]);
  return (
    <div class="detail-tabs" role="tablist" aria-label="Parts of the request" ref={list}>
      {TABS.map(({ id, label }, at) => (
        <button
          type="button"
          role="tab"
          key={id}
          id={`tab-${id}`}
          aria-selected={tabId.value === id}
          aria-controls="tab-panel"
          title={`${label} ( ${at + 1} )`}
          onClick={() => chooseTab(id)}
        >
          {label}
        </button>
      ))}
    </div>
  );
}

/** One call: its head, and one of its seven sides. Peek and page share it. */
export function RequestDetail({ id, tools }: { id: string; tools: ComponentChildren }): JSX.Element {
  const changes = useSignal(0);
  const isFinding = useSignal(false);
  const isReplaying = useSignal(false);
  useEffect(
    () =>
      onLive((event, call) => {
        if (event === 'end' && call.id === id) changes.value++;
      }),
    [id],
  );
  useLayoutEffect(
    () =>
      bindKeys({
        ...Object.fromEntries(TABS.map((tab, at) => [String(at + 1), () => chooseTab(tab.id)])),
        d: () => chooseTab('diff'),
        r: () => (isReplaying.value = true),
        F: () => (isFinding.value = true),
        x: () => toggleMark(id),
        X: () => compare(id),
        c: () =>
          document.querySelector<HTMLButtonElement>('.detail-actions .copy-button:last-child')?.click(),
      }),
    [id],
  );
  const {
    data: call,
    error,
    isStale,
  } = useResource<CallDetail>(`calls/${encodeURIComponent(id)}`, changes.value).value;
  useEffect(() => {
    if (tabId.peek() === 'conversation') askEarly(shortConversation(id));
  }, [id]);
  const tab = TABS.find((one) => one.id === tabId.value) ?? TABS[0];
  if (error && (!call || call.id !== id)) {
    return (
      <div class="detail">
        <div class="detail-line detail-head">
          <span class="detail-tools">{tools}</span>
        </div>
        <Failure error={error} />
      </div>
    );
  }
  if (!call) return <div class="detail is-loading" aria-busy="true" />;
  return (
    <article class={`detail${isStale ? ' is-stale' : ''}`} aria-label={`Request ${call.id}`}>
      <Head
        call={call}
        tools={tools}
        onFind={() => (isFinding.value = !isFinding.value)}
        onReplay={() => (isReplaying.value = !isReplaying.value)}
      />
      {isReplaying.value ? (
        <ReplayForm key={call.id} call={call} onClose={() => (isReplaying.value = false)} />
      ) : null}
      <TabList />
      {isFinding.value ? (
        <FindBar key={call.id} call={call} onClose={() => (isFinding.value = false)} />
      ) : null}
      <div class="tab-panel" id="tab-panel" role="tabpanel" aria-labelledby={`tab-${tab.id}`} tabIndex={0}>
        <tab.Body key={call.id + changes.value} call={call} />
      </div>
    </article>
  );
}
