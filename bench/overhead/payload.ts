/** What is sent in both directions: requests like those of a growing session, and answers with usage, as JSON and as a stream. */

/** A request's body; its calls differ in `serialDigits` digits in the last message, as the turns of a session differ at their end. */
export interface RequestBody {
  readonly bytes: Buffer;
  readonly serialAt: number;
}

export const serialDigits = 10;
const model = 'claude-sonnet-5-5';
const line =
  'The gauge at the north bank read 2.41 m at six, and the water stood a hand below the sill of the lower gate.\n';

/** `bytes` bytes of valid JSON for `/v1/messages`. */
export function requestBody(bytes: number, stream: boolean): RequestBody {
  const turnBytes = 6000;
  const build = (filler: number): string => {
    const messages: { role: string; content: string }[] = [];
    for (let left = filler, turn = 0; left > 0; left -= turnBytes, turn++) {
      const text = `${turn} ${line.repeat(Math.ceil(turnBytes / line.length))}`.slice(
        0,
        Math.min(left, turnBytes),
      );
      messages.push({ role: turn % 2 === 0 ? 'user' : 'assistant', content: text.replaceAll('\n', ' ') });
    }
    messages.push({ role: 'user', content: `call ${'0'.repeat(serialDigits)}` });
    return JSON.stringify({
      model,
      max_tokens: 1024,
      stream,
      system: 'You keep the log of a weir.',
      messages,
    });
  };
  let filler = Math.max(0, bytes - build(0).length);
  while (filler > 0 && build(filler).length > bytes)
    filler -= Math.max(1, Math.ceil((build(filler).length - bytes) / 2));
  // White space is part of a body as well.
  const text = build(filler).padEnd(bytes, ' ');
  return { bytes: Buffer.from(text, 'latin1'), serialAt: text.lastIndexOf('call ') + 'call '.length };
}

/** The same length for every call. */
export function serialText(serial: number): string {
  return String(serial).padStart(serialDigits, '0');
}

/** Whole answer: head and body. */
export function jsonAnswer(serial: number): string {
  const body = JSON.stringify({
    id: `msg_${serialText(serial)}`,
    type: 'message',
    role: 'assistant',
    model,
    content: [{ type: 'text', text: `${line}${line}` }],
    stop_reason: 'end_turn',
    stop_sequence: null,
    usage: {
      input_tokens: 210,
      output_tokens: 52,
      cache_creation_input_tokens: 0,
      cache_read_input_tokens: 0,
    },
  });
  return (
    `HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nrequest-id: req_${serialText(serial)}\r\n` +
    `anthropic-ratelimit-requests-remaining: 3999\r\nContent-Length: ${body.length}\r\n\r\n${body}`
  );
}

export const streamHead =
  'HTTP/1.1 200 OK\r\nContent-Type: text/event-stream; charset=utf-8\r\nCache-Control: no-cache\r\n' +
  'request-id: req_stream\r\nTransfer-Encoding: chunked\r\n\r\n';

/** The event of a stream of `events` that is number `index`; carries the time at which it is sent, `@` and microseconds. */
export function streamEvent(index: number, events: number, serial: number, atUs: number): string {
  const mark = `@${atUs} `;
  const usage = {
    input_tokens: 210,
    output_tokens: 1,
    cache_read_input_tokens: 4000,
    cache_creation_input_tokens: 0,
  };
  if (index === 0) {
    const message = {
      id: `msg_${serialText(serial)}`,
      type: 'message',
      role: 'assistant',
      model,
      content: [],
      stop_reason: null,
      usage,
    };
    return sse('message_start', { type: 'message_start', message, mark });
  }
  if (index === 1) {
    return sse('content_block_start', {
      type: 'content_block_start',
      index: 0,
      content_block: { type: 'text', text: '' },
      mark,
    });
  }
  if (index === events - 3) return sse('content_block_stop', { type: 'content_block_stop', index: 0, mark });
  if (index === events - 2) {
    const delta = { stop_reason: 'end_turn', stop_sequence: null };
    return sse('message_delta', { type: 'message_delta', delta, usage: { output_tokens: 96 }, mark });
  }
  if (index === events - 1) return sse('message_stop', { type: 'message_stop', mark });
  return `event: content_block_delta\ndata: {"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"${mark}and the river "}}\n\n`;
}

function sse(type: string, data: object): string {
  return `event: ${type}\ndata: ${JSON.stringify(data)}\n\n`;
}
