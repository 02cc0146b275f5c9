/** Whether the figures in a call's row are what its stored usage and cost lines make. Pure. */
import { asArray, asObject, parseJson } from '../messages/json.ts';
import { tokenColumns, type TokenColumns } from '../messages/usage.ts';
import { add, multiply, parseDecimal, roundHalfEven, zero, type Decimal } from '../pricing/decimal.ts';
import { amountNanoUsd, type Multiplier } from '../pricing/lines.ts';
import { costParts, costPartsOf } from '../store/cost-parts.ts';
import type { CallRow } from '../store/tables.ts';

/** Sentences about token columns that are not what the usage makes. @param json column `usage` of the details */
export function usageFaults(row: CallRow, json: string | null): string[] {
  const parsed = json === null ? { ok: true as const, value: null } : parseJson(json);
  if (!parsed.ok) return ['the stored usage is not JSON'];
  const usage = asObject(parsed.value);
  const merged = asObject(usage?.['merged']);
  const told = tokenColumns(
    { start: usage?.['start'] ?? null, delta: usage?.['delta'] ?? null, merged },
    row.usage_complete === null ? null : row.usage_complete === 1,
  );
  // The keys of an object that was made one line above.
  return (Object.keys(told) as (keyof TokenColumns)[]).flatMap((name) =>
    row[name] === told[name]
      ? []
      : [`${name} is ${row[name] ?? 'null'}, the stored usage makes ${told[name] ?? 'null'}`],
  );
}

/** Sentences about costs that are not what their lines make. @param json column `cost_lines` of the details */
export function costFaults(row: CallRow, json: string | null): string[] {
  const parsed = json === null ? { ok: true as const, value: [] } : parseJson(json);
  if (!parsed.ok || !Array.isArray(parsed.value)) return ['the stored cost lines are not a JSON list'];
  const { cost_nano_usd: cost, cost_source: source } = row;
  if ((cost === null) !== (source === null)) {
    return [`cost_nano_usd is ${cost ?? 'null'}, but cost_source is ${source ?? 'null'}`];
  }
  const lines = asArray(parsed.value).map(readLine);
  const amounts = lines.flatMap((line) => (line === null ? [] : [line.amount]));
  if (amounts.length < lines.length) return ['a cost line cannot be read'];
  const wrong = lines.flatMap((line, index) =>
    line === null || isSame(line.amount, line.computed)
      ? []
      : [`cost line ${index} is not quantity times rate`],
  );
  const faults = [...wrong, ...sumFaults(row, amounts.reduce(add, zero), amounts.length)];
  // What the cost is for is made of the cost.
  return faults.length > 0 ? faults : partFaults(row, json);
}

function partFaults(row: CallRow, json: string | null): string[] {
  const told = costPartsOf(row, json);
  return costParts.flatMap((part) =>
    row[part] === told[part]
      ? []
      : [`${part} is ${row[part] ?? 'null'}, its lines make ${told[part] ?? 'null'}`],
  );
}

function sumFaults(row: CallRow, sum: Decimal, lines: number): string[] {
  const { cost_nano_usd, cost_source, computed_cost_nano_usd: computed } = row;
  const rounded = roundHalfEven(sum);
  if (computed !== null && BigInt(computed) !== rounded) {
    return [`computed_cost_nano_usd is ${computed}, its lines make ${rounded}`];
  }
  switch (cost_source) {
    case 'computed':
    case 'estimated': {
      const isRight = cost_nano_usd !== null && BigInt(cost_nano_usd) === rounded;
      return isRight ? [] : [`cost_nano_usd is ${cost_nano_usd}, its lines make ${rounded}`];
    }
    case 'reported':
      return cost_nano_usd === row.reported_cost_nano_usd
        ? []
        : [`cost_nano_usd is ${cost_nano_usd}, but ${row.reported_cost_nano_usd ?? 'null'} was reported`];
    case null:
      return lines === 0 ? [] : ['a call without a price has cost lines'];
    default:
      return [`cost_source "${cost_source}" is none that there is`];
  }
}

/** The amount as it stands, and as quantity, rate and multipliers make it; null when it is no line. */
function readLine(value: unknown): { readonly amount: Decimal; readonly computed: Decimal } | null {
  const line = asObject(value);
  const amount = decimalIn(line?.['amount_nano_usd']);
  const quantity = line?.['quantity'];
  const rate = line?.['rate_femto_usd'];
  const multipliers = asArray(line?.['multipliers']).map(readMultiplier);
  if (amount === null || typeof quantity !== 'number' || !Number.isSafeInteger(quantity)) return null;
  if (typeof rate !== 'string' || !/^-?\d{1,40}$/.test(rate)) return null;
  const known = multipliers.filter((multiplier) => multiplier !== null);
  if (known.length < multipliers.length) return null;
  return { amount, computed: amountNanoUsd(quantity, BigInt(rate), known) };
}

function readMultiplier(value: unknown): Multiplier | null {
  const factor = decimalIn(asObject(value)?.['factor']);
  return factor === null ? null : { name: String(asObject(value)?.['name']), factor };
}

function decimalIn(value: unknown): Decimal | null {
  return typeof value === 'string' ? parseDecimal(value) : null;
}

function isSame(a: Decimal, b: Decimal): boolean {
  return add(a, multiply(b, { units: -1n, scale: 0 })).units === 0n;
}
