/**
 * Every setting once: its flag, its variable, its key in the file, how its text is read, its default. The command line, the
 * file's schema, the README's table and `config print` all come from here.
 */
import { z } from 'zod';

const durationUnitMs: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 7 * 86_400_000,
  y: 365 * 86_400_000,
};

const sizeUnitBytes: Readonly<Record<string, number>> = {
  b: 1,
  kb: 1024,
  mb: 1024 ** 2,
  gb: 1024 ** 3,
  tb: 1024 ** 4,
};

/** `10s`, `15m`, `30d` → milliseconds. */
const durationMs = z.string().transform((text, context) => {
  const match = /^(\d+(?:\.\d+)?)\s*(ms|s|m|h|d|w|y)$/.exec(text.trim());
  const unitMs = durationUnitMs[match?.[2] ?? ''];
  if (match === null || unitMs === undefined) {
    context.addIssue({ code: 'custom', message: 'is not a duration such as 500ms, 10s, 15m, 2h, 30d or 2y' });
    return z.NEVER;
  }
  return Math.round(Number(match[1]) * unitMs);
});

/** How long something is kept: a day is the least that can be removed alone. */
const longMs = durationMs.refine((ms) => ms >= 86_400_000, 'is less than a day');

/** `64KB`, `10GB` → bytes. */
const sizeBytes = z.string().transform((text, context) => {
  const match = /^(\d+(?:\.\d+)?)\s*(b|kb|mb|gb|tb)?$/i.exec(text.trim());
  const unitBytes = sizeUnitBytes[(match?.[2] ?? 'b').toLowerCase()];
  if (match === null || unitBytes === undefined) {
    context.addIssue({ code: 'custom', message: 'is not a size such as 64KB, 512MB or 10GB' });
    return z.NEVER;
  }
  return Math.round(Number(match[1]) * unitBytes);
});

const port = z.string().transform((text, context) => {
  const number = /^\d+$/.test(text.trim()) ? Number(text) : Number.NaN;
  if (!(number >= 0 && number <= 65_535)) {
    context.addIssue({ code: 'custom', message: 'is not a port from 0 to 65535' });
    return z.NEVER;
  }
  return number;
});

/** What the upstream that calls go to is called where several can be chosen from. */
export const defaultUpstreamName = 'default';

const upstream = z.string().transform((text, context) => {
  const url = URL.canParse(text) ? new URL(text) : null;
  const isHttp = url?.protocol === 'http:' || url?.protocol === 'https:';
  if (url === null || !isHttp || url.hostname === '') {
    context.addIssue({ code: 'custom', message: 'is not an http:// or https:// URL' });
    return z.NEVER;
  }
  if (url.search !== '' || url.hash !== '' || url.username !== '' || url.password !== '') {
    context.addIssue({
      code: 'custom',
      message: 'must be a plain base URL without a query, fragment or credentials',
    });
    return z.NEVER;
  }
  return url;
});

/** `NAME=URL,NAME=URL` → URLs by name. */
const namedUpstreams = z.string().transform((text, context) => {
  const named = new Map<string, URL>();
  for (const pair of text.split(',').filter((each) => each.trim() !== '')) {
    const [, name = '', address = ''] = /^\s*([^=\s]+)\s*=\s*(\S+)\s*$/.exec(pair) ?? [];
    const url = upstream.safeParse(address);
    const isName = /^[a-z0-9][a-z0-9._-]{0,39}$/i.test(name) && name !== defaultUpstreamName;
    if (!isName || !url.success || named.has(name)) {
      const message = `is not a list of NAME=URL with names of their own (and none called ${defaultUpstreamName})`;
      context.addIssue({ code: 'custom', message });
      return z.NEVER;
    }
    named.set(name, url.data);
  }
  return named;
});

