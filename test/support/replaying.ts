/** A running program with recorded calls, and what asks it to send them again. */
import { setTimeout } from 'node:timers/promises';
import { callDetailSchema } from '../../server/api/schemas/call.ts';
import type { CallDetail } from '../../server/api/wire.ts';
import type { Program } from './program.ts';

/** A message as the upstream answers it. */
export function message(text: string, columns: object = {}): object {
  return {
    id: 'msg_1',
    type: 'message',
    role: 'assistant',
    model: 'claude-opus-5-5',
    content: [{ type: 'text', text }],
    stop_reason: 'end_turn',
    usage: { input_tokens: 1000, output_tokens: 100 },
    ...columns,
  };
}

export const words = JSON.stringify({
  model: 'claude-opus-5-5',
  max_tokens: 200,
  messages: [{ role: 'user', content: 'How deep is the river?' }],
});

/** Sends a call through the program as a client; resolves with its id when its end is recorded. */
export async function record(
  program: Program,
  body: string | Uint8Array<ArrayBuffer> = words,
  headers: Readonly<Record<string, string>> = {},
  path = '/v1/messages',
): Promise<string> {
  const answer = await fetch(`${program.proxyUrl}${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'x-api-key': 'sk-the-key-of-the-client-0001', ...headers },
    body,
    redirect: 'manual',
  });
  await answer.arrayBuffer();
  const id = answer.headers.get('x-weir-call-id') ?? '';
  for (;;) {
    const call = await read(program, id);
    if (call !== null && call.state !== 'open') return id;
    await setTimeout(20);
  }
}

/** `GET calls/{id}`; null while it is not there. */
export async function read(program: Program, id: string): Promise<CallDetail | null> {
  const answer = await fetch(`${program.proxyUrl}/-/api/v1/calls/${id}`, {
    headers: { authorization: `Bearer ${program.token}` },
  });
  const text = await answer.text();
  return answer.status === 200 ? callDetailSchema.parse(JSON.parse(text)) : null;
}

export interface Posted {
  readonly status: number;
  readonly headers: Headers;
  readonly body: unknown;
  /** The new call of a replay. */
  call(): CallDetail;
}

/** POST below `/-/api/v1/`. */
export async function post(
  program: Program,
  path: string,
  body: object = {},
  headers: Readonly<Record<string, string>> = {},
): Promise<Posted> {
  const answer = await fetch(`${program.proxyUrl}/-/api/v1/${path}`, {
    method: 'POST',
    headers: { authorization: `Bearer ${program.token}`, 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
  });
  const parsed: unknown = JSON.parse(await answer.text());
  return {
    status: answer.status,
    headers: answer.headers,
    body: parsed,
    call: () => callDetailSchema.parse(parsed),
  };
}
