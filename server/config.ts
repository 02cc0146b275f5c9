/** Flags, environment and file become one frozen Config. The only reader of `process.env`. */
import { existsSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { z } from 'zod';
import { yaml } from './yaml.ts';
import { suggest } from './suggestion.ts';
import { shownTarget, withoutPassword } from './store/postgres/address.ts';
import type { RetentionPolicy } from './store/retention.ts';
import {
  defaultUpstreamName,
  settings,
  type Setting,
  type SettingName,
  type SettingValues,
} from './settings.ts';

export interface Config {
  readonly host: string;
  readonly port: number;
  readonly upstream: URL;
  /** Where recorded calls may be sent again besides, by name. */
  readonly upstreams: ReadonlyMap<string, URL>;
  readonly store: string;
  readonly dataDir: string;
  readonly bodies: 'full' | 'metadata';
  readonly logMode: 'normal' | 'audit';
  readonly durability: 'full' | 'normal';
  readonly onClientAbort: 'cancel' | 'drain';
  readonly connectTimeoutMs: number;
  readonly firstByteTimeoutMs: number;
  readonly idleTimeoutMs: number;
  readonly drainTimeoutMs: number;
  readonly maxHeaderBytes: number;
  readonly retention: RetentionPolicy;
  /** Null: what the container or the machine allows. */
  readonly memoryLimitBytes: number | null;
  readonly demo: boolean;
  /** A file that must exist, or null: then `prices.json` of the data directory is taken when it is there. */
  readonly prices: string | null;
  /** Which figure is the cost of a call that has both. */
  readonly cost: 'computed' | 'reported';
  readonly open: boolean;
  readonly auth: boolean;
  readonly allowedHosts: readonly string[];
  /** Given by `WEIR_TOKEN`; null: the one kept in the data directory. */
  readonly token: string | null;
  readonly logLevel: string;
}

/** The configuration is wrong; the message is one sentence that names the setting and its source. Exit code 78. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
}

/** Texts of the flags that were given, by setting. */
export type FlagTexts = Partial<Record<SettingName, string>>;

type Environment = Readonly<Record<string, string | undefined>>;

interface Sourced {
  readonly text: string;
  readonly source: string;
}

const names = Object.keys(settings).filter((name): name is SettingName => name in settings);

/** One setting as it holds, and who said so. */
export interface SettingOrigin {
  readonly key: string;
  /** Null when nobody set it and it has no default. */
  readonly text: string | null;
  /** A flag, a variable, a key in a file, or `default`. */
  readonly source: string;
}

/**
 * @param flags texts given on the command line
 * @param configFile the file named by `--config`; undefined looks in the usual places
 * @throws ConfigError
 */
export function readConfig(flags: FlagTexts, configFile?: string, env: Environment = process.env): Config {
  const sourced = sourcesOf(flags, configFile, env);
  refuseVisiblePassword(sourced('store'));
  return complete(readValues(sourced), env);
}

/** Every setting with its origin, in the order of the help; the whole is known to be valid. @throws ConfigError */
export function explainConfig(
  flags: FlagTexts,
  configFile?: string,
  env: Environment = process.env,
): SettingOrigin[] {
  const sourced = sourcesOf(flags, configFile, env);
  const config = complete(readValues(sourced), env);
  const computed: Partial<Record<SettingName, string>> = { store: config.store, dataDir: config.dataDir };
  return names.map((name) => ({
    key: settings[name].key,
    text: shownText(sourced(name)?.text ?? computed[name] ?? null),
    source: sourced(name)?.source ?? 'default',
  }));
}

/** Everybody on the machine sees the arguments of a program. @throws ConfigError */
function refuseVisiblePassword(store: Sourced | undefined): void {
  if (store === undefined || !store.source.startsWith('--') || shownTarget(store.text) === store.text) return;
  throw new ConfigError(
    `${store.source} holds a password for all to see: put the address into WEIR_STORE, or the password into PGPASSWORD or ~/.pgpass.`,
  );
}

function shownText(text: string | null): string | null {
  return text === null ? null : shownTarget(text);
}

/** A path is made absolute; the password of a database goes where its client looks for it, and nobody else has it. */
function storeTarget(given: string): string {
  if (!given.includes('://')) return resolve(given);
  const { address, password } = withoutPassword(given);
  if (password !== null) process.env['PGPASSWORD'] = password;
  return address;
}

type Sources = (name: SettingName) => Sourced | undefined;

function sourcesOf(flags: FlagTexts, configFile: string | undefined, env: Environment): Sources {
  const file = readConfigFile(configFile ?? env['WEIR_CONFIG'], env);
  return (name) => {
    const setting: Setting = settings[name];
    const flag = flags[name];
    if (flag !== undefined) return { text: flag, source: `--${setting.key}` };
    for (const variable of setting.env) {
      const text = env[variable];
      if (text !== undefined && text !== '') return { text, source: variable };
    }
    const inFile = file.values.get(setting.key);
    if (inFile !== undefined) return { text: inFile, source: `${setting.key} in ${file.path}` };
    return setting.defaultText === null ? undefined : { text: setting.defaultText, source: 'default' };
  };
}

function readValues(sourced: Sources): SettingValues {
  const values: Partial<Record<SettingName, unknown>> = {};
  for (const name of names) {
    const given = sourced(name);
    if (given === undefined) continue;
    const read = settings[name].schema.safeParse(given.text);
    if (!read.success) throw new ConfigError(`${given.source}: ${sentence(read.error, given.text)}`);
    values[name] = read.data;
  }
  // Each value came out of its own setting's schema just now.
  return values as SettingValues;
}

function sentence(error: z.ZodError, text: string): string {
  const issue = error.issues[0];
  if (issue?.code === 'custom') return `"${text}" ${issue.message}.`;
  if (issue?.code === 'invalid_value') return `"${text}" is not one of ${issue.values.join(', ')}.`;
  return `"${text}" is not valid.`;
}

function complete(values: SettingValues, env: Environment): Config {
  const demo = values.demo ?? false;
  const dataHome = env['XDG_DATA_HOME'] || join(env['HOME'] || homedir(), '.local', 'share');
  // Sample calls never land in the record of somebody's real ones unless a directory was named for them.
  const dataDir = resolve(values.dataDir ?? join(dataHome, demo ? 'weir-demo' : 'weir'));
  const config: Config = {
    host: values.host,
    port: values.port,
    upstream: values.upstream,
    upstreams: values.upstreams ?? new Map(),
    store: storeTarget(values.store ?? join(dataDir, 'weir.db')),
    dataDir,
    bodies: values.bodies,
    logMode: values.logMode,
    durability: values.durability,
    onClientAbort: values.onClientAbort,
    connectTimeoutMs: values.connectTimeoutMs,
    firstByteTimeoutMs: values.firstByteTimeoutMs,
    idleTimeoutMs: values.idleTimeoutMs,
    drainTimeoutMs: values.drainTimeoutMs,
    maxHeaderBytes: values.maxHeaderBytes,
    retention: {
      bodiesMs: values.retainBodiesMs ?? null,
      callsMs: values.retainCallsMs ?? null,
      storeBytes: values.maxStoreBytes ?? null,
    },
    memoryLimitBytes: values.memoryLimitBytes ?? null,
    demo,
    prices: values.prices ?? null,
    cost: values.cost,
    open: values.open ?? false,
    auth: !(values.noAuth ?? false),
    allowedHosts: values.allowedHosts ?? [],
    token: env['WEIR_TOKEN'] || null,
    logLevel: env['LOG_LEVEL'] || 'info',
  };
  if (!config.auth && !isLoopback(config.host)) {
    throw new ConfigError(
      `--no-auth is refused on ${config.host}: only a loopback address may go without a token.`,
    );
  }
  if (config.logMode === 'audit' && config.durability !== 'full') {
    throw new ConfigError(
      '--log-mode audit needs --durability full: what is promised there must survive a power loss.',
    );
  }
  return Object.freeze(config);
}

/**
 * The credential that the environment holds for sending calls again: `NAME_API_KEY` or `NAME_AUTH_TOKEN` for an upstream of that
 * name, else Anthropic's own two variables. As `ReplayRequest.key` takes it; null where there is none. Kept in no Config, so that
 * nothing that shows settings can show it.
 */
export function readReplayKey(upstreamName: string, env: Environment = process.env): string | null {
  const own = upstreamName.toUpperCase().replaceAll(/[^A-Z0-9]/g, '_');
  for (const prefix of upstreamName === defaultUpstreamName ? ['ANTHROPIC'] : [own, 'ANTHROPIC']) {
    const key = env[`${prefix}_API_KEY`]?.trim();
    if (key) return key;
    const token = env[`${prefix}_AUTH_TOKEN`]?.trim();
    if (token) return `Bearer ${token}`;
  }
  return null;
}

/** The key of the provider's Admin API, `ANTHROPIC_ADMIN_KEY`; null where there is none. Kept in no Config either. */
export function readAdminKey(env: Environment = process.env): string | null {
  return env['ANTHROPIC_ADMIN_KEY']?.trim() || null;
}

/** 127.0.0.0/8, ::1 and localhost. */
export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || host === '[::1]' || /^127(\.\d{1,3}){3}$/.test(host);
}

