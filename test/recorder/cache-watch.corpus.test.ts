import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { missedTokens } from '../../server/cache/cause.ts';
import { cachedRow } from '../../server/cache/stored.ts';
import { cacheUseOf } from '../../server/cache/use.ts';
import type { JsonObject } from '../../server/messages/json.ts';
import { CacheWatch, type WatchedCall } from '../../server/recorder/cache-watch.ts';
import { hour, short, text, tool } from '../cache/prompts.ts';
import { sampleCall } from '../store/temporary-store.ts';
import { corpusJson, corpusNames, hasCorpus } from '../support/corpus.ts';

const metaSchema = z.object({
  request_headers: z.array(z.tuple([z.string(), z.string()])),
  ts_request: z.string(),
  ts_response_headers: z.string(),
});
const finalSchema = z.object({
  message: z.object({
    model: z.string(),
    content: z.array(z.unknown()),
    usage: z.record(z.string(), z.unknown()),
  }),
});

/** The requests were not recorded: they are made up to grow as the session did, with its tools and marks. */
function recordedSession(): WatchedCall[] {
  const said = new Map<string, JsonObject[]>();
  return corpusNames('claude-code')
    .filter((name) => name.endsWith('.meta.json'))
    .map((name) => ({
      name: name.replace('.meta.json', ''),
      meta: metaSchema.parse(corpusJson(`claude-code/${name}`)),
    }))
    .sort((a, b) => Date.parse(a.meta.ts_request) - Date.parse(b.meta.ts_request))
    .map(({ name, meta }): WatchedCall => {
      const { message } = finalSchema.parse(corpusJson(`expected/claude-code__${name}.final.json`));
      const header = (lower: string): string | null =>
        meta.request_headers.find(([key]) => key.toLowerCase() === lower)?.[1] ?? null;
      const agent = header('x-claude-code-agent-id');
      const betas = (header('anthropic-beta') ?? '').split(',');
      const isTitle = betas.includes('structured-outputs-2025-12-15');
      const kind = isTitle ? 'title' : agent === null ? 'main' : 'subagent';
      const key = `${kind} ${agent}`;
      const messages = said.get(key) ?? [{ role: 'user', content: [text(`Do what ${key} does.`)] }];
      said.set(key, [
        ...messages,
        { role: 'assistant', content: message.content },
        { role: 'user', content: [{ type: 'tool_result', tool_use_id: name, content: `done ${name}` }] },
      ]);
      const startedMs = Date.parse(meta.ts_request);
      return {
        row: sampleCall({
          session_id: header('x-claude-code-session-id'),
          agent_id: agent,
          kind,
          model: message.model,
          started_ms: startedMs,
          ttfb_us: (Date.parse(meta.ts_response_headers) - startedMs) * 1000,
        }),
        betas,
        request: requestOf(kind, messages),
        usage: message.usage,
        message: null,
      };
    });
}

function requestOf(kind: string, messages: readonly JsonObject[]): JsonObject {
  const mark = kind === 'subagent' ? short : hour;
  const last = messages.at(-1);
  const content = ((last?.['content'] ?? []) as JsonObject[]).map((block, at, all) =>
    at === all.length - 1 && kind !== 'title' ? { ...block, ...mark } : block,
  );
  return {
    tools: kind === 'title' ? [] : [tool('Bash'), tool('Read')],
    system: [text('You build weirs.'), text('Stones first.', kind === 'title' ? {} : mark)],
    messages: [...messages.slice(0, -1), { ...last, content }],
  };
}

describe.skipIf(!hasCorpus)('a recorded session of a coding agent', () => {
  it('missed nothing: each call read all that the one before it had left', async () => {
    const watch = new CacheWatch(() => null);
    const causes: Record<string, number> = {};
    for (const call of recordedSession()) {
      const miss = await watch.judge(call);
      const name = miss === null ? 'none' : `${miss.cause} ${miss.at} ${miss.lostTokens}`;
      causes[name] = (causes[name] ?? 0) + 1;
    }
    expect(causes).toEqual({ none: 17 });
  });

  it('had every read to the token, but for the three calls that began cold', () => {
    const last = new Map<string, ReturnType<typeof cachedRow>>();
    let cold = 0;
    for (const { row, usage } of recordedSession()) {
      const use = cacheUseOf(usage);
      if (use === null) throw new Error('no usage');
      const key = `${row.kind} ${row.agent_id}`;
      const [before, now] = [last.get(key), cachedRow(row, use, [])];
      last.set(key, now);
      if (before === undefined) {
        cold += 1;
        expect(use.read).toBe(0);
        continue;
      }
      expect(use.read).toBe(before.use.left);
      expect(missedTokens(before, now)).toBe(0);
    }
    expect(cold).toBe(3);
  });
});
