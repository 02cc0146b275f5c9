import { describe, expect, it } from 'vitest';
import { differenceOf, type RequestDifference } from '../../server/messages/difference.ts';

const request = {
  model: 'claude-opus-5-5',
  system: 'You measure rivers.',
  tools: [{ name: 'gauge', input_schema: { type: 'object' } }],
  messages: [
    { role: 'user', content: 'How deep is the river at the north bank of the old mill?' },
    { role: 'assistant', content: [{ type: 'text', text: 'Two metres.' }] },
  ],
};

function compare(before: unknown, after: unknown): RequestDifference {
  return differenceOf(Buffer.from(JSON.stringify(before)), Buffer.from(JSON.stringify(after)));
}

describe('differenceOf', () => {
  it('names the place of the first difference and shows both sides of it', () => {
    const [first, answer] = request.messages;
    const asked = { ...first, content: 'How deep is the river at the south bank of the old mill?' };
    expect(compare(request, { ...request, messages: [asked, answer] })).toEqual({
      parts: 1,
      words:
        'messages.0.content differs at character 30: recorded "…is the river at the north bank of the old mill?", sent "…is the river at the south bank of the old mill?"',
    });
  });

  it('names settings first, and counts the other parts', () => {
    const changed = { ...request, model: 'claude-haiku-5-5', system: 'You measure lakes.' };
    expect(compare(request, changed)).toMatchObject({ parts: 2 });
    expect(compare(request, changed).words).toMatch(
      /^model differs at character 8: .*; 1 other part differs too$/,
    );
  });

  it('says what only one side has', () => {
    const longer = { ...request, messages: [...request.messages, { role: 'user', content: 'And wide?' }] };
    expect(compare(request, longer).words).toBe(
      'messages.2 was not recorded: sent "{"role":"user"}"; 1 other part differs too',
    );
    expect(compare(longer, request).words).toMatch(/^messages\.2 was not sent: recorded /);
    const { tools: _, ...bare } = request;
    expect(compare(bare, request).words).toMatch(/^tools\.0 \(gauge\) was not recorded: sent /);
  });

  it('says when only that differs which the matching of bodies passes over', () => {
    expect(compare(request, { ...request, metadata: { user_id: 'ada' } })).toEqual({
      parts: 0,
      words: expect.stringMatching(/^only in the order of keys, .*metadata\.user_id/),
    });
  });

  it('compares what is no JSON as text', () => {
    expect(differenceOf(Buffer.from('one two'), Buffer.from('one three')).words).toBe(
      'the body differs at character 6: recorded "one two", sent "one three"',
    );
  });
});
