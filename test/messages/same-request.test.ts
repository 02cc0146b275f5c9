import { describe, expect, it } from 'vitest';
import { sameRequestKey } from '../../server/messages/same-request.ts';

const request = {
  model: 'claude-opus-5-5',
  max_tokens: 100,
  stream: true,
  system: [
    { type: 'text', text: 'x-anthropic-billing-header: cc_version=2.1.219.76b; cch=1a2b3;' },
    { type: 'text', text: 'You measure rivers.', cache_control: { type: 'ephemeral' } },
  ],
  metadata: { user_id: 'user_1_account_2_session_3' },
  tools: [{ name: 'gauge', input_schema: { type: 'object', properties: { cache_control: {} } } }],
  messages: [
    { role: 'user', content: [{ type: 'text', text: 'How deep?', cache_control: { type: 'ephemeral' } }] },
    { role: 'assistant', content: [{ type: 'tool_use', id: 't1', name: 'gauge', input: { at: 'weir' } }] },
    {
      role: 'user',
      content: [
        {
          type: 'tool_result',
          tool_use_id: 't1',
          content: [{ type: 'text', text: '2 m', cache_control: { type: 'ephemeral' } }],
        },
      ],
    },
  ],
};

const key = (value: unknown): string => sameRequestKey(Buffer.from(JSON.stringify(value)));
const text = JSON.stringify(request);

describe('sameRequestKey', () => {
  it('passes over the order of keys and white space', () => {
    const reversed = Object.fromEntries(Object.entries(request).reverse());
    expect(key(reversed)).toBe(key(request));
    expect(sameRequestKey(Buffer.from(JSON.stringify(request, null, 4)))).toBe(key(request));
  });

  it.each([
    ['metadata.user_id', text.replace('session_3', 'session_4')],
    ['all of the metadata', text.replace(/"metadata":\{[^}]*\},/, '')],
    ['the billing line', text.replace('cch=1a2b3', 'cch=9f9f9')],
    ['the block of the billing line', text.replace(/\{"type":"text","text":"x-anthropic[^}]*\},/, '')],
    ['cache marks', text.replaceAll(',"cache_control":{"type":"ephemeral"}', '')],
  ])('passes over %s', (_, changed) => {
    expect(changed).not.toBe(text);
    expect(sameRequestKey(Buffer.from(changed))).toBe(key(request));
  });

  it('passes over a billing line at the start of a longer system prompt only', () => {
    const said = (system: string) => key({ ...request, system });
    expect(said('x-anthropic-billing-header: cch=1;\nBe brief.')).toBe(said('Be brief.'));
    expect(said('Be brief.\nx-anthropic-billing-header: cch=1;')).not.toBe(said('Be brief.'));
  });

  it.each([
    ['a word', text.replace('How deep', 'How wide')],
    ['whether it streams', text.replace('"stream":true', '"stream":false')],
    ['other metadata', text.replace('"user_id"', '"river":"Scheldt","user_id"')],
    ['the order of messages', key({ ...request, messages: request.messages.toReversed() })],
    ['a cache mark that is data', text.replace('"properties":{"cache_control":{}}', '"properties":{}')],
  ])('is another one for %s', (_, changed) => {
    expect(sameRequestKey(Buffer.from(changed))).not.toBe(key(request));
  });

  it('compares what is no JSON object by its bytes', () => {
    expect(sameRequestKey(Buffer.from('[1]'))).not.toBe(sameRequestKey(Buffer.from('[1] ')));
    expect(sameRequestKey(Buffer.from(''))).toBe(sameRequestKey(Buffer.alloc(0)));
  });
});
