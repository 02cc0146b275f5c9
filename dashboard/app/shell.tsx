import { useEffect } from 'preact/hooks';
import { useSignal } from '@preact/signals';
import type { ComponentType, JSX } from 'preact';
import type { CallsPage, Health, Stats } from '../../server/api/wire.ts';
import { filters, hrefOf, path, range } from './address.ts';
import { useResource } from './api.ts';
import { hasColours, hasSpareColours, learnModels } from './colours.ts';
import { Failure } from './failure.tsx';
import { hasReplays } from './figure-link.ts';
import { Help } from './help.tsx';
import { Icon, Logo, type IconName } from './icons.tsx';
import { isHelpOpen, isPaletteOpen } from './keys.ts';
import { liveState, revision } from './live.ts';
import { LazyPage } from './lazy.tsx';
import { RangePicker, ZonePicker } from './range-picker.tsx';
import { cycleTheme, theme } from './theme.ts';
import { metricOf } from '../lib/series.ts';
import { FirstRun } from '../overview/first-run.tsx';
import { OverviewPage } from '../overview/page.tsx';

const PAGES: readonly { to: string; label: string; icon: IconName }[] = [
  { to: '/overview', label: 'Overview', icon: 'overview' },
  { to: '/requests', label: 'Requests', icon: 'list' },
  { to: '/sessions', label: 'Sessions', icon: 'sessions' },
  { to: '/explore', label: 'Explore', icon: 'chart' },
  { to: '/compare', label: 'Compare', icon: 'compare' },
  { to: '/settings', label: 'Settings', icon: 'settings' },
];

/** What decides which models have colours of their own. */
const MODELS_BY_COST = 'stats?metric=cost_nano_usd&metric=calls&group_by=model&from=30d';

function rankedModels(stats: Stats): string[] {
  return stats.rows
    .toSorted(
      (one, other) =>
        (metricOf(other, 'cost_nano_usd') ?? -1) - (metricOf(one, 'cost_nano_usd') ?? -1) ||
        (metricOf(other, 'calls') ?? 0) - (metricOf(one, 'calls') ?? 0),
    )
    .flatMap((row) => (typeof row['model'] === 'string' ? [row['model']] : []));
}

/** A sum over whole hours, which costs nothing however large the record is. */
const ANY_REPLAYS = `stats?metric=calls&replay=true&from=0&to=${Date.UTC(2089, 0)}`;

const THEME_ICONS = { system: 'theme', light: 'sun', dark: 'moon' } as const;

/** Replays stand beside comparisons. */
function isIn(page: string): boolean {
  return path.value.startsWith(page) || (page === '/compare' && path.value.startsWith('/replays'));
}

function Tabs(): JSX.Element {
  return (
    <nav class="tabs" aria-label="Pages">
      {PAGES.map((page) => (
        <a key={page.to} href={hrefOf(page.to)} aria-current={isIn(page.to) ? 'page' : undefined}>
          <Icon name={page.icon} />
          {page.label}
        </a>
      ))}
    </nav>
  );
}

function LiveDot(): JSX.Element {
  const isConnected = liveState.value === 'connected';
  const text = isConnected ? 'Live: new calls show as they come' : 'Not connected, trying again';
  return (
    <span class={`live-dot${isConnected ? ' is-on' : ''}`} role="status" aria-label={text} title={text}>
      <span aria-hidden="true" />
    </span>
  );
}

function TopBar({ health }: { health: Health | null }): JSX.Element {
  return (
    <header class="top-bar">
      <div class="top-bar-inner">
        <a class="brand" href={hrefOf('/overview')} aria-label="Weir, overview">
          <Logo />
          <span>Weir</span>
        </a>
        {health?.demo ? (
          <span class="demo-badge" title="Sample calls, answered inside the program">
            demo
          </span>
        ) : null}
        <Tabs />
        <div class="top-tools">
          {path.value.startsWith('/settings') ? null : <RangePicker />}
          <ZonePicker />
          <LiveDot />
          <button
            type="button"
            class="button icon-only"
            aria-label="Go to or do something"
            title="Go to or do something ( Ctrl K )"
            onClick={() => (isPaletteOpen.value = true)}
          >
            <Icon name="search" />
          </button>
          <button
            type="button"
            class="button icon-only"
            aria-label={`Theme: ${theme.value}`}
            title={`Theme: ${theme.value} ( . )`}
            onClick={cycleTheme}
          >
            <Icon name={THEME_ICONS[theme.value]} />
          </button>
          <button
            type="button"
            class="button icon-only help-button"
            aria-label="Keys"
            title="Keys ( ? )"
            onClick={() => (isHelpOpen.value = true)}
          >
            ?
          </button>
        </div>
      </div>
    </header>
  );
}

