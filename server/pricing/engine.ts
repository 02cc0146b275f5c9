/** What a call cost: usage and prices in, lines of money out. Pure and exact; a total is rounded once, to nano-dollars. */
import { anthropicBook } from './book.ts';
import { layerOf, mergeCard, stretchOf, type Card, type Layer, type Stretch } from './card.ts';
import { catalogueLayer } from './catalogue.ts';
import { whyFree } from './free.ts';
import { joinAmounts, MissingRate, noAmounts, priceFees, priceTokens, type Amounts } from './lines.ts';
import { canonicalModelId } from './model-id.ts';
import { noteTier, readModifiers, UnknownPrice } from './modifiers.ts';
import { safeNano } from './money.ts';
import type { PriceFile } from './price-file.ts';
import type { PriceInput, Priced } from './priced.ts';
import { ImpossibleUsage, promptTokens, readUsage, type UsageReading } from './quantities.ts';
import { choosePaidRuns, type PaidRun } from './runs.ts';

export { reportedToNano } from './money.ts';
export { pickCost, type ShownCost } from './pick.ts';

export interface Pricer {
  /** Version of the book, and of the overrides behind a `+`. */
  readonly bookVersion: string;
  /** The user's price file; null where there is none. */
  readonly overrides: PriceFile | null;
  /** Never throws for whatever the usage holds. */
  price(input: PriceInput): Priced;
  /** The effective card of a model; null when nothing is known about it at that time. */
  card(model: string, atMs: number): Card | null;
}

/**
 * Prices by the user's overrides over the Anthropic book over the catalogue of other providers.
 *
 * A cut stream (`usageComplete` false) is `estimated`: the input is billed as `message_start` told it; the output as
 * `outputTokensEstimate`, or not at all where the caller has no estimate, because the number in `message_start` is a
 * placeholder. A note says which. An input that is not known either leaves it unpriced.
 */
export function createPricer(options: { readonly overrides?: PriceFile } = {}): Pricer {
  const { overrides } = options;
  const bookVersion =
    overrides === undefined ? anthropicBook.version : `${anthropicBook.version}+${overrides.version}`;
  const known = new Map<string, KnownModel>();

  const card = (model: string, atMs: number): Card | null => {
    let of = known.get(model);
    if (of !== undefined && of.fromMs <= atMs && atMs < of.toMs) return of.card;
    const files = of?.files ?? fileLayers(model, overrides);
    const layers = [catalogueLayer(model, atMs), ...files];
    of = { files, card: mergeCard(layers, atMs), ...stretchOf(layers, atMs) };
    // Models come from outside; a client that makes them up must not fill the memory.
    if (known.size >= 1000) known.clear();
    known.set(model, of);
    return of.card;
  };

  return {
    bookVersion,
    overrides: overrides ?? null,
    card,
    price: (input) => ({ ...priceCall(input, card), bookVersion }),
  };
}

/** A model's last card and how long it holds. */
interface KnownModel extends Stretch {
  readonly files: readonly Layer[];
  readonly card: Card | null;
}

function fileLayers(model: string, overrides: PriceFile | undefined): readonly Layer[] {
  const book = layerOf(anthropicBook, 'book', model);
  return overrides === undefined ? [book] : [book, layerOf(overrides, 'override', model)];
}

type Unversioned = Omit<Priced, 'bookVersion'>;
type FindCard = Pricer['card'];

function priceCall(input: PriceInput, findCard: FindCard): Unversioned {
  const free = whyFree(input);
  if (free !== null) {
    // Only remarkable where there is a usage that one might expect to be billed.
    const notes = typeof input.usage === 'object' && input.usage !== null ? [`free: ${free}`] : [];
    return { costNanoUsd: 0, source: 'computed', lines: [], cacheSavedNanoUsd: 0, notes };
  }
  try {
    return priceUsage(input, findCard);
  } catch (error) {
    const isKnown =
      error instanceof ImpossibleUsage || error instanceof MissingRate || error instanceof UnknownPrice;
    if (isKnown) return unpriced([error.message]);
    throw error;
  }
}

