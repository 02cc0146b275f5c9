/** Requests of a coding agent, and calls that sent them. */
import type { CachedCall, JudgedCall } from '../../server/cache/cause.ts';
import { promptOf, type Prompt } from '../../server/cache/prompt.ts';
import { cacheUseOf } from '../../server/cache/use.ts';
import type { JsonObject } from '../../server/messages/json.ts';

export const minuteMs = 60_000;
export const startedMs = Date.UTC(2026, 10, 20, 9);

export function tool(name: string, more: JsonObject = {}): JsonObject {
  const description = `${name} does what its name says, with care, and tells what became of it. `.repeat(20);
  return { name, description, input_schema: { type: 'object', properties: {} }, ...more };
}

export const hour = { cache_control: { type: 'ephemeral', ttl: '1h' } };
export const short = { cache_control: { type: 'ephemeral' } };

export function text(words: string, more: JsonObject = {}): JsonObject {
  return { type: 'text', text: words, ...more };
}

export interface Talk {
  readonly system?: readonly unknown[];
  readonly tools?: readonly unknown[];
  /** Of the user and the assistant by turns; the last one bears the mark. */
  readonly turns?: readonly string[];
  readonly mark?: JsonObject;
  readonly more?: JsonObject;
}

/** A body as an agent sends it: tools, a system prompt with a mark, turns of which the last one bears a mark. */
export function requestOf({
  system,
  tools,
  turns = ['Build a weir.'],
  mark = hour,
  more = {},
}: Talk = {}): JsonObject {
  return {
    model: 'claude-opus-5-5',
    max_tokens: 1000,
    tools: tools ?? ['Bash', 'Read', 'Write'].map((name) => tool(name)),
    system: system ?? [text('You build weirs.'), text('Stones first, then mortar. '.repeat(100), hour)],
    messages: turns.map((words, at) => ({
      role: at % 2 === 0 ? 'user' : 'assistant',
      content: [text(words, at === turns.length - 1 ? mark : {})],
    })),
    ...more,
  };
}

export interface Used {
  readonly read?: number;
  readonly write1h?: number;
  readonly write5m?: number;
  readonly input?: number;
}

export function usageOf({ read = 0, write1h = 0, write5m = 0, input = 3 }: Used): JsonObject {
  return {
    input_tokens: input,
    output_tokens: 100,
    cache_read_input_tokens: read,
    cache_creation_input_tokens: write1h + write5m,
    cache_creation: { ephemeral_5m_input_tokens: write5m, ephemeral_1h_input_tokens: write1h },
  };
}

export interface CallChange {
  readonly atMs?: number;
  readonly answeredMs?: number | null;
  readonly model?: string;
  readonly betas?: readonly string[];
  readonly upstream?: string;
  readonly message?: JsonObject;
}

/** A call that began `atMs` after all began and was answered a second later. */
export function callOf(
  request: JsonObject,
  used: Used,
  change: CallChange = {},
): JudgedCall & { prompt: Prompt } {
  const use = cacheUseOf(usageOf(used));
  if (use === null) throw new Error('no use');
  const began = startedMs + (change.atMs ?? 0);
  const cached: CachedCall = {
    startedMs: began,
    answeredMs: change.answeredMs === undefined ? began + 1000 : change.answeredMs,
    model: change.model ?? 'claude-opus-5-5',
    betas: change.betas ?? ['claude-code-20250219', 'effort-2025-11-24'],
    use,
  };
  return {
    ...cached,
    prompt: promptOf(request),
    upstream: change.upstream ?? 'https://api.anthropic.com',
    message: change.message ?? null,
  };
}
