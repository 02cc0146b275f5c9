/** What a request puts before the model, as the blocks of one prefix: tools, then system, then messages. Pure. */
import { asArray, asObject, asText, isObject } from '../messages/json.ts';
import type { JsonObject } from '../messages/json.ts';

export const sections = ['tools', 'system', 'messages'] as const;
export type Section = (typeof sections)[number];

export interface PromptBlock {
  /** `tools.3`, `system.1`, `messages.4.content.0`; `system` and `messages.4.content` for a text that stands alone. */
  readonly at: string;
  readonly section: Section;
  /** Of its message; null outside of messages. */
  readonly role: string | null;
  /** `text`, `tool_use`, `tool_result`, …; `tool` for a tool. */
  readonly type: string;
  /** Of a tool, or of the tool that is called. */
  readonly name: string | null;
  /** As it was sent, its cache mark included. */
  readonly value: unknown;
  /** Lifetime that a cache mark on it asks for, `5m` where the mark does not say; null without a mark. */
  readonly ttl: string | null;
}

/** Everything besides the blocks by which the API tells cached prompts apart, as far as it is known. */
export const settingNames = ['tool_choice', 'thinking', 'output_config', 'output_format', 'speed'] as const;

export interface Prompt {
  readonly blocks: readonly PromptBlock[];
  /** JSON of each setting that the request has. */
  readonly settings: Readonly<Partial<Record<(typeof settingNames)[number], string>>>;
  /** The request leaves out what the thread before it holds, so its blocks are not the prompt. */
  readonly isContinuation: boolean;
}

/** @param request a body of `/v1/messages` */
export function promptOf(request: JsonObject): Prompt {
  const blocks = [
    ...asArray(request['tools']).map((tool, index) => toolBlock(tool, index)),
    ...contentBlocks(request['system'], 'system', 'system', null),
    ...asArray(request['messages']).flatMap((value, index) => {
      const message = asObject(value);
      const role = asText(message?.['role']);
      return contentBlocks(message?.['content'], 'messages', `messages.${index}.content`, role);
    }),
  ];
  const automatic = ttlOf(request);
  const last = blocks.at(-1);
  // The mark on the request itself stands on whatever is last.
  if (automatic !== null && last !== undefined && last.ttl === null) {
    blocks[blocks.length - 1] = { ...last, ttl: automatic };
  }
  return {
    blocks,
    settings: Object.fromEntries(
      settingNames.flatMap((name) => {
        const value = request[name] ?? null;
        return value === null ? [] : [[name, JSON.stringify(value)]];
      }),
    ),
    isContinuation: asObject(request['thread'])?.['type'] === 'continue',
  };
}

function toolBlock(tool: unknown, index: number): PromptBlock {
  const object = asObject(tool);
  return {
    at: `tools.${index}`,
    section: 'tools',
    role: null,
    type: 'tool',
    name: asText(object?.['name']) ?? asText(object?.['type']),
    value: tool,
    ttl: object === null ? null : ttlOf(object),
  };
}

function contentBlocks(content: unknown, section: Section, at: string, role: string | null): PromptBlock[] {
  if (typeof content === 'string') {
    return [{ at, section, role, type: 'text', name: null, value: content, ttl: null }];
  }
  return asArray(content).map((value, index) => {
    const block = asObject(value);
    return {
      at: `${at}.${index}`,
      section,
      role,
      type: asText(block?.['type']) ?? '?',
      name: asText(block?.['name']),
      value,
      ttl: block === null ? null : (ttlOf(block) ?? nestedTtl(block['content'])),
    };
  });
}

/** A result's own blocks may bear the mark; the prefix that it ends is still within this block. */
function nestedTtl(content: unknown): string | null {
  const marks = asArray(content).flatMap((item) => (isObject(item) ? [ttlOf(item)] : []));
  return marks.findLast((ttl) => ttl !== null) ?? null;
}

function ttlOf(value: JsonObject): string | null {
  const control = asObject(value['cache_control']);
  return control === null ? null : (asText(control['ttl']) ?? '5m');
}

/** By what it begins with: a session may ask other things besides, of which each is a conversation of its own. */
export function conversationOf(request: JsonObject | null): string {
  const first = asObject(asArray(request?.['messages'])[0])?.['content'];
  const text = typeof first === 'string' ? first : asObject(asArray(first)[0])?.['text'];
  return typeof text === 'string' ? `${text.length} ${text.slice(0, 80)}` : '';
}
