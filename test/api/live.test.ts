import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { createParser, type EventSourceMessage } from 'eventsource-parser';
import { describe, expect, test } from 'vitest';
import { createLiveFeed } from '../../server/api/live.ts';
import { callSchema } from '../../server/api/schemas/call.ts';
import type { Call } from '../../server/api/wire.ts';
import { liveCall } from './live-call.ts';
import { serveApi, type Served } from './served.ts';

interface Following {
  readonly incoming: IncomingMessage;
  readonly comments: string[];
  readonly retryMs: number[];
  /** The next event; rejects when the stream ends before it. */
  next(): Promise<EventSourceMessage>;
  leave(): void;
}

async function follow(served: Served, query = '', headers: Record<string, string> = {}): Promise<Following> {
  const incoming = await served.start(`/-/api/v1/live${query}`, { headers });
  expect(incoming.statusCode).toBe(200);
  expect(incoming.headers['content-type']).toBe('text/event-stream; charset=utf-8');
  const events: EventSourceMessage[] = [];
  const comments: string[] = [];
  const retryMs: number[] = [];
  let changed = Promise.withResolvers<void>();
  const parser = createParser({
    onEvent: (event) => events.push(event),
    onComment: (comment) => comments.push(comment),
    onRetry: (ms) => retryMs.push(ms),
  });
  const wake = (): void => {
    changed.resolve();
    changed = Promise.withResolvers();
  };
  incoming.setEncoding('utf8');
  incoming.on('data', (text: string) => {
    parser.feed(text);
    wake();
  });
  incoming.on('close', wake);
  return {
    incoming,
    comments,
    retryMs,
    async next() {
      for (;;) {
        const event = events.shift();
        if (event !== undefined) return event;
        if (incoming.destroyed) throw new Error('the stream has ended');
        await changed.promise;
      }
    },
    leave: () => incoming.destroy(),
  };
}

function callOf(event: EventSourceMessage): Call {
  return callSchema.parse(JSON.parse(event.data));
}

async function until(isTrue: () => boolean): Promise<void> {
  const deadline = Date.now() + 10_000;
  while (!isTrue()) {
    if (Date.now() > deadline) throw new Error('it did not become true within ten seconds');
    await new Promise((resolve) => setImmediate(resolve));
  }
}

test('calls come as they open, progress and end, each with an id of its own', async () => {
  const served = await serveApi();
  const following = await follow(served);
  const call = liveCall({ preview: 'two\nlines\u2028and a data: prefix' });
  for (const event of ['open', 'progress', 'end'] as const) served.live.publish(event, call);
  const events = [await following.next(), await following.next(), await following.next()];
  expect(events.map((event) => event.event)).toEqual(['open', 'progress', 'end']);
  expect(events.map(callOf)).toEqual([call, call, call]);
  expect(new Set(events.map((event) => event.id)).size).toBe(3);
  expect(following.retryMs).toEqual([2000]);
});

test('it needs the token', async () => {
  const served = await serveApi();
  expect((await served.ask('/-/api/v1/live', { withToken: false })).status).toBe(401);
  expect(served.live.hasSubscribers()).toBe(false);
});

test('HEAD gives the headers and does not stay', async () => {
  const served = await serveApi();
  const answer = await served.ask('/-/api/v1/live', { method: 'HEAD' });
  expect([answer.status, answer.headers['content-type']]).toEqual([200, 'text/event-stream; charset=utf-8']);
  expect(served.live.hasSubscribers()).toBe(false);
});

test('the filters of a reader hold back what it does not want', async () => {
  const served = await serveApi();
  const following = await follow(served, '?model=claude-opus*&stream=true');
  const wanted = liveCall({ model: 'claude-opus-4-5', stream: 1 });
  served.live.publish('end', liveCall({ model: 'claude-haiku-4-5', stream: 1 }));
  served.live.publish('end', liveCall({ model: 'claude-opus-4-5', stream: 0 }));
  served.live.publish('end', wanted);
  expect(callOf(await following.next()).id).toBe(wanted.id);
});

