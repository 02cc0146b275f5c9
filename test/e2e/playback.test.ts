import { mkdtempSync, rmSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { z } from 'zod';
import { callsWhen } from '../support/calls.ts';
import { corpusBytes, hasCorpus } from '../support/corpus.ts';
import { askTurn, startPlayer, turns } from '../support/player.ts';
import { runToEnd, startListening, startProgram } from '../support/program.ts';
import { startUpstream, type Reply } from '../support/upstream.ts';

const lineSchema = z.looseObject({
  preview: z.string(),
  response_headers: z.array(z.tuple([z.string(), z.string()])).nullable(),
  response_marks: z.array(z.tuple([z.number(), z.number()])).nullable(),
});
type Line = z.output<typeof lineSchema>;

/** Six programs are started one after the other. */
const manyPrograms = { timeout: 120_000 };

/** What has to be the same in both records: everything but ids, addresses and the clock. */
const sameColumns = [
  'method',
  'path',
  'query',
  'status',
  'status_message',
  'state',
  'error_kind',
  'message_state',
  'stream',
  'request_sha256',
  'request_base64',
  'response_sha256',
  'response_base64',
  'response_bytes',
  'bodies',
  'model',
  'stop_reason',
  'usage',
  'usage_complete',
  'cost_nano_usd',
  'cost_lines',
  'session_id',
  'client',
  'input_tokens',
  'output_tokens',
  'cache_read_tokens',
  'cache_write_5m_tokens',
  'cache_write_1h_tokens',
];

/**
 * Lets `ask` make its calls through a Weir in front of `upstream`, then exports them as a cassette, plays that to a second Weir and makes the
 * calls again. What both have recorded, by what the user said.
 */
async function recordTwice(
  upstream: string,
  count: number,
  ask: (url: string) => Promise<void>,
): Promise<[Map<string, Line>, Map<string, Line>]> {
  const folder = mkdtempSync(join(tmpdir(), 'weir-playback-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const [one, two, cassette] = [join(folder, 'one'), join(folder, 'two'), join(folder, 'cassette.weir')];
  await recorded(one, upstream, count, ask);
  const exported = await runToEnd(['export', '--data-dir', one, '--cassette', cassette]);
  expect(exported.code, exported.stderr).toBe(0);
  const playback = await startListening(['playback', cassette, '--port', '0', '--data-dir', two]);
  await recorded(two, playback.url, count, ask);
  expect(await playback.stop()).toBe(0);
  return [await linesOf(one), await linesOf(two)];
}

async function recorded(
  dataDir: string,
  upstream: string,
  count: number,
  ask: (url: string) => Promise<void>,
): Promise<void> {
  const program = await startProgram({ args: ['--upstream', upstream], dataDir });
  await ask(program.proxyUrl);
  const calls = await callsWhen(program, (all) =>
    all.length === count && all.every(({ state }) => state !== 'open') ? all : [],
  );
  expect(calls).toHaveLength(count);
  await program.stop();
}

async function linesOf(dataDir: string): Promise<Map<string, Line>> {
  const { stdout } = await runToEnd(['export', '--bodies', '--data-dir', dataDir]);
  const lines = stdout.trimEnd().split('\n');
  return new Map(
    lines.map((line) => {
      const call = lineSchema.parse(JSON.parse(line));
      return [call.preview, call];
    }),
  );
}

function shownOf(call: Line | undefined) {
  const others = /^(?:connection|keep-alive|transfer-encoding|x-weir-call-id)$/i;
  return {
    columns: Object.fromEntries(sameColumns.map((name) => [name, call?.[name]])),
    splits: call?.response_marks?.map(([bytes]) => bytes),
    headers: call?.response_headers?.filter(([name]) => !others.test(name)),
  };
}

describe.skipIf(!hasCorpus)('a recorded Claude Code session, played back', () => {
  it(
    'gives the client the same bytes, and the record equal bytes, splits and usage',
    manyPrograms,
    async () => {
      const player = await startPlayer();
      const { port } = player.address() as AddressInfo;
      const [first, second] = await recordTwice(`http://127.0.0.1:${port}`, turns.length, async (url) => {
        for (const turn of turns) {
          expect(await askTurn(url, turn), turn).toEqual(corpusBytes(`claude-code/${turn}.sse`));
        }
      });
      player.close();
      expect(first.size).toBe(turns.length);
      for (const turn of turns) expect(shownOf(second.get(turn)), turn).toEqual(shownOf(first.get(turn)));
      const splits = [...first.values()].flatMap(({ response_marks: marks }) => marks ?? []);
      expect(splits.length).toBeGreaterThan(3 * turns.length);
    },
  );
});

const errorBody = { type: 'error', error: { type: 'overloaded_error', message: 'Overloaded' } };
const events = ['event: message_start\ndata: {"type":"message_start","message":{}}\n\n', 'event: ping\n'];

/** What an upstream may do, by what the user says. */
const endings: Readonly<Record<string, (reply: Reply) => void>> = {
  overloaded: (reply) => reply.json(529, errorBody, { 'retry-after': '3', 'x-should-retry': 'true' }),
  'rate limit': (reply) => reply.json(429, errorBody, { 'anthropic-ratelimit-requests-remaining': '0' }),
  'error event': (reply) => reply.sse([...events, 'event: error\ndata: {"type":"error","error":{}}\n\n']),
  'no terminator': (reply) =>
    reply
      .head(200, { 'content-type': 'text/event-stream' })
      .chunk(events[0] ?? '')
      .fin(),
  'short of its length': (reply) => reply.raw('HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{"type"').fin(),
  'reset within': (reply) => {
    reply.head(200, { 'content-type': 'text/event-stream' }).chunk(events[0] ?? '');
    setTimeout(() => reply.reset(), 50);
  },
  'reset before': (reply) => reply.reset(),
  'closed before': (reply) => reply.fin(),
};

describe('whatever an upstream did, played back', () => {
  it('ends as it ended, and is recorded as it was', manyPrograms, async () => {
    const upstream = await startUpstream(async (request, reply) => {
      const said = z
        .object({ messages: z.tuple([z.object({ content: z.string() })]) })
        .parse(JSON.parse((await request.body).toString())).messages[0].content;
      endings[said]?.(reply);
    });
    const names = Object.keys(endings);
    const [first, second] = await recordTwice(upstream.url.href, names.length, async (url) => {
      for (const content of names) {
        const body = JSON.stringify({ model: 'claude-opus-5-5', messages: [{ role: 'user', content }] });
        // That it breaks is what the record tells.
        await fetch(`${url}/v1/messages`, { method: 'POST', body })
          .then((answer) => answer.text())
          .catch(() => '');
      }
    });
    await upstream.close();
    for (const name of names) expect(shownOf(second.get(name)), name).toEqual(shownOf(first.get(name)));
    expect(names.map((name) => first.get(name)?.['error_kind'])).toEqual([
      null,
      null,
      null,
      'upstream_eof',
      'upstream_truncated',
      'upstream_reset',
      'upstream_reset',
      'upstream_eof',
    ]);
  });
});
