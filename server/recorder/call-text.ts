/** What a call said that was stored or exported, as the recorder would have found it while it ran. */
import type { RawHeaders } from '../exchange.ts';
import { readAnswer } from '../messages/answer.ts';
import { decodeBody, joinChunks, type DecodedBody } from '../messages/decode.ts';
import { headerValue } from '../messages/headers.ts';
import { readRequest } from '../messages/request.ts';
import { answerTexts } from '../messages/text.ts';
import type { BodyChunk } from '../store/bodies.ts';
import type { NewText } from './new-text.ts';

export interface PastCall {
  readonly method: string;
  readonly path: string;
  readonly status: number | null;
  readonly state: string;
  readonly sessionId: string | null;
  readonly requestHeaders: RawHeaders;
  readonly responseHeaders: RawHeaders;
  readonly request: readonly BodyChunk[];
  readonly response: readonly BodyChunk[];
}

/** Null when there are no words. Calls of a session have to come in their order. */
export async function textOfPast(call: PastCall, newText: NewText): Promise<string | null> {
  const asked = readRequest({
    method: call.method,
    path: call.path,
    headers: call.requestHeaders,
    body: joinChunks((await decoded(call.request, call.requestHeaders)).chunks),
  });
  const { message } = readAnswer({
    path: call.path,
    status: call.status,
    headers: call.responseHeaders,
    body: await decoded(call.response, call.responseHeaders),
    ended: call.state === 'completed',
  });
  return newText.of(call.sessionId, asked.texts, answerTexts(message));
}

async function decoded(chunks: readonly BodyChunk[], headers: RawHeaders): Promise<DecodedBody> {
  if (chunks.length === 0) return { chunks: [], problem: null };
  return decodeBody(chunks, headerValue(headers, 'content-encoding'));
}
