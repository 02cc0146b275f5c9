/** What a call of the storm sends and gets, all of it told by its number, so that both sides and the record can be compared. */
import { createHash } from 'node:crypto';

/** `heavy` is nothing that a recorder keeps up with. */
export type Kind = 'json' | 'short' | 'long' | 'upload' | 'heavy';

const model = 'claude-sonnet-5';
const words =
  'the river rises slowly and the wall measures what goes over it while nothing is held back '.repeat(4);

/** Frames of a long answer; at 40 ms each it outlasts most faults. */
const longFrames = 70;
export const frameEveryMs = 40;

const noiseBytes: Partial<Record<Kind, number>> = { upload: 120_000, heavy: 1_500_000 };

export function target(marker: number, kind: Kind): string {
  return `/v1/messages?m=${marker}&k=${kind}`;
}

export function kindOf(marker: number, kinds: readonly Kind[]): Kind {
  return kinds[marker % kinds.length] ?? 'json';
}

export function requestOf(marker: number, kind: Kind): Buffer {
  const content =
    noiseBytes[kind] === undefined ? `Question ${marker}: ${words}` : noise(marker, noiseBytes[kind]);
  return Buffer.from(
    JSON.stringify({
      model,
      max_tokens: 100,
      stream: kind === 'short' || kind === 'long',
      messages: [{ role: 'user', content }],
    }),
  );
}

/** Tokens that the answer reports. */
export function tokensOf(marker: number): { input: number; output: number } {
  return { input: 1000 + marker, output: 7 + (marker % 50) };
}

/** The answer in the pieces in which it is sent; an event stream has one frame in each. */
export function answerOf(marker: number, kind: Kind): Buffer[] {
  const { input, output } = tokensOf(marker);
  if (kind !== 'short' && kind !== 'long') {
    const message = {
      ...opening(marker),
      content: [{ type: 'text', text: `Answer ${marker}. ${words}` }],
      stop_reason: 'end_turn',
      usage: { input_tokens: input, output_tokens: output },
    };
    return [Buffer.from(JSON.stringify(message))];
  }
  const count = kind === 'short' ? 6 : longFrames;
  const deltas = Array.from({ length: count }, (_, index) =>
    frame({
      type: 'content_block_delta',
      index: 0,
      delta: { type: 'text_delta', text: `${index} ${words.slice(0, 200)}` },
    }),
  );
  return [
    frame({
      type: 'message_start',
      message: { ...opening(marker), content: [], usage: { input_tokens: input, output_tokens: 1 } },
    }),
    frame({ type: 'content_block_start', index: 0, content_block: { type: 'text', text: '' } }),
    ...deltas,
    frame({ type: 'content_block_stop', index: 0 }),
    frame({ type: 'message_delta', delta: { stop_reason: 'end_turn' }, usage: { output_tokens: output } }),
    frame({ type: 'message_stop' }),
  ];
}

export function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

function opening(marker: number): Record<string, unknown> {
  return {
    id: `msg_${marker}`,
    type: 'message',
    role: 'assistant',
    model,
    stop_reason: null,
    stop_sequence: null,
  };
}

function frame(event: { readonly type: string; readonly [key: string]: unknown }): Buffer {
  return Buffer.from(`event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`);
}

/** Text that hardly packs, another for each marker, the same each time. */
function noise(marker: number, length: number): string {
  let text = '';
  for (let block = 0; text.length < length; block++) {
    text += createHash('sha512').update(`${marker} ${block}`).digest('base64');
  }
  return text.slice(0, length);
}