const flagValue = z.string().transform((text, context) => {
  if (/^(1|true|yes|on)$/i.test(text)) return true;
  if (/^(0|false|no|off|)$/i.test(text)) return false;
  context.addIssue({ code: 'custom', message: 'is neither true nor false' });
  return z.NEVER;
});

/** One setting. `schema` reads text, because flags, variables and files all begin as text. */
export interface Setting {
  /** In the file, and with `--` as a flag. */
  readonly key: string;
  /** First one set wins. */
  readonly env: readonly string[];
  /** What the value is called in the help; null for a flag without a value. */
  readonly argument: string | null;
  readonly text: string;
  /** As text; null when it is computed or has none. */
  readonly defaultText: string | null;
  readonly schema: z.ZodType;
}

export const settings = {
  host: {
    key: 'host',
    env: ['WEIR_HOST'],
    argument: 'ADDRESS',
    text: 'listen address',
    defaultText: '127.0.0.1',
    schema: z.string().min(1),
  },
  port: {
    key: 'port',
    env: ['WEIR_PORT', 'PORT'],
    argument: 'PORT',
    text: 'listen port; 0 picks a free one and prints it',
    defaultText: '8787',
    schema: port,
  },
  upstream: {
    key: 'upstream',
    env: ['WEIR_UPSTREAM'],
    argument: 'URL',
    text: 'where calls go; a path prefix is kept',
    defaultText: 'https://api.anthropic.com',
    schema: upstream,
  },
  upstreams: {
    key: 'upstreams',
    env: ['WEIR_UPSTREAMS'],
    argument: 'NAME=URL,…',
    text: 'further upstreams to which recorded calls may be sent again (weir replay)',
    defaultText: null,
    schema: namedUpstreams,
  },
  store: {
    key: 'store',
    env: ['WEIR_STORE'],
    argument: 'TARGET',
    text: 'SQLite file of the record, or postgres://… (default: weir.db in the data directory)',
    defaultText: null,
    schema: z.string().min(1),
  },
  dataDir: {
    key: 'data-dir',
    env: ['WEIR_DATA_DIR'],
    argument: 'DIR',
    text: 'token, keys and the store (default: $XDG_DATA_HOME/weir or ~/.local/share/weir)',
    defaultText: null,
    schema: z.string().min(1),
  },
  bodies: {
    key: 'bodies',
    env: ['WEIR_BODIES'],
    argument: 'full|metadata',
    text: 'metadata: no request or response content is ever written',
    defaultText: 'full',
    schema: z.enum(['full', 'metadata']),
  },
  logMode: {
    key: 'log-mode',
    env: ['WEIR_LOG_MODE'],
    argument: 'normal|audit',
    text: 'audit: no call starts, and no answer completes, before its record is on the disk',
    defaultText: 'normal',
    schema: z.enum(['normal', 'audit']),
  },
  durability: {
    key: 'durability',
    env: ['WEIR_DURABILITY'],
    argument: 'full|normal',
    text: 'full survives a power loss, normal may lose the last seconds to one',
    defaultText: 'full',
    schema: z.enum(['full', 'normal']),
  },
  onClientAbort: {
    key: 'on-client-abort',
    env: ['WEIR_ON_CLIENT_ABORT'],
    argument: 'cancel|drain',
    text: 'what happens upstream when the client leaves',
    defaultText: 'cancel',
    schema: z.enum(['cancel', 'drain']),
  },
  connectTimeoutMs: {
    key: 'connect-timeout',
    env: ['WEIR_CONNECT_TIMEOUT'],
    argument: 'DURATION',
    text: 'how long a connection to the upstream may take',
    defaultText: '10s',
    schema: durationMs,
  },
  firstByteTimeoutMs: {
    key: 'first-byte-timeout',
    env: ['WEIR_FIRST_BYTE_TIMEOUT'],
    argument: 'DURATION',
    text: 'how long the upstream may take to begin its answer',
    defaultText: '15m',
    schema: durationMs,
  },
  idleTimeoutMs: {
    key: 'idle-timeout',
    env: ['WEIR_IDLE_TIMEOUT'],
    argument: 'DURATION',
    text: 'how long the upstream may be silent inside an answer; pings count as bytes',
    defaultText: '5m',
    schema: durationMs,
  },
  drainTimeoutMs: {
    key: 'drain-timeout',
    env: ['WEIR_DRAIN_TIMEOUT'],
    argument: 'DURATION',
    text: 'how long SIGTERM waits for running calls',
    defaultText: '30s',
    schema: durationMs,
  },
  maxHeaderBytes: {
    key: 'max-header-size',
    env: ['WEIR_MAX_HEADER_SIZE'],
    argument: 'SIZE',
    text: 'largest header block, both directions',
    defaultText: '64KB',
    schema: sizeBytes,
  },
  retainBodiesMs: {
    key: 'retain-bodies',
    env: ['WEIR_RETAIN_BODIES'],
    argument: 'DURATION',
    text: 'how long requests and answers stay, in whole UTC days (default: for ever)',
    defaultText: null,
    schema: longMs,
  },
  retainCallsMs: {
    key: 'retain-calls',
    env: ['WEIR_RETAIN_CALLS'],
    argument: 'DURATION',
    text: 'how long calls stay; sums by the hour outlive them (default: for ever)',
    defaultText: null,
    schema: longMs,
  },
  maxStoreBytes: {
    key: 'max-store-size',
    env: ['WEIR_MAX_STORE_SIZE'],
    argument: 'SIZE',
    text: 'the oldest days of bodies go, then the oldest calls, when the store is larger (default: no limit)',
    defaultText: null,
    schema: sizeBytes,
  },
  memoryLimitBytes: {
    key: 'memory-limit',
    env: ['WEIR_MEMORY_LIMIT'],
    argument: 'SIZE',
    text: 'what the process may take; beyond its share of it copies of bodies are cut, calls go on (default: what the container allows)',
    defaultText: null,
    schema: sizeBytes,
  },
  demo: {
    key: 'demo',
    env: ['WEIR_DEMO'],
    argument: null,
    text: 'no key, no network: an upstream inside the process and a store of sample calls',
    defaultText: null,
    schema: flagValue,
  },
  prices: {
    key: 'prices',
    env: ['WEIR_PRICES'],
    argument: 'FILE',
    text: 'your price overrides (default: prices.json in the data directory, when it is there)',
    defaultText: null,
    schema: z.string().min(1),
  },
  cost: {
    key: 'cost',
    env: ['WEIR_COST'],
    argument: 'computed|reported',
    text: 'which figure is the cost of a call where the upstream reports one too',
    defaultText: 'computed',
    schema: z.enum(['computed', 'reported']),
  },
  open: {
    key: 'open',
    env: ['WEIR_OPEN'],
    argument: null,
    text: 'open the dashboard in the browser',
    defaultText: null,
    schema: flagValue,
  },
  noAuth: {
    key: 'no-auth',
    env: ['WEIR_NO_AUTH'],
    argument: null,
    text: 'no token for dashboard and API; refused unless the address is loopback',
    defaultText: null,
    schema: flagValue,
  },
  allowedHosts: {
    key: 'allowed-hosts',
    env: ['WEIR_ALLOWED_HOSTS'],
    argument: 'NAME,NAME',
    text: 'further Host names under which dashboard and API may be opened',
    defaultText: null,
    schema: z.string().transform((text) =>
      text
        .split(',')
        .map((name) => name.trim())
        .filter((name) => name !== ''),
    ),
  },
} as const satisfies Record<string, Setting>;

export type SettingName = keyof typeof settings;

/** What each setting is once it was read; undefined only where nobody set it and it has no default. */
export type SettingValues = {
  readonly [Name in SettingName]:
    | z.output<(typeof settings)[Name]['schema']>
    | ((typeof settings)[Name]['defaultText'] extends null ? undefined : never);
};
