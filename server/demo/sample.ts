/** What a sample session is made of. The sessions themselves, all written for this demo, stand in `sessions/`. */
import type { Dice } from './dice.ts';

export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };
export type JsonObject = { readonly [key: string]: Json };

/** A content block of an answer as the API spells it; ids that are empty here are filled in when the sample is played. */
export type Block =
  | { readonly type: 'text'; readonly text: string; readonly citations?: readonly JsonObject[] }
  | { readonly type: 'thinking'; readonly thinking: string; readonly signature: string }
  | { readonly type: 'tool_use'; readonly id: string; readonly name: string; readonly input: JsonObject }
  | {
      readonly type: 'server_tool_use';
      readonly id: string;
      readonly name: string;
      readonly input: JsonObject;
    }
  | {
      readonly type: 'web_search_tool_result';
      readonly tool_use_id: string;
      readonly content: readonly JsonObject[];
    }
  | { readonly type: 'compaction'; readonly content: string };

export const say = (text: string): Block => ({ type: 'text', text });
export const think = (thinking: string): Block => ({ type: 'thinking', thinking, signature: '' });
export const use = (name: string, input: JsonObject): Block => ({ type: 'tool_use', id: '', name, input });

/** How an answer ends when it does not end well. `share` is the part of the stream that still arrives. */
export type Ending =
  | { readonly kind: 'error'; readonly status: number; readonly error: string; readonly message: string }
  | {
      readonly kind: 'error_event' | 'cut' | 'abort' | 'interrupted' | 'no_stop_event';
      readonly share: number;
    }
  | { readonly kind: 'connect_refused' };

/** One question and its answer. A turn has either what the user says or the results of the tools called before, in order. */
export interface Turn {
  readonly user?: string;
  readonly results?: readonly (string | { readonly error: string })[];
  readonly answer: readonly Block[];
  /** Default: `tool_use` when the answer calls a tool, else `end_turn`. */
  readonly stop?: string;
  readonly stopSequence?: string;
  readonly stopDetails?: JsonObject;
  /** How this call ends, when not well; the next turn goes on without its answer. */
  readonly ending?: Ending;
  /** Attempts that failed before this one; the client sends the same body again. */
  readonly failures?: readonly Ending[];
  /** Seconds between the previous answer and this question. */
  readonly idleS?: number;
  /** Tools that the client has from this turn on: a server of them was connected. The cache knows none of what follows. */
  readonly gains?: readonly JsonObject[];
  /** Names of sessions that run as subagents after this answer and before the next turn. */
  readonly agents?: readonly string[];
  /** The client asks for the size of its prompt first. */
  readonly counts?: boolean;
  /** The answer replaces the history before it. */
  readonly compacts?: boolean;
}

export type ClientName = 'claude-code' | 'python-sdk' | 'typescript-sdk' | 'concentrate' | 'local';

/** A session as a script: `%name%` in any of its texts is replaced from one of the variants. */
export interface Script {
  readonly name: string;
  readonly client: ClientName;
  /** In order of preference, as the client asks for them; the first that is out on the day is taken. */
  readonly models: readonly string[];
  readonly system: readonly string[];
  readonly tools: readonly JsonObject[];
  /** Puts breakpoints on the system prompt and on the newest message. */
  readonly cache: '5m' | '1h' | null;
  readonly maxTokens: number;
  readonly stream: boolean;
  /** More fields of the request's body. */
  readonly body?: JsonObject;
  /** Title of a coding session: asks for it in a call beside the first. */
  readonly title?: string;
  readonly agentType?: string;
  /** Each turn is a conversation of its own. */
  readonly separate?: boolean;
  readonly tags?: Readonly<Record<string, string>>;
  readonly variants: readonly Readonly<Record<string, string>>[];
  readonly turns: readonly Turn[];
}

/** Replaces `%name%` in every text of a value. */
export function withVariant<Value>(value: Value, variant: Readonly<Record<string, string>>): Value {
  const text = JSON.stringify(value).replaceAll(/%([a-z_]+)%/g, (whole, name: string) => {
    const replacement = variant[name];
    return replacement === undefined ? whole : JSON.stringify(replacement).slice(1, -1);
  });
  return JSON.parse(text) as Value;
}

/** Gives tool calls their ids and thinking its signature. */
export function withIds(blocks: readonly Block[], dice: Dice): Block[] {
  let serverId = '';
  return blocks.map((block) => {
    switch (block.type) {
      case 'tool_use':
        return { ...block, id: `toolu_01${dice.letters(22)}` };
      case 'server_tool_use':
        serverId = `srvtoolu_01${dice.letters(22)}`;
        return { ...block, id: serverId };
      case 'web_search_tool_result':
        return { ...block, tool_use_id: serverId };
      case 'thinking':
        return { ...block, signature: dice.bytes(96).toString('base64') };
      default:
        return block;
    }
  });
}
