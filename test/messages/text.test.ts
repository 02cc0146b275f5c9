import { expect, test } from 'vitest';
import { answerTexts, requestTexts } from '../../server/messages/text.ts';

const words = (request: object) => requestTexts({ ...request }).map(({ text }) => text);

test('what users, models and tools said is text; ids, signatures and encoded data are none', () => {
  const blocks = [
    { type: 'text', text: 'spoken', cache_control: { type: 'ephemeral', ttl: 'hidden' } },
    { type: 'thinking', thinking: 'thought', signature: 'hidden' },
    { type: 'redacted_thinking', data: 'hidden' },
    {
      type: 'tool_use',
      id: 'hidden',
      name: 'Grep',
      input: { pattern: 'needle', deep: [{ path: 'hay.ts' }] },
    },
    {
      type: 'tool_result',
      tool_use_id: 'hidden',
      content: [{ type: 'text', text: 'found' }],
      is_error: false,
    },
    { type: 'tool_result', tool_use_id: 'hidden', content: 'plain' },
    { type: 'image', source: { type: 'base64', media_type: 'hidden', data: 'hidden' } },
    { type: 'document', title: 'Deed', source: { type: 'text', media_type: 'hidden', data: 'written' } },
    {
      type: 'web_search_tool_result',
      content: [{ title: 'Rivers', url: 'https://r.test', encrypted_content: 'hidden' }],
    },
  ];
  const expected = [
    'spoken',
    'thought',
    'Grep',
    'needle',
    'hay.ts',
    'found',
    'plain',
    'Deed',
    'written',
    'Rivers',
    'https://r.test',
  ];
  expect(answerTexts({ content: blocks })).toEqual(expected);
  expect(
    words({ system: 'hidden', tools: [{ name: 'hidden' }], messages: [{ role: 'user', content: blocks }] }),
  ).toEqual(expected);
});

test('encoded data within a text is left out, long words of people are not', () => {
  const base64 = Buffer.alloc(600, 'weir').toString('base64');
  expect(answerTexts({ content: `before ${base64} after` })).toEqual(['before   after']);
  expect(answerTexts({ content: 'Donaudampfschifffahrtsgesellschaft' })).toEqual([
    'Donaudampfschifffahrtsgesellschaft',
  ]);
});

test('megabytes without a space are passed over', () => {
  expect(answerTexts({ content: 'A'.repeat(8_000_000) })).toEqual([]);
  expect(answerTexts({ content: `${'A'.repeat(300)} x ${'B'.repeat(200)}` })).toEqual(['  x  ']);
});

test('a run of 200 and more is left out wherever it stands, one of 199 stays', () => {
  for (let before = 0; before < 450; before += 7) {
    const [lead, tail] = ['. '.repeat(before), ' end'.repeat(3)];
    const [short, long] = ['A'.repeat(199), 'b'.repeat(200 + (before % 300))];
    expect(answerTexts({ content: `${lead}.${short}.${long}.${tail}` })).toEqual([
      `${lead}.${short}. .${tail}`,
    ]);
  }
});

test('the last turn is what follows the last answer', () => {
  const turn = (role: string, content: string) => ({ role, content });
  const request = {
    messages: [turn('user', 'a'), turn('assistant', 'b'), turn('user', 'c'), turn('user', 'd')],
  };
  expect(requestTexts(request).map(({ isLastTurn }) => isLastTurn)).toEqual([false, false, true, true]);
  expect(requestTexts({ messages: [turn('user', 'a')] })).toEqual([{ text: 'a', isLastTurn: true }]);
});

test.for([
  {},
  { messages: 'x' },
  { messages: [null, 5, { content: { a: 1 } }] },
  { messages: [{ content: [[]] }] },
])('a request that is none has no text: %j', (request) => {
  expect(requestTexts(request)).toEqual([]);
});

test('a message of very many texts is read', () => {
  const content = Array.from({ length: 300_000 }, () => ({ type: 'text', text: 'so' }));
  expect(requestTexts({ messages: [{ role: 'user', content }] })).toHaveLength(300_000);
});
