import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { callsPageSchema } from '../../server/api/schemas/call.ts';
import { openStore } from '../../server/store/open.ts';
import { callsWhen } from '../support/calls.ts';
import { sampleAnswer } from '../support/exchanges.ts';
import { startProgram, type Program } from '../support/program.ts';
import { startUpstream, type Upstream } from '../support/upstream.ts';

/** What a coding client repeats with every turn: tools of about 90 kB. */
const preamble = {
  model: 'claude-sonnet-5',
  max_tokens: 10,
  system: 'You are a bosun.',
  tools: Array.from({ length: 30 }, (_, at) => ({
    name: `tool_${at}`,
    description: prose(at, 3000),
    input_schema: { type: 'object' },
  })),
};

type Message = { role: 'user' | 'assistant'; content: unknown };

/** Answers with what the request's header tells, so that the test says both sides. */
async function startScribe(): Promise<Upstream> {
  return startUpstream(async (request, reply) => {
    await request.body;
    const text = decodeURIComponent(request.header('x-say') ?? '');
    reply.json(200, { ...JSON.parse(sampleAnswer), content: [{ type: 'text', text }] });
  });
}

async function say(
  program: Program,
  session: string,
  messages: readonly Message[],
  answer: string,
): Promise<string> {
  const response = await fetch(`${program.proxyUrl}/v1/messages`, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      'x-weir-session': session,
      'x-say': encodeURIComponent(answer),
    },
    body: JSON.stringify({ ...preamble, messages }),
  });
  await response.text();
  return response.headers.get('x-weir-call-id') ?? '';
}

async function found(program: Program, q: string) {
  const page = callsPageSchema.parse(await program.api(`calls?q=${encodeURIComponent(q)}`));
  return page.items;
}

async function idsOf(program: Program, q: string): Promise<string[]> {
  return (await found(program, q)).map(({ id }) => id);
}

function whenRecorded(program: Program, count: number) {
  return callsWhen(program, (calls) =>
    calls.filter(({ state }) => state === 'completed').length >= count ? calls : [],
  );
}

const user = (content: unknown): Message => ({ role: 'user', content });
const assistant = (content: unknown): Message => ({ role: 'assistant', content });

describe('searching what was said', () => {
  let upstream: Upstream;
  let program: Program;
  let ids: string[];

  beforeAll(async () => {
    upstream = await startScribe();
    program = await startProgram({ args: ['--upstream', upstream.url.href] });
    const first = [user('Where does the Žižkov ferry moor? '.padEnd(400, 'Tell me about harbours. '))];
    const result = { type: 'tool_result', tool_use_id: 't', content: 'pier_seven: <b>north</b> bank' };
    const second = [...first, assistant('At the lighthouse.'), user([result])];
    ids = [
      await say(program, 's', first, 'At the lighthouse.'),
      await say(program, 's', second, 'At pier seven, on the north bank.'),
    ];
    await whenRecorded(program, 2);
  });

  afterAll(async () => {
    await program.stop();
    await upstream.close();
  });

  it('finds each text with the call that first brought it, the answers among them', async () => {
    expect(await idsOf(program, 'zizkov')).toEqual([ids[0]]);
    expect(await idsOf(program, 'lighthouse')).toEqual([ids[0]]);
    expect(await idsOf(program, '"north bank"')).toEqual([ids[1]]);
    expect(await idsOf(program, 'pier* bank')).toEqual([ids[1]]);
    expect(await idsOf(program, 'bosun')).toEqual([]);
  });

  it('shows the place, with what was searched for marked', async () => {
    const [call] = await found(program, 'harbours');
    const { text, hits } = call?.snippet ?? { text: '', hits: [] };
    expect(text).toMatch(/^Where does the Žižkov ferry moor\?.*…$/);
    expect(hits.length).toBeGreaterThan(3);
    expect(new Set(hits.map(([start, end]) => text.slice(start, end)))).toEqual(new Set(['harbours']));
    const [other] = await found(program, 'north');
    expect(other?.snippet).toEqual({ text: 'pier_seven: <b>north</b> bank', hits: [[15, 20]] });
  });

  it('says nothing of places where nothing is searched for', async () => {
    const page = callsPageSchema.parse(await program.api('calls'));
    expect(page.items.every((call) => !('snippet' in call))).toBe(true);
  });

  it('refuses what it cannot understand with a sentence', async () => {
    expect(await program.api('calls?q=%22open')).toMatchObject({
      status: 400,
      detail: 'The parameter "q" has a quotation mark that is not closed.',
    });
  });

  it('a body that was damaged afterwards costs its place, not the list', async () => {
    const id = await say(program, 't', [user('A gangway to break')], 'So it is.');
    await whenRecorded(program, 3);
    const other = await openToDamage(program);
    other.prepare("UPDATE bodies SET bytes = x'00', packing = 'deflate' WHERE call_id = ?").run(id);
    other.close();
    expect(await found(program, 'gangway')).toMatchObject([{ id, snippet: null }]);
  });
});

