/** What the record says was billed: by the lines of each call's cost, as they know the models of its iterations too. */
import { asArray, asCount, asObject, asText, parseJson } from '../messages/json.ts';
import { tokenColumns } from '../messages/usage.ts';
import { parseDecimal } from '../pricing/decimal.ts';
import { canonicalModelId } from '../pricing/model-id.ts';
import type { StoredPrice } from '../store/past-calls.ts';
import { noTokens, tokenClasses, type Billed } from './billed.ts';

export interface Recorded extends Billed {
  readonly isEstimated: boolean;
  readonly isUnpriced: boolean;
  /** Rows of one call have one id. */
  readonly callId: string;
}

/** A call's share of the bill; nothing for one that cost nothing. @param key of the call */
export function recordedRows(call: StoredPrice, key: string | null): Recorded[] {
  const shared = {
    day: new Date(call.startedMs).toISOString().slice(0, 10),
    key,
    workspace: null,
    slackNanoUsd: 0,
    callId: call.id,
    isEstimated: call.costSource === 'estimated',
    isUnpriced: call.costNanoUsd === null,
  };
  const lines = linesOf(call.costLines);
  if (lines.length > 0) {
    return lines.map(({ name, model, quantity, amount }) => {
      const token = tokenClasses.find((each) => each === name);
      return {
        ...shared,
        model: token === undefined ? name : canonicalModelId(model ?? call.model ?? 'other'),
        tokens: token === undefined ? null : { ...noTokens, [token]: quantity },
        nanoUsd: amount,
      };
    });
  }
  const isKnownToBeFree = call.costNanoUsd === 0;
  if (isKnownToBeFree || call.model === null) return [];
  const usage = asObject(call.usage === null ? null : (parsed(call.usage) ?? null));
  const told = tokenColumns({ start: null, delta: null, merged: usage }, call.usageComplete);
  return [
    {
      ...shared,
      model: canonicalModelId(call.model),
      tokens: {
        input: told.input_tokens ?? 0,
        cache_write_5m: told.cache_write_5m_tokens ?? 0,
        cache_write_1h: told.cache_write_1h_tokens ?? 0,
        cache_read: told.cache_read_tokens ?? 0,
        output: told.output_tokens ?? 0,
      },
      nanoUsd: call.costNanoUsd === null ? null : { units: BigInt(call.costNanoUsd), scale: 0 },
    },
  ];
}

function linesOf(json: string | null) {
  return asArray(parsed(json ?? '[]')).flatMap((value) => {
    const line = asObject(value);
    const amount = parseDecimal(asText(line?.['amount_nano_usd']) ?? '');
    const name = asText(line?.['class']);
    if (line === null || amount === null || name === null) return [];
    return [{ name, model: asText(line['model']), quantity: asCount(line['quantity']) ?? 0, amount }];
  });
}

function parsed(json: string): unknown {
  const result = parseJson(json);
  return result.ok ? result.value : null;
}
