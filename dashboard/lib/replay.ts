/** What a form for sending a call again asks of the API. */
import type { ReplayRequest } from '../../server/api/wire.ts';
import { isRecord } from './json-tree.ts';

export interface ReplayFields {
  readonly upstream: string;
  readonly model: string;
  /** Empty: as the call was. */
  readonly stream: '' | 'true' | 'false';
  /** A JSON merge patch as typed. */
  readonly set: string;
}

/** The request without its key, or one sentence about what cannot be sent. */
export function replayRequest(fields: ReplayFields): ReplayRequest | string {
  const set = readPatch(fields.set);
  if (typeof set === 'string') return set;
  return {
    ...(fields.upstream === '' ? {} : { upstream: fields.upstream }),
    ...(fields.model.trim() === '' ? {} : { model: fields.model.trim() }),
    ...(fields.stream === '' ? {} : { stream: fields.stream === 'true' }),
    ...(set === null ? {} : { set }),
  };
}

function readPatch(text: string): Record<string, unknown> | null | string {
  if (text.trim() === '') return null;
  try {
    const read: unknown = JSON.parse(text);
    return isRecord(read) ? read : 'Changes are a JSON object, such as {"temperature": 0}.';
  } catch (error) {
    return `The changes are no JSON: ${error instanceof Error ? error.message : String(error)}.`;
  }
}
