/** Lays what the provider says beside what the record says. Pure. */
import { add, negate, roundHalfEven, zero, type Decimal } from '../pricing/decimal.ts';
import {
  addCosts,
  addTokens,
  noTokens,
  sumTokens,
  tokenClasses,
  type Billed,
  type TokenCounts,
} from './billed.ts';
import type { Recorded } from './recorded.ts';

export interface CompareOptions {
  /** Also by key; keys are compared by the names that `keyNames` gives those of the report. */
  readonly byKey: boolean;
  /** Id of a key in the report → `key_id` in the record. */
  readonly keyNames: ReadonlyMap<string, string>;
  /** From this day on the provider has not counted everything; null where that is not known. */
  readonly openFromDay: string | null;
}

/** One side of a row. Null: this side does not tell that. */
export interface Side {
  readonly tokens: TokenCounts | null;
  readonly nanoUsd: Decimal | null;
}

export interface ComparedRow {
  readonly day: string;
  readonly model: string;
  /** Null unless compared by key. */
  readonly key: string | null;
  readonly calls: number;
  readonly ours: Side;
  readonly theirs: Side;
  /** Theirs less ours: positive is what the record does not have. Null where one side tells nothing. */
  readonly tokensMore: number | null;
  readonly nanoUsdMore: number | null;
  /** What explains the difference, in words; empty when there is none. */
  readonly reasons: readonly string[];
}

export interface Comparison {
  readonly rows: readonly ComparedRow[];
  readonly tokens: Total | null;
  readonly nanoUsd: Total | null;
}

export interface Total {
  readonly ours: number;
  readonly theirs: number;
  /** The differences of all rows (of tokens: and classes), each counted as positive, so that they cannot cancel each other out. */
  readonly differing: number;
}

interface Gathered {
  tokens: TokenCounts | null;
  nanoUsd: Decimal | null;
  slack: number;
  readonly calls: Set<string>;
  estimated: number;
  unpriced: number;
}

export function compareBilled(
  ours: readonly Recorded[],
  theirs: readonly Billed[],
  options: CompareOptions,
): Comparison {
  const tells = {
    tokens: theirs.some(({ tokens }) => tokens !== null),
    cost: theirs.some(({ nanoUsd, key }) => nanoUsd !== null && (!options.byKey || key !== null)),
  };
  const mine = gather(ours, (row) => placeOf(row, options.byKey ? row.key : null));
  const told = options.byKey ? theirs.filter(({ tokens, key }) => tokens !== null || key !== null) : theirs;
  const other = gather(told, (row) =>
    placeOf(row, options.byKey ? (options.keyNames.get(row.key ?? '') ?? row.key) : null),
  );
  const places = [...new Set([...mine.keys(), ...other.keys()])].toSorted();
  const rows = places.map((place) => compareRow(place, mine.get(place), other.get(place), tells, options));
  return {
    rows,
    tokens: tells.tokens ? totalOf(rows, tokenSide, tokensApart) : null,
    nanoUsd: tells.cost ? totalOf(rows, costSide, ({ nanoUsdMore }) => Math.abs(nanoUsdMore ?? 0)) : null,
  };
}

function placeOf({ day, model }: Billed, key: string | null): string {
  return JSON.stringify([day, model, key]);
}

function gather<Row extends Billed>(
  rows: readonly Row[],
  placeIn: (row: Row) => string,
): Map<string, Gathered> {
  const found = new Map<string, Gathered>();
  for (const row of rows) {
    const place = placeIn(row);
    const sum = found.get(place) ?? nothing();
    found.set(place, sum);
    if (row.tokens !== null) sum.tokens = addTokens(sum.tokens ?? noTokens, row.tokens);
    sum.nanoUsd = addCosts(sum.nanoUsd, row.nanoUsd);
    sum.slack += row.slackNanoUsd;
    if ('callId' in row) count(sum, row as unknown as Recorded);
  }
  return found;
}

function count(sum: Gathered, { callId, isEstimated, isUnpriced }: Recorded): void {
  if (sum.calls.has(callId)) return;
  sum.calls.add(callId);
  sum.estimated += Number(isEstimated);
  sum.unpriced += Number(isUnpriced);
}

