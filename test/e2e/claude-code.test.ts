import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { callsWhen } from '../support/calls.ts';
import { corpusBytes, corpusJson, hasCorpus } from '../support/corpus.ts';
import { askTurn, startPlayer, turns } from '../support/player.ts';
import { startProgram, type Program } from '../support/program.ts';

const expectedTurn = z.object({
  message: z.object({
    id: z.string(),
    model: z.string(),
    stop_reason: z.string(),
    content: z.array(z.unknown()),
    usage: z.object({
      input_tokens: z.number(),
      output_tokens: z.number(),
      cache_read_input_tokens: z.number(),
      cache_creation: z.object({
        ephemeral_5m_input_tokens: z.number(),
        ephemeral_1h_input_tokens: z.number(),
      }),
    }),
  }),
});

describe.skipIf(!hasCorpus)('recorded Claude Code turns, played by an upstream', () => {
  let player: Server;
  let program: Program;

  beforeAll(async () => {
    player = await startPlayer();
    const { port } = player.address() as AddressInfo;
    program = await startProgram({ args: ['--upstream', `http://127.0.0.1:${port}`] });
  });

  afterAll(async () => {
    await program.stop();
    player.close();
  });

  it('reach the client byte for byte and the record with the tokens of the official client', async () => {
    for (const turn of turns) {
      const answer = await askTurn(program.proxyUrl, turn);
      expect(answer, turn).toEqual(corpusBytes(`claude-code/${turn}.sse`));
    }
    const calls = await callsWhen(program, (all) =>
      all.length === turns.length && all.every(({ state }) => state !== 'open') ? all : [],
    );
    for (const turn of turns) {
      const { message } = expectedTurn.parse(corpusJson(`expected/claude-code__${turn}.final.json`));
      const call = calls.find(({ preview }) => preview === turn);
      expect(call, turn).toMatchObject({
        state: 'completed',
        message_state: 'complete',
        status: 200,
        stream: 1,
        model: message.model,
        stop_reason: message.stop_reason,
        input_tokens: message.usage.input_tokens,
        output_tokens: message.usage.output_tokens,
        cache_read_tokens: message.usage.cache_read_input_tokens,
        cache_write_5m_tokens: message.usage.cache_creation.ephemeral_5m_input_tokens,
        cache_write_1h_tokens: message.usage.cache_creation.ephemeral_1h_input_tokens,
        usage_complete: 1,
        cost_source: 'computed',
        session_id: 'ac9b5a71-50d4-47c2-b771-4d5c3e96d899',
        client: 'claude-cli/2.1.219',
      });
      const folded = z
        .object({ message: z.object({ id: z.string(), content: z.array(z.unknown()) }) })
        .parse(await program.api(`calls/${call?.id}/message`));
      expect(folded.message.content, turn).toEqual(message.content);
    }
  });
});
