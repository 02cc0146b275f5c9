import type { JSX } from 'preact';
import type { CallDetail } from '../../server/api/wire.ts';
import { figures, TableHead } from '../app/table-head.tsx';
import { CALL_FIGURES, type CallFigure } from '../lib/call-figures.ts';
import { formatChange, UNKNOWN } from '../lib/format.ts';
import { formatExact, formatUnit } from '../lib/metrics.ts';

const WORDS: readonly { label: string; of: (call: CallDetail) => string | number | null }[] = [
  { label: 'Model', of: (call) => call.model ?? call.requested_model },
  { label: 'Stop reason', of: (call) => call.stop_reason },
  { label: 'Status', of: (call) => call.status },
  { label: 'Ended', of: (call) => call.error_kind ?? call.state },
];

function FigureRow({
  figure,
  before,
  after,
}: {
  figure: CallFigure;
  before: CallDetail;
  after: CallDetail;
}): JSX.Element | null {
  const [one, other] = [figure.of(before), figure.of(after)];
  if (one === null && other === null) return null;
  const difference = one === null || other === null ? null : other - one;
  const sign = difference === null || difference === 0 ? '' : difference > 0 ? '+' : '−';
  return (
    <tr data-figure={figure.label} data-delta={difference ?? ''}>
      <th scope="row">{figure.label}</th>
      <td class="num" title={formatExact(one, figure.unit)}>
        {formatUnit(one, figure.unit)}
      </td>
      <td class="num" title={formatExact(other, figure.unit)}>
        {formatUnit(other, figure.unit)}
      </td>
      <td class="num">
        {difference === null ? UNKNOWN : `${sign}${formatUnit(Math.abs(difference), figure.unit)}`}
      </td>
      <td class="num muted">{formatChange(other, one) ?? ''}</td>
    </tr>
  );
}

/** What two calls cost, took and ended in, with the differences from the first to the second. */
export function Deltas({ before, after }: { before: CallDetail; after: CallDetail }): JSX.Element {
  return (
    <section class="card" aria-label="Differences in figures">
      <div class="scroll-x" tabIndex={0} role="region" aria-label="Differences in figures, table">
        <table class="table compact">
          <TableHead
            columns={[
              'Figure',
              figures('First'),
              figures('Second'),
              figures('Difference'),
              figures('Change'),
            ]}
          />
          <tbody>
            {WORDS.map(({ label, of }) => (
              <tr key={label} data-figure={label}>
                <th scope="row">{label}</th>
                <td class="num">{of(before) ?? UNKNOWN}</td>
                <td class="num">{of(after) ?? UNKNOWN}</td>
                <td class="num" colSpan={2}>
                  {of(before) === of(after) ? <span class="muted">same</span> : 'differs'}
                </td>
              </tr>
            ))}
            {CALL_FIGURES.map((figure) => (
              <FigureRow key={figure.label} figure={figure} before={before} after={after} />
            ))}
          </tbody>
        </table>
      </div>
    </section>
  );
}
