/**
 * Connections to one upstream for messages: bare sockets, each with one set of listeners for its whole life, because adding and removing them with
 * every call costs more than all else here. When one may be used again is decided by `idle-connections.ts`.
 */
import net from 'node:net';
import type { Socket } from 'node:net';
import tls from 'node:tls';
import type { IdleConnections } from './idle-connections.ts';
import { makePatient } from './patient-socket.ts';

/** Who has a connection at the moment, and hears what happens on it. */
export interface ConnectionUser {
  received(chunk: Buffer): void;
  drained(): void;
  /** The upstream sends no more. */
  ended(): void;
  failed(error: Error): void;
  closed(): void;
}

export interface Connection {
  readonly socket: Socket;
  /** Null while it is idle. */
  user: ConnectionUser | null;
  /** Has carried a call before. */
  isReused: boolean;
}

const TCP_PROBE_AFTER_MS = 1000;

export class ConnectionPool {
  readonly #connections: IdleConnections;
  readonly #dial: () => Socket;
  readonly #all = new Set<Connection>();
  /** Those that may be taken; the last given is the next taken. */
  readonly #free: Connection[] = [];
  /** Those that still have to prove silent, by how many ms, oldest first. */
  readonly #proving = new Map<number, { readonly connection: Connection; readonly sinceMs: number }[]>();

  /** `upstream`: an http: or https: URL, of which host and port count. */
  constructor(upstream: URL, connections: IdleConnections) {
    this.#connections = connections;
    this.#dial = dialer(upstream);
  }

  /** An idle connection, or a new one, which may not be established yet. Its errors go to `user`. */
  take(user: ConnectionUser): Connection {
    const connection = this.#nextFree() ?? this.#open();
    connection.user = user;
    return connection;
  }

  /** A call has had its whole answer, and nothing followed it. */
  give(connection: Connection): void {
    connection.user = null;
    connection.isReused = true;
    const { socket } = connection;
    if (!isOpen(socket) || !this.#connections.keep(socket)) socket.destroy();
    else this.#prove(connection);
  }

  close(): void {
    for (const { socket } of this.#all) {
      this.#connections.forget(socket);
      socket.destroy();
    }
  }

  #nextFree(): Connection | null {
    for (let connection = this.#free.pop(); connection !== undefined; connection = this.#free.pop()) {
      if (!isOpen(connection.socket)) continue;
      this.#connections.take(connection.socket);
      return connection;
    }
    return null;
  }

  #open(): Connection {
    const socket = this.#connections.watch(makePatient(this.#dial()));
    const connection: Connection = { socket, user: null, isReused: false };
    this.#all.add(connection);
    socket.on('data', (chunk: Buffer) => {
      // What nobody has asked for is the answer to nothing.
      if (connection.user === null) socket.destroy();
      else connection.user.received(chunk);
    });
    socket.on('drain', () => connection.user?.drained());
    socket.on('end', () => connection.user?.ended());
    socket.on('error', (error) => connection.user?.failed(error));
    socket.on('timeout', () => {
      if (connection.user === null) socket.destroy();
    });
    socket.on('close', () => {
      this.#all.delete(connection);
      connection.user?.closed();
    });
    return connection;
  }

  /**
   * Offers a connection when it has stayed silent for long enough. Timer, then `setImmediate`: between the two the event loop has polled, so a FIN
   * that arrived in time has been seen.
   */
  #prove(connection: Connection): void {
    const proofMs = this.#connections.holdBackMs(connection.socket);
    const queue = this.#proving.get(proofMs) ?? [];
    this.#proving.set(proofMs, queue);
    queue.push({ connection, sinceMs: performance.now() });
    if (queue.length === 1) this.#wake(proofMs, proofMs);
  }

  #wake(proofMs: number, inMs: number): void {
    setTimeout(() => {
      const dueMs = performance.now() - proofMs;
      setImmediate(() => this.#offer(proofMs, dueMs));
    }, inMs).unref();
  }

  #offer(proofMs: number, dueMs: number): void {
    const queue = this.#proving.get(proofMs) ?? [];
    const waiting = queue.findIndex(({ sinceMs }) => sinceMs > dueMs);
    for (const { connection } of queue.splice(0, waiting === -1 ? queue.length : waiting)) {
      if (!isOpen(connection.socket)) continue;
      this.#connections.survived(proofMs);
      this.#free.push(connection);
    }
    const [next] = queue;
    if (next !== undefined) this.#wake(proofMs, Math.max(1, Math.ceil(next.sinceMs - dueMs)));
  }
}

function isOpen(socket: Socket): boolean {
  return !socket.destroyed && socket.readable && socket.writable;
}

function dialer(upstream: URL): () => Socket {
  const host = upstream.hostname.replace(/^\[|\]$/g, '');
  const common = {
    host,
    noDelay: true,
    keepAlive: true,
    keepAliveInitialDelay: TCP_PROBE_AFTER_MS,
  } as const;
  if (upstream.protocol !== 'https:') {
    const options = { ...common, port: Number(upstream.port || 80) };
    return () => net.connect(options);
  }
  const options = {
    ...common,
    port: Number(upstream.port || 443),
    // An address is no name to be asked for.
    ...(net.isIP(host) === 0 ? { servername: host } : {}),
    ALPNProtocols: ['http/1.1'],
  };
  let session: Buffer | undefined;
  return () => {
    const socket = tls.connect(session === undefined ? options : { ...options, session });
    // A later connection resumes it and spares the handshake's half.
    socket.on('session', (latest) => {
      session = latest;
    });
    return socket;
  };
}