describe('who comes back', () => {
  test('gets what came after the last event seen, filtered', async () => {
    const served = await serveApi();
    const first = await follow(served);
    served.live.publish('open', liveCall());
    const { id = '' } = await first.next();
    first.leave();
    const missed = [liveCall({ team: 'red' }), liveCall({ team: 'blue' }), liveCall({ team: 'red' })];
    for (const call of missed) served.live.publish('end', call);
    const second = await follow(served, '?team=red', { 'last-event-id': id });
    expect(callOf(await second.next()).id).toBe(missed[0]?.id);
    expect(callOf(await second.next()).id).toBe(missed[2]?.id);
  });

  test('to the newest event gets nothing twice', async () => {
    const served = await serveApi();
    const first = await follow(served);
    served.live.publish('open', liveCall());
    const { id = '' } = await first.next();
    const second = await follow(served, '', { 'last-event-id': id });
    const call = liveCall();
    served.live.publish('end', call);
    expect(callOf(await second.next()).id).toBe(call.id);
  });

  test.each([['x'], ['0badcafe-1'], ['-'], ['0badcafe-99999999999999999999']])(
    'with %s, which this process did not give, is told of a gap',
    async (id) => {
      const served = await serveApi();
      const following = await follow(served, '', { 'last-event-id': id });
      expect(await following.next()).toMatchObject({ event: 'gap', data: '{"missed":null}' });
    },
  );

  test('after more than is kept is told of a gap', async () => {
    const served = await serveApi({}, { ringBytes: 4096 });
    const first = await follow(served);
    served.live.publish('open', liveCall());
    const { id = '' } = await first.next();
    for (let count = 0; count < 20; count += 1) served.live.publish('end', liveCall());
    const second = await follow(served, '', { 'last-event-id': id });
    const gap = await second.next();
    expect(gap.event).toBe('gap');
    // The gap's own id is good to resume from.
    second.leave();
    const third = await follow(served, '', { 'last-event-id': gap.id ?? '' });
    const call = liveCall();
    served.live.publish('end', call);
    expect(callOf(await third.next()).id).toBe(call.id);
  });

  test('after nobody listened for a while is told of a gap, since nothing was collected', async () => {
    const served = await serveApi({}, { lingerMs: 1 });
    const first = await follow(served);
    served.live.publish('open', liveCall());
    const { id = '' } = await first.next();
    first.leave();
    await until(() => !served.live.hasSubscribers());
    served.live.publish('end', liveCall());
    const second = await follow(served, '', { 'last-event-id': id });
    expect((await second.next()).event).toBe('gap');
  });
});

test('whoever publishes learns when somebody begins to listen and when nobody does any more', async () => {
  const served = await serveApi({}, { lingerMs: 1 });
  const told: boolean[] = [];
  served.live.onSubscribersChanged((has) => told.push(has));
  const [first, second] = [await follow(served), await follow(served)];
  expect(told).toEqual([true]);
  first.leave();
  second.leave();
  await until(() => !served.live.hasSubscribers());
  expect(told).toEqual([true, false]);
});

test('a reader that does not keep up loses events, is told how many, and holds up nobody', async () => {
  const readerBytes = 64 * 1024;
  const served = await serveApi({}, { readerBytes });
  const slow = await follow(served);
  const quick = await follow(served);
  slow.incoming.pause();
  // More than the kernel's buffers on both ends take, so that the rest has to wait in the process.
  const total = 3000;
  for (let count = 0; count < total; count += 1) {
    served.live.publish('progress', liveCall({ preview: 'x'.repeat(4000) }));
    await quick.next();
  }
  slow.incoming.resume();
  let received = 0;
  let event = await slow.next();
  while (event.event === 'progress') {
    received += 1;
    event = await slow.next();
  }
  expect(event.event).toBe('gap');
  expect(JSON.parse(event.data)).toEqual({ missed: total - received });
  const call = liveCall();
  served.live.publish('end', call);
  expect(callOf(await slow.next()).id).toBe(call.id);
});

test('a comment comes while nothing happens', async () => {
  const served = await serveApi({}, { heartbeatMs: 5 });
  const following = await follow(served);
  await until(() => following.comments.length >= 2);
});

test('closing ends every reader, and takes no new one', async () => {
  const served = await serveApi();
  const following = await follow(served);
  const ended = once(following.incoming, 'end');
  served.live.close();
  await ended;
  expect(served.live.hasSubscribers()).toBe(false);
  served.live.publish('end', liveCall());
  expect((await served.ask('/-/api/v1/live')).status).toBe(503);
});

test('there is a bound to how many may read', async () => {
  const served = await serveApi({}, { readers: 1 });
  const following = await follow(served);
  const answer = await served.ask('/-/api/v1/live');
  expect([answer.status, answer.headers['content-type']]).toEqual([503, 'application/problem+json']);
  const call = liveCall();
  served.live.publish('end', call);
  expect(callOf(await following.next()).id).toBe(call.id);
});

test('a single event larger than what may wait for a reader still arrives', async () => {
  const feed = createLiveFeed({ readerBytes: 10 });
  const served = await serveApi({ live: feed });
  const following = await follow(served);
  const call = liveCall({ preview: 'x'.repeat(200) });
  feed.publish('end', call);
  expect(callOf(await following.next()).id).toBe(call.id);
});
