/**
 * Weir's own forwarder with a sink that forgets at once: what the proxy costs without the record. There is no such setting,
 * it exists for the bench alone. `forgetful.ts UPSTREAM`. Prints its port.
 */
import { createServer } from 'node:http';
import express from 'express';
import { createApp } from '../../server/app.ts';
import { systemClock, type Recording } from '../../server/exchange.ts';
import { createForwarder } from '../../server/proxy/forward.ts';
import { createServerClasses, serverOptions } from '../../server/proxy/server.ts';
import { tellPort } from './tell-port.ts';

const [target = ''] = process.argv.slice(2);
const maxHeaderBytes = 64 * 1024;
const nothing: Recording = {
  chunk: () => undefined,
  head: () => undefined,
  end: () => undefined,
  kept: () => Promise.resolve(),
};
const forwarder = createForwarder({
  upstream: new URL(target),
  sink: { open: () => nothing },
  clock: systemClock,
  identitySecret: Buffer.alloc(32, 1),
  timeouts: { connectMs: 10_000, firstByteMs: 900_000, idleMs: 300_000 },
  onClientAbort: 'cancel',
  logMode: 'normal',
  maxHeaderBytes,
  bodies: 'full',
  demo: false,
  limits: { clients: 10_000, idle: 1000 },
  onRefused: () => undefined,
});
const app = createApp({ api: express.Router(), forward: (req, res) => forwarder.handle(req, res) });
const server = createServer(
  { ...serverOptions({ maxHeaderBytes }), ...createServerClasses(app) },
  app.handle,
);
forwarder.attach(server);
tellPort(server.listen(0, '127.0.0.1', 4096));
