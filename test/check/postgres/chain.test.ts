import { expect, it, onTestFinished } from 'vitest';
import { checkChain, type ChainCheck } from '../../../server/check/chain.ts';
import { createSeal, type Seal } from '../../../server/store/seal.ts';
import { openStore, type Store } from '../../../server/store/open.ts';
import { startRetention } from '../../../server/store/retention-run.ts';
import { reviseCost } from '../../../server/store/revisions.ts';
import { createWriter } from '../../../server/store/write.ts';
import { sampleCall, storeCalls, temporaryTarget } from '../../store/temporary-store.ts';

const seals = [createSeal(Buffer.alloc(32, 1)), createSeal(Buffer.alloc(32, 2))];

function open(target: string, seal: Seal | undefined): Store {
  const store = openStore(target, 'write', { ...(seal && { seal }) });
  onTestFinished(() => store.close());
  return store;
}

async function check(target: string, trusted: readonly string[]): Promise<ChainCheck> {
  const store = openStore(target, 'read');
  try {
    const [seal = null] = seals;
    return await checkChain(store, { seal, expect: null, trusted, onProgress: () => undefined });
  } finally {
    store.close();
  }
}

const bare = { bodies: 'metadata' } as const;

it('programs on one database have a chain each, also for what they do to the calls of the other', async () => {
  const target = temporaryTarget();
  const [one, other] = seals.map((seal) => open(target, seal));
  if (one === undefined || other === undefined) throw new Error('two were opened');
  const [first = '', second = ''] = storeCalls(createWriter(one), [sampleCall(bare), sampleCall(bare)]);
  storeCalls(createWriter(other), [sampleCall(bare)]);
  const revised = {
    costNanoUsd: 5,
    costSource: 'reported',
    computedCostNanoUsd: null,
    cacheSavedNanoUsd: null,
    cacheLostNanoUsd: null,
    costLines: '[]',
    notes: [],
    bookVersion: 'test',
  };
  createWriter(other).transaction(() => reviseCost(other, first, revised, { reason: 'r', nowMs: 1 }));
  const trusted = seals.map(({ writer }) => writer);
  expect(await check(target, trusted)).toMatchObject({
    writers: [
      { entries: 3, seal: 'valid', callsBefore: 0 },
      { entries: 3, seal: 'other', callsBefore: 0 },
    ],
    calls: 3,
    corrections: 1,
    findings: [],
  });

  one.sqlite.prepare('UPDATE calls SET output_tokens = 1 WHERE id = ?').run(second);
  expect((await check(target, trusted)).findings).toEqual([
    { kind: 'altered', callId: second, text: 'it is not as it was recorded in entry 3' },
  ]);

  const run = startRetention(other, createWriter(other), { bodiesBeforeMs: null, callsBeforeMs: Date.now() });
  while (run.step());
  expect(await check(target, trusted)).toMatchObject({ calls: 0, settled: 4, findings: [] });
});
