/** The commands that look at the store. What they do is loaded when they are asked for: the database takes half a second. */
import { Option, type Command } from 'commander';
import { workInBackground } from '../background.ts';
import type { BackupOptions } from './backup.ts';
import type { CheckChainOptions } from './check-chain.ts';
import type { CheckOptions } from './check.ts';
import type { CommandIo } from './command-io.ts';
import type { CompactOptions } from './compact.ts';
import type { PruneOptions } from './prune.ts';
import type { StatusOptions } from './status.ts';
import { withStoreTarget } from './store-target.ts';

/** Adds `status`, `check`, `prune`, `compact` and `backup`. Their actions throw ConfigError. */
export function addStoreCommands(program: Command, io: CommandIo): void {
  withStoreTarget(program.command('status'))
    .description('how the running program is doing: lag, queue, losses, sizes')
    .option('--json', 'print JSON')
    .addHelpText(
      'after',
      '\nExit code 69: no program runs here, or it does not answer.\n\nExample:\n  weir status --json | jq .health.rows_lost',
    )
    .action(async (options: StatusOptions) => {
      const { runStatus } = await import('./status.ts');
      io.setExitCode(await runStatus(options, io));
    });
  withStoreTarget(program.command('check'))
    .description('verify every call and every body of the record; changes nothing unless told to')
    .option('--repair', 'put right what can be derived; weir must not be running')
    .addOption(
      new Option('--chain', 'prove that nothing was altered or removed since it was recorded').conflicts(
        'repair',
      ),
    )
    .option('--expect <head>', 'with --chain: a head that was noted elsewhere must be in it')
    .option('--trust-writer <name...>', 'with --chain: that another installation sealed its chain is right')
    .option('--json', 'print JSON')
    .addHelpText(
      'after',
      '\nExit code 0: clean; 3: there are findings; 1, with --chain: something was altered or removed.\n\nExamples:\n  weir check --json | jq .findings\n  weir check --chain --expect 48213:9f86d081884c7d65',
    )
    .action(async (options: CheckOptions & CheckChainOptions & { readonly chain?: boolean }) => {
      workInBackground();
      const isOfChain = options.expect !== undefined || options.trustWriter !== undefined;
      if (options.chain === true || isOfChain) {
        const { runCheckChain } = await import('./check-chain.ts');
        io.setExitCode(await runCheckChain(options, io));
        return;
      }
      const { runCheck } = await import('./check.ts');
      io.setExitCode(await runCheck(options, io));
    });
  withStoreTarget(program.command('prune'))
    .description(
      'remove what the settings --retain-bodies, --retain-calls and --max-store-size want gone, now',
    )
    .option('--retain-bodies <duration>', 'instead of the setting')
    .option('--retain-calls <duration>', 'instead of the setting')
    .option('--max-store-size <size>', 'instead of the setting')
    .option('--dry-run', 'only say what would go, also while weir runs')
    .option('--force', 'also when more than half of the record would go')
    .option('--json', 'print JSON')
    .addHelpText(
      'after',
      '\nA running weir prunes by itself. Exit code 5: more than half would go; 75: weir is running.\n\nExample:\n  weir prune --retain-bodies 30d --dry-run',
    )
    .action(async (options: PruneOptions) => {
      const { runPrune } = await import('./prune.ts');
      io.setExitCode(await runPrune(options, io));
    });
  withStoreTarget(program.command('compact'))
    .description(
      'give all free space of a file back to the system, while weir is not running; build the indexes of a database anew, also while it is',
    )
    .option('--json', 'print JSON')
    .action(async (options: CompactOptions) => {
      const { runCompact } = await import('./compact.ts');
      io.setExitCode(await runCompact(options, io));
    });
  withStoreTarget(program.command('backup'))
    .description('copy the record into a new file, whole and checked, also while weir runs')
    .argument('<file>', 'where to; a file that exists is never overwritten')
    .option('--json', 'print JSON')
    .addHelpText('after', '\nExample:\n  weir backup ~/backups/weir-$(date +%F).db')
    .action(async (file: string, options: BackupOptions) => {
      const { runBackup } = await import('./backup.ts');
      io.setExitCode(await runBackup(file, options, io));
    });
}
