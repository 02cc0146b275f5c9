import type { ClientProfile, Person } from './people.ts';
import type { Block, JsonObject, Script, Turn } from './sample.ts';

/** A conversation on its way: what its client has said and heard so far. */
export interface Course {
  /** With its variant filled in. */
  readonly script: Script;
  readonly client: ClientProfile;
  readonly person: Person;
  readonly model: string;
  readonly sessionId: string | null;
  /** Of a subagent; null in the main conversation. */
  readonly agentId: string | null;
  /** Those of the script, and what came since. */
  tools: readonly JsonObject[];
  history: readonly HistoryMessage[];
}

export interface HistoryMessage {
  readonly role: 'user' | 'assistant';
  readonly content: readonly (Block | JsonObject)[];
}

/** The user's side of a turn: words, or the results of the tools that the last answer called. */
export function userMessage(turn: Turn, history: readonly HistoryMessage[]): HistoryMessage {
  if (turn.results === undefined) {
    return { role: 'user', content: [{ type: 'text', text: turn.user ?? '' }] };
  }
  const calls: readonly JsonObject[] =
    history.at(-1)?.content.filter((block) => block.type === 'tool_use') ?? [];
  const content = turn.results.map((result, index): JsonObject => {
    const id = calls[index]?.id;
    const about = { type: 'tool_result', tool_use_id: typeof id === 'string' ? id : '' };
    return typeof result === 'string'
      ? { ...about, content: result }
      : { ...about, content: result.error, is_error: true };
  });
  return { role: 'user', content };
}

/** The body that the client sends, with its fields in the order in which such clients send them. */
export function requestBody(course: Course): JsonObject {
  const { script, model, tools, history } = course;
  const breakpoint = breakpointOf(script);
  const messages = history.map((message, index) => ({
    role: message.role,
    content: index === history.length - 1 ? withBreakpoint(message.content, breakpoint) : message.content,
  }));
  const system = withBreakpoint(
    script.system.map((text) => ({ type: 'text', text })),
    breakpoint,
  );
  return {
    model,
    ...({ messages } as JsonObject),
    ...(system.length > 0 && { system }),
    ...(tools.length > 0 && { tools }),
    ...(script.client === 'claude-code' && { metadata: { user_id: claudeCodeUser(course) } }),
    max_tokens: script.maxTokens,
    ...script.body,
    ...(script.stream && { stream: true }),
  };
}

/** Header lines, flat, without any credential. `attempt` counts from 0. */
export function requestHeaders(course: Course, turn: Turn, bodyBytes: number, attempt: number): string[] {
  const { client, script, sessionId, agentId } = course;
  const isClaudeCode = script.client === 'claude-code';
  const isAgent = agentId !== null;
  const headers = ['host', new URL(client.upstream).host, ...Object.entries(client.headers).flat()];
  headers.push('content-length', String(bodyBytes));
  if (script.client.endsWith('-sdk') || isClaudeCode)
    headers.push('x-stainless-retry-count', String(attempt));
  if (!isClaudeCode || sessionId === null) return headers;
  headers.push('x-claude-code-session-id', sessionId);
  if (isAgent)
    headers.push('x-claude-code-agent-id', agentId, 'x-claude-code-agent-type', script.agentType ?? '');
  const requestClass = turn.compacts === true ? 'compaction' : script.name === 'title' ? 'auxiliary' : null;
  headers.push('x-claude-code-request-class', requestClass ?? (isAgent ? 'subagent' : 'main'));
  if (turn.compacts === true) headers.push('x-claude-code-compaction', 'manual');
  return headers;
}

function breakpointOf(script: Script): JsonObject | null {
  if (script.cache === null) return null;
  return script.cache === '1h' ? { type: 'ephemeral', ttl: '1h' } : { type: 'ephemeral' };
}

function withBreakpoint(
  blocks: readonly (Block | JsonObject)[],
  breakpoint: JsonObject | null,
): readonly (Block | JsonObject)[] {
  const last = blocks.at(-1);
  if (breakpoint === null || last === undefined) return blocks;
  return [...blocks.slice(0, -1), { ...last, cache_control: breakpoint }];
}

function claudeCodeUser({ person, sessionId }: Course): string {
  const device = Buffer.from(`${person.userId} at the demo`.padEnd(32, '.')).toString('hex').slice(0, 64);
  return JSON.stringify({ device_id: device, account_uuid: '', session_id: sessionId });
}
