import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { checkStore } from '../../server/check/store.ts';
import { addMoneyCommands } from '../../server/commands/money-commands.ts';
import type { JsonObject } from '../../server/messages/json.ts';
import { createPricer } from '../../server/pricing/engine.ts';
import { digest } from '../../server/recorder/digest.ts';
import { readCall } from '../../server/store/calls.ts';
import { openStore, type Store } from '../../server/store/open.ts';
import { createWriter } from '../../server/store/write.ts';
import { minuteMs, requestOf, startedMs, text, usageOf, type Used } from '../cache/prompts.ts';
import { temporaryFolder } from '../store/temporary-store.ts';
import { exchangeEnd, exchangeHead, exchangeOpen } from '../support/exchanges.ts';
import { runCommand } from './command.ts';

function body(value: unknown) {
  const bytes = Buffer.from(JSON.stringify(value));
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  return { chunks: [{ bytes, atUs: 0 }], keptBytes: bytes.byteLength, whole: true, sha256 };
}

/** Stores a call that nobody has judged, as an import does; returns its id. */
async function storeUnjudged(store: Store, atMs: number, request: JsonObject, used: Used): Promise<string> {
  const attribution = { userId: null, team: null, sessionId: 's', tags: {}, keyId: null, keyHint: null };
  const asked = body(request);
  const answered = body({
    id: 'msg_1',
    type: 'message',
    role: 'assistant',
    model: 'claude-opus-5-5',
    content: [{ type: 'text', text: 'Yes.' }],
    stop_reason: 'end_turn',
    usage: usageOf(used),
  });
  const { row, details, parts } = await digest(
    {
      open: exchangeOpen({ startedMs: atMs, attribution }),
      head: exchangeHead(),
      end: exchangeEnd({
        endedMs: atMs + 25,
        requestBytes: asked.keptBytes,
        responseBytes: answered.keptBytes,
      }),
      request: asked,
      response: answered,
    },
    createPricer(),
  );
  const writer = createWriter(store);
  writer.transaction(() => writer.finishCall(row.id, row, details, parts));
  return row.id;
}

describe('weir cache --recount', () => {
  it('judges what nobody has judged, from the bodies, and changes nothing the second time', async () => {
    const path = join(temporaryFolder(), 'weir.db');
    const store = openStore(path, 'write');
    const turns = ['Build a weir.', 'Which river?', 'The small one.'];
    await storeUnjudged(store, startedMs, requestOf(), { write1h: 30_000 });
    const system = [text('You build walls.'), text('Stones first.')];
    const changed = await storeUnjudged(store, startedMs + minuteMs, requestOf({ turns, system }), {
      write1h: 31_000,
    });
    const late = await storeUnjudged(store, startedMs + 90 * minuteMs, requestOf({ turns, system }), {
      write1h: 31_000,
    });
    store.close();
    const recount = () => runCommand(addMoneyCommands, ['cache', '--recount', '--store', path]);
    const first = await recount();
    expect(first).toMatchObject({ code: 0 });
    expect(first.stderr).toContain('3 calls judged anew, 2 changed.');
    expect(first.stdout).toMatch(/system_prompt_changed +1 +30000 +\$0\.234\n/);
    expect((await recount()).stderr).toContain('3 calls judged anew, 0 changed.');
    const judged = openStore(path, 'read');
    expect(readCall(judged, changed)).toMatchObject({
      cache_miss_cause: 'system_prompt_changed',
      cache_miss_at: 'system.0',
      cache_lost_tokens: 30_000,
      cache_lost_nano_usd: 234_000_000,
    });
    expect(readCall(judged, late)).toMatchObject({
      cache_miss_cause: 'ttl_expired_1h',
      cache_lost_tokens: 31_000,
    });
    expect((await checkStore(judged, () => undefined)).findings).toEqual([]);
    judged.close();
  });

  it('waits for nobody: while something writes there it says so', async () => {
    const path = join(temporaryFolder(), 'weir.db');
    const store = openStore(path, 'write');
    expect(await runCommand(addMoneyCommands, ['cache', '--recount', '--store', path])).toMatchObject({
      code: 75,
    });
    store.close();
  });
});
