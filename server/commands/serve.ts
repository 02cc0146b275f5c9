/** `weir serve`: proxy, recorder, reader and dashboard in one process. Wires; knows nothing itself. */
import { createServer } from 'node:http';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createLiveFeed } from '../api/live.ts';
import { createApi } from '../api/router.ts';
import type { Health } from '../api/wire.ts';
import { createApp } from '../app.ts';
import { readReplayKey, type Config, type SettingOrigin } from '../config.ts';
import { openDataDir } from '../data-dir.ts';
import { systemClock } from '../exchange.ts';
import type { Logger } from '../log.ts';
import { createMetrics } from '../metrics.ts';
import { connectionLimits } from '../proxy/descriptors.ts';
import { createForwarder, type ForwarderOptions } from '../proxy/forward.ts';
import { createServerClasses, serverOptions } from '../proxy/server.ts';
import { startReader } from '../reader/reader.ts';
import type { Reader } from '../reader/questions.ts';
import { createReplayer } from '../replay/replayer.ts';
import { createUpstreams } from '../replay/upstreams.ts';
import { startRecorder, type Recorder } from '../recorder/recorder.ts';
import { createSeal } from '../store/seal.ts';
import { toCall } from '../store/shown.ts';
import { releaseStartupMemory } from '../heap.ts';
import { announceRunning } from '../running-program.ts';
import { version } from '../version.ts';
import { banner } from './banner.ts';
import { listen, urlHost } from './listen.ts';
import { readPrices } from './price-source.ts';
import { shownSettings } from './shown-settings.ts';
import { createStoreSize } from './store-size.ts';
import { storeBytes } from './store-target.ts';

/** A running program. */
export interface Running {
  /** `http://127.0.0.1:8787` */
  readonly proxyUrl: string;
  /** The dashboard's address, with the token where one is needed. */
  readonly dashboardUrl: string;
  /** Lets running calls end within the drain timeout, writes everything, closes. */
  stop(): Promise<void>;
}

const questionLimitMs = 30_000;
/** What may happen thousands of times a second is said once in this time. */
const fullNoticeMs = 10_000;
const dashboardDir = fileURLToPath(new URL('../../dashboard/dist', import.meta.url));

/**
 * Starts everything or nothing.
 * @param origins the settings as they were given, to be shown
 * @throws ConfigError, DataDirError, ListenError, RecorderRefused, each with one sentence for the user
 */
export async function serve(
  config: Config,
  origins: readonly SettingOrigin[],
  log: Logger,
  say: (text: string) => void,
): Promise<Running> {
  const closing: (() => Promise<void>)[] = [];
  const close = async (): Promise<void> => {
    for (const step of closing.splice(0).reverse()) await step();
  };
  try {
    return await start(config, origins, log, say, closing, close);
  } catch (error) {
    await close();
    throw error;
  }
}

