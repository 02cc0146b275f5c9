import { describe, expect, test } from 'vitest';
import { problemSchema } from '../../server/api/schemas/shape.ts';
import type { ReplayRequest } from '../../server/api/wire.ts';
import { ReplayRefused } from '../../server/replay/refused.ts';
import { noReplayer, serveApi, token } from './served.ts';

const key = 'sk-ant-nobody-may-see-this';

/** Posts these bytes; the answer and what the replayer was asked for. */
async function posted(body: string | Uint8Array, headers: Readonly<Record<string, string>> = {}) {
  const asked: ReplayRequest[] = [];
  const served = await serveApi({
    replayer: {
      ...noReplayer,
      plan: (_, request) => {
        asked.push(request);
        return Promise.reject(new ReplayRefused('conflict', 'Asked.'));
      },
    },
  });
  const answer = await fetch(`http://127.0.0.1:${served.port}/-/api/v1/calls/a/replay/plan`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json', ...headers },
    body,
  });
  const problem = problemSchema.parse(JSON.parse(await answer.text()));
  return {
    status: answer.status,
    type: problem.type.replace('urn:weir:problem:', ''),
    detail: problem.detail,
    asked,
  };
}

describe('a JSON body', () => {
  test.each([
    ['no JSON', '{"key": "' + key, 'bad_body', 'The body is no JSON object.'],
    ['a list', '[]', 'bad_body', 'The body is no JSON object.'],
    ['null', 'null', 'bad_body', 'The body is no JSON object.'],
    ['a wrong type', '{"stream": "yes"}', 'bad_body', 'The field "stream" must be true or false.'],
    [
      'a patch that is none',
      '{"set": [1]}',
      'bad_body',
      'The field "set" must be a JSON object, a merge patch of the request.',
    ],
    ['an empty name', '{"model": ""}', 'bad_body', 'The field "model" must not be empty.'],
    ['an unknown field', '{"modle": "m"}', 'bad_body', 'There is no field "modle"; did you mean "model"?'],
    [
      'a key of two lines',
      JSON.stringify({ key: `${key}\nhost: x` }),
      'bad_body',
      'The field "key" must be an API key, or "Bearer " and a token.',
    ],
  ])('of %s is 400 in a sentence that shows no key', async (_, body, type, detail) => {
    const answer = await posted(body);
    expect([answer.status, answer.type, answer.detail]).toEqual([400, type, detail]);
    expect(answer.asked).toEqual([]);
  });

  test('may be left out', async () => {
    expect((await posted('')).asked).toEqual([{}]);
    expect((await posted('', { 'content-type': 'text/plain' })).asked).toEqual([{}]);
  });

  test('of another content type is refused, as a form of another page would send it', async () => {
    const answer = await posted('{"model": "m"}', { 'content-type': 'text/plain' });
    expect([answer.status, answer.type, answer.asked]).toEqual([415, 'unsupported_media_type', []]);
  });

  test('that is too long is answered and not merely cut off', async () => {
    const answer = await posted(new Uint8Array(33 * 1024 * 1024));
    expect([answer.status, answer.detail]).toEqual([413, 'A body may be 32 MB long.']);
  });

  test('is cleaned of the line end that a pasted key brings', async () => {
    expect((await posted(JSON.stringify({ key: `${key}\n` }))).asked).toEqual([{ key }]);
  });

  test('needs the token', async () => {
    const answer = await posted('{}', { authorization: 'Bearer wrong' });
    expect([answer.status, answer.asked]).toEqual([401, []]);
  });
});
