/** Where a server of ours listens, and why it cannot. */
import type { Server } from 'node:http';
import type { Config } from '../config.ts';

/** The address cannot be had; one sentence. */
export class ListenError extends Error {
  override readonly name = 'ListenError';
}

/** The port that was given, or the one that was found for 0. Rejects with `ListenError`. */
export function listen(server: Server, config: Pick<Config, 'host' | 'port'>): Promise<number> {
  const listening = Promise.withResolvers<number>();
  server.once('error', (error: NodeJS.ErrnoException) => {
    const address = `${config.host}:${config.port}`;
    const known: Readonly<Record<string, string>> = {
      EADDRINUSE: `Port ${config.port} on ${config.host} is already in use; choose another with --port, or 0 for any.`,
      EACCES: `Port ${config.port} may not be used by this user; choose one above 1023 with --port.`,
      EADDRNOTAVAIL: `${config.host} is not an address of this machine; choose another with --host.`,
      ENOTFOUND: `The host name ${config.host} is unknown; choose another with --host.`,
    };
    listening.reject(
      new ListenError(known[error.code ?? ''] ?? `Cannot listen on ${address}: ${error.message}`),
    );
  });
  server.listen(config.port, config.host, () => {
    const address = server.address();
    listening.resolve(typeof address === 'object' && address !== null ? address.port : config.port);
  });
  return listening.promise;
}

/** A host as it stands in the address of somebody on this machine. */
export function urlHost(host: string): string {
  if (host === '0.0.0.0' || host === '::') return '127.0.0.1';
  return host.includes(':') ? `[${host}]` : host;
}
