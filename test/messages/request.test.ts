import { join } from 'node:path';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { readConversation } from '../../server/messages/conversation.ts';
import { asObject } from '../../server/messages/json.ts';
import type { JsonObject } from '../../server/messages/json.ts';
import { readRequest } from '../../server/messages/request.ts';
import type { RequestFacts } from '../../server/messages/request.ts';
import { corpus, corpusName, filesOf, hasCorpus, jsonFile } from './streams.ts';

function read(body: unknown, headers: readonly string[] = [], path = '/v1/messages'): RequestFacts {
  const bytes = body === null ? null : Buffer.from(typeof body === 'string' ? body : JSON.stringify(body));
  return readRequest({ method: 'POST', path, headers, body: bytes });
}

const minimal = { model: 'sonnet[1m]', max_tokens: 8, messages: [{ role: 'user', content: 'Hello' }] };
const session = 'x-claude-code-session-id';

describe('readRequest', () => {
  test('tells who asks for what, and keeps the model as sent', () => {
    const facts = read(minimal, [
      'User-Agent',
      'claude-cli/2.1.219 (external, cli)',
      'anthropic-version',
      '2023-06-01',
    ]);
    expect(facts).toMatchObject({
      requestedModel: 'sonnet[1m]',
      stream: false,
      client: 'claude-cli/2.1.219',
      preview: 'Hello',
      kind: null,
      facts: {
        maxTokens: 8,
        apiVersion: '2023-06-01',
        messages: 1,
        tools: [],
        toolsBytes: 0,
        systemBytes: 0,
      },
    });
  });

  test.each([null, '', 'no json', '[1]', '\u0000\u0001', '{"a":'])(
    'a body that is no JSON object gives nulls: %j',
    (body) => {
      expect(read(body, [session, 's-1'])).toEqual({
        requestedModel: null,
        stream: null,
        sessionId: 's-1',
        agentId: null,
        parentAgentId: null,
        userId: null,
        client: null,
        kind: null,
        preview: null,
        fingerprint: null,
        texts: [],
        facts: null,
        body: null,
      });
    },
  );

  test('collects the settings of a full request', () => {
    const { facts } = read(
      {
        ...minimal,
        stream: true,
        system: [
          { type: 'text', text: 'ü' },
          { type: 'text', text: 'b', cache_control: { type: 'ephemeral', ttl: '1h' } },
        ],
        tools: [
          { name: 'Read', input_schema: { properties: { cache_control: { type: 'object' } } } },
          { type: 'web_search_20260209', name: 'web_search', cache_control: { type: 'ephemeral' } },
          { type: 'mcp_toolset' },
        ],
        thinking: { type: 'adaptive' },
        output_config: { effort: 'high' },
        provider: 'bedrock',
        speed: 'fast',
        diagnostics: { previous_message_id: 'msg_0' },
        cache_control: { type: 'ephemeral' },
      },
      [
        'anthropic-beta',
        'a-1, b-2',
        'Anthropic-Beta',
        'b-2,c-3,',
        'x-stainless-retry-count',
        '2',
        'x-claude-code-agent-type',
        'Explore',
      ],
    );
    expect(facts).toEqual({
      tools: ['Read', 'web_search', 'mcp_toolset'],
      serverTools: ['web_search_20260209', 'mcp_toolset'],
      toolsBytes: expect.any(Number) as unknown,
      systemBytes: 104,
      messages: 1,
      maxTokens: 8,
      effort: 'high',
      thinking: { type: 'adaptive' },
      speed: 'fast',
      serviceTier: null,
      betas: ['a-1', 'b-2', 'c-3'],
      apiVersion: null,
      breakpoints: [
        { at: 'request', ttl: '5m' },
        { at: 'tools.1', ttl: '5m' },
        { at: 'system.1', ttl: '1h' },
      ],
      provider: 'bedrock',
      previousMessageId: 'msg_0',
      retryCount: 2,
      agentType: 'Explore',
      promptId: null,
      billTo: null,
    });
  });

  test.each([
    ['claude-cli/2.1.219 (external, sdk-cli)', 'claude-cli/2.1.219'],
    ['Anthropic/JS 1.12.0', 'Anthropic/JS 1.12.0'],
    ['curl/8.5.0', 'curl/8.5.0'],
    ['Mozilla/5.0 (X11) Gecko', 'Mozilla/5.0'],
    ['  ', null],
  ])('the client of %j is %j', (agent, client) => {
    expect(read(minimal, ['user-agent', agent]).client).toBe(client);
  });

  test('a hostile body cannot throw or overflow', () => {
    expect(read(`{"model":"m","system":${'['.repeat(2e6)}${']'.repeat(2e6)}}`).facts).toBeNull();
    const text = fc.oneof(fc.json(), fc.string());
    const part = fc.jsonValue({ maxDepth: 3 });
    const request = fc.record(
      {
        model: part,
        system: part,
        tools: part,
        messages: fc.oneof(part, fc.array(fc.record({ role: fc.constantFrom('user', 'x'), content: part }))),
        metadata: part,
        thread: part,
        output_config: part,
      },
      { requiredKeys: [] },
    );
    fc.assert(
      fc.property(fc.oneof(text, request), fc.array(fc.string(), { maxLength: 5 }), (body, headers) => {
        const facts = read(body, headers);
        expect((facts.preview ?? '').length).toBeLessThanOrEqual(160);
        expect(JSON.stringify(readConversation(Buffer.from(JSON.stringify(body))))).toContain('breakpoints');
      }),
      { numRuns: 500 },
    );
  });
});

