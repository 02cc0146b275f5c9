/** The real playback on a real store, with the recordings that a test wants. */
import { createHash } from 'node:crypto';
import type http from 'node:http';
import type { AddressInfo } from 'node:net';
import { onTestFinished } from 'vitest';
import { openLibrary, type Library } from '../../server/playback/library.ts';
import type { Match } from '../../server/playback/matching.ts';
import { createPlayback } from '../../server/playback/upstream.ts';
import { packBody } from '../../server/store/bodies.ts';
import type { PartBody, WholeCall } from '../../server/store/write.ts';
import { reading } from '../reader/reading.ts';
import { sampleCall, temporaryStore } from '../store/temporary-store.ts';

export interface SampleRecording {
  readonly columns?: Partial<WholeCall>;
  /** JSON unless it is text. */
  readonly request?: unknown;
  readonly statusMessage?: string;
  readonly responseHeaders?: readonly string[];
  /** `[text, microseconds from the start]` */
  readonly response?: readonly (readonly [string, number])[];
}

export interface Playing {
  readonly port: number;
  readonly url: string;
  /** In the order of the recordings. */
  readonly ids: readonly string[];
  readonly library: Library;
  readonly server: http.Server;
  readonly misses: string[];
}

export interface PlayingOptions {
  readonly speed?: number;
  readonly match?: Match;
  readonly forward?: (request: http.IncomingMessage, response: http.ServerResponse) => void;
}

/** Plays without pauses unless told otherwise, until the test ends. */
export async function playing(
  recordings: readonly SampleRecording[],
  { match = 'exact', speed = 0, forward }: PlayingOptions = {},
): Promise<Playing> {
  const { writer, path } = temporaryStore();
  const ids = recordings.map((recording) => {
    const { id, row, details, parts } = toRows(recording);
    writer.transaction(() => writer.finishCall(id, row, details, parts));
    return id;
  });
  const reader = reading(path);
  const library = await openLibrary({
    reader,
    match,
    filters: {},
    onProgress: () => undefined,
    onIncomplete: () => undefined,
  });
  const misses: string[] = [];
  const server = createPlayback({
    library,
    reader,
    speed,
    forward: forward ?? null,
    maxHeaderBytes: 65_536,
    onMiss: (sentence) => misses.push(sentence),
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.close();
    server.closeAllConnections();
  });
  const { port } = server.address() as AddressInfo;
  return { port, url: `http://127.0.0.1:${port}`, ids, library, server, misses };
}

function toRows(recording: SampleRecording) {
  const { columns, request = '', responseHeaders = [], response = [], statusMessage = 'OK' } = recording;
  const asked = Buffer.from(typeof request === 'string' ? request : JSON.stringify(request));
  const answered = response.map(([text, atUs]) => ({ bytes: Buffer.from(text), atUs }));
  const { id, ...row } = sampleCall({
    request_bytes: asked.byteLength,
    request_sha256: createHash('sha256').update(asked).digest('hex'),
    response_bytes: answered.reduce((sum, { bytes }) => sum + bytes.byteLength, 0),
    ttfb_us: answered[0]?.atUs ?? 0,
    duration_us: answered.at(-1)?.atUs ?? 0,
    ...columns,
  });
  const parts: PartBody[] = [];
  if (asked.byteLength > 0) parts.push({ part: 'request', ...packBody([{ bytes: asked, atUs: 0 }]) });
  if (answered.length > 0) parts.push({ part: 'response', ...packBody(answered) });
  const details = {
    request_headers: '[]',
    response_headers: JSON.stringify(responseHeaders),
    status_message: statusMessage,
  };
  return { id, row, details, parts };
}

/** Asks `/v1/messages`. */
export async function ask(
  { url }: Pick<Playing, 'url'>,
  request: unknown,
  headers: Record<string, string> = {},
): Promise<{ status: number; text: string; headers: Headers }> {
  const answer = await fetch(`${url}/v1/messages`, {
    method: 'POST',
    headers,
    body: typeof request === 'string' ? request : JSON.stringify(request),
  });
  return { status: answer.status, text: await answer.text(), headers: answer.headers };
}
