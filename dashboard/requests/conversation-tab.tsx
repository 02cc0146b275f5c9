import { useMemo } from 'preact/hooks';
import { useSignal } from '@preact/signals';
import type { JSX } from 'preact';
import type { CallDetail, CallDiff, Conversation } from '../../server/api/wire.ts';
import { setParams } from '../app/address.ts';
import { useResource } from '../app/api.ts';
import { Failure } from '../app/failure.tsx';
import {
  estimateTokens,
  readConversation,
  type Block,
  type ConversationModel,
  type PlacedBlock,
  type ToolUse,
  type Turn,
} from '../lib/conversation.ts';
import { marksOf, type Mark, type Marks } from '../lib/block-runs.ts';
import { formatTokens } from '../lib/format.ts';
import { Fold } from './fold.tsx';
import { JsonView } from './json-view.tsx';
import { LongText, MOST_CHARACTERS } from './long-text.tsx';
import { LoadWhole } from './whole.ts';
import { MediaChip } from './media.tsx';
import { BodyState } from './body-state.tsx';
import { StopReason } from './badges.tsx';

/** Turns shown at once; earlier ones come when asked for. */
const SHOWN_TURNS = 40;

/** The input of a tool in one line, as far as it fits. */
function inputHint(input: unknown): string {
  if (typeof input !== 'object' || input === null) return '';
  const [first] = Object.values(input);
  return (typeof first === 'string' ? first : (JSON.stringify(first) ?? ''))
    .replace(/\s+/g, ' ')
    .slice(0, 120);
}

function Tool({ tool }: { tool: ToolUse }): JSX.Element {
  return (
    <div
      class={`tool${tool.result?.isError ? ' is-error' : ''}`}
      role="group"
      aria-label={`Tool call ${tool.name}`}
    >
      <Fold
        label={
          <>
            <strong class="tool-name">{tool.name}</strong> <span class="muted">{inputHint(tool.input)}</span>
          </>
        }
        hint={tool.isServer ? 'server tool' : ''}
      >
        {() => <JsonView value={tool.input} />}
      </Fold>
      {tool.result ? (
        <div class="tool-result">
          <span class="tool-result-label small">{tool.result.isError ? '✕ error' : 'result'}</span>
          {tool.result.parts.length === 0 ? <span class="muted">empty</span> : null}
          {tool.result.parts.map((part, at) => (
            <BlockView key={at} block={part} isMono />
          ))}
        </div>
      ) : (
        <div class="tool-result muted small">no result in this conversation yet</div>
      )}
    </div>
  );
}

function BlockView({ block, isMono = false }: { block: Block; isMono?: boolean }): JSX.Element {
  switch (block.kind) {
    case 'text':
      return <LongText text={block.text} characters={block.characters} isMono={isMono} />;
    case 'thinking':
      if (block.isRedacted) return <p class="muted small">thinking, encrypted by the provider</p>;
      if (block.text === '') return <p class="muted small">thinking, not shown by the provider</p>;
      return (
        <Fold
          label={<em>thinking</em>}
          hint={`≈ ${formatTokens((block.characters ?? block.text.length) / 4)} tokens`}
          className="is-thinking"
        >
          {() => <LongText text={block.text} characters={block.characters} />}
        </Fold>
      );
    case 'media':
      return <MediaChip media={block.media} label={block.label} isThumbnail />;
    case 'tool':
      return <Tool tool={block} />;
    case 'other':
      return <Fold label={<code>{block.type}</code>}>{() => <JsonView value={block.value} />}</Fold>;
    default:
      return block satisfies never;
  }
}

function Blocks({ blocks }: { blocks: readonly PlacedBlock[] }): JSX.Element {
  return (
    <>
      {blocks.map(({ block, breakpoint }, at) => (
        <div class="block" key={at}>
          <BlockView block={block} />
          {breakpoint ? <CacheRule ttl={breakpoint} /> : null}
        </div>
      ))}
    </>
  );
}

/** Where the client let the cached prefix end. */
function CacheRule({ ttl }: { ttl: string }): JSX.Element {
  return <p class="cache-rule small">cache_control {ttl}</p>;
}

/** What this part is since the request before; it leads to the diff. */
function Since({ mark }: { mark: Mark | null | undefined }): JSX.Element | null {
  if (!mark) return null;
  return (
    <button
      type="button"
      class={`since is-${mark}`}
      title={`${mark === 'new' ? 'New' : 'Changed'} since the previous request: see the diff ( d )`}
      onClick={() => setParams({ tab: 'diff' }, 'replace')}
    >
      {mark}
    </button>
  );
}