function priceUsage(input: PriceInput, findCard: FindCard): Unversioned {
  const usage = readUsage(input.usage);
  if (usage === null) return unpriced(['the answer has no usage']);
  if (input.model === null || input.model === '')
    return unpriced(['neither answer nor request names a model']);
  const isComplete =
    input.usageComplete === true || (input.usageComplete === null && usage.top.output !== null);
  const paid = choosePaidRuns(usage, input, isComplete);
  const notes = [...usage.notes, ...paid.notes, ...noteTier(usage.serviceTier), ...noteRequest(input, usage)];
  const parts = paid.runs.map((run) => pricePart(run, { input, usage, findCard, notes }));
  parts.push(priceTopFees(input.model, input.atMs, usage, findCard));
  return settle(joinAmounts(parts), isComplete ? 'computed' : 'estimated', notes);
}

interface Context {
  readonly input: PriceInput;
  readonly usage: UsageReading;
  readonly findCard: FindCard;
  readonly notes: string[];
}

function pricePart(run: PaidRun, { input, usage, findCard, notes }: Context): Amounts {
  const card = cardOrThrow(findCard, run.model, input.atMs);
  const isOwnModel = canonicalModelId(run.model) === canonicalModelId(input.model ?? '');
  const asked = { ...usage, speed: run.speed ?? usage.speed };
  const modifiers = readModifiers(asked, card, canonicalModelId(run.model), isOwnModel);
  notes.push(...modifiers.notes);
  const bandAlone = card.bands.filter((above) => promptTokens(run.quantities) > above).length;
  const bandTogether = card.bands.filter((above) => promptTokens(usage.top) > above).length;
  if (run.iteration !== null && bandAlone !== bandTogether) {
    notes.push(
      `iteration ${run.iteration} is priced by its own prompt; the whole request is in another price band`,
    );
  }
  return priceTokens({
    model: canonicalModelId(run.model),
    card,
    quantities: run.quantities,
    tier: modifiers.tier,
    multipliers: [...modifiers.multipliers, ...run.multipliers],
    iteration: run.iteration,
  });
}

function priceTopFees(model: string, atMs: number, usage: UsageReading, findCard: FindCard): Amounts {
  // With iterations every run may have a model of its own, and the top level's is then only asked for fees.
  const card = usage.webSearches > 0 ? cardOrThrow(findCard, model, atMs) : findCard(model, atMs);
  return card === null ? noAmounts : priceFees(canonicalModelId(model), card, usage.webSearches);
}

function cardOrThrow(findCard: FindCard, model: string, atMs: number): Card {
  const card = findCard(model, atMs);
  if (card !== null) return card;
  const day = new Date(atMs).toISOString().slice(0, 10);
  throw new UnknownPrice(`no price is known for ${model} on ${day}`);
}

function settle(amounts: Amounts, source: 'computed' | 'estimated', notes: readonly string[]): Unversioned {
  const costNanoUsd = safeNano(amounts.costNanoUsd);
  if (costNanoUsd === null) return unpriced([...notes, 'the cost is too large to be true']);
  const cacheSavedNanoUsd = safeNano(amounts.savedNanoUsd);
  return { costNanoUsd, source, lines: amounts.lines, cacheSavedNanoUsd, notes: [...new Set(notes)] };
}

function unpriced(notes: readonly string[]): Unversioned {
  return {
    costNanoUsd: null,
    source: null,
    lines: [],
    cacheSavedNanoUsd: null,
    notes: notes.map((note) => `unpriced: ${note}`),
  };
}

function noteRequest({ request }: PriceInput, usage: UsageReading): string[] {
  const types = request?.toolTypes ?? [];
  const notes: string[] = [];
  // Free beside the newer search and fetch tools; otherwise container hours are billed that no answer tells.
  const isCovered = types.some(
    (type) => /^web_(?:search|fetch)_\d{8}$/.test(type) && type.slice(-8) >= '20260209',
  );
  const runsCode = usage.codeExecutions > 0 || types.some((type) => type.startsWith('code_execution_'));
  if (runsCode && !isCovered)
    notes.push('code execution: see the provider’s report, the answer tells no hours');
  const billTo = request?.billTo ?? null;
  if (billTo !== null) notes.push(`billed to ${billTo}`);
  return notes;
}
