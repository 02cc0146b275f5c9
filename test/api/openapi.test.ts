import { expect, test } from 'vitest';
import { z } from 'zod';
import { serveApi } from './served.ts';

const operation = z.object({
  operationId: z.string(),
  parameters: z.array(
    z.looseObject({ name: z.string(), in: z.enum(['path', 'query']), schema: z.looseObject({}) }),
  ),
  responses: z.record(z.string(), z.looseObject({})),
});

const documentSchema = z.object({
  openapi: z.literal('3.1.0'),
  info: z.object({ title: z.literal('Weir'), version: z.literal('1.2.3') }).loose(),
  servers: z.array(z.object({ url: z.literal('/-/api/v1') })),
  paths: z.record(z.string(), z.partialRecord(z.enum(['get', 'post']), operation.loose())),
  components: z.looseObject({ schemas: z.record(z.string(), z.looseObject({})) }),
});

async function describeServed() {
  const served = await serveApi();
  const { text } = await served.ask('/-/api/v1/openapi.json');
  return { served, text, document: documentSchema.parse(JSON.parse(text)) };
}

test('the description names every endpoint of the interface', async () => {
  const { document } = await describeServed();
  const collections = ['/calls', '/calls/{id}/events', '/replays', '/sessions', '/stats', '/facets'];
  const others = ['', '/request', '/response', '/message', '/conversation', '/diff'].map(
    (part) => `/calls/{id}${part}`,
  );
  const expected = [
    ...collections.flatMap((path) => [path, `${path}.csv`, `${path}.ndjson`]),
    ...others,
    '/sessions/{id}',
    '/calls/{id}/compare',
    '/calls/{id}/replay',
    '/calls/{id}/replay/plan',
    '/upstreams',
    '/export',
    '/cache',
    '/cache/ttl',
    '/health',
    '/settings',
    '/prices',
    '/retention',
    '/live',
    '/openapi.json',
  ];
  expect(Object.keys(document.paths).sort()).toEqual(expected.sort());
});

test('what it describes exists, and its methods are refused where they should be', async () => {
  const { document, served } = await describeServed();
  for (const [path, methods] of Object.entries(document.paths)) {
    const target = `/-/api/v1${path.replace('{id}', '0197c0de')}`;
    const [other, allow] = methods.get === undefined ? ['GET', 'POST'] : ['POST', 'GET, HEAD'];
    for (const method of ['OPTIONS', 'PUT', 'PATCH', 'DELETE', other]) {
      const answer = await served.ask(target, { method });
      expect([method, path, answer.status, answer.headers.allow]).toEqual([method, path, 405, allow]);
    }
    // Unknown parameters are refused before anything else is done, so this reaches no store.
    const method = methods.get === undefined ? 'POST' : 'GET';
    const answer = await served.ask(`${target}?no_such_parameter=1`, { method });
    expect([path, answer.status]).toEqual([path, 400]);
  }
});

test('what it does not describe does not exist', async () => {
  const { served } = await describeServed();
  const targets = [
    '',
    '/',
    '/calls/',
    '/Calls',
    '/calls.CSV',
    '/calls.xml',
    '/calls/a/b/c',
    '/%63alls',
    '//calls',
    '/health.csv',
    '/live.ndjson',
  ];
  for (const target of targets) {
    const answer = await served.ask(`/-/api/v1${target}`);
    expect([target, answer.status, answer.headers['content-type']]).toEqual([
      target,
      404,
      'application/problem+json',
    ]);
  }
});

test('every reference within it leads somewhere, and every operation has a name of its own', async () => {
  const { document, text } = await describeServed();
  const references = [...text.matchAll(/"\$ref":"#\/components\/(\w+)\/(\w+)"/g)];
  expect(references.length).toBeGreaterThan(50);
  expect(text.match(/"\$ref"/g)?.length).toBe(references.length);
  expect(text).not.toMatch(/"\$(?:id|schema)"/);
  for (const [, kind = '', name = ''] of references) {
    expect(z.record(z.string(), z.looseObject({})).parse(document.components[kind])).toHaveProperty(name);
  }
  const names = Object.values(document.paths).flatMap((methods) =>
    Object.values(methods).map(({ operationId }) => operationId),
  );
  expect(new Set(names).size).toBe(names.length);
  expect(names).toContain('getCallsIdEventsCsv');
});

test('parameters are described as they are checked', async () => {
  const { document } = await describeServed();
  const parameters = document.paths['/stats']?.get?.parameters ?? [];
  const byName = new Map(parameters.map((parameter) => [parameter.name, parameter.schema]));
  expect(byName.get('bucket')).toEqual({
    type: 'string',
    enum: ['auto', 'minute', 'hour', 'day', 'week', 'month'],
  });
  expect(byName.get('metric')).toMatchObject({ type: 'array', items: { type: 'string' } });
  expect(byName.get('status')).toMatchObject({ type: 'array', maxItems: 100 });
  expect([...byName.keys()]).toEqual(
    expect.arrayContaining(['from', 'to', 'q', 'tag', 'min_cost', 'tz', 'compare']),
  );
  expect(document.paths['/calls/{id}/message']?.get?.parameters).toEqual([
    { name: 'id', in: 'path', required: true, schema: { type: 'string' } },
  ]);
});
