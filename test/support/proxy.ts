/**
 * A forwarder behind a real Express server, on a free port, with a sink in memory.
 */
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import express from 'express';
import { createForwarder } from '../../server/proxy/forward.ts';
import type { Forwarder, ForwarderOptions } from '../../server/proxy/forward.ts';
import { createServerClasses, serverOptions } from '../../server/proxy/server.ts';
import { isOwnTarget } from '../../server/proxy/target.ts';
import { systemClock } from '../../server/exchange.ts';
import { createMemorySink } from './memory-sink.ts';
import type { MemorySink } from './memory-sink.ts';

export interface TestProxy {
  readonly port: number;
  readonly url: string;
  readonly sink: MemorySink;
  readonly forwarder: Forwarder;
  readonly server: http.Server;
  /** Reasons of refused requests, in order. */
  readonly refused: string[];
  close(): Promise<void>;
}

/** Starts a proxy to `upstream`; `overrides` replace single options. */
export async function startProxy(
  upstream: URL,
  overrides: Partial<ForwarderOptions> = {},
): Promise<TestProxy> {
  const sink = createMemorySink();
  const refused: string[] = [];
  const maxHeaderBytes = overrides.maxHeaderBytes ?? 64 * 1024;
  const forwarder = createForwarder({
    upstream,
    sink,
    clock: systemClock,
    identitySecret: Buffer.from('a secret of this test'),
    timeouts: { connectMs: 5000, firstByteMs: 10_000, idleMs: 10_000 },
    onClientAbort: 'cancel',
    logMode: 'normal',
    maxHeaderBytes,
    bodies: 'full',
    demo: false,
    limits: { clients: 10_000, idle: 1000 },
    onRefused: (reason) => refused.push(reason),
    ...overrides,
  });
  const app = express().disable('x-powered-by');
  app.use((req, res) => {
    if (isOwnTarget(req.url)) res.status(200).type('text').send('ours');
    else forwarder.handle(req, res);
  });
  const server = http.createServer(
    { ...serverOptions({ maxHeaderBytes }), ...createServerClasses(app) },
    app,
  );
  forwarder.attach(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    port,
    url: `http://127.0.0.1:${port}`,
    sink,
    forwarder,
    server,
    refused,
    async close() {
      await forwarder.close();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
