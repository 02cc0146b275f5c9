/** The commands that read calls and sessions, and move them in and out. What they do is loaded when they are asked for. */
import { Option, type Command } from 'commander';
import { workInBackground } from '../background.ts';
import type { CallsOptions } from './calls.ts';
import type { CommandIo } from './command-io.ts';
import type { DiffOptions } from './diff.ts';
import type { ExportOptions } from './export.ts';
import { filterQuery } from './filter-flags.ts';
import { addQueryFlags, type QueryOptions } from './query-flags.ts';
import type { ImportOptions } from './import.ts';
import type { PlaybackOptions } from './playback.ts';
import type { SessionsOptions } from './sessions.ts';
import type { ShowOptions } from './show.ts';
import { withStoreTarget } from './store-target.ts';
import type { TailOptions } from './tail.ts';

/** Adds `calls`, `show`, `diff`, `tail`, `sessions`, `export`, `import` and `playback`. Their actions throw ConfigError. */
export function addRecordCommands(program: Command, io: CommandIo): void {
  addQueryFlags(withStoreTarget(program.command('calls')), filterQuery)
    .description('calls that pass the filters, newest first')
    .option('--limit <n>', 'how many at most', '20')
    .option('--json', 'print JSON, as the API answers')
    .addHelpText('after', '\nExample:\n  weir calls --q "north bank" --from 7d')
    .action(async (options: CallsOptions & QueryOptions) => {
      const { runCalls } = await import('./calls.ts');
      io.setExitCode(await runCalls(options, io));
    });
  withStoreTarget(program.command('show'))
    .description('one call: what it was, what it cost, what was said')
    .argument('<id>', 'of the call')
    .option('--json', 'print JSON, as the API answers')
    .addOption(
      new Option('--body <side>', 'the bytes of one body, as they were on the wire').choices([
        'request',
        'response',
      ]),
    )
    .action(async (id: string, options: ShowOptions) => {
      const { runShow } = await import('./show.ts');
      io.setExitCode(await runShow(id, options, io));
    });
  withStoreTarget(program.command('diff'))
    .description(
      'what a call asked that the call before in its session did not, block by block, and why it missed the cache',
    )
    .argument('<id>', 'of the call')
    .argument(
      '[other]',
      'compare with this call instead, the answers too (of a replay: the call that it repeats)',
    )
    .option('--text', 'also what the changed blocks say')
    .option('--json', 'print JSON, as the API answers')
    .action(async (id: string, other: string | undefined, options: DiffOptions) => {
      const { runDiff } = await import('./diff.ts');
      io.setExitCode(await runDiff(id, other, options, io));
    });
  addQueryFlags(withStoreTarget(program.command('tail')), filterQuery)
    .description('calls of the running program as they end')
    .option('--json', 'print every event as a line of JSON')
    .addHelpText('after', '\nExit code 69: no program runs here, or it has ended.')
    .action(async (options: TailOptions & QueryOptions) => {
      const { runTail } = await import('./tail.ts');
      io.setExitCode(await runTail(options, io));
    });
  addQueryFlags(withStoreTarget(program.command('sessions')), filterQuery)
    .description('runs of related calls, the one that began last first')
    .option('--limit <n>', 'how many at most', '20')
    .option('--json', 'print JSON')
    .addHelpText('after', '\nExample:\n  weir sessions --from 24h --user ada')
    .action(async (options: SessionsOptions & QueryOptions) => {
      const { runSessions } = await import('./sessions.ts');
      io.setExitCode(runSessions(options, io));
    });
  addQueryFlags(withStoreTarget(program.command('export')), filterQuery)
    .description('calls that pass the filters as a file, also while weir runs')
    .addOption(
      new Option('--format <format>', 'of the file').choices(['csv', 'ndjson', 'parquet']).default('ndjson'),
    )
    .option('--out <file>', 'where to; appears when it is whole (default: stdout)')
    .option('--bodies', 'with all details and bodies, in base64, for "weir import"; ndjson only')
    .option('--cassette <file>', 'as a small store with all bodies, for "weir playback"')
    .addHelpText(
      'after',
      '\nExamples:\n  weir export --from 30d --format parquet --out november.parquet\n  weir export --session S --bodies | ssh other weir import -\n  weir export --session S --cassette test/session.weir',
    )
    .action(async (options: ExportOptions & QueryOptions) => {
      workInBackground();
      const { runExport } = await import('./export.ts');
      io.setExitCode(await runExport(options, io));
    });
  withStoreTarget(program.command('import'))
    .description(
      'add calls from exports of weir, session files of Claude Code, flows of mitmproxy and HTTP archives (HAR); each is added once',
    )
    .argument('<files...>', 'what to read; - is stdin')
    .option('--dry-run', 'say what would be added, and add nothing')
    .option('--json', 'print JSON')
    .addHelpText(
      'after',
      '\nExit code 3: some could not be read; 75: weir records into the store.\n\nExample:\n  weir import ~/.claude/projects/*/*.jsonl',
    )
    .action(async (files: string[], options: ImportOptions) => {
      const { runImport } = await import('./import.ts');
      io.setExitCode(await runImport(files, options, io));
    });
  // Here the upstream is where a request goes, not one of then.
  addQueryFlags(withStoreTarget(program.command('playback')), filterQuery.omit({ upstream: true }))
    .description('answer from the record as an upstream, with the bytes, pauses and errors of then')
    .argument(
      '[file]',
      'a cassette of "weir export --cassette", any store, or what "weir import" takes (default: the record)',
    )
    .option('--host <host>', 'listen address')
    .option('--port <port>', 'listen port; 0 picks a free one', '8788')
    .option('--speed <factor>', '1 as recorded, 10 ten times as fast, 0 without pauses', '1')
    .addOption(
      new Option(
        '--match <how>',
        'a request is the recorded one when its bytes are, when its JSON is, or by its place in the session',
      )
        .choices(['exact', 'body', 'session'])
        .default('exact'),
    )
    .addOption(
      new Option('--on-miss <what>', 'for a request without a recording')
        .choices(['error', 'forward', 'record'])
        .default('error'),
    )
    .option('--upstream <url>', 'where such a request goes')
    .addHelpText(
      'after',
      '\nExit code 4: there is nothing to answer with; 75: weir records into the store that --on-miss record is to write.\n\nExamples:\n  weir playback --session S --speed 0\n  weir playback test/session.weir --port 0 --match body',
    )
    .action(async (file: string | undefined, options: PlaybackOptions & QueryOptions) => {
      const { runPlayback } = await import('./playback.ts');
      io.setExitCode(await runPlayback(file, options, io));
    });
}
