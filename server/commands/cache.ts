/** `weir cache`: what the prompt cache gave and what it did not, by cause, and how long to keep what is written to it. */
import type { CacheLedger, TtlAdvice } from '../api/wire.ts';
import { nanoToUsd } from '../pricing/money.ts';
import { answerCacheLedger } from '../reader/cache-ledger.ts';
import { answerTtlAdvice } from '../reader/ttl-advice.ts';
import { openStore } from '../store/open.ts';
import { recountMisses } from './cache-recount.ts';
import type { CommandIo } from './command-io.ts';
import { readFilters } from './filter-flags.ts';
import { createOwnPricer } from './own-pricer.ts';
import type { PriceSourceOptions } from './price-source.ts';
import type { QueryOptions } from './query-flags.ts';
import { questionExitCode } from './sessions.ts';
import { exitCodes, targetConfig, type StoreTargetOptions } from './store-target.ts';
import { tableText } from './table-text.ts';

export type CacheOptions = QueryOptions &
  StoreTargetOptions &
  PriceSourceOptions & { readonly json?: boolean; readonly recount?: boolean };

/** 0; 2 for options that do not fit, 4 without a store, 75 for a recount while weir records, 1 when it cannot be read. @throws ConfigError */
export async function runCache(options: CacheOptions, io: CommandIo): Promise<number> {
  const config = targetConfig(options);
  try {
    const nowMs = Date.now();
    const filters = readFilters(options, nowMs);
    const pricer = createOwnPricer(options);
    if (options.recount === true) {
      const { calls, changed } = await recountMisses(config.store, filters, pricer, io);
      io.stderr(`weir: ${calls} calls judged anew, ${changed} changed.\n`);
    }
    const store = openStore(config.store, 'read');
    try {
      const ledger = answerCacheLedger(store, filters);
      const ttl = answerTtlAdvice(store, filters, pricer, nowMs);
      io.stdout(
        options.json === true
          ? `${JSON.stringify({ ...ledger, ttl }, null, 2)}\n`
          : [ledgerText(ledger), causesText(ledger), ttlText(ttl)].filter((each) => each !== '').join('\n'),
      );
      return exitCodes.ok;
    } finally {
      store.close();
    }
  } catch (error) {
    return questionExitCode(error, config.store, io);
  }
}

function ledgerText(ledger: CacheLedger): string {
  const { calls, missed_calls: missed, hit_rate: rate } = ledger;
  return [
    `calls      ${calls}, ${missed} of them missed something`,
    `hit rate   ${rate === null ? 'unknown' : `${(rate * 100).toFixed(1)} %`}`,
    `saved      ${moneyText(ledger.saved_nano_usd)}, net of what writes cost more`,
    missed === 0
      ? 'lost       nothing'
      : `lost       ${moneyText(ledger.lost_nano_usd)}, ${ledger.lost_tokens ?? 0} tokens that could have been read`,
    '',
  ].join('\n');
}

function causesText({ causes }: CacheLedger): string {
  if (causes.length === 0) return '';
  return tableText(
    ['cause', '>calls', '>tokens', '>lost'],
    causes.map((each) => [
      each.cause,
      String(each.calls),
      String(each.lost_tokens ?? '-'),
      moneyText(each.lost_nano_usd),
    ]),
  );
}

function ttlText(ttl: TtlAdvice): string {
  const range = ({ low_nano_usd: low, high_nano_usd: high }: TtlAdvice['as_5m']): string =>
    low === high ? moneyText(low) : `${moneyText(low)} to ${moneyText(high)}`;
  const { first, within_5m: short, within_1h: long, longer } = ttl.gaps;
  return [
    `lifetime   ${ttl.advice}: ${ttl.reason}`,
    ...(ttl.calls === 0
      ? []
      : [
          `paid       ${moneyText(ttl.actual_nano_usd)} for ${ttl.has_more ? 'the latest ' : ''}${ttl.calls} calls that use the cache`,
          `all 5m     ${range(ttl.as_5m)}`,
          `all 1h     ${range(ttl.as_1h)}`,
          `came       ${short} within five minutes of the call before, ${long} within an hour, ${longer} later, ${first} first`,
          ...ttl.assumptions.map((sentence) => `assuming   ${sentence}`),
        ]),
    '',
  ].join('\n');
}

function moneyText(nanoUsd: number | null): string {
  return nanoUsd === null ? 'unpriced' : `$${nanoToUsd(nanoUsd)}`;
}
