import { useEffect, useRef } from 'preact/hooks';
import { useSignal, type Signal } from '@preact/signals';
import type { JSX } from 'preact';
import { scheme } from '../app/theme.ts';
import { sumOf } from '../lib/series.ts';
import { formatUnit, type Unit } from '../lib/metrics.ts';
import { draw, pick, redraw, slot, type CanvasChart } from './engine.ts';

export interface ChartSeries {
  readonly key: string | null;
  readonly label: string;
  /** A concrete colour of the shown scheme. */
  readonly colour: string;
  readonly values: readonly (number | null)[];
  /** Stacked bars, a line, or the dashed line of the period before. */
  readonly form: 'bar' | 'line' | 'ghost';
  readonly isRest?: boolean;
}

export interface ChartProps {
  readonly labels: readonly string[];
  /** Full names of the intervals. */
  readonly titles: readonly string[];
  readonly series: readonly ChartSeries[];
  readonly unit: Unit;
  readonly maximum?: number;
  /** One sentence for those who do not see it. */
  readonly summary: string;
  readonly isTall?: boolean;
  /** A strip without a scale. */
  readonly isStrip?: boolean;
  /** A click on an interval; `series` is null beside the bars. */
  readonly onPick?: (at: number, series: ChartSeries | null) => void;
  /** A drag from one interval to another, both inclusive. */
  readonly onRange?: (first: number, last: number) => void;
}

const SHOWN_IN_TIP = 8;

function tipRows(props: ChartProps, at: number): ChartSeries[] {
  return props.series
    .filter((one) => one.form !== 'ghost' && (one.values[at] ?? 0) !== 0)
    .sort((one, other) => (other.values[at] ?? 0) - (one.values[at] ?? 0))
    .slice(0, SHOWN_IN_TIP);
}

function Tip({ props, at }: { props: ChartProps; at: number }): JSX.Element {
  const rows = tipRows(props, at);
  const bars = props.series.filter((one) => one.form === 'bar');
  const ghost = props.series.find((one) => one.form === 'ghost');
  return (
    <>
      <strong>{props.titles[at]}</strong>
      {rows.length === 0 ? <p class="muted">nothing here</p> : null}
      <table>
        <tbody>
          {rows.map((one) => (
            <tr key={one.label}>
              <th scope="row">
                <Swatch colour={one.colour} isLine={one.form === 'line'} />
                <span class="clip">{one.label}</span>
              </th>
              <td class="num">{formatUnit(one.values[at], props.unit)}</td>
            </tr>
          ))}
          {bars.length > 1 ? (
            <tr class="tip-total">
              <th scope="row">Total</th>
              <td class="num">{formatUnit(sumOf(bars.map((one) => one.values[at] ?? null)), props.unit)}</td>
            </tr>
          ) : null}
          {ghost ? (
            <tr class="muted">
              <th scope="row">{ghost.label}</th>
              <td class="num">{formatUnit(ghost.values[at], props.unit)}</td>
            </tr>
          ) : null}
        </tbody>
      </table>
    </>
  );
}

/** The colour of a series beside its word. */
export function Swatch({ colour, isLine = false }: { colour: string; isLine?: boolean }): JSX.Element {
  return (
    <span class={isLine ? 'swatch is-line' : 'swatch'} style={{ background: colour }} aria-hidden="true" />
  );
}

interface Pointing {
  readonly at: Signal<number | null>;
  readonly dragFrom: Signal<number | null>;
}

function pointerHandlers(chart: { current: CanvasChart | null }, pointing: Pointing, props: ChartProps) {
  const { at, dragFrom } = pointing;
  const found = (event: PointerEvent) => {
    if (!chart.current) return null;
    const box = chart.current.canvas.getBoundingClientRect();
    return pick(chart.current, event.clientX - box.left, event.clientY - box.top);
  };
  return {
    onPointerMove: (event: PointerEvent) =>
      (at.value = found(event)?.at ?? (dragFrom.value === null ? null : at.value)),
    onPointerLeave: () => {
      at.value = null;
      dragFrom.value = null;
    },
    onPointerDown: (event: PointerEvent) => {
      if (event.button === 0) dragFrom.value = found(event)?.at ?? null;
    },
    onPointerUp: (event: PointerEvent) => {
      const from = dragFrom.value;
      const hit = found(event);
      dragFrom.value = null;
      if (!hit || from === null) return;
      if (from !== hit.at && event.pointerType === 'mouse') {
        props.onRange?.(Math.min(from, hit.at), Math.max(from, hit.at));
      } else {
        props.onPick?.(hit.at, hit.series === null ? null : (props.series[hit.series] ?? null));
      }
    },
  };
}