async function start(
  config: Config,
  origins: readonly SettingOrigin[],
  log: Logger,
  say: (text: string) => void,
  closing: (() => Promise<void>)[],
  close: () => Promise<void>,
): Promise<Running> {
  const startedMs = Date.now();
  await requirePort(config);
  const data = openDataDir(config.dataDir, config.token, config.prices);
  if (data.prices !== null) readPrices(data.prices.text, data.prices.name);
  const live = createLiveFeed();
  const metrics = createMetrics(version, () => ({
    ...recorder.health(),
    activeCalls: upstreams.activeCalls(),
    storeBytes: bytesNow(),
  }));
  let isSeeding = config.demo;
  const recorder = await startRecorder({
    target: config.store,
    durability: config.durability,
    seal: createSeal(data.secret),
    spillDir: join(config.dataDir, 'spill'),
    prices: data.prices,
    cost: config.cost,
    retention: config.retention,
    reportStages: config.logMode === 'audit',
    memoryLimitBytes: config.memoryLimitBytes,
    onRows: (event, rows) => {
      for (const row of rows) live.publish(event, toCall(row));
    },
    onCounted: (finished, commitsUs) => {
      // Samples of the past are in the record, but nobody made these calls.
      if (!isSeeding) metrics.counted(finished, commitsUs);
    },
    onHeads: (chain) => log.info({ chain }, 'heads of the chain'),
    onTrouble: (message) => {
      if (message === null) log.info('the record is well again');
      else log.error(message);
    },
  });
  closing.push(() => recorder.close());
  live.onSubscribersChanged(() => recorder.watch(live.hasSubscribers()));

  const reader = startReader({
    target: config.store,
    limitMs: questionLimitMs,
    prices: data.prices,
    onSearchDamaged: (searches) => recorder.searchDamaged(searches),
  });
  closing.push(() => reader.close());
  const storeSize = createStoreSize(reader);
  // A file is asked itself; what lies on a server is as large as that said last.
  const bytesNow = (): number | null => storeBytes(config.store) ?? storeSize().bytes;
  if (config.demo) await seedOnce(recorder, reader);
  isSeeding = false;
  const upstream = await chooseUpstream(config, closing);
  const limits = connectionLimits();
  const sayFull = oncePer(fullNoticeMs, () =>
    log.warn(
      `closed a new connection: ${limits.clients} are open, and there are no file descriptors for more`,
    ),
  );
  const forwarders: ForwarderOptions = {
    upstream,
    sink: recorder,
    clock: systemClock,
    identitySecret: data.secret,
    timeouts: {
      connectMs: config.connectTimeoutMs,
      firstByteMs: config.firstByteTimeoutMs,
      idleMs: config.idleTimeoutMs,
    },
    onClientAbort: config.onClientAbort,
    logMode: config.logMode,
    maxHeaderBytes: config.maxHeaderBytes,
    bodies: config.bodies,
    demo: config.demo,
    limits,
    onAnswered: (overheadUs) => metrics.held(overheadUs),
    onRefused: (reason) => {
      metrics.refused(reason);
      if (reason !== 'connections') log.warn({ reason }, 'refused a request');
      else sayFull();
    },
  };
  const forwarder = createForwarder(forwarders);
  const upstreams = createUpstreams({
    main: forwarder,
    mainUrl: upstream,
    isDemo: config.demo,
    others: config.upstreams,
    makeForwarder: (other) => createForwarder({ ...forwarders, upstream: other, demo: false }),
    keyOf: readReplayKey,
  });
  closing.push(() => upstreams.close());

  let proxyUrl = '';
  const health = (): Health => {
    const recording = recorder.health();
    return {
      status: recording.trouble === null ? 'ok' : 'degraded',
      reasons: recording.trouble === null ? [] : [recording.trouble],
      version,
      upstream: config.demo ? 'demo' : config.upstream.href,
      proxy_url: proxyUrl,
      demo: config.demo,
      auth: config.auth,
      store: { target: config.store, ...storeSize(), bytes: bytesNow() },
      queue_bytes: recording.queueBytes,
      spilled_bytes: recording.spilledBytes,
      undigested_bytes: recording.undigestedBytes,
      lag_ms: recording.lagMs,
      active_calls: upstreams.activeCalls(),
      rows_lost: recording.rowsLost,
      bodies_lost: recording.bodiesLost,
      uptime_ms: Date.now() - startedMs,
    };
  };
  const replayer = createReplayer({
    reader,
    sink: recorder,
    upstreams: upstreams.list,
    maxHeaderBytes: config.maxHeaderBytes,
  });
  const api = createApi({
    reader,
    live,
    replayer,
    token: config.auth ? data.token : null,
    allowedHosts: [config.host, ...config.allowedHosts],
    health,
    settings: () => shownSettings(config, origins, data),
    retention: { policy: config.retention, doneMs: () => recorder.health().retentionDoneMs },
    ready: () => ({ ready: health().status === 'ok', reasons: health().reasons }),
    metricsText: () => metrics.text(),
    dashboardDir,
    version,
    log,
  });
  const app = createApp({ api, forward: (req, res) => forwarder.handle(req, res) });
  const server = createServer({ ...serverOptions(config), ...createServerClasses(app) }, app.handle);
  forwarder.attach(server);
  const port = await listen(server, config);
  proxyUrl = `http://${urlHost(config.host)}:${port}`;
  closing.push(tellCommands(config.dataDir, { pid: process.pid, url: proxyUrl, startedMs }, log));
  const dashboardUrl = `${proxyUrl}/-/${config.auth ? `?token=${data.token}` : ''}`;
  say(banner({ config, proxyUrl, dashboardUrl, storeBytes: storeBytes(config.store) }));
  releaseStartupMemory();
  return {
    proxyUrl,
    dashboardUrl,
    stop: async () => {
      await upstreams.drain(config.drainTimeoutMs);
      live.close();
      server.close();
      server.closeAllConnections();
      await close();
    },
  };
}

/** So that `weir status` and the others find this program; returns what takes it back. */
function tellCommands(
  dataDir: string,
  { pid, url, startedMs }: { pid: number; url: string; startedMs: number },
  log: Logger,
): () => Promise<void> {
  try {
    const takeBack = announceRunning(dataDir, {
      pid,
      url,
      started: new Date(startedMs).toISOString(),
      version,
    });
    return async () => takeBack();
  } catch (error) {
    log.warn({ err: error }, 'other commands will not find this program: running.json cannot be written');
    return async () => undefined;
  }
}

function oncePer(ms: number, act: () => void): () => void {
  let againAtMs = 0;
  return () => {
    const nowMs = performance.now();
    if (nowMs < againAtMs) return;
    againAtMs = nowMs + ms;
    act();
  };
}

async function chooseUpstream(config: Config, closing: (() => Promise<void>)[]): Promise<URL> {
  if (!config.demo) return config.upstream;
  const { startDemoUpstream } = await import('../demo/upstream.ts');
  const demo = await startDemoUpstream({});
  closing.push(() => demo.close());
  return demo.url;
}

async function seedOnce(recorder: Recorder, reader: Reader): Promise<void> {
  const { calls } = await reader.ask('size', {});
  if (calls > 0) return;
  const { seedDemo } = await import('../demo/seed.ts');
  await seedDemo(recorder, { nowMs: Date.now() });
  await recorder.caughtUp();
}

/** Before anything is written: a port in use leaves nothing behind. */
async function requirePort(config: Config): Promise<void> {
  if (config.port === 0) return;
  const probe = createServer();
  await listen(probe, config);
  await new Promise((resolve) => probe.close(resolve));
}
