import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ConfigError, isLoopback, readConfig, readReplayKey } from '../server/config.ts';

const home = { HOME: '/home/ada' };

function fileWith(text: string): string {
  const path = join(mkdtempSync(join(tmpdir(), 'weir-config-')), 'weir.yaml');
  writeFileSync(path, text);
  return path;
}

describe('readConfig', () => {
  it('has the documented defaults', () => {
    expect(readConfig({}, undefined, home)).toMatchObject({
      host: '127.0.0.1',
      port: 8787,
      upstream: new URL('https://api.anthropic.com'),
      dataDir: '/home/ada/.local/share/weir',
      store: '/home/ada/.local/share/weir/weir.db',
      bodies: 'full',
      durability: 'full',
      onClientAbort: 'cancel',
      connectTimeoutMs: 10_000,
      firstByteTimeoutMs: 900_000,
      idleTimeoutMs: 300_000,
      drainTimeoutMs: 30_000,
      maxHeaderBytes: 65_536,
      demo: false,
      auth: true,
      token: null,
    });
  });

  it('takes the flag before the variable, the variable before the file, the file before the default', () => {
    const file = fileWith('port: 1\nhost: 127.0.0.9\nidle_timeout: 7m\n');
    const env = { ...home, WEIR_PORT: '2', PORT: '3' };
    expect(readConfig({ port: '4' }, file, env).port).toBe(4);
    expect(readConfig({}, file, env).port).toBe(2);
    expect(readConfig({}, file, { ...home, PORT: '3' }).port).toBe(3);
    expect(readConfig({}, file, home)).toMatchObject({ port: 1, host: '127.0.0.9', idleTimeoutMs: 420_000 });
  });

  it('keeps the demo away from the record of real calls', () => {
    expect(readConfig({ demo: 'true' }, undefined, home).store).toBe(
      '/home/ada/.local/share/weir-demo/weir.db',
    );
    expect(readConfig({ demo: 'true', dataDir: '/srv/x' }, undefined, home).store).toBe('/srv/x/weir.db');
  });

  it('honours XDG_DATA_HOME', () => {
    expect(readConfig({}, undefined, { ...home, XDG_DATA_HOME: '/data' }).dataDir).toBe('/data/weir');
  });

  it.each([
    ['upstream', 'https://user:pw@example.org', /credentials/],
    ['upstream', 'https://example.org/?x=1', /query/],
    ['maxHeaderBytes', 'big', /is not a size/],
    ['noAuth', 'maybe', /neither true nor false/],
  ] as const)('refuses %s = %s', (name, text, sentence) => {
    expect(() => readConfig({ [name]: text }, undefined, home)).toThrow(ConfigError);
    expect(() => readConfig({ [name]: text }, undefined, home)).toThrow(sentence);
  });

  it('keeps the path prefix of the upstream', () => {
    expect(readConfig({ upstream: 'https://host/anthropic' }, undefined, home).upstream.pathname).toBe(
      '/anthropic',
    );
  });
});

describe('further upstreams', () => {
  it('are pairs with commas between, or a mapping in the file', () => {
    const expected = [
      ['one', 'https://one.example/base'],
      ['two', 'http://127.0.0.1:9000/'],
    ];
    const shown = (config: ReturnType<typeof readConfig>) =>
      [...config.upstreams].map(([name, url]) => [name, url.href]);
    const text = 'one=https://one.example/base, two=http://127.0.0.1:9000';
    expect(shown(readConfig({ upstreams: text }, undefined, home))).toEqual(expected);
    const mapping = fileWith('upstreams:\n  one: https://one.example/base\n  two: http://127.0.0.1:9000\n');
    expect(shown(readConfig({}, mapping, home))).toEqual(expected);
    const list = fileWith(`upstreams: [${text}]\n`);
    expect(shown(readConfig({}, list, home))).toEqual(expected);
    expect(shown(readConfig({}, undefined, home))).toEqual([]);
  });

  it.each([
    'https://no-name.example',
    'default=https://taken.example',
    'a=https://one.example,a=https://two.example',
    'a=ftp://one.example',
    'a=https://key@one.example',
  ])('refuses %s', (text) => {
    expect(() => readConfig({ upstreams: text }, undefined, home)).toThrow(ConfigError);
    expect(() => readConfig({ upstreams: text }, undefined, home)).toThrow(/is not a list of NAME=URL/);
  });

  it('have keys of their own, and else those of Anthropic', () => {
    const env = { ANTHROPIC_API_KEY: ' a \n', MY_GATE_AUTH_TOKEN: 't', OTHER_API_KEY: '' };
    expect(readReplayKey('default', env)).toBe('a');
    expect(readReplayKey('my-gate', env)).toBe('Bearer t');
    expect(readReplayKey('other', env)).toBe('a');
    expect(readReplayKey('default', { ANTHROPIC_AUTH_TOKEN: 'u' })).toBe('Bearer u');
    expect(readReplayKey('default', { DEFAULT_API_KEY: 'x' })).toBeNull();
  });
});

describe('isLoopback', () => {
  it.each([
    ['127.0.0.1', true],
    ['127.9.9.9', true],
    ['::1', true],
    ['localhost', true],
    ['0.0.0.0', false],
    ['127.0.0.1.example.org', false],
  ])('%s: %s', (host, expected) => {
    expect(isLoopback(host)).toBe(expected);
  });
});
