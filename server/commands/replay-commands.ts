/** The commands that send recorded calls again and compare. What they do is loaded when they are asked for. */
import type { Command } from 'commander';
import type { CommandIo } from './command-io.ts';
import { addQueryFlags, type QueryOptions } from './query-flags.ts';
import { replayFilters, type ReplayOptions } from './replay-order.ts';
import { withStoreTarget } from './store-target.ts';

/** Adds `replay`. Its action throws ConfigError. */
export function addReplayCommand(program: Command, io: CommandIo): void {
  const replay = withStoreTarget(program.command('replay'))
    .description('send recorded calls again, as they were or changed, and see both answers side by side')
    .argument('[id...]', 'of the calls; or choose them by filters')
    .option('--upstream <name>', 'one of the configured upstreams (default: where calls go)')
    .option('--model <model>', 'ask this model instead')
    .option('--set <patch>', 'JSON merge patch of the request, or @FILE with one')
    .option('--stream', 'ask for a stream')
    .option('--no-stream', 'ask for no stream')
    .option('--concurrency <n>', 'calls at a time, 1 to 64', '4')
    .option('--max-cost <dollars>', 'send nothing that could make this run cost more')
    .option('--batch <name>', 'what the replays belong to (default: made of what is asked for)')
    .option('--out <file>', 'the comparison of the batch as .csv or .ndjson')
    .option('--dry-run', 'only say what would be sent and what it would cost')
    .option('--json', 'print JSON');
  // Commander takes the presence of --no-stream for a default of true.
  replay.setOptionValue('stream', undefined);
  addQueryFlags(replay, replayFilters)
    .addHelpText(
      'after',
      '\nThe key comes from ANTHROPIC_API_KEY or ANTHROPIC_AUTH_TOKEN and is never stored. A batch that was broken off\ngoes on when the same command is run again.\n\nExamples:\n  weir replay ID --model claude-haiku-4-5 --dry-run\n  weir replay --session S --set \'{"max_tokens":500}\' --max-cost 0.50',
    )
    .action(async (ids: string[], options: ReplayOptions & QueryOptions) => {
      const { runReplay } = await import('./replay.ts');
      io.setExitCode(await runReplay(ids, options, io));
    });
}
