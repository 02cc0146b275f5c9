import { expect, it } from 'vitest';
import { replayRequest } from '../../../dashboard/lib/replay.ts';

const plain = { upstream: '', model: '', stream: '', set: '' } as const;

it('asks for nothing but what was chosen', () => {
  expect(replayRequest(plain)).toEqual({});
  expect(
    replayRequest({
      upstream: 'other',
      model: ' claude-haiku-5-5 ',
      stream: 'false',
      set: '{"temperature": 0}',
    }),
  ).toEqual({ upstream: 'other', model: 'claude-haiku-5-5', stream: false, set: { temperature: 0 } });
});

it('says what is wrong with changes that are no object', () => {
  expect(replayRequest({ ...plain, set: '[1]' })).toMatch(/^Changes are a JSON object/);
  expect(replayRequest({ ...plain, set: '{temperature: 0}' })).toMatch(/^The changes are no JSON: /);
});
