/** The commands about what calls cost. What they do is loaded when they are asked for: the database takes half a second. */
import type { Command } from 'commander';
import { statsQuery } from '../api/stats-query.ts';
import type { CacheOptions } from './cache.ts';
import type { CommandIo } from './command-io.ts';
import { filterQuery } from './filter-flags.ts';
import { addQueryFlags } from './query-flags.ts';
import type { ReconcileOptions } from './reconcile.ts';
import type { RepriceOptions } from './reprice.ts';
import type { StatsOptions } from './stats.ts';
import { withStoreTarget } from './store-target.ts';

/** Adds `stats`, `cache`, `reprice` and `reconcile`. Their actions throw ConfigError. */
export function addMoneyCommands(program: Command, io: CommandIo): void {
  const stats = withStoreTarget(program.command('stats')).description(
    'metrics over calls by groups and time slices, and what the same calls would have cost otherwise',
  );
  addQueryFlags(stats, statsQuery)
    .option('--no-cache', 'the same as --as-cache none')
    .option('--prices <file>', 'your price overrides, for --as-…')
    .option('--json', 'print JSON, as the API answers')
    .addHelpText(
      'after',
      '\nExamples:\n  weir stats --from 7d --group-by model\n  weir stats --from 30d --group-by user_id --as-model claude-haiku-4-5',
    )
    .action(async (options: StatsOptions) => {
      const { runStats } = await import('./stats.ts');
      io.setExitCode(runStats(options, io));
    });
  const cache = withStoreTarget(program.command('cache')).description(
    'what the prompt cache saved and what was missed, by cause, and whether five minutes or an hour would have been cheaper',
  );
  addQueryFlags(cache, filterQuery)
    .option(
      '--recount',
      'first judge these calls anew, imported ones too, from what is stored of them; not while weir records',
    )
    .option('--prices <file>', 'your price overrides, for the lifetimes')
    .option('--json', 'print JSON, as the API answers')
    .addHelpText(
      'after',
      '\nThe same by project, model or day:\n  weir stats --group-by cache_miss_cause --group-by model --metric cache_missed_calls,cache_lost_nano_usd',
    )
    .action(async (options: CacheOptions) => {
      const { runCache } = await import('./cache.ts');
      io.setExitCode(await runCache(options, io));
    });
  const reprice = withStoreTarget(program.command('reprice')).description(
    'price recorded calls anew, with the book and your prices of today; what they cost before is kept beside',
  );
  addQueryFlags(reprice, filterQuery)
    .option('--dry-run', 'only say what would change; also while weir runs')
    .option('--reason <text>', 'why, for the record (default: reprice)')
    .option('--prices <file>', 'your price overrides (default: as the server finds them)')
    .option('--json', 'print JSON')
    .addHelpText(
      'after',
      '\nExit code 75: weir is recording into the store; stop it first.\n\nExample:\n  weir reprice --from 2026-11-01 --model claude-opus-5-5 --dry-run',
    )
    .action(async (options: RepriceOptions) => {
      const { runReprice } = await import('./reprice.ts');
      io.setExitCode(await runReprice(options, io));
    });
  const reconcile = withStoreTarget(program.command('reconcile')).description(
    'compare what was recorded with what the provider says it billed, by day and model',
  );
  addQueryFlags(reconcile, filterQuery)
    .argument('[files...]', 'its reports: JSON of the Admin API, CSV of the Console; - is stdin')
    .option('--fetch', 'ask the upstream for them, with the Admin API key in ANTHROPIC_ADMIN_KEY')
    .option('--by-key', 'also by API key')
    .option(
      '--map-key <pair>',
      "apikey_…=k_…: the report's name of a key, and its key_id; may be repeated",
      (pair: string, before: string[] | undefined) => [...(before ?? []), pair],
    )
    .option('--workspace <id>', "only what the report says of this one; default is the organisation's own")
    .option('--max-difference <limit>', 'how far they may lie apart: 0.5% or dollars')
    .option('--json', 'print JSON')
    .addHelpText(
      'after',
      '\nExit code 5: further apart than --max-difference; 69: the provider cannot be reached.\n\nExamples:\n  weir reconcile usage.json cost.json\n  ANTHROPIC_ADMIN_KEY=… weir reconcile --fetch --from 2026-11-01 --to 2026-11-08 --max-difference 0.5%',
    )
    .action(async (files: string[], options: ReconcileOptions) => {
      const { runReconcile } = await import('./reconcile.ts');
      io.setExitCode(await runReconcile(files, options, io));
    });
}
