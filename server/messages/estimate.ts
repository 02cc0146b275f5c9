/** How much output a cut stream had already brought, when nobody says. */
import { asArray, asObject, asText } from './json.ts';
import type { JsonObject } from './json.ts';

/** English prose and code run at three to four characters a token on Claude's tokenizers; the lower end, so as not to understate. */
export const charactersPerToken = 3.5;

/** Tokens of what the message holds, rounded up; null where there is no message. A guess, and only ever shown as one. */
export function estimateOutputTokens(message: JsonObject | null): number | null {
  if (message === null) return null;
  let characters = 0;
  for (const item of asArray(message['content'])) {
    const block = asObject(item);
    const raw = asText(asObject(block?.['_weir'])?.['input_raw']);
    const input: unknown = block?.['input'];
    for (const text of [block?.['text'], block?.['thinking'], raw]) characters += asText(text)?.length ?? 0;
    if (raw === null && input !== undefined) characters += JSON.stringify(input)?.length ?? 0;
  }
  return Math.ceil(characters / charactersPerToken);
}
