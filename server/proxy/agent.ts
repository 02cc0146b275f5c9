/**
 * Node's agents for the requests that http-proxy-middleware sends, with the rules of `idle-connections.ts`.
 */
import http from 'node:http';
import https from 'node:https';
import type { Duplex } from 'node:stream';
import type { Socket } from 'node:net';
import type { IdleConnections } from './idle-connections.ts';
import { makePatient } from './patient-socket.ts';

/**
 * Holds a connection that the agent has just put among its free ones back until it has proved silent. Timer, then `setImmediate`: between the two
 * the event loop has polled, so a FIN that arrived in time has been seen.
 */
function holdBack(agent: http.Agent, connections: IdleConnections, socket: Duplex, name: string): void {
  const free = agent.freeSockets as Record<string, Duplex[]>;
  const list = free[name];
  const at = list?.lastIndexOf(socket) ?? -1;
  if (list === undefined || at === -1) return;
  list.splice(at, 1);
  if (list.length === 0) delete free[name];
  const idleMs = connections.holdBackMs(socket);
  setTimeout(() => {
    setImmediate(() => {
      if (socket.destroyed) return;
      connections.survived(idleMs);
      (free[name] ??= []).push(socket);
    });
  }, idleMs).unref();
}

const AGENT_OPTIONS = {
  keepAlive: true,
  // The default of 256 lets the 257th stream wait without a word.
  maxSockets: Number.POSITIVE_INFINITY,
  // How many are kept is decided by `IdleConnections`, which also counts those that are held back.
  maxFreeSockets: Number.POSITIVE_INFINITY,
  scheduling: 'lifo',
  noDelay: true,
} as const;

/** Node's agent for `protocol` (`http:` or `https:`) with its documented hooks taken. */
export function createAgent(protocol: string, connections: IdleConnections): http.Agent {
  const agent = protocol === 'https:' ? new https.Agent(AGENT_OPTIONS) : new http.Agent(AGENT_OPTIONS);
  const createConnection = agent.createConnection.bind(agent);
  const keepSocketAlive = agent.keepSocketAlive.bind(agent);
  const reuseSocket = agent.reuseSocket.bind(agent);
  agent.createConnection = (...args: Parameters<http.Agent['createConnection']>) => {
    const socket = createConnection(...args);
    return socket ? connections.watch(makePatient(socket)) : socket;
  };
  agent.keepSocketAlive = (socket: Socket) => isKept(keepSocketAlive(socket)) && connections.keep(socket);
  agent.reuseSocket = (socket: Socket, request) => {
    reuseSocket(socket, request);
    connections.take(socket);
  };
  agent.on('free', (socket: Duplex, options: Parameters<http.Agent['getName']>[0]) => {
    holdBack(agent, connections, socket, agent.getName(options));
  });
  return agent;
}

/** Node's declared type says void; documentation and code say boolean. */
function isKept(answer: unknown): boolean {
  return answer !== false;
}

/** Closes the idle connections and those in use. */
export function closeAgent(agent: http.Agent, connections: IdleConnections): void {
  for (const list of Object.values(agent.freeSockets))
    for (const socket of list ?? []) connections.forget(socket);
  agent.destroy();
}