/** Pages but the first, by their name in the address: one for all, and one for each id below it. */
const LOADS: Record<string, { all: Load; one?: Load }> = {
  requests: {
    all: async () => (await import('../requests/page.tsx')).RequestsPage,
    one: async () => (await import('../requests/request-page.tsx')).RequestPage,
  },
  sessions: {
    all: async () => (await import('../sessions/page.tsx')).SessionsPage,
    one: async () => (await import('../sessions/session-page.tsx')).SessionPage,
  },
  explore: { all: async () => (await import('../explore/page.tsx')).ExplorePage },
  compare: { all: async () => (await import('../compare/page.tsx')).ComparePage },
  replays: { all: async () => (await import('../compare/replays-page.tsx')).ReplaysPage },
  settings: { all: async () => (await import('../settings/page.tsx')).SettingsPage },
};

const loadPalette: Load = async () => (await import('./command-palette.tsx')).CommandPalette;

type Load = () => Promise<ComponentType<{ id: string }>>;

function idIn(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment;
  }
}

function Page(): JSX.Element {
  const [, page = '', segment = ''] = path.value.split('/');
  if (page === 'overview') return <OverviewPage />;
  const loads = Object.hasOwn(LOADS, page) ? LOADS[page] : undefined;
  const load = segment ? loads?.one : loads?.all;
  if (load) {
    const name = segment ? `${page}/one` : page;
    return <LazyPage key={name} name={name} id={idIn(segment)} load={load} />;
  }
  return (
    <div class="page empty">
      <h1>No such page</h1>
      <p>
        <a href={hrefOf('/overview')}>Go to the overview</a>
      </p>
    </div>
  );
}

const BEAT_MS = 15_000;

/** Grows while the page is looked at: trouble has to show also when no calls come. */
function useBeat(): number {
  const beat = useSignal(0);
  useEffect(() => {
    const timer = setInterval(() => {
      if (!document.hidden) beat.value++;
    }, BEAT_MS);
    return () => clearInterval(timer);
  }, []);
  return beat.value;
}

/** Says that the record has trouble, and which. */
function Trouble({ health }: { health: Health | null }): JSX.Element | null {
  if (health?.status !== 'degraded') return null;
  return (
    <div class="trouble-bar" role="alert">
      <Icon name="alert" />
      <p>
        <strong>Recording is degraded.</strong> {health.reasons.join(' · ')}
      </p>
      <a href={hrefOf('/settings')}>Details</a>
    </div>
  );
}

/** Top bar, the page, and what lies over it. */
export function Shell(): JSX.Element {
  const beat = useBeat();
  const health = useResource<Health>('health', beat + revision.value).value;
  const isEmpty = useSignal(true);
  // Asked again with every finished call while the record is empty: that is how the first call ends the first run.
  const any = useResource<CallsPage>('calls?limit=1', isEmpty.value ? revision.value : -1).value;
  if (any.data && any.data.items.length > 0) isEmpty.value = false;
  const replays = useResource<Stats>(ANY_REPLAYS, hasReplays.value ? -1 : revision.value).value;
  useEffect(() => {
    if (replays.data?.totals['calls']) hasReplays.value = true;
  }, [replays.data]);
  const isFirstVisit = useSignal(!hasColours.value);
  const models = useResource<Stats>(MODELS_BY_COST, hasSpareColours.value ? revision.value : 0).value;
  useEffect(() => {
    if (models.data) learnModels(rankedModels(models.data));
  }, [models.data]);
  const isFirstRun = any.data !== null && isEmpty.value && !path.value.startsWith('/settings');
  const isReady = (any.data !== null || any.error !== null) && (!isFirstVisit.value || !models.isStale);
  return (
    <>
      <a class="skip-link" href="#main">
        Skip to the content
      </a>
      <TopBar health={health.data} />
      <Trouble health={health.data} />
      <main
        id="main"
        tabIndex={-1}
        data-range={range.value.key}
        data-filters={Object.keys(filters.value).length}
      >
        {any.error && any.error.status === 401 ? (
          <div class="page">
            <Failure error={any.error} />
          </div>
        ) : !isReady ? null : isFirstRun ? (
          <FirstRun proxyUrl={health.data?.proxy_url ?? window.location.origin} />
        ) : (
          <Page />
        )}
      </main>
      <Help />
      {isPaletteOpen.value ? <LazyPage name="palette" id="" load={loadPalette} /> : null}
    </>
  );
}
