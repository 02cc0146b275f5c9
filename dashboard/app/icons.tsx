/** Small drawings on a 16 px grid, always beside a word or under an `aria-label`. */
import type { JSX } from 'preact';

const PATHS = {
  search: 'M7 2.500a4.5 4.5 0 1 0 0 9 4.5 4.5 0 0 0 0-9M10.4 10.4 14 14',
  close: 'M3.5 3.500l9 9M12.5 3.500l-9 9',
  plus: 'M8 3v10M3 8h10',
  left: 'M10 3.5 5.5 8l4.5 4.5',
  right: 'M6 3.5 10.5 8 6 12.5',
  down: 'M3.5 6 8 10.5 12.5 6',
  up: 'M8 13V3M4 7l4-4 4 4',
  theme: 'M8 2a6 6 0 1 0 0 12zM8 2a6 6 0 0 1 0 12',
  sun: 'M8 5.200a2.8 2.8 0 1 0 0 5.6 2.8 2.8 0 0 0 0-5.600M8 1.500v1.200M8 13.300v1.200M1.5 8h1.200M13.3 8h1.200M3.4 3.400l.85.85M11.75 11.750l.85.85M3.4 12.600l.85-.85M11.75 4.250l.85-.85',
  moon: 'M13 9.700A5.5 5.5 0 0 1 6.3 3 5.5 5.5 0 1 0 13 9.700z',
  table: 'M2.5 3.500h11v9h-11zM2.5 6.500h11M6.5 6.500v6',
  chart: 'M2.5 13.500h11M4 11V8M8 11V3.500M12 11V6',
  again: 'M13 8a5 5 0 1 1-1.500-3.550M13 2.500v3h-3',
  copy: 'M5.5 5.500h8v8h-8zM10.5 5.500v-3h-8v8h3',
  check: 'M3 8.500l3.5 3.500L13 4.5',
  download: 'M8 2.500v8M4.5 7 8 10.5 11.5 7M3 13.500h10',
  expand: 'M9.5 2.500h4v4M13.5 2.5 9 7M6.5 13.500h-4v-4M2.5 13.5 7 9',
  clock: 'M8 2a6 6 0 1 0 0 12A6 6 0 0 0 8 2M8 4.800V8l2.2 1.5',
  globe: 'M8 2a6 6 0 1 0 0 12A6 6 0 0 0 8 2M2 8h12M8 2c2.2 2 2.2 10 0 12M8 2c-2.2 2-2.2 10 0 12',
  alert: 'M8 2.2 14.3 13H1.700zM8 6.300v3M8 11.200v.1',
  overview: 'M2.5 2.500h4.500v6H2.500zM9 2.500h4.500v3H9zM9 7.500h4.500v6H9zM2.5 10.500h4.500v3H2.500z',
  sessions: 'M3.5 2.500v9.500h4M3.5 6.500h4M9.5 5h4v3h-4zM9.5 10.500h4v3h-4z',
  compare: 'M2.5 3h4.500v10H2.500zM9 3h4.500v10H9z',
  bookmark: 'M4.5 2.500h7v11L8 10.800 4.500 13.5z',
  list: 'M2.5 4h11M2.5 8h11M2.5 12h11',
  settings:
    'M2.5 4.500h5M11.5 4.500h2M9.5 2.800a1.7 1.7 0 1 0 0 3.4 1.7 1.7 0 0 0 0-3.400M2.5 11.500h2M8.5 11.500h5M6.5 9.800a1.7 1.7 0 1 0 0 3.4 1.7 1.7 0 0 0 0-3.4',
} as const;

export type IconName = keyof typeof PATHS;

export function Icon({ name }: { name: IconName }): JSX.Element {
  return (
    <svg class="icon" viewBox="0 0 16 16" width="16" height="16" aria-hidden="true">
      <path d={PATHS[name]} />
    </svg>
  );
}

/** The mark: water over a low wall. */
export function Logo(): JSX.Element {
  return (
    <svg class="logo" viewBox="0 0 24 24" width="22" height="22" aria-hidden="true">
      <path d="M2.5 9.500c2 0 2.6-1.6 4.7-1.600s2.6 1.6 4.7 1.600c2.4 0 2.4 6.5 4.8 6.5 1.8 0 2.3-1.3 4.8-1.3" />
      <path class="logo-wall" d="M3.5 19.500h9.500v-6" />
    </svg>
  );
}
