/** The settings of a running program as the API shows them: what is secret is left out, as in `config print`. */
import type { Settings } from '../api/wire.ts';
import type { Config, SettingOrigin } from '../config.ts';
import type { DataDir } from '../data-dir.ts';
import { priceFilePath } from './price-source.ts';

export function shownSettings(
  config: Config,
  origins: readonly SettingOrigin[],
  data: Pick<DataDir, 'prices'>,
): Settings {
  return {
    settings: origins.map(({ key, text, source }) => ({ key, value: text, source })),
    data_dir: config.dataDir,
    prices_file: { path: priceFilePath(config), is_there: data.prices !== null },
    access: {
      auth: config.auth ? 'token' : 'none',
      token_from: !config.auth ? null : config.token === null ? 'data_dir' : 'WEIR_TOKEN',
      allowed_hosts: [...config.allowedHosts],
    },
  };
}
