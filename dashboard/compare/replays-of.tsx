import type { JSX } from 'preact';
import type { Call, ComparedAnswer, ComparedBlock, Comparison } from '../../server/api/wire.ts';
import { hrefOf, zone } from '../app/address.ts';
import { useResource } from '../app/api.ts';
import { ExportMenu } from '../app/export-menu.tsx';
import { Failure } from '../app/failure.tsx';
import { revision } from '../app/live.ts';
import { figures, TableHead } from '../app/table-head.tsx';
import { CALL_FIGURES } from '../lib/call-figures.ts';
import { formatPercent, formatTime, UNKNOWN } from '../lib/format.ts';
import { formatExact, formatUnit, type Unit } from '../lib/metrics.ts';
import { Ending } from '../requests/badges.tsx';
import { Side } from './diff-view.tsx';

const WORDS: readonly { label: string; of: (call: Call) => string | number | null }[] = [
  { label: 'Model', of: (call) => call.model ?? call.requested_model },
  { label: 'Upstream', of: (call) => call.upstream },
  { label: 'Status', of: (call) => call.status },
];

function Difference({
  value,
  original,
  unit,
}: {
  value: number | null;
  original: number | null;
  unit: Unit;
}) {
  if (value === null || original === null || value === original) return null;
  const sign = value > original ? '+' : '−';
  return (
    <div class="muted small" data-difference={value - original}>
      {sign}
      {formatUnit(Math.abs(value - original), unit)}
    </div>
  );
}

function name(at: number, count: number): string {
  return count === 1 ? 'Replay' : `Replay ${count - at}`;
}

function Figures({ comparison }: { comparison: Comparison }): JSX.Element {
  const { call: original, items } = comparison;
  const calls = [original, ...items.map(({ call }) => call)];
  const heads = calls.map((call, at) => (
    <a href={hrefOf(`/requests/${call.id}`)} key={call.id} title={call.started}>
      {at === 0 ? 'Original' : name(at - 1, items.length)},{' '}
      {formatTime(call.started_ms, zone.value, Date.now())}
    </a>
  ));
  const known = CALL_FIGURES.filter(({ of }) => calls.some((call) => of(call) !== null));
  return (
    <section class="card" aria-label="Figures">
      <div class="scroll-x" tabIndex={0} role="region" aria-label="Figures, table">
        <table class="table compact">
          <TableHead columns={['Figure', ...heads.map((head) => figures(head))]} />
          <tbody>
            <tr>
              <th scope="row">Ended</th>
              {calls.map((call) => (
                <td class="num" key={call.id}>
                  <Ending call={call} />
                </td>
              ))}
            </tr>
            {WORDS.map(({ label, of }) => (
              <tr key={label}>
                <th scope="row">{label}</th>
                {calls.map((call) => (
                  <td class="num" key={call.id}>
                    {of(call) ?? UNKNOWN}
                  </td>
                ))}
              </tr>
            ))}
            {known.map(({ label, unit, of }) => (
              <tr key={label} data-figure={label}>
                <th scope="row">{label}</th>
                {calls.map((call, at) => (
                  <td class="num" key={call.id} title={formatExact(of(call), unit)}>
                    {formatUnit(of(call), unit)}
                    {at > 0 ? <Difference value={of(call)} original={of(original)} unit={unit} /> : null}
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </section>
  );
}

const OP_WORDS = {
  same: 'the same',
  changed: 'differs',
  removed: 'only in the original',
  added: 'only in the replay',
};

function valueText(value: unknown): string {
  return value === undefined ? 'nothing' : (JSON.stringify(value) ?? 'nothing');
}

function Block({ block }: { block: ComparedBlock }): JSX.Element {
  const label = [block.type.replaceAll('_', ' '), block.name].filter(Boolean).join(' ');
  return (
    <section class={`diff-block is-${block.op}`} aria-label={`${label}: ${OP_WORDS[block.op]}`}>
      <header>
        <h3>{label}</h3>
        <span class="muted small">{OP_WORDS[block.op]}</span>
      </header>
      {block.text.length > 0 ? (
        <div class="diff-pair">
          <Side pieces={block.text} kind="removed" label={`${label}, original`} />
          <Side pieces={block.text} kind="added" label={`${label}, replay`} />
        </div>
      ) : null}
      {block.changes.length > 0 ? (
        <ul class="diff-settings">
          {block.changes.map((change) => (
            <li key={change.path}>
              <code>{change.path || '(whole)'}</code>: <del>{valueText(change.before)}</del> →{' '}
              <ins>{valueText(change.after)}</ins>
            </li>
          ))}
        </ul>
      ) : null}
    </section>
  );
}

function Answer({ answer, label }: { answer: ComparedAnswer; label: string }): JSX.Element {
  const { call, is_same: isSame, likeness, blocks } = answer;
  return (
    <section class="card" aria-label={`${label}: answer`} data-call-id={call.id}>
      <header class="card-head">
        <h2>{label}: answer</h2>
        <span class="muted num">
          {call.state === 'open'
            ? 'on its way…'
            : isSame === null
              ? 'no message to compare'
              : isSame
                ? 'the same answer'
                : likeness === null
                  ? 'differs'
                  : `${formatPercent(likeness)} of the words are the same`}
        </span>
      </header>
      <div class="conversation">
        {blocks.map((block, at) => (
          <Block key={at} block={block} />
        ))}
      </div>
    </section>
  );
}

/** A call beside what came when it was sent again: figures, and the answers by words and by structure. */
export function ReplaysOf({ id }: { id: string }): JSX.Element {
  const resource = `calls/${encodeURIComponent(id)}/compare`;
  const { data, error } = useResource<Comparison>(resource, revision.value).value;
  return (
    <div class="page">
      <div class="compare-bar">
        <h1>Sent again</h1>
        <span class="filter-end">
          <a class="button" href={hrefOf(`/requests/${id}`)}>
            The request
          </a>
          <a class="button" href={hrefOf('/replays', { replays_of: id })}>
            All its replays
          </a>
          <ExportMenu
            parts={[
              { label: 'Comparison', resource, isTable: false, hasCommand: false },
              {
                label: 'Replays',
                resource: `replays?of=${encodeURIComponent(id)}`,
                isTable: true,
                hasCommand: false,
              },
            ]}
          />
        </span>
      </div>
      {error ? <Failure error={error} /> : null}
      {!data && !error ? (
        <p class="muted" aria-busy="true">
          Comparing…
        </p>
      ) : null}
      {data && data.items.length === 0 ? (
        <p class="hint">This request has not been sent again: its page has the form, under Replay ( r ).</p>
      ) : null}
      {data ? <Figures comparison={data} /> : null}
      {data?.items.map((answer, at) => (
        <Answer key={answer.call.id} answer={answer} label={name(at, data.items.length)} />
      ))}
    </div>
  );
}
