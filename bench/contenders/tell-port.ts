import type { Server } from 'node:net';

/** Prints the port of a server as soon as it listens. */
export function tellPort(server: Server): void {
  server.once('listening', () => {
    const address = server.address();
    process.stdout.write(`${typeof address === 'object' && address !== null ? address.port : 0}\n`);
  });
}
