import type { JSX } from 'preact';
import type { Metric, Stats } from '../../server/api/wire.ts';
import type { Changes } from '../app/address.ts';
import { figureHref } from '../app/figure-link.ts';
import { shade } from '../app/theme.ts';
import { figures, TableHead } from '../app/table-head.tsx';
import { Swatch } from '../charts/chart.tsx';
import {
  formatChange,
  formatMoney,
  formatMoneyExact,
  formatPercent,
  formatTokens,
  UNKNOWN,
} from '../lib/format.ts';
import { OTHER, TOKEN_COLOURS, type Colour } from '../lib/palette.ts';
import { sumOf } from '../lib/series.ts';

interface Part {
  readonly label: string;
  readonly metric: Metric;
  /** The tokens that were paid for; null where it is no tokens. */
  readonly tokens: Metric | null;
  readonly colour: Colour;
}

const PARTS: readonly Part[] = [
  {
    label: 'Cache read',
    metric: 'cost_cache_read_nano_usd',
    tokens: 'cache_read_tokens',
    colour: TOKEN_COLOURS.cache_read,
  },
  {
    label: 'Cache write 5 m',
    metric: 'cost_cache_write_5m_nano_usd',
    tokens: 'cache_write_5m_tokens',
    colour: TOKEN_COLOURS.cache_write_5m,
  },
  {
    label: 'Cache write 1 h',
    metric: 'cost_cache_write_1h_nano_usd',
    tokens: 'cache_write_1h_tokens',
    colour: TOKEN_COLOURS.cache_write_1h,
  },
  {
    label: 'Uncached input',
    metric: 'cost_input_nano_usd',
    tokens: 'input_tokens',
    colour: TOKEN_COLOURS.input,
  },
  { label: 'Output', metric: 'cost_output_nano_usd', tokens: 'output_tokens', colour: TOKEN_COLOURS.output },
  { label: 'Tools', metric: 'cost_tools_nano_usd', tokens: null, colour: TOKEN_COLOURS.tools },
];

export const COST_METRICS = ['cost_nano_usd', ...PARTS.map(({ metric }) => metric)] as const;

interface Line {
  readonly label: string;
  readonly metric: string;
  readonly nanoUsd: number;
  readonly before: number | null;
  readonly tokens: number | null;
  readonly colour: Colour;
  readonly title?: string;
  /** What finds the calls it was paid for; all of the page if not given. */
  readonly filter?: Changes;
}

/** Below this a difference is the rounding of calls to whole nano-dollars. */
const ROUNDING_NANO_USD = 1_000;

function linesOf(costs: Stats, tokens: Stats): Line[] {
  const before = (metric: string) => costs.previous?.totals[metric] ?? null;
  const lines = PARTS.flatMap(({ metric, tokens: counted, label, colour }): Line[] => {
    const nanoUsd = costs.totals[metric] ?? null;
    if (nanoUsd === null) return [];
    const count = counted === null ? null : (tokens.totals[counted] ?? null);
    return [{ label, metric, nanoUsd, before: before(metric), tokens: count, colour }];
  });
  const rest = (costs.totals['cost_nano_usd'] ?? 0) - sumOf(lines.map(({ nanoUsd }) => nanoUsd));
  if (Math.abs(rest) > ROUNDING_NANO_USD) {
    lines.push({
      label: 'As reported',
      metric: 'rest',
      nanoUsd: rest,
      before: null,
      tokens: null,
      colour: OTHER,
      filter: { cost_source: 'reported' },
      title: 'Of these calls only the figure that the upstream sent is known, not what it is made of',
    });
  }
  return lines;
}

function Bar({ lines, whole }: { lines: readonly Line[]; whole: number }): JSX.Element {
  return (
    <div class="stack-bar" aria-hidden="true">
      {lines.map((line) => (
        <span
          key={line.metric}
          title={`${line.label} ${formatMoney(line.nanoUsd)}`}
          style={{ width: `${(line.nanoUsd / whole) * 100}%`, background: shade(line.colour) }}
        />
      ))}
    </div>
  );
}

/** What a million of these tokens came to, multipliers included. */
function rateText({ nanoUsd, tokens }: Line): string {
  return tokens ? formatMoney((nanoUsd / tokens) * 1e6) : UNKNOWN;
}

function LineRow({ line, whole }: { line: Line; whole: number }): JSX.Element {
  return (
    <tr data-part={line.metric} data-value={line.nanoUsd}>
      <th scope="row" title={line.title}>
        <Swatch colour={shade(line.colour)} /> {line.label}
      </th>
      <td class="num" title={formatMoneyExact(line.nanoUsd)}>
        <a href={figureHref(line.filter)}>{formatMoney(line.nanoUsd)}</a>
      </td>
      <td class="num">{formatPercent(line.nanoUsd / whole)}</td>
      <td class="num wide-only">{formatTokens(line.tokens)}</td>
      <td class="num wide-only">{rateText(line)}</td>
      <td class="num muted">{formatChange(line.nanoUsd, line.before) ?? UNKNOWN}</td>
    </tr>
  );
}

/** What the money was for, with writes of five minutes and of an hour apart. `tokens` holds the counts of the same scope. */
export function CostPartsCard({
  costs,
  tokens,
  isStale,
}: {
  costs: Stats;
  tokens: Stats;
  isStale: boolean;
}): JSX.Element {
  const lines = linesOf(costs, tokens);
  const whole = sumOf(lines.map(({ nanoUsd }) => nanoUsd));
  return (
    <section class={`card${isStale ? ' is-stale' : ''}`} aria-label="Cost by component">
      <header class="card-head">
        <h2>Cost by component</h2>
      </header>
      {whole > 0 ? (
        <>
          <Bar lines={lines} whole={whole} />
          <div class="scroll-x" tabIndex={0} role="region" aria-label="Cost by component, table">
            <table class="table compact">
              <TableHead
                columns={[
                  'Component',
                  figures('Cost'),
                  figures('Share'),
                  figures('Tokens', { isWide: true }),
                  figures('a million', { isWide: true }),
                  figures('Change', { title: 'Against the period before' }),
                ]}
              />
              <tbody>
                {lines.map((line) => (
                  <LineRow key={line.metric} line={line} whole={whole} />
                ))}
              </tbody>
            </table>
          </div>
        </>
      ) : (
        <p class="plot-empty">Nothing was paid for in this range.</p>
      )}
    </section>
  );
}
