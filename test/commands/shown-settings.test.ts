import { expect, test } from 'vitest';
import { shownSettings, withoutPassword } from '../../server/commands/shown-settings.ts';
import { explainConfig, readConfig } from '../../server/config.ts';

test.each([
  ['postgres://weir:s3cret@db.example/calls', 'postgres://weir:…@db.example/calls'],
  ['postgres://weir:p@ss:w@db.example/calls', 'postgres://weir:…@db.example/calls'],
  [
    'postgres://db.example/calls?user=weir&password=s3cret',
    'postgres://db.example/calls?user=weir&password=…',
  ],
  ['postgres://weir@db.example:5432/calls', 'postgres://weir@db.example:5432/calls'],
  ['/data/a:b@c.db', '/data/a:b@c.db'],
  ['https://api.example:8443/anthropic', 'https://api.example:8443/anthropic'],
])('%s is shown as %s', (text, shown) => {
  expect(withoutPassword(text)).toBe(shown);
});

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