describe('the index', () => {
  it('stays below two hundredths of what a session sends', async () => {
    const upstream = await startScribe();
    const before = await startProgram({ args: ['--upstream', upstream.url.href] });
    const messages: Message[] = [];
    let rawBytes = 0;
    for (let turn = 0; turn < 30; turn += 1) {
      messages.push(user(`turn${turn} ${prose(turn, 3000)}`));
      rawBytes += Buffer.byteLength(JSON.stringify({ ...preamble, messages }));
      await say(before, 'long', messages, `answer${turn}`);
      messages.push(assistant([{ type: 'text', text: `answer${turn}` }]));
    }
    await whenRecorded(before, 30);
    const path = join(before.dataDir, 'weir.db');
    const store = openStore(path, 'read');
    const index = store.sqlite
      .prepare(
        'SELECT (SELECT total(length(block)) FROM call_text_data) + (SELECT total(length(call_id) + 16) * 2 FROM call_docs) AS bytes',
      )
      .pluck()
      .get();
    store.close();
    expect(Number(index)).toBeGreaterThan(0);
    expect(Number(index)).toBeLessThan(rawBytes * 0.02);
    expect(await idsOf(before, 'turn7')).toHaveLength(1);
    expect(await idsOf(before, 'answer12')).toHaveLength(1);
    await before.stop();
    await upstream.close();
  });

  it('holds no content in metadata mode', async () => {
    const upstream = await startScribe();
    const program = await startProgram({ args: ['--upstream', upstream.url.href, '--bodies', 'metadata'] });
    await say(program, 's', [user('A secret jetty')], 'Hidden.');
    await whenRecorded(program, 1);
    expect(await idsOf(program, 'jetty')).toEqual([]);
    const store = openStore(join(program.dataDir, 'weir.db'), 'read');
    expect(store.sqlite.prepare('SELECT count(*) FROM call_docs').pluck().get()).toBe(0);
    store.close();
    await program.stop();
    await upstream.close();
  });
});

/** Words that no other turn has, mixed with common ones, as in real text. */
function prose(turn: number, bytes: number): string {
  const common = [
    'the',
    'river',
    'of',
    'a',
    'wall',
    'and',
    'function',
    'return',
    'measure',
    'in',
    'to',
    'water',
    'const',
  ];
  let text = '';
  for (let at = 0; text.length < bytes; at += 1) {
    const word =
      at % 6 === 5
        ? `w${(turn * 7919 + at * 104_729) % 5000}`
        : (common[(at * 31 + turn) % common.length] ?? '');
    text += `${word} `;
  }
  return text;
}

async function openToDamage(program: Program) {
  const { default: Database } = await import('better-sqlite3');
  return new Database(join(program.dataDir, 'weir.db'));
}
