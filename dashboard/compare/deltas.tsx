import type { JSX } from 'preact';
import type { CallDetail } from '../../server/api/wire.ts';
import { figures, TableHead } from '../app/table-head.tsx';
import { totalTokens } from '../lib/filters.ts';
import { formatChange, UNKNOWN } from '../lib/format.ts';
import { formatExact, formatUnit, type Unit } from '../lib/metrics.ts';

interface Figure {
  readonly label: string;
  readonly unit: Unit;
  readonly of: (call: CallDetail) => number | null;
}

const FIGURES: readonly Figure[] = [
  { label: 'Cost', unit: 'money', of: (call) => call.cost_nano_usd },
  { label: 'Tokens', unit: 'count', of: totalTokens },
  { label: 'Uncached input', unit: 'count', of: (call) => call.input_tokens },
  { label: 'Cache read', unit: 'count', of: (call) => call.cache_read_tokens },
  { label: 'Cache write 5 m', unit: 'count', of: (call) => call.cache_write_5m_tokens },
  { label: 'Cache write 1 h', unit: 'count', of: (call) => call.cache_write_1h_tokens },
  { label: 'Output', unit: 'count', of: (call) => call.output_tokens },
  { label: 'Thinking', unit: 'count', of: (call) => call.thinking_tokens },
  { label: 'First token', unit: 'duration', of: (call) => call.ttft_us },
  { label: 'Duration', unit: 'duration', of: (call) => call.duration_us },
];

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
  figure: Figure;
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
            {FIGURES.map((figure) => (
              <FigureRow key={figure.label} figure={figure} before={before} after={after} />
            ))}
          </tbody>
        </table>
      </div>
    </section>
  );
}