interface ConfigFile {
  readonly path: string;
  readonly values: ReadonlyMap<string, string>;
}

function readConfigFile(named: string | undefined, env: Environment): ConfigFile {
  const configHome = env['XDG_CONFIG_HOME'] || join(env['HOME'] || homedir(), '.config');
  const usual = [resolve('weir.yaml'), join(configHome, 'weir', 'weir.yaml')];
  const path = named === undefined ? usual.find((candidate) => existsSync(candidate)) : resolve(named);
  if (path === undefined) return { path: '', values: new Map() };
  let parsed: unknown;
  try {
    parsed = yaml().parse(readFileSync(path, 'utf8'));
  } catch (error) {
    throw new ConfigError(`${path} cannot be read: ${firstLine(error)}`, { cause: error });
  }
  return { path, values: fileValues(path, parsed) };
}

function firstLine(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).split('\n', 1)[0] ?? '';
}

const fileSchema = z.union([z.record(z.string(), z.unknown()), z.null()]);

function fileValues(path: string, parsed: unknown): ReadonlyMap<string, string> {
  const read = fileSchema.safeParse(parsed);
  if (!read.success) throw new ConfigError(`${path} is not a list of "key: value" lines.`);
  const values = new Map<string, string>();
  for (const [written, value] of Object.entries(read.data ?? {})) {
    const key = written.replaceAll('_', '-');
    if (!names.some((name) => settings[name].key === key)) {
      const meant = suggest(
        key,
        names.map((name) => settings[name].key),
      );
      throw new ConfigError(
        `${path}: unknown key "${written}"${meant === null ? '.' : `, did you mean "${meant}"?`}`,
      );
    }
    const text = fileText(value);
    if (text === null) throw new ConfigError(`${path}: "${written}" needs a plain value.`);
    values.set(key, text);
  }
  return values;
}

/** Plain values, lists of texts, and texts by name (`name=text`), as the flag takes them; null for anything else. */
function fileText(value: unknown): string | null {
  if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean')
    return String(value);
  const isList = Array.isArray(value);
  const named = isList ? null : z.record(z.string(), z.string()).safeParse(value);
  const items: unknown[] = isList
    ? value
    : Object.entries(named?.data ?? {}).map(([name, text]) => `${name}=${text}`);
  if (!isList && named?.success !== true) return null;
  return items.every((item) => typeof item === 'string') ? items.join(',') : null;
}
