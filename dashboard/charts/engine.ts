/** Chart.js with only the parts that are drawn: everything around the canvas (legend, tooltip, labels) is HTML of ours. */
import {
  BarController,
  BarElement,
  CategoryScale,
  Chart,
  LinearScale,
  LineController,
  LineElement,
  PointElement,
  type ChartConfiguration,
  type ChartDataset,
} from 'chart.js';
import type { ChartSeries } from './chart.tsx';
import { formatTick, niceStep, type Unit } from '../lib/metrics.ts';

Chart.register(
  BarController,
  BarElement,
  LineController,
  LineElement,
  PointElement,
  CategoryScale,
  LinearScale,
);

export type CanvasChart = Chart<'bar' | 'line', (number | null)[], string>;

export interface Drawing {
  readonly labels: readonly string[];
  readonly series: readonly ChartSeries[];
  readonly unit: Unit;
  /** Upper end of the scale where the unit has one. */
  readonly maximum?: number;
  readonly isStrip?: boolean;
}

/** The width that the value axis takes, so that charts below each other line up. */
const AXIS_PX = 54;

function token(name: string): string {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

/** Colours of the page as the canvas needs them: resolved, because custom properties with `light-dark()` are not. */
function inks(): { grid: string; text: string; surface: string } {
  const probe = document.createElement('span');
  document.body.append(probe);
  const resolve = (name: string) => {
    probe.style.color = `var(${name})`;
    return getComputedStyle(probe).color;
  };
  const found = { grid: resolve('--border'), text: resolve('--muted'), surface: resolve('--surface') };
  probe.remove();
  return found;
}

function dataset(
  series: ChartSeries,
  at: number,
  surface: string,
): ChartDataset<'bar' | 'line', (number | null)[]> {
  const data = [...series.values];
  if (series.form === 'bar') {
    return {
      type: 'bar',
      data,
      stack: 'all',
      backgroundColor: series.colour,
      borderColor: surface,
      borderWidth: { top: 1 },
      borderSkipped: false,
      barPercentage: 0.92,
      categoryPercentage: 0.92,
      maxBarThickness: 48,
      order: 2,
    };
  }
  const isGhost = series.form === 'ghost';
  return {
    type: 'line',
    data,
    // A stack of its own: the axis is stacked for the bars, rates must not add up.
    stack: `line ${at}`,
    borderColor: series.colour,
    borderWidth: isGhost ? 1.25 : 1.75,
    borderDash: isGhost ? [4, 4] : [],
    pointRadius: isGhost ? 0 : data.map((_, index) => (isLonely(data, index) ? 2.5 : 0)),
    pointBackgroundColor: series.colour,
    pointHoverRadius: 0,
    spanGaps: false,
    order: 1,
  };
}

/** A known value between two unknown ones makes no line: only a point shows it. */
function isLonely(data: readonly (number | null)[], at: number): boolean {
  return (data[at] ?? null) !== null && (data[at - 1] ?? null) === null && (data[at + 1] ?? null) === null;
}

function peak(drawing: Drawing): number {
  const stacked = drawing.labels.map((_, at) =>
    drawing.series.reduce((sum, one) => sum + (one.form === 'bar' ? (one.values[at] ?? 0) : 0), 0),
  );
  const lines = drawing.series.flatMap((one) =>
    one.form === 'bar' ? [] : one.values.map((value) => value ?? 0),
  );
  return Math.max(0, ...stacked, ...lines);
}

/** All of Chart.js's configuration for one drawing. */
function configuration(drawing: Drawing): ChartConfiguration<'bar' | 'line', (number | null)[], string> {
  const ink = inks();
  const font = { size: 11, family: token('--font') || 'system-ui, sans-serif' };
  const top = peak(drawing);
  const step = niceStep(drawing.maximum ?? top, drawing.unit);
  const isStrip = drawing.isStrip === true;
  return {
    type: 'bar',
    data: {
      labels: [...drawing.labels],
      datasets: drawing.series.map((series, at) => dataset(series, at, ink.surface)),
    },
    options: {
      animation: false,
      responsive: true,
      maintainAspectRatio: false,
      normalized: true,
      events: [],
      layout: { padding: { top: 6, right: 2 } },
      scales: {
        x: {
          stacked: true,
          grid: { display: false },
          border: { color: ink.grid },
          ticks: {
            color: ink.text,
            font,
            maxRotation: 0,
            autoSkip: true,
            autoSkipPadding: isStrip ? 60 : 20,
            padding: isStrip ? 0 : 3,
          },
        },
        y: {
          stacked: true,
          beginAtZero: true,
          max: isStrip ? Math.max(1, top) : (drawing.maximum ?? Math.max(step, Math.ceil(top / step) * step)),
          grid: { display: !isStrip, color: ink.grid, drawTicks: false },
          border: { display: false },
          ticks: {
            display: !isStrip,
            color: ink.text,
            font,
            padding: 8,
            stepSize: step,
            callback: (value) => formatTick(Number(value), drawing.unit),
          },
          afterFit: (scale) => {
            scale.width = isStrip ? 0 : AXIS_PX;
          },
        },
      },
    },
  };
}

/** Draws into the canvas; the caller destroys it. */
export function draw(canvas: HTMLCanvasElement, drawing: Drawing): CanvasChart {
  return new Chart(canvas, configuration(drawing));
}

/** Draws other data into the same canvas. */
export function redraw(chart: CanvasChart, drawing: Drawing): void {
  const { data, options } = configuration(drawing);
  chart.data = data;
  if (options) chart.options = options;
  chart.update('none');
}

/** The interval under a point of the canvas, and the bar series in it; null outside the plot. */
export function pick(chart: CanvasChart, x: number, y: number): { at: number; series: number | null } | null {
  const { chartArea: area, scales } = chart;
  if (!area || x < area.left || x > area.right || y < area.top - 8 || y > area.bottom + 24) return null;
  const at = scales['x']?.getValueForPixel(x) ?? 0;
  let base = 0;
  const value = scales['y']?.getValueForPixel(y) ?? 0;
  for (const [index, one] of chart.data.datasets.entries()) {
    if (one.type !== 'bar') continue;
    base += one.data[at] ?? 0;
    if (value <= base) return { at, series: index };
  }
  return { at, series: null };
}

/** Left and right edge of an interval in px of the canvas. */
export function slot(chart: CanvasChart, at: number): { left: number; right: number } {
  const x = chart.scales['x'];
  const area = chart.chartArea;
  const count = Math.max(1, chart.data.labels?.length ?? 1);
  const width = (area.right - area.left) / count;
  const centre = x ? x.getPixelForValue(at) : area.left;
  return { left: centre - width / 2, right: centre + width / 2 };
}
