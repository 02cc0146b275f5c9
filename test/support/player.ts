/** Recorded Claude Code turns as an upstream. Only where the recordings are at hand: corpus.ts. */
import { createServer, type Server } from 'node:http';
import { z } from 'zod';
import { corpusBytes, corpusJson, corpusNames } from './corpus.ts';

const turnMeta = z.object({
  request_headers: z.array(z.tuple([z.string(), z.string()])),
  response_headers: z.array(z.tuple([z.string(), z.string()])),
  url_path: z.string(),
  status: z.number(),
});

/** Names of the recorded turns. */
export const turns = corpusNames('claude-code')
  .filter((name) => name.endsWith('.sse.gz'))
  .map((name) => name.replace('.sse.gz', ''));

function metaOf(turn: string): z.output<typeof turnMeta> {
  return turnMeta.parse(corpusJson(`claude-code/${turn}.meta.json`));
}

/** Answers with the recorded bytes, split as they would arrive: in pieces that know nothing of events. */
export function startPlayer(): Promise<Server> {
  const server = createServer((req, res) => {
    const turn = String(req.headers['x-turn']);
    const meta = metaOf(turn);
    const headers = meta.response_headers.filter(([name]) => name !== 'transfer-encoding');
    const bytes = corpusBytes(`claude-code/${turn}.sse.gz`);
    req.resume().on('end', () => {
      res.writeHead(meta.status, headers.flat());
      for (let at = 0; at < bytes.length; at += 333) res.write(bytes.subarray(at, at + 333));
      res.end();
    });
  });
  return new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(server)));
}

/** Asks for a turn with the headers of then; its name is what the user says. fetch undoes the gzip that the recording has. */
export async function askTurn(url: string, turn: string): Promise<Buffer> {
  const meta = metaOf(turn);
  const sent = meta.request_headers.filter(([name]) => !/^(content-length|accept-encoding)$/.test(name));
  const answer = await fetch(url + meta.url_path, {
    method: 'POST',
    headers: [...sent, ['x-turn', turn], ['accept-encoding', 'identity']],
    body: JSON.stringify({
      model: 'claude-sonnet-4-6',
      max_tokens: 32_000,
      stream: true,
      messages: [{ role: 'user', content: turn }],
    }),
  });
  return Buffer.from(await answer.arrayBuffer());
}
