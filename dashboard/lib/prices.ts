/** Prices as people read and set them: by the million tokens. */
import type { EffectiveRate, PriceRate, Settings } from '../../server/api/wire.ts';
import { shellArgument } from './command.ts';
import { formatCount, shiftDecimal } from './format.ts';

/** The classes that have a column of their own, with the option that sets them. */
export const PRICE_CLASSES: readonly { id: string; label: string; flag: string }[] = [
  { id: 'input', label: 'Input', flag: 'input' },
  { id: 'cache_read', label: 'Cache read', flag: 'cache-read' },
  { id: 'cache_write_5m', label: 'Write 5 m', flag: 'cache-write-5m' },
  { id: 'cache_write_1h', label: 'Write 1 h', flag: 'cache-write-1h' },
  { id: 'output', label: 'Output', flag: 'output' },
];

const EACH = ['web_search', 'request'];

/** What everybody pays for prompts of any size; undefined where there is no such price. */
export function listRate<Rate extends PriceRate>(rates: readonly Rate[], id: string): Rate | undefined {
  return rates.find((rate) => rate.class === id && rate.tier === 'list' && rate.above_tokens === 0);
}

/** The rates that have no column: other tiers, long prompts, searches. */
export function otherRates<Rate extends PriceRate>(rates: readonly Rate[]): Rate[] {
  const shown = PRICE_CLASSES.map(({ id }) => listRate(rates, id));
  return rates.filter((rate) => !shown.includes(rate));
}

/** `$3.60` for a million tokens, `$0.01` for a search: at least two digits after the point. */
export function priceText(rate: PriceRate): string {
  const dollars = EACH.includes(rate.class) ? rate.usd_per_unit : shiftDecimal(rate.usd_per_unit, 6);
  const [integer = '0', fraction = ''] = dollars.split('.');
  return `$${integer}.${fraction.padEnd(2, '0')}`;
}

/** What a rate is for, in words: `output · prompts over 200,000 tokens · batch`. */
export function rateName(rate: PriceRate): string {
  return [
    rate.class.replaceAll('_', ' '),
    rate.above_tokens > 0 ? `prompts over ${formatCount(rate.above_tokens)} tokens` : '',
    rate.tier === 'list' ? '' : rate.tier,
  ]
    .filter(Boolean)
    .join(' · ');
}

const SOURCES = { override: 'your file', book: 'book', catalogue: 'catalogue' } as const;

/** Who says so, and since when. */
export function sourceText({ source, effective_from: since }: EffectiveRate): string {
  return `${SOURCES[source]}${since ? `, since ${since.slice(0, 10)}` : ''}`;
}

/** Settings that a command would not find by itself, as its options: the file is read by all of them. */
export function optionsFor({ settings, data_dir: dataDir }: Settings, keys: readonly string[]): string {
  return settings
    .filter(({ key, value, source }) => keys.includes(key) && value !== null && source.startsWith('--'))
    .map(({ key, value }) => ` --${key} ${shellArgument(key === 'data-dir' ? dataDir : (value ?? ''))}`)
    .join('');
}

/** `weir prices set …`; null while no amount is given. `amounts` by class, in dollars a million, as typed. */
export function priceCommand(
  model: string,
  from: string,
  amounts: Readonly<Record<string, string>>,
  place: string,
): string | null {
  const options = PRICE_CLASSES.flatMap(({ id, flag }) => {
    const amount = amounts[id]?.trim();
    return amount ? [` --${flag} ${shellArgument(amount)}`] : [];
  }).join('');
  if (options === '' || model === '') return null;
  return `weir prices set ${shellArgument(model)}${from === '' ? '' : ` --from ${shellArgument(from)}`}${options}${place}`;
}