describe('identity', () => {
  const user = (user_id: unknown, headers: string[] = []) =>
    read({ ...minimal, metadata: { user_id } }, headers);
  const device = 'ab'.repeat(32);

  test.each([
    [`{"device_id":"${device}","account_uuid":"acc-1","session_id":"s-1"}`, 'acc-1', 's-1'],
    [`{"device_id":"${device}","account_uuid":"","session_id":"s-1"}`, device, 's-1'],
    [`user_${device}_account_acc-1_session_s-1`, 'acc-1', 's-1'],
    [`user_${device}_account__session_s-1`, device, 's-1'],
    ['5f2c', '5f2c', null],
    ['{"broken', '{"broken', null],
    ['x'.repeat(999), 'x'.repeat(256), null],
    [null, null, null],
    [{ a: 1 }, null, null],
  ])('metadata.user_id %j', (id, userId, sessionId) => {
    expect(user(id)).toMatchObject({ userId, sessionId });
  });

  test('the header names the session before the body does', () => {
    expect(user(`{"device_id":"d","session_id":"s-2"}`, ['X-Claude-Code-Session-Id', 's-1']).sessionId).toBe(
      's-1',
    );
  });

  test('gateway fields count where nothing better stands', () => {
    expect(read({ ...minimal, user: 'u-1', session_id: 's-1' })).toMatchObject({
      userId: 'u-1',
      sessionId: 's-1',
    });
  });

  test('agents are decoded where they are percent-encoded', () => {
    const headers = ['x-claude-code-agent-id', 'pr%C3%BCfer', 'x-claude-code-parent-agent-id', '100%'];
    expect(read(minimal, headers)).toMatchObject({ agentId: 'prüfer', parentAgentId: '100%' });
  });
});

describe('kind', () => {
  const billing = (more: string) => [
    { type: 'text', text: `x-anthropic-billing-header: cc_version=2.1.219.76b; ${more}` },
  ];
  const title = { output_config: { format: { type: 'json_schema', schema: { properties: { title: {} } } } } };
  const tools = [{ name: 'Read' }];
  const cases: [string | null, object, string[], string?][] = [
    ['count_tokens', {}, [], '/v1/messages/count_tokens'],
    ['batch_results', {}, [], '/anthropic/v1/messages/batches/b_1/results'],
    ['batch_create', {}, [], '/v1/messages/batches'],
    ['batch_cancel', {}, [], '/v1/messages/batches/b_1/cancel'],
    ['batch_status', {}, [], '/v1/messages/batches/b_1/'],
    [null, {}, [], '/v1/models'],
    [null, { tools }, []],
    ['main', { tools }, [session, 's-1']],
    ['main', { tools, system: billing('cc_entrypoint=cli;') }, []],
    ['auxiliary', {}, [session, 's-1']],
    ['title', title, [session, 's-1']],
    ['title', title, [session, 's-1', 'x-claude-code-request-class', 'auxiliary']],
    ['subagent', { tools }, [session, 's-1', 'x-claude-code-agent-id', 'a-1']],
    ['subagent', { tools, system: billing('cc_is_subagent=true;') }, []],
    ['workflow', { tools }, [session, 's-1', 'x-claude-code-request-class', 'Workflow']],
    ['compaction', { tools }, [session, 's-1', 'x-claude-code-compaction', 'auto']],
    ['compaction', { compaction: { type: 'summarize' } }, []],
    ['thread_continuation', { thread: { type: 'continue', previous_message_id: 'msg_1' } }, []],
    ['quota_probe', { max_tokens: 1, messages: [{ role: 'user', content: 'quota' }] }, [session, 's-1']],
  ];
  test.each(cases)('%s', (kind, more, headers, path) => {
    expect(read({ ...minimal, ...more }, headers, path ?? '/v1/messages').kind).toBe(kind);
  });
});

