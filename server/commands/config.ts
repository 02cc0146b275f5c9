/** `weir config print`: the settings as they hold, and where each of them comes from. */
import type { Command } from 'commander';
import { explainConfig, type SettingOrigin } from '../config.ts';
import { yaml } from '../yaml.ts';
import type { CommandIo } from './command-io.ts';
import { addSettingFlags, configFileOf, flagTexts, type FlagOptions } from './setting-flags.ts';

export function addConfigCommand(program: Command, io: CommandIo): void {
  const config = program.command('config').description('look at the settings');
  addSettingFlags(config.command('print'))
    .description('the settings as they hold, in the form of weir.yaml; secrets are none of them')
    .option('--origin', 'say where each comes from')
    .option('--json', 'print JSON')
    .addHelpText('after', '\nExample:\n  weir config print --origin')
    .action((options: FlagOptions) => {
      const origins = explainConfig(flagTexts(options), configFileOf(options));
      const hasOrigin = options['origin'] === true;
      io.stdout(options['json'] === true ? jsonOf(origins, hasOrigin) : yamlOf(origins, hasOrigin));
    });
}

function jsonOf(origins: readonly SettingOrigin[], hasOrigin: boolean): string {
  const entries = origins.map(({ key, text, source }) => [key, hasOrigin ? { value: text, source } : text]);
  return `${JSON.stringify(Object.fromEntries(entries), null, 2)}\n`;
}

/** Can be used as a file; what nobody set stands in a comment. */
function yamlOf(origins: readonly SettingOrigin[], hasOrigin: boolean): string {
  return origins
    .map(({ key, text, source }) => {
      if (text === null) return `# ${key}: not set\n`;
      const line = yaml()
        .stringify({ [key]: plain(text) })
        .trimEnd();
      return hasOrigin ? `${line} # ${source}\n` : `${line}\n`;
    })
    .join('');
}

/** Without quotes where YAML needs none; the file is read as texts again. */
function plain(text: string): string | number | boolean {
  if (text === 'true') return true;
  return /^\d{1,15}$/.test(text) && String(Number(text)) === text ? Number(text) : text;
}
