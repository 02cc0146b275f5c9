import type { JSX } from 'preact';
import type { CallDetail, CallDiff, DiffBlock, DiffSetting, DiffSummary } from '../../server/api/wire.ts';
import { address, hrefOf, setParams } from '../app/address.ts';
import { useResource } from '../app/api.ts';
import { Failure } from '../app/failure.tsx';
import { figures, TableHead } from '../app/table-head.tsx';
import { Changed } from '../compare/diff-view.tsx';
import { blockName, blockRuns } from '../lib/block-runs.ts';
import {
  formatCount,
  formatDuration,
  formatMoney,
  formatPercent,
  formatTokens,
  UNKNOWN,
} from '../lib/format.ts';
import { Fold } from './fold.tsx';
import { LongText } from './long-text.tsx';
import { MissCard } from './miss-card.tsx';
import { shortId } from './short-id.ts';

const OPS: Record<DiffBlock['op'], { mark: string; word: string }> = {
  same: { mark: '=', word: 'same' },
  added: { mark: '+', word: 'added' },
  removed: { mark: '−', word: 'removed' },
  changed: { mark: '≠', word: 'changed' },
  moved: { mark: '↕', word: 'moved' },
};

const SECTIONS = { tools: 'Tools', system: 'System', messages: 'Messages' } as const;

function Against({ call, diff }: { call: CallDetail; diff: CallDiff }): JSX.Element {
  return (
    <form
      class="diff-against"
      onSubmit={(event) => {
        event.preventDefault();
        const given = new FormData(event.currentTarget).get('against');
        setParams(
          { against: typeof given === 'string' && given.trim() !== '' ? given.trim() : null },
          'replace',
        );
      }}
    >
      <p>
        <strong>{diff.headline || 'nothing changed'}</strong>{' '}
        {diff.against_id ? (
          <>
            against <a href={hrefOf(`/requests/${diff.against_id}`)}>{shortId(diff.against_id)}</a>
            {diff.is_previous ? ', the call before it in the session' : ''}
            {diff.gap_ms === null ? '' : `, ${formatDuration(Math.abs(diff.gap_ms) * 1000)} earlier`}
          </>
        ) : (
          <span class="muted">there is no call before it in its session: everything is new</span>
        )}
      </p>
      <label class="field">
        <span class="visually-hidden">Compare with another request</span>
        <input
          key={call.id}
          name="against"
          defaultValue={address.value.params.get('against') ?? ''}
          placeholder="Id of another request"
          autoComplete="off"
          spellcheck={false}
        />
      </label>
    </form>
  );
}

