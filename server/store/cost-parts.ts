/** What a call's cost was for: its cost lines summed by class, as columns of its row. Pure. */

/** Together they are the cost of the call, exactly. */
export const costParts = [
  'cost_input_nano_usd',
  'cost_output_nano_usd',
  'cost_cache_read_nano_usd',
  'cost_cache_write_5m_nano_usd',
  'cost_cache_write_1h_nano_usd',
  'cost_tools_nano_usd',
] as const;

export type CostPart = (typeof costParts)[number];
/** Whole nano-dollars; NULL for a part without a line. */
export type CostParts = Readonly<Record<CostPart, number | null>>;

interface Priced {
  readonly cost_nano_usd?: number | null | undefined;
  readonly cost_source?: string | null | undefined;
}

/**
 * All NULL when the cost is not the sum of its lines: it was reported, or is unknown. Each part is rounded; what that leaves
 * over belongs to the largest, so that parts add up to the cost whatever they are summed by.
 * @param lines JSON `CostLine[]`
 */
export function costPartsOf(
  { cost_nano_usd: cost, cost_source: source }: Priced,
  lines: string | null,
): CostParts {
  const exact = new Map<CostPart, number>();
  const isSum = typeof cost === 'number' && (source === 'computed' || source === 'estimated');
  for (const { part, nanoUsd } of isSum ? amountsOf(lines ?? '[]') : []) {
    exact.set(part, (exact.get(part) ?? 0) + nanoUsd);
  }
  const rounded = new Map([...exact].map(([part, nanoUsd]) => [part, Math.round(nanoUsd)]));
  const sum = [...rounded.values()].reduce((all, nanoUsd) => all + nanoUsd, 0);
  const rest = (cost ?? 0) - sum;
  const [largest] = [...rounded].sort(([, one], [, other]) => other - one);
  // More than rounding is no matter of parts: lines that are not the cost stay as they are, and `weir check` tells.
  if (largest !== undefined && Math.abs(rest) <= rounded.size) rounded.set(largest[0], largest[1] + rest);
  const columns = costParts.map((part) => [part, rounded.get(part) ?? null]);
  // One entry for each part.
  return Object.fromEntries(columns) as CostParts;
}

function amountsOf(lines: string): { part: CostPart; nanoUsd: number }[] {
  const parsed = parsedList(lines);
  return parsed.flatMap((line) => {
    if (typeof line !== 'object' || line === null || !('amount_nano_usd' in line)) return [];
    const nanoUsd = Number(line.amount_nano_usd);
    const name = `cost_${'class' in line ? String(line.class) : ''}_nano_usd`;
    const own = costParts.find((part) => part === name);
    return Number.isFinite(nanoUsd) ? [{ part: own ?? 'cost_tools_nano_usd', nanoUsd }] : [];
  });
}

function parsedList(json: string): unknown[] {
  try {
    const parsed: unknown = JSON.parse(json);
    return Array.isArray(parsed) ? parsed : [];
  } catch (error) {
    if (error instanceof SyntaxError) return [];
    throw error;
  }
}