describe('preview', () => {
  const preview = (...messages: object[]) => read({ ...minimal, messages }).preview;
  const user = (content: unknown) => ({ role: 'user', content });
  const reminder = '<system-reminder>\nsecret\n</system-reminder>';

  test('is the beginning of the last user turn on one line', () => {
    expect(preview(user('first'), { role: 'assistant', content: 'x' }, user('  so\n\n then '))).toBe(
      'so then',
    );
    expect(preview(user('asked'), { role: 'assistant', content: 'prefill' })).toBe('asked');
  });

  test('leaves out system reminders, also when they never close', () => {
    expect(preview(user(`${reminder}Hi ${reminder}there`))).toBe('Hi there');
    expect(
      preview(
        user([
          { type: 'text', text: reminder },
          { type: 'text', text: 'Real words' },
        ]),
      ),
    ).toBe('Real words');
    expect(preview(user('Hi <system-reminder> open'))).toBe('Hi');
  });

  test('is at most 160 characters and never half a character', () => {
    const line = preview(user(`${'x'.repeat(158)}🌊${'y'.repeat(10_000_000)}`));
    expect(line).toBe(`${'x'.repeat(158)}…`);
    expect(preview(user('z'.repeat(160)))).toBe('z'.repeat(160));
  });

  test('names the tools whose results a turn brings', () => {
    const calls = ['Bash', 'Read', 'Read'].map((name, n) => ({
      type: 'tool_use',
      id: `t${n}`,
      name,
      input: {},
    }));
    const results = ['t0', 't1', 't2'].map((tool_use_id) => ({
      type: 'tool_result',
      tool_use_id,
      content: 'out',
    }));
    const turn = { role: 'assistant', content: calls };
    expect(preview(user('go'), turn, user(results))).toBe('tool_result ← Bash, Read');
    expect(preview(user('go'), turn, user([...results, { type: 'text', text: reminder }]))).toBe(
      'tool_result ← Bash, Read',
    );
    expect(preview(user('go'), turn, user([...results, { type: 'text', text: 'and stop' }]))).toBe(
      'and stop',
    );
    expect(preview(user([{ type: 'tool_result', tool_use_id: 'gone' }]))).toBe('tool_result ← ?');
  });

  test('names what else there is when there are no words', () => {
    expect(preview(user([{ type: 'image', source: {} }]))).toBe('[image]');
    expect(preview(user(''))).toBeNull();
    expect(preview({ role: 'assistant', content: 'x' })).toBeNull();
  });
});

describe('readConversation', () => {
  test('gives the parts as sent, and where they are cached', () => {
    const mark = { cache_control: { type: 'ephemeral' } };
    const messages = [
      { role: 'user', content: [{ type: 'tool_result', content: [{ type: 'text', text: 'x', ...mark }] }] },
      { role: 'assistant', content: [{ type: 'tool_use', id: 't', name: 'n', input: { content: [mark] } }] },
      { role: 'user', content: 'Hi' },
    ];
    const request = { system: 'Be brief', tools: [{ name: 'n' }], messages };
    expect(readConversation(Buffer.from(JSON.stringify(request)))).toEqual({
      ...request,
      breakpoints: [{ at: 'messages.0.content.0.content.0', ttl: '5m' }],
    });
  });

  test.each([null, Buffer.from(''), Buffer.from('x'), Buffer.from('{"messages":"x","tools":7}')])(
    '%s has none',
    (body) => {
      expect(readConversation(body)).toEqual({ system: null, tools: [], messages: [], breakpoints: [] });
    },
  );
});

describe.skipIf(!hasCorpus)(`${corpusName}: recorded requests`, () => {
  const recordings = filesOf(join(corpus, 'claude-code'), '.meta.json');

  test('Claude Code turns belong to one session, and its subagent to itself', () => {
    const facts = recordings.map((name) => {
      const { request_headers: pairs } = jsonFile(join(corpus, 'claude-code', name)) as {
        request_headers: string[][];
      };
      return read(null, pairs.flat());
    });
    expect(new Set(facts.map((fact) => fact.sessionId)).size).toBe(1);
    expect(new Set(facts.map((fact) => fact.client))).toEqual(new Set(['claude-cli/2.1.219']));
    const ofAgents = facts.filter((fact) => fact.agentId !== null);
    expect(ofAgents.map((fact) => fact.kind)).toEqual(['subagent', 'subagent']);
  });

  const bodies = filesOf(join(corpus, 'meta'), '.json').flatMap((name): [string, JsonObject][] => {
    const body = asObject(asObject(jsonFile(join(corpus, 'meta', name))['request'])?.['body']);
    return Array.isArray(body?.['messages']) ? [[name, body]] : [];
  });

  test('there are bodies among them', () => expect(bodies.length).toBeGreaterThan(25));

  test.each(bodies)('%s is read', (_name, body) => {
    const { requestedModel, preview } = read(body);
    expect(requestedModel).toBe(body['model'] ?? null);
    expect(preview).not.toBeNull();
    expect(readConversation(Buffer.from(JSON.stringify(body))).messages).toEqual(body['messages']);
  });
});