function Summary({ summary }: { summary: readonly DiffSummary[] }): JSX.Element {
  return (
    <div class="scroll-x" tabIndex={0} role="region" aria-label="What changed, table">
      <table class="table compact">
        <TableHead
          columns={[
            'Part',
            ...['Same', 'Added', 'Changed', 'Removed', 'Moved'].map((label) => figures(label)),
            figures('Tokens', { title: 'Estimated: of what was added or changed, and of what was removed' }),
            figures('Cost', { title: 'Estimated: of what was added, changed or moved' }),
          ]}
        />
        <tbody>
          {summary.map((part) => (
            <tr key={part.section} data-section={part.section}>
              <th scope="row">{SECTIONS[part.section]}</th>
              {(['same', 'added', 'changed', 'removed', 'moved'] as const).map((op) => (
                <td class="num" key={op} data-op={op}>
                  {part[op] === 0 ? <span class="faint">·</span> : formatCount(part[op])}
                </td>
              ))}
              <td class="num">
                {part.added_tokens ? `+${formatTokens(part.added_tokens)}` : ''}
                {part.removed_tokens ? ` −${formatTokens(part.removed_tokens)}` : ''}
                {!part.added_tokens && !part.removed_tokens ? UNKNOWN : ''}
              </td>
              <td class="num">
                {part.cost_nano_usd === null ? UNKNOWN : `≈${formatMoney(part.cost_nano_usd)}`}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Settings({ settings }: { settings: readonly DiffSetting[] }): JSX.Element {
  const text = (value: unknown) =>
    value === undefined || value === null ? 'not set' : JSON.stringify(value);
  return (
    <ul class="diff-settings">
      {settings.map(({ name, from, to }) => (
        <li key={name}>
          <code>{name}</code>: <del>{text(from)}</del> → <ins>{text(to)}</ins>
        </li>
      ))}
    </ul>
  );
}

function figuresOf({ tokens, from_tokens: before, cost_nano_usd: cost }: DiffBlock): string {
  const count = tokens ?? before;
  return [
    count === null ? '' : `≈ ${formatTokens(count)} tokens`,
    cost === null || cost === 0 ? '' : `≈ ${formatMoney(cost)}`,
  ]
    .filter(Boolean)
    .join(' · ');
}

function Block({ block }: { block: DiffBlock }): JSX.Element {
  const { mark, word } = OPS[block.op];
  const name = blockName(block);
  return (
    <section class={`diff-block is-${block.op}`} aria-label={`${word}: ${name}`} data-op={block.op}>
      <header>
        <span class="diff-op">
          <span aria-hidden="true">{mark}</span> {word}
        </span>
        <h3>{name}</h3>
        {block.breakpoint ? <span class="muted small">cache_control {block.breakpoint}</span> : null}
        <span class="muted small num diff-figures">{figuresOf(block)}</span>
      </header>
      {block.approximate ? (
        <p class="hint small">
          Only taken for the same block:{' '}
          {block.likeness === null ? 'alike' : `${formatPercent(block.likeness)} alike`}.
        </p>
      ) : null}
      {block.op === 'moved' ? <p class="muted small">from {block.from}, as it was</p> : null}
      {block.op === 'changed' ? (
        <Changed pair={{ label: name, before: block.from_text, after: block.text }} isMarked />
      ) : null}
      {block.op === 'added' && block.text !== null ? <LongText text={block.text} isMono /> : null}
      {block.op === 'removed' && block.from_text !== null ? <LongText text={block.from_text} isMono /> : null}
    </section>
  );
}

function Same({ blocks }: { blocks: readonly DiffBlock[] }): JSX.Element {
  const tokens = blocks.reduce((sum, block) => sum + (block.tokens ?? 0), 0);
  const [first] = blocks;
  const label =
    blocks.length === 1 && first
      ? `${blockName(first)}: the same`
      : `${formatCount(blocks.length)} blocks are the same`;
  return (
    <Fold label={<span class="muted">{label}</span>} hint={`≈ ${formatTokens(tokens)} tokens`}>
      {() => (
        <ul class="small">
          {blocks.map((block) => (
            <li key={block.at} class="num">
              {blockName(block)} <span class="muted">{figuresOf(block)}</span>
            </li>
          ))}
        </ul>
      )}
    </Fold>
  );
}

/** What became of each block of the prompt since the call before, or since another one; and why the cache was missed. */
export function DiffTab({ call }: { call: CallDetail }): JSX.Element {
  const against = address.value.params.get('against');
  const { data, error } = useResource<CallDiff>(
    `calls/${call.id}/diff${against ? `?against=${encodeURIComponent(against)}` : ''}`,
  ).value;
  if (error) return <Failure error={error} />;
  if (!data)
    return (
      <p class="muted" aria-busy="true">
        Comparing…
      </p>
    );
  return (
    <div class="stack">
      {data.cache ? <MissCard miss={data.cache} /> : null}
      <Against call={call} diff={data} />
      {data.notes.map((note) => (
        <p class="hint" key={note}>
          {note}
        </p>
      ))}
      {data.approximate ? <p class="hint">Some blocks were matched by likeness only; they say so.</p> : null}
      {data.settings.length > 0 ? <Settings settings={data.settings} /> : null}
      {data.summary.length > 0 ? <Summary summary={data.summary} /> : null}
      <div class="conversation">
        {blockRuns(data.blocks).map((run, at) =>
          run.isSame ? (
            <Same key={at} blocks={run.blocks} />
          ) : (
            run.blocks.map((block) => <Block key={at} block={block} />)
          ),
        )}
      </div>
      {data.more_blocks > 0 ? (
        <p class="muted small">{formatCount(data.more_blocks)} more blocks are not told.</p>
      ) : null}
    </div>
  );
}
