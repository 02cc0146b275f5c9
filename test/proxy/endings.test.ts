import { readFileSync, writeFileSync } from 'node:fs';
import { afterAll, describe, expect, it } from 'vitest';
import { connectRaw } from '../support/client.ts';
import type { RawClient } from '../support/client.ts';
import { startProxy } from '../support/proxy.ts';
import type { TestProxy } from '../support/proxy.ts';
import { startUpstream } from '../support/upstream.ts';
import type { Upstream } from '../support/upstream.ts';
import { GROUPS, ordinaryRequest, VARIANTS } from './endings.ts';
import type { Case, Ending, Variant } from './endings.ts';

const PAGE = new URL('../../docs/endings.md', import.meta.url);
const observed = new Map<Case, { variant: Variant; ending: Ending }[]>();

describe.each(GROUPS)('$title', ({ cases }) => {
  for (const each of cases) {
    for (const variant of VARIANTS) {
      it(`ends as recorded: ${each.name} (${variant.format}, ${variant.connection}, ${variant.way})`, async () => {
        const ending = await run(each, variant);
        observed.set(each, [...(observed.get(each) ?? []), { variant, ending }]);
        expect(ending).toEqual(each.ending(variant));
      });
    }
  }
});

async function run(each: Case, variant: Variant): Promise<Ending> {
  const upstream = await startUpstream(each.script?.(variant) ?? (() => undefined));
  const elsewhere = await each.target?.();
  const proxy = await startProxy(elsewhere?.url ?? upstream.url, each.options);
  const client = await connectRaw(proxy.port);
  try {
    return await play(each, variant, { upstream, proxy, client });
  } finally {
    client.socket.destroy();
    await proxy.close();
    await upstream.close();
    await elsewhere?.close();
  }
}

async function play(
  each: Case,
  variant: Variant,
  { upstream, proxy, client }: { upstream: Upstream; proxy: TestProxy; client: RawClient },
): Promise<Ending> {
  const request = ordinaryRequest(variant);
  const sight = seen(client);
  if (each.client === undefined) client.send(request);
  else await each.client({ variant, client, upstream, request, shutDown: () => proxy.forwarder.drain(0) });
  const { end, endings } = await proxy.sink.ended(0);
  const seenByClient = await sight;
  // A second ending would have come with the events that follow the first; by now they have.
  expect(endings).toBe(1);
  expect(proxy.sink.exchanges).toHaveLength(1);
  expect(proxy.forwarder.activeCalls()).toBe(0);
  if (end.state !== 'completed') await allClosed(upstream);
  return { state: end.state, errorKind: end.errorKind, client: seenByClient };
}

/** What the client can tell of how its call ended. */
async function seen(client: RawClient): Promise<string> {
  const left = new Promise<string>((resolve) => {
    client.socket.once('close', () => {
      if (client.socket.readableEnded || client.socket.errored) return;
      resolve('left');
    });
  });
  return Promise.race([left, read(client)]);
}

async function read(client: RawClient): Promise<string> {
  try {
    const answer = await client.answer();
    const kind = answer.header('x-weir-error');
    return `${answer.status} ${kind ?? 'whole'}`;
  } catch {
    // The connection ended before the answer did.
    const line = client.received().split('\r\n', 1)[0] ?? '';
    return line === '' ? 'nothing' : `${line.split(' ')[1]} broken`;
  }
}

/** No connection to the upstream outlives a call that did not complete. */
async function allClosed(upstream: Upstream): Promise<void> {
  await Promise.all(
    [...upstream.sockets].map((socket) => new Promise((resolve) => socket.once('close', resolve))),
  );
}

afterAll(() => {
  const isWhole = GROUPS.every(({ cases }) =>
    cases.every((each) => observed.get(each)?.length === VARIANTS.length),
  );
  if (!isWhole) return;
  const page = endingsPage();
  // oxlint-disable-next-line node/no-process-env -- the switch for writing documentation belongs to this test
  if (process.env['WEIR_WRITE_DOCS'] === '1') writeFileSync(PAGE, page);
  expect(readFileSync(PAGE, 'utf8'), 'docs/endings.md (WEIR_WRITE_DOCS=1 writes it anew)').toBe(page);
});

function endingsPage(): string {
  const sections = GROUPS.map(({ title, cases }) => {
    const rows = cases.flatMap((each) => rowsOf(each)).join('\n');
    return `## ${title}\n\n| what happens | answer | client sees | state | error_kind |\n|---|---|---|---|---|\n${rows}\n`;
  });
  return [
    '# How calls end',
    '',
    'Each row was observed with real sockets by `test/proxy/endings.test.ts`, which fails when this page says something else; each was run for JSON and',
    'for event streams, on connections that are kept and on such that are closed. `broken`: the connection ends before the answer does, with nothing added.',
    '',
    ...sections,
  ].join('\n');
}

function rowsOf(each: Case): string[] {
  const byEnding = new Map<string, string[]>();
  for (const { variant, ending } of observed.get(each) ?? []) {
    const cells = `${ending.client} | ${ending.state} | ${ending.errorKind ?? ''}`;
    byEnding.set(cells, [...(byEnding.get(cells) ?? []), `${variant.format} ${variant.connection}`]);
  }
  return [...byEnding].map(([cells, variants]) => {
    const label =
      variants.length === VARIANTS.length
        ? 'any'
        : [...new Set(variants.map((text) => text.split(' ')[0]))].join(', ');
    return `| ${each.name} | ${label} | ${cells} |`;
  });
}
