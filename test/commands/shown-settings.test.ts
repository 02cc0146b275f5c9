import { expect, test } from 'vitest';
import { shownSettings } from '../../server/commands/shown-settings.ts';
import { explainConfig, readConfig } from '../../server/config.ts';

test('settings are shown with who said so, and a token only by where it comes from', () => {
  const env = { WEIR_TOKEN: 'a-token-that-nobody-sees', WEIR_DATA_DIR: '/data', PORT: '9000' };
  const flags = { store: '/data/x.db', allowedHosts: 'weir.example, other.example' };
  const shown = shownSettings(readConfig(flags, undefined, env), explainConfig(flags, undefined, env), {
    prices: null,
  });
  expect(shown).toMatchObject({
    data_dir: '/data',
    prices_file: { path: '/data/prices.json', is_there: false },
    access: { auth: 'token', token_from: 'WEIR_TOKEN', allowed_hosts: ['weir.example', 'other.example'] },
  });
  expect(shown.settings).toContainEqual({ key: 'port', value: '9000', source: 'PORT' });
  expect(shown.settings).toContainEqual({ key: 'store', value: '/data/x.db', source: '--store' });
  expect(JSON.stringify(shown)).not.toContain('nobody-sees');
});

test('an address of a store is shown without its password', () => {
  const flags = { dataDir: '/data' };
  const env = { WEIR_STORE: 'postgres://weir:s3cr@t@db.example/calls' };
  const config = readConfig(flags, undefined, env);
  const shown = shownSettings(config, explainConfig(flags, undefined, env), { prices: null });
  expect(shown.settings).toContainEqual({
    key: 'store',
    value: 'postgres://weir:***@db.example/calls',
    source: 'WEIR_STORE',
  });
});