function nothing(): Gathered {
  return { tokens: null, nanoUsd: null, slack: 0, calls: new Set(), estimated: 0, unpriced: 0 };
}

function compareRow(
  place: string,
  mine: Gathered | undefined,
  other: Gathered | undefined,
  tells: { readonly tokens: boolean; readonly cost: boolean },
  options: CompareOptions,
): ComparedRow {
  // Made by placeOf.
  const [day, model, key] = JSON.parse(place) as [string, string, string | null];
  const side = (sum: Gathered | undefined): Side => ({
    tokens: tells.tokens ? (sum?.tokens ?? noTokens) : (sum?.tokens ?? null),
    nanoUsd: tells.cost ? (sum?.nanoUsd ?? zero) : (sum?.nanoUsd ?? null),
  });
  const [ours, theirs] = [side(mine), side(other)];
  const tokensMore = tells.tokens ? tokenSide(theirs) - tokenSide(ours) : null;
  const exact = tells.cost ? add(theirs.nanoUsd ?? zero, negate(ours.nanoUsd ?? zero)) : null;
  const more = exact === null ? null : Number(roundHalfEven(exact));
  const nanoUsdMore = more !== null && Math.abs(more) <= (other?.slack ?? 0) ? 0 : more;
  const row = { day, model, key, calls: mine?.calls.size ?? 0, ours, theirs, tokensMore, nanoUsdMore };
  return { ...row, reasons: reasonsOf(row, mine, other, options.openFromDay) };
}

function reasonsOf(
  { day, ours, theirs, tokensMore, nanoUsdMore }: Omit<ComparedRow, 'reasons'>,
  mine: Gathered | undefined,
  other: Gathered | undefined,
  openFromDay: string | null,
): string[] {
  const sameTokens = tokenClasses.every((name) => ours.tokens?.[name] === theirs.tokens?.[name]);
  if ((nanoUsdMore ?? 0) === 0 && (tokensMore ?? 0) === 0 && (tokensMore === null || sameTokens)) return [];
  const reasons: string[] = [];
  if (mine === undefined) reasons.push('none of it is in the record');
  if (other === undefined) reasons.push('not in the report');
  if (openFromDay !== null && day >= openFromDay)
    reasons.push('the provider has not counted all of this day yet');
  if ((mine?.estimated ?? 0) > 0)
    reasons.push(`${mine?.estimated} calls were cut: their output is an estimate`);
  if ((mine?.unpriced ?? 0) > 0) reasons.push(`${mine?.unpriced} calls have no known price`);
  if (mine === undefined || other === undefined || tokensMore === null) return reasons;
  if (!sameTokens) reasons.push(classText(ours.tokens ?? noTokens, theirs.tokens ?? noTokens));
  else if (nanoUsdMore !== null && nanoUsdMore !== 0) reasons.push('the same tokens at another price');
  return reasons;
}

function classText(ours: TokenCounts, theirs: TokenCounts): string {
  return tokenClasses
    .map((name) => ({ name, more: theirs[name] - ours[name] }))
    .filter(({ more }) => more !== 0)
    .map(({ name, more }) => `${name} ${more > 0 ? '+' : ''}${more}`)
    .join(', ');
}

function tokenSide({ tokens }: Side): number {
  return sumTokens(tokens ?? noTokens);
}

function costSide({ nanoUsd }: Side): number {
  return Number(roundHalfEven(nanoUsd ?? zero));
}

function tokensApart({ ours, theirs }: ComparedRow): number {
  const apart = (name: (typeof tokenClasses)[number]): number =>
    Math.abs((theirs.tokens?.[name] ?? 0) - (ours.tokens?.[name] ?? 0));
  return tokenClasses.reduce((sum, name) => sum + apart(name), 0);
}

function totalOf(
  rows: readonly ComparedRow[],
  of: (side: Side) => number,
  apart: (row: ComparedRow) => number,
): Total {
  const sum = (each: (row: ComparedRow) => number): number => rows.reduce((all, row) => all + each(row), 0);
  return {
    ours: sum(({ ours }) => of(ours)),
    theirs: sum(({ theirs }) => of(theirs)),
    differing: sum(apart),
  };
}