function keyHandler(at: Signal<number | null>, props: ChartProps) {
  return (event: KeyboardEvent) => {
    const last = props.titles.length - 1;
    const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (step)
      at.value = at.value === null ? (step > 0 ? 0 : last) : Math.max(0, Math.min(last, at.value + step));
    else if (event.key === 'Enter' && at.value !== null) props.onPick?.(at.value, null);
    else if (event.key === 'Escape' && at.value !== null) at.value = null;
    else return;
    event.preventDefault();
    event.stopPropagation();
  };
}

/** One canvas with what belongs to it: marker of the interval, tooltip, keys. Redraws with data, size and scheme. */
export function TimeChart(props: ChartProps): JSX.Element {
  const canvas = useRef<HTMLCanvasElement>(null);
  const chart = useRef<CanvasChart | null>(null);
  const at = useSignal<number | null>(null);
  const dragFrom = useSignal<number | null>(null);
  const isKeyed = useSignal(false);
  const shown = scheme.value;
  useEffect(() => {
    if (!canvas.current) return;
    if (chart.current) redraw(chart.current, props);
    else chart.current = draw(canvas.current, props);
    // `shown` is read by the colours that the drawing looks up itself.
  }, [props.labels, props.series, props.unit, shown]);
  useEffect(() => () => chart.current?.destroy(), []);
  const marked = at.value !== null && at.value < props.titles.length ? at.value : null;
  const onKey = keyHandler(at, props);
  return (
    <div
      class={`plot${props.isTall ? ' is-tall' : ''}${props.isStrip ? ' is-strip' : ''}${props.onPick ? ' is-clickable' : ''}`}
      role="img"
      aria-label={props.summary}
      tabIndex={0}
      onKeyDown={(event) => {
        isKeyed.value = true;
        onKey(event);
      }}
      onBlur={() => (at.value = null)}
      {...pointerHandlers(chart, { at, dragFrom }, props)}
    >
      <canvas ref={canvas} />
      {marked !== null && chart.current ? (
        <Marker chart={chart.current} at={marked} from={dragFrom.value} />
      ) : null}
      {marked !== null && chart.current ? (
        <div class="tip" style={tipPlace(chart.current, marked)}>
          <Tip props={props} at={marked} />
        </div>
      ) : null}
      {isKeyed.value && marked !== null ? (
        <p class="visually-hidden" aria-live="polite">
          {props.titles[marked]}:{' '}
          {tipRows(props, marked)
            .map((one) => `${one.label} ${formatUnit(one.values[marked], props.unit)}`)
            .join(', ') || 'nothing'}
        </p>
      ) : null}
    </div>
  );
}

function Marker({ chart, at, from }: { chart: CanvasChart; at: number; from: number | null }): JSX.Element {
  const left = Math.min(slot(chart, at).left, slot(chart, from ?? at).left);
  const right = Math.max(slot(chart, at).right, slot(chart, from ?? at).right);
  const { top, bottom } = chart.chartArea;
  return (
    <div
      class={from !== null && from !== at ? 'marker is-drag' : 'marker'}
      style={{ left: `${left}px`, width: `${right - left}px`, top: `${top}px`, height: `${bottom - top}px` }}
    />
  );
}

function tipPlace(chart: CanvasChart, at: number): { left?: string; right?: string } {
  const { left, right } = slot(chart, at);
  return (left + right) / 2 < chart.width / 2
    ? { left: `${right + 8}px`, right: 'auto' }
    : { right: `${chart.width - left + 8}px`, left: 'auto' };
}
