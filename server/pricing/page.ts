/** docs/pricing.md, made from the book so that the two cannot differ. Pure: text out. */
import { findRate, mergeCard } from './card.ts';
import { formatDecimal } from './decimal.ts';
import type { PriceEntry, PriceFile } from './price-file.ts';
import { tokenClasses, type TokenClass } from './rate-keys.ts';

const titles: Record<TokenClass, string> = {
  input: 'input',
  cache_write_5m: '5 min write',
  cache_write_1h: '1 h write',
  cache_read: 'cache read',
  output: 'output',
};
const order = Object.keys(titles).filter((name): name is TokenClass =>
  tokenClasses.some((of) => of === name),
);

/** Markdown: one row for each model, date and prompt band; US dollars per million tokens. */
export function pricingPage(book: PriceFile): string {
  const rows = [...book.models].flatMap(([model, entries]) =>
    entries.flatMap((entry) => bandRows(model, entry, entries)),
  );
  const head = ['model', 'from (UTC)', 'prompt', ...order.map((name) => titles[name]), 'factors'];
  const table = [head, head.map(() => '---'), ...rows].map((row) => `| ${row.join(' | ')} |`).join('\n');
  return `${introduction(book.version)}\n${table}\n\n${rules}`;
}

function bandRows(model: string, entry: PriceEntry, entries: readonly PriceEntry[]): string[][] {
  const atMs = entry.fromMs ?? 0;
  const card = mergeCard([{ source: 'book', bookVersion: '', entries }], atMs);
  if (card === null) return [];
  const factors = [...card.factors].map(([name, factor]) => `${name} × ${formatDecimal(factor)}`).join(', ');
  return [0, ...card.bands.toReversed()].map((above) => {
    const prices = order.map((name) => {
      const rate = findRate(card, name, above + 1, 'list');
      return rate === undefined ? '?' : formatDecimal({ units: rate.femtoUsd, scale: 9 });
    });
    const lowest = card.bands.at(-1);
    const band = above > 0 ? `> ${above}` : lowest === undefined ? 'any' : `≤ ${lowest}`;
    return [`\`${model}\``, entry.effectiveFrom ?? 'always', band, ...prices, factors];
  });
}

function introduction(version: string): string {
  return `# Prices

Generated from \`server/pricing/book.anthropic.json\`, version ${version}, by \`server/pricing/page.ts\`; a test holds the two together
(\`npm test -- test/pricing/page.test.ts -u\` writes this page anew). US dollars per million tokens. A date is the day from whose 00:00 UTC
the row holds; the vendor publishes no hour.
`;
}

const rules = `## How a call is priced

- The answer's model counts, not the one that was asked for. Ids are compared after removing paths, cloud prefixes, \`[...]\` and
  dates; a model without a row is **unpriced** (\`null\`), never priced like its relatives and never 0.
- Prompt size is uncached input + cache writes + cache reads. A prompt above a band pays the band's rates for every token; output
  never moves the band.
- Writes without a split by lifetime, and what a total exceeds its split by, are 5-minute writes. Output includes thinking.
- Factors multiply every token class: \`us\` when the answer says \`inference_geo: us\`, \`fast\` when it says \`speed: fast\`, 0.5 when it
  says \`service_tier: batch\`. Nobody sells a batch at fast speed, so an answer that says both is unpriced.
- Web searches cost $0.01 each, once for the answer, whatever the factors. Web fetches cost nothing. Code execution is billed by
  the hour of a container and no answer tells the hours: a note refers to the provider's report.
- \`usage.iterations\`, where it is not empty, is the bill: each entry at its own model, the top level not added. A hop that declined
  before any output is listed with the factor 0.
- Free, and stored as 0: error answers, \`count_tokens\`, refusals before output, endpoints without a price, batch items that errored,
  were canceled or expired.
- The results of a message batch are priced where they are downloaded: each message that succeeded at half price, once, with the first
  download that brings it. The call's lines are sums by model and rate; a later download costs 0 and names the call that paid.
- A cut stream is \`estimated\`: the input as told at its start, the output as estimated from what arrived.
- Amounts are exact integers of femto-dollars for a token; the total of a call is rounded once, half to even, to nano-dollars.

## Your own prices

\`prices.json\` in the data directory, or \`--prices FILE\`: an object of model id to entry, or to a list of dated entries, with LiteLLM's keys,
in US dollars **per token**. LiteLLM's own list can be used as it is. \`effective_from\` is inclusive and \`effective_to\` exclusive; entries of
one model must not overlap, but an entry without an end is the ground on which later ones stand. An entry changes only the keys it
names, unless it says \`"replace": true\`. The exact id counts before the canonical id, and that before the longest pattern with \`*\`.

\`\`\`json
{
  "claude-opus-5-5": [{ "effective_from": "2026-11-01", "input_cost_per_token": 3.6e-6 }],
  "our-gateway/*": { "input_cost_per_token": 2e-6, "output_cost_per_token": 1e-5 }
}
\`\`\`

The order is: your prices, the Anthropic book above, the catalogue of other providers (\`@pydantic/genai-prices\`, rates only, never
fetched anew). \`weir prices show MODEL --at DATE\` prints what is in effect and where each rate comes from, \`weir prices set\` writes the file.

## Reported costs

Some gateways say what a call costs (\`cost.total\`, \`usage.cost\`, \`x-litellm-response-cost\`, …; taken as US dollars). That figure is kept
beside the computed one, and \`--cost computed|reported\` chooses which of the two is the cost. Where only one is known it is taken. A reported
0 never replaces a computed cost. The detail of a call has both and their difference; \`stats\` adds the differences up
(\`cost_difference_nano_usd\`: reported less computed, over calls that have both).

## Corrections

What a call costs is written once. Only \`weir reprice\` ever changes it: it prices recorded calls anew, with the book and your prices of
today, writes a new revision where something differs, and keeps what stood before (\`cost_revisions\` in the detail of a call). It takes the
filters of the API, prints the totals before and after, and with \`--dry-run\` only says what would change. The store has one writer: while
Weir records, \`weir reprice\` is refused with exit code 75, and \`--dry-run\` still works.

## What if

\`weir stats --as-model M\`, \`--as-ttl 5m|1h\`, \`--as-tier batch\`, \`--no-cache\`, and \`as_model\`, \`as_ttl\`, \`as_tier\`, \`as_cache=none\` of
\`stats\`, price the same calls otherwise. The answer is a range with its assumptions, because what the other side would have done is not on
record:

- Another model counts the same text as 10 % fewer to 35 % more tokens. Its cache is hit as often, its answers are as long.
- Five minutes of cache instead of an hour: low, every read is a hit still; high, a read more than five minutes after the call before in
  the session is written again. An hour instead of five minutes: what was missed because five minutes but no hour had passed
  ([cache.md](cache.md)) is a hit.
- Each call keeps the prices of its day; where the other model had none yet, those of today hold.
`;
