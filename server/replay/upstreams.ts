/** The upstreams of the configuration: where calls go, and those that only replays can name. */
import { defaultUpstreamName } from '../settings.ts';
import type { Forwarder } from '../proxy/forward.ts';
import type { ConfiguredUpstream } from './replayer.ts';

/** What serving needs of a forwarder, over several of them. */
export interface Upstreams extends Pick<Forwarder, 'activeCalls' | 'drain' | 'close'> {
  /** The one that calls go to first. */
  readonly list: readonly ConfiguredUpstream[];
}

export interface UpstreamsOptions {
  readonly main: Forwarder;
  readonly mainUrl: URL;
  /** The one inside the process. */
  readonly isDemo: boolean;
  readonly others: ReadonlyMap<string, URL>;
  readonly makeForwarder: (upstream: URL) => Forwarder;
  /** What the environment holds for an upstream of this name. */
  readonly keyOf: (name: string) => string | null;
}

export function createUpstreams(options: UpstreamsOptions): Upstreams {
  const { main, mainUrl, isDemo, others, makeForwarder, keyOf } = options;
  const made = new Map<string, Forwarder>();
  const forwarders = (): Forwarder[] => [main, ...made.values()];
  const other = (name: string, url: URL): ConfiguredUpstream => ({
    name,
    url,
    needsKey: true,
    key: keyOf(name),
    forwarder() {
      const forwarder = made.get(name) ?? makeForwarder(url);
      made.set(name, forwarder);
      return forwarder;
    },
  });
  return {
    list: [
      {
        name: defaultUpstreamName,
        url: mainUrl,
        needsKey: !isDemo,
        key: isDemo ? null : keyOf(defaultUpstreamName),
        forwarder: () => main,
      },
      ...[...others].map(([name, url]) => other(name, url)),
    ],
    activeCalls: () => forwarders().reduce((sum, forwarder) => sum + forwarder.activeCalls(), 0),
    async drain(timeoutMs) {
      await Promise.all(forwarders().map((forwarder) => forwarder.drain(timeoutMs)));
    },
    async close() {
      await Promise.all(forwarders().map((forwarder) => forwarder.close()));
    },
  };
}
