/** The command line: parses, wires, runs. The only file that exits the process. */
import { constants } from 'node:os';
import { Command, CommanderError } from 'commander';
import { ConfigError, explainConfig, readConfig } from './config.ts';
import { DataDirError } from './data-dir.ts';
import { createLog, type Logger } from './log.ts';
import { processIo } from './commands/command-io.ts';
import { addSettingFlags, configFileOf, flagTexts } from './commands/setting-flags.ts';
import type { Running } from './commands/serve.ts';
import { startsServer } from './starts-server.ts';
import { suggest } from './suggestion.ts';
import { version } from './version.ts';

const exitCodes = { ok: 0, failure: 1, usage: 2, badConfiguration: 78, unreachable: 69 } as const;

// A closed pipe (`weir | head`) must not end the calls of others.
process.stdout.on('error', () => undefined);
process.stderr.on('error', () => undefined);

const program = new Command('weir')
  .description('A transparent logging proxy with a dashboard for the Anthropic-compatible Messages API')
  .version(version)
  .exitOverride()
  .showHelpAfterError('(--help lists the options)')
  .configureHelp({ showGlobalOptions: true });

const serveCommand = program
  .command('serve', { isDefault: true })
  .description('start the proxy, the recorder and the dashboard (this is what a bare "weir" does)');
addSettingFlags(serveCommand);
serveCommand.action(async (options: Readonly<Record<string, unknown>>) => runServer(options));

try {
  if (!startsServer(process.argv.slice(2))) {
    const { addOtherCommands } = await import('./commands/other-commands.ts');
    addOtherCommands(program, processIo);
  }
  refuseUnknownCommand(process.argv[2]);
  await program.parseAsync();
} catch (error) {
  fail(error);
}

/** Whatever is no command would be taken for an argument of `serve`, which has none. */
function refuseUnknownCommand(word: string | undefined): void {
  const names = [...program.commands.map((command) => command.name()), 'help'];
  if (word === undefined || word.startsWith('-') || names.includes(word)) return;
  const meant = suggest(word, names);
  program.error(`error: unknown command '${word}'${meant === null ? '' : ` (did you mean ${meant}?)`}`);
}

async function runServer(options: Readonly<Record<string, unknown>>): Promise<void> {
  const given = [flagTexts(options), configFileOf(options)] as const;
  const config = readConfig(...given);
  const log = createLog(config.logLevel);
  // Only the server needs the server: the other commands start without it.
  const { serve } = await import('./commands/serve.ts');
  const starting = serve(config, explainConfig(...given), log, (text) => process.stderr.write(text));
  // Before it says that it is there: who reads that may end it at once.
  const stop = stopOnSignals(starting, log);
  const running = await starting;
  process.on('uncaughtException', (error) => {
    log.fatal({ err: error }, 'an error that nobody expected');
    stop(exitCodes.failure);
  });
  if (config.open) await openBrowser(running.dashboardUrl);
}

/** The first signal lets running calls end, the second one leaves at once. What is returned stops without a signal. */
function stopOnSignals(starting: Promise<Running>, log: Logger): (code: number) => void {
  let isStopping = false;
  const stop = (code: number): void => {
    if (isStopping) return;
    isStopping = true;
    starting
      .then((running) => running.stop())
      .then(
        () => process.exit(code),
        (error: unknown) => {
          log.fatal({ err: error }, 'could not stop cleanly');
          process.exit(exitCodes.failure);
        },
      );
  };
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.on(signal, () => {
      if (isStopping) process.exit(128 + constants.signals[signal]);
      log.info({ signal }, 'waiting for running calls; once more leaves at once');
      stop(exitCodes.ok);
    });
  }
  return stop;
}

async function openBrowser(url: string): Promise<void> {
  const { spawn } = await import('node:child_process');
  const command =
    process.platform === 'darwin' ? 'open' : process.platform === 'win32' ? 'explorer' : 'xdg-open';
  spawn(command, [url], { stdio: 'ignore', detached: true })
    .on('error', () => undefined)
    .unref();
}

function fail(error: unknown): never {
  // Commander has already said it; asking for help is no mistake.
  if (error instanceof CommanderError) process.exit(error.exitCode === 0 ? exitCodes.ok : exitCodes.usage);
  const message = error instanceof Error ? error.message : String(error);
  process.stderr.write(`weir: ${message}\n`);
  process.exit(exitCodeOf(error));
}

function exitCodeOf(error: unknown): number {
  if (error instanceof ConfigError || error instanceof DataDirError) return exitCodes.badConfiguration;
  // What a store refused, as server/store/errors.ts names it: the recorder that says so is only loaded by the server.
  const code = error instanceof Error && 'code' in error ? error.code : null;
  if (code === 'away') return exitCodes.unreachable;
  return code === 'denied' || code === 'unsupported' ? exitCodes.badConfiguration : exitCodes.failure;
}
