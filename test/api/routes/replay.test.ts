/** What was sent again, as the API tells it from the record. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { comparisonSchema, replaysPageSchema } from '../../../server/api/schemas/replay.ts';
import { problemSchema } from '../../../server/api/schemas/shape.ts';
import type { WholeCall } from '../../../server/store/write.ts';
import { recordedCall, serveRecorded, type Recorded } from '../recorded.ts';
import type { Served } from '../served.ts';

const answer = (text: string): string =>
  JSON.stringify({ type: 'message', content: [{ type: 'text', text }], stop_reason: 'end_turn' });

function called(index: number, text: string | null, columns: Partial<WholeCall> = {}): Recorded {
  return {
    call: recordedCall(index, { output_tokens: 10, cost_nano_usd: 1000, duration_us: 500_000, ...columns }),
    details: { response_headers: JSON.stringify(['content-type', 'application/json']) },
    ...(text === null ? {} : { response: [answer(text)] }),
  };
}

const idOf = (index: number): string => recordedCall(index).id;
const repeats = (index: number, batch: string, columns: Partial<WholeCall> = {}): Partial<WholeCall> => ({
  replay_of: idOf(index),
  tags: JSON.stringify({ replay_batch: batch, replay_key: `${batch}/1` }),
  ...columns,
});

let served: Served;
beforeAll(async () => {
  served = await serveRecorded([
    called(0, 'One.'),
    called(1, 'Two.'),
    called(2, null, { state: 'failed', status: null, output_tokens: null }),
    called(10, 'One.', repeats(0, 'b*', { cost_nano_usd: 400, output_tokens: 4 })),
    called(11, 'Three.', repeats(1, 'b*', { cost_nano_usd: 500, output_tokens: 5 })),
    called(12, 'Four.', repeats(2, 'b*', { cost_nano_usd: null })),
    called(13, null, repeats(0, 'b*', { state: 'failed', status: null, cost_nano_usd: null })),
    called(14, 'One.', repeats(0, 'bc')),
    called(15, 'One.', { ...repeats(9, 'gone'), replay_of: idOf(9) }),
    called(16, 'Not one.', { tags: JSON.stringify({ replay_batch: 'b*' }) }),
  ]);
});
afterAll(() => served.close());

async function replays(query: string) {
  return replaysPageSchema.parse(await served.json(`/-/api/v1/replays?${query}`));
}

describe('GET replays', () => {
  test('has a batch by its exact name, newest first, with sums over pairs of which both are known', async () => {
    const { items, totals, next_cursor: next } = await replays('batch=b*');
    expect(items.map(({ id, replay_of: of, is_same: isSame }) => [id, of, isSame])).toEqual([
      [idOf(13), idOf(0), null],
      [idOf(12), idOf(2), null],
      [idOf(11), idOf(1), false],
      [idOf(10), idOf(0), true],
    ]);
    expect(next).toBeNull();
    expect(totals).toEqual({
      replays: 4,
      succeeded: 3,
      cost_nano_usd: { pairs: 2, original: 2000, replay: 900, difference: -1100 },
      output_tokens: { pairs: 3, original: 30, replay: 19, difference: -11 },
      duration_us: { pairs: 4, original: 2_000_000, replay: 2_000_000, difference: 0 },
      ttft_us: { pairs: 0, original: 0, replay: 0, difference: 0 },
    });
    expect(items[3]).toMatchObject({
      batch: 'b*',
      original_cost_nano_usd: 1000,
      cost_difference_nano_usd: -600,
    });
  });

  test('goes on from page to page, and tells the sums with the first', async () => {
    const first = await replays('batch=b*&limit=3');
    expect([first.items.length, first.totals?.replays]).toEqual([3, 4]);
    const second = await replays(`batch=b*&limit=3&cursor=${first.next_cursor ?? ''}`);
    expect(second.items.map(({ id }) => id)).toEqual([idOf(10)]);
    expect([second.totals, second.next_cursor]).toEqual([null, null]);
  });

  test('has those of one call, and everything that is a replay', async () => {
    expect((await replays(`of=${idOf(0)}`)).items.map(({ id }) => id)).toEqual([
      idOf(14),
      idOf(13),
      idOf(10),
    ]);
    expect((await replays('')).items).toHaveLength(6);
  });

  test('knows no figures of a call that is gone', async () => {
    expect((await replays('batch=gone')).items).toMatchObject([
      { replay_of: idOf(9), original_status: null, original_cost_nano_usd: null, is_same: null },
    ]);
  });

  test('comes as lines', async () => {
    const lines = (await served.ask('/-/api/v1/replays.ndjson?batch=b*')).text.trimEnd().split('\n');
    expect(lines).toHaveLength(4);
    const { text } = await served.ask('/-/api/v1/replays.csv?batch=b*');
    expect(text.split('\r\n')[4]).toContain(',0.000001,0.0000004,-0.0000006,');
  });
});

describe('GET calls/{id}/compare', () => {
  test('takes the replays of the call, or others by name', async () => {
    const own = comparisonSchema.parse(await served.json(`/-/api/v1/calls/${idOf(0)}/compare`));
    expect(own.items.map(({ call, is_same: isSame, likeness }) => [call.id, isSame, likeness])).toEqual([
      [idOf(14), true, 1],
      [idOf(13), null, null],
      [idOf(10), true, 1],
    ]);
    expect(own.items[2]?.difference).toMatchObject({ cost_nano_usd: -600, output_tokens: -6, ttft_us: null });
    const named = await served.json(`/-/api/v1/calls/${idOf(0)}/compare?with=${idOf(1)}&with=${idOf(16)}`);
    expect(comparisonSchema.parse(named).items.map(({ call }) => call.id)).toEqual([idOf(1), idOf(16)]);
  });

  test('says which call is not there', async () => {
    const missing = await served.ask(`/-/api/v1/calls/${idOf(99)}/compare`);
    expect(missing.status).toBe(404);
    const other = await served.ask(`/-/api/v1/calls/${idOf(0)}/compare?with=${idOf(99)}`);
    expect([other.status, problemSchema.parse(JSON.parse(other.text)).detail]).toEqual([
      400,
      `There is no call ${idOf(99)} to compare with.`,
    ]);
  });
});
