/** Tests of the agent with the official SDK, against what was recorded: no network, no key, the same answers every time. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import Anthropic, { NotFoundError } from '@anthropic-ai/sdk';
import { askAboutRiver } from './agent.ts';
import { questions, readGauge } from './questions.ts';
import { startWeir } from './weir.ts';

const recorded = fileURLToPath(new URL('river.ndjson', import.meta.url));

await test('an agent on recorded answers', async (t) => {
  // By their JSON, so that another version of the SDK may write it otherwise; without the pauses of then.
  const playback = await startWeir('playback', recorded, '--match', 'body', '--speed', '0');
  t.after(() => playback.stop());
  const client = new Anthropic({ apiKey: 'none', baseURL: playback.url, maxRetries: 0 });

  await t.test('reads the gauge that the question is about, and answers with its level', async () => {
    const places: string[] = [];
    const answer = await askAboutRiver(client, questions.gauge, (place) => {
      places.push(place);
      return readGauge(place);
    });
    assert.deepEqual(places, ['Saltholm']);
    assert.match(answer, /2\.10 m/);
  });

  await t.test('tells the user when everybody asks', async () => {
    assert.equal(
      await askAboutRiver(client, questions.overloaded, readGauge),
      'Everybody asks just now. Try again soon.',
    );
  });

  await t.test('shows what there is of an answer that breaks off', async () => {
    const answer = await askAboutRiver(client, questions.cut, readGauge);
    assert.match(answer, /^\S.*… \(the answer broke off\)$/s);
  });

  await t.test('a question that was never recorded fails, and says what is nearest', async () => {
    await assert.rejects(
      askAboutRiver(client, 'What does the gauge at Grey Island say?', readGauge),
      (error: unknown) => {
        assert(error instanceof NotFoundError);
        assert.match(
          error.message,
          /messages\.0\.content differs at character 24: recorded .*Saltholm.*, sent .*Grey Island/,
        );
        return true;
      },
    );
  });

  await t.test('a gauge that tells something else makes another request, and the test sees it', async () => {
    await assert.rejects(
      askAboutRiver(client, questions.gauge, () => 'Saltholm: dry'),
      /messages\.2\.content\.0 differs .* sent .*Saltholm: dry/,
    );
  });
});
