import type { JSX } from 'preact';
import type { CallDetail, CostLine } from '../../server/api/wire.ts';
import { shade } from '../app/theme.ts';
import { figures, TableHead } from '../app/table-head.tsx';
import { Swatch } from '../charts/chart.tsx';
import { formatCount, formatDuration, formatMoneyExact, shiftDecimal } from '../lib/format.ts';
import { CATEGORIES, OTHER, TOKEN_COLOURS, type Colour } from '../lib/palette.ts';
import { waterfall, type Span } from '../lib/stream.ts';
import { useEvents } from './events-tab.tsx';
import { JsonView } from './json-view.tsx';

const [VIOLET = OTHER, , TEAL = OTHER, BLUE = OTHER, GOLD = OTHER] = CATEGORIES;

const SPAN_COLOURS: Record<Span['kind'], Colour> = {
  wait: OTHER,
  prefill: GOLD,
  thinking: VIOLET,
  text: BLUE,
  tool: TEAL,
  stream: BLUE,
};

function Bars({ spans, endUs }: { spans: readonly Span[]; endUs: number }): JSX.Element {
  return (
    <ol class="waterfall" aria-label="Where the time went">
      {spans.map((span, at) => (
        <li key={at}>
          <span class="clip">{span.label}</span>
          <span class="waterfall-track" aria-hidden="true">
            <span
              style={{
                left: `${(span.fromUs / endUs) * 100}%`,
                width: `${Math.max(0.4, ((span.toUs - span.fromUs) / endUs) * 100)}%`,
                background: shade(SPAN_COLOURS[span.kind]),
              }}
            />
          </span>
          <span class="num" title={`from ${formatDuration(span.fromUs)} to ${formatDuration(span.toUs)}`}>
            {formatDuration(span.toUs - span.fromUs)}
          </span>
        </li>
      ))}
    </ol>
  );
}

function Timing({ call }: { call: CallDetail }): JSX.Element {
  const { items } = useEvents(call.id);
  const spans = waterfall(call, items);
  const tokensPerSecond =
    call.output_tokens !== null &&
    call.duration_us &&
    call.ttft_us !== null &&
    call.duration_us > call.ttft_us
      ? (call.output_tokens / (call.duration_us - call.ttft_us)) * 1e6
      : null;
  return (
    <section aria-label="Timing">
      <h3>Timing</h3>
      {spans.length === 0 ? (
        <p class="muted">{call.state === 'open' ? 'Still running.' : 'No times were measured.'}</p>
      ) : (
        <Bars spans={spans} endUs={call.duration_us ?? 1} />
      )}
      {tokensPerSecond !== null ? (
        <p class="muted small">{tokensPerSecond.toFixed(1)} output tokens a second after the first one</p>
      ) : null}
    </section>
  );
}

const CLASS_LABELS: Record<string, string> = {
  input: 'Uncached input',
  output: 'Output',
  cache_read: 'Cache read',
  cache_write_5m: 'Cache write 5 m',
  cache_write_1h: 'Cache write 1 h',
  web_search: 'Web search',
};

function classColour(name: string): Colour {
  const found = Object.entries(TOKEN_COLOURS).find(([key]) => key === name);
  return found ? found[1] : TOKEN_COLOURS.tools;
}

/** Tokens are priced by the million, everything else each. */
function rateText(line: CostLine): string {
  const isToken = line.class in TOKEN_COLOURS;
  return isToken
    ? `$${shiftDecimal(line.rate_femto_usd, -9)} / M`
    : `$${shiftDecimal(line.rate_femto_usd, -15)} each`;
}

function sourceText(line: CostLine): string {
  return `${line.source} ${line.book_version}`;
}

function Line({ line }: { line: CostLine }): JSX.Element {
  return (
    <tr>
      <th scope="row">
        <Swatch colour={shade(classColour(line.class))} /> {CLASS_LABELS[line.class] ?? line.class}
        {line.iteration === null ? null : <span class="muted small"> iteration {line.iteration + 1}</span>}
      </th>
      <td class="num">{formatCount(line.quantity)}</td>
      <td class="num">{rateText(line)}</td>
      <td class="num">
        {line.multipliers.length === 0 ? (
          <span class="faint">·</span>
        ) : (
          line.multipliers.map(({ name, factor }) => `${name} × ${factor}`).join(', ')
        )}
      </td>
      <td class="num">${shiftDecimal(line.amount_nano_usd, -9)}</td>
      <td class="muted small">
        {line.model}
        <br />
        {sourceText(line)}
        {line.effective_from ? (
          <>
            <br />
            since {line.effective_from.slice(0, 10)}
          </>
        ) : null}
      </td>
    </tr>
  );
}

function Cost({ call }: { call: CallDetail }): JSX.Element {
  const words = {
    computed: 'computed from the usage that the upstream sent',
    reported: 'as the upstream reported it',
    estimated: 'estimated, because the stream was cut before its final usage',
  };
  return (
    <section aria-label="Cost">
      <h3>Cost</h3>
      <p>
        <strong class="num">
          {call.cost_nano_usd === null ? 'unpriced' : formatMoneyExact(call.cost_nano_usd)}
        </strong>{' '}
        <span class="muted">
          {call.cost_nano_usd === null
            ? 'no price is known for this model or this usage'
            : call.cost_source
              ? words[call.cost_source]
              : ''}
        </span>
      </p>
      {call.reported_cost_nano_usd !== null ? (
        <p class="muted small">The upstream reported {formatMoneyExact(call.reported_cost_nano_usd)}.</p>
      ) : null}
      {call.cost_lines.length > 0 ? (
        <div class="scroll-x" tabIndex={0} role="region" aria-label="Cost lines, table">
          <table class="table compact">
            <TableHead
              columns={[
                'Component',
                figures('Quantity'),
                figures('Rate'),
                figures('Multipliers'),
                figures('Amount'),
                'Price',
              ]}
            />
            <tbody>
              {call.cost_lines.map((line, at) => (
                <Line key={at} line={line} />
              ))}
            </tbody>
          </table>
        </div>
      ) : null}
      {call.cache_saved_nano_usd !== null && call.cache_saved_nano_usd !== 0 ? (
        <p class="muted small">
          The cache {call.cache_saved_nano_usd > 0 ? 'saved' : 'cost'}{' '}
          {formatMoneyExact(Math.abs(call.cache_saved_nano_usd))}, premium for writes included.
        </p>
      ) : null}
    </section>
  );
}

/** Where the time went and what each part cost. */
export function TimingTab({ call }: { call: CallDetail }): JSX.Element {
  return (
    <div class="stack">
      <Timing call={call} />
      <Cost call={call} />
      {call.usage ? (
        <section aria-label="Usage">
          <h3>Usage as it was sent</h3>
          <JsonView value={call.usage} />
        </section>
      ) : null}
      {call.request_facts ? (
        <section aria-label="Request facts">
          <h3>What the request asked for</h3>
          <JsonView value={call.request_facts} />
        </section>
      ) : null}
    </div>
  );
}