function TurnView({
  turn,
  label,
  mark,
}: {
  turn: Turn;
  label: string;
  mark?: Mark | null | undefined;
}): JSX.Element {
  return (
    <div
      role="group"
      class={`turn is-${turn.role}${turn.at === null ? ' is-answer' : ''}`}
      aria-label={label}
    >
      <h3>
        {label} <Since mark={mark} />
      </h3>
      <Blocks blocks={turn.blocks} />
    </div>
  );
}

function Preamble({
  model,
  raw,
  marks,
}: {
  model: ConversationModel;
  raw: Conversation;
  marks: Marks | null;
}): JSX.Element {
  const writtenTools = model.tools.filter((tool) => tool.breakpoint !== null);
  return (
    <>
      {model.tools.length > 0 ? (
        <Fold
          label={`Tools (${model.tools.length})${marks?.tools ? ` · ${marks.tools} since the last one` : ''}`}
          hint={`≈ ${formatTokens(estimateTokens(raw.tools))} tokens`}
        >
          {() =>
            model.tools.map((tool) => (
              <Fold
                key={tool.name}
                label={
                  <>
                    <code>{tool.name}</code> <span class="muted">{tool.description.split('\n')[0]}</span>
                  </>
                }
                hint={tool.breakpoint ? `cache_control ${tool.breakpoint}` : ''}
              >
                {() => <JsonView value={tool.value} />}
              </Fold>
            ))
          }
        </Fold>
      ) : null}
      {writtenTools.map((tool) => (
        <CacheRule key={tool.name} ttl={tool.breakpoint ?? ''} />
      ))}
      {model.system.length > 0 ? (
        <Fold
          label={`System${marks?.system ? ` · ${marks.system} since the last one` : ''}`}
          hint={`≈ ${formatTokens(estimateTokens(raw.system))} tokens`}
        >
          {() => <Blocks blocks={model.system} />}
        </Fold>
      ) : null}
    </>
  );
}

function Turns({ turns, marks }: { turns: readonly Turn[]; marks: Marks | null }): JSX.Element {
  const shown = useSignal(SHOWN_TURNS);
  const hidden = Math.max(0, turns.length - shown.value);
  return (
    <>
      {hidden > 0 ? (
        <button type="button" class="button" onClick={() => (shown.value += SHOWN_TURNS)}>
          Show earlier turns ({hidden})
        </button>
      ) : null}
      {turns.slice(hidden).map((turn) => (
        <TurnView
          key={turn.at}
          turn={turn}
          label={turn.role}
          mark={turn.at === null ? null : marks?.messages.get(turn.at)}
        />
      ))}
    </>
  );
}

/** The conversation with the beginnings of its long texts. */
export function shortConversation(id: string): string {
  return `calls/${encodeURIComponent(id)}/conversation?cut=${MOST_CHARACTERS}`;
}

/** What was said: system and tools folded, each tool call with its result, and the answer. */
export function ConversationTab({ call }: { call: CallDetail }): JSX.Element {
  const isWhole = useSignal(false);
  const { data, error, isStale } = useResource<Conversation>(
    isWhole.value ? `calls/${call.id}/conversation` : shortConversation(call.id),
  ).value;
  const loadWhole = useMemo(() => () => (isWhole.value = true), []);
  const model = useMemo(() => (data ? readConversation(data) : null), [data]);
  // Once the conversation is there: what it says comes before what is new in it.
  const { data: diff } = useResource<CallDiff>(
    data && call.session_id !== null ? `calls/${call.id}/diff?cut=1` : null,
  ).value;
  const marks = useMemo(() => (diff ? marksOf(diff) : null), [diff]);
  if (call.bodies === 'metadata' || call.bodies === 'expired') return <BodyState call={call} />;
  if (error) return <Failure error={error} />;
  if (!data || !model)
    return (
      <p class="muted" aria-busy={isStale}>
        Reading the conversation…
      </p>
    );
  const isNothing = model.turns.length === 0 && !model.answer;
  return (
    <LoadWhole.Provider value={loadWhole}>
      <div class="conversation">
        <BodyState call={call} />
        <Preamble model={model} raw={data} marks={marks} />
        <Turns turns={model.turns} marks={marks} />
        {model.answer ? <TurnView turn={model.answer} label="answer" /> : null}
        {model.answer && call.stop_reason ? (
          <p class="ending-line small">
            <StopReason reason={call.stop_reason} />
          </p>
        ) : null}
        {isNothing ? (
          <p class="muted">
            This call carries no messages: its Request and Response tabs show what was sent.
          </p>
        ) : null}
        {!isNothing && !model.answer ? (
          <p class="muted">
            {call.state === 'open' ? 'The answer is on its way…' : 'There is no answer to this request.'}
          </p>
        ) : null}
      </div>
    </LoadWhole.Provider>
  );
}
