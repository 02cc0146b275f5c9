/** The agents of a session as a tree, and sums over its branches. Pure. */
import type { SessionAgent, SessionTotals } from './served.ts';
import { makeTotals } from './session-totals.ts';

/** An agent before it has its place in the tree. */
export type FlatAgent = Omit<SessionAgent, 'depth' | 'totals'>;

interface Placed {
  readonly agent: FlatAgent;
  readonly depth: number;
  /** All agents under it, at whatever depth. */
  readonly below: readonly FlatAgent[];
}

/** The totals of no calls. */
export const noTotals: SessionTotals = makeTotals(
  () => 0,
  () => null,
);

/**
 * The main thread, then what it started, each agent before those below it and siblings in the order given. Who names no
 * parent, or one without calls, or is its own ancestor, stands below the main thread.
 */
export function treeOf(agents: readonly FlatAgent[]): Placed[] {
  const parents = parentsOf(agents);
  const childrenOf = (parent: string | null): FlatAgent[] =>
    agents.filter((agent) => agent.agent_id !== null && parents.get(agent.agent_id) === parent);
  const branch = (agent: FlatAgent, depth: number): Placed[] => {
    const placed = childrenOf(agent.agent_id).flatMap((child) => branch(child, depth + 1));
    return [{ agent, depth, below: placed.map((each) => each.agent) }, ...placed];
  };
  const main = agents.find((agent) => agent.agent_id === null);
  return main === undefined ? childrenOf(null).flatMap((agent) => branch(agent, 1)) : branch(main, 0);
}

/** The parent of each agent; null is the main thread. */
function parentsOf(agents: readonly FlatAgent[]): Map<string, string | null> {
  const named = new Map(agents.map((agent) => [agent.agent_id, agent.parent_agent_id]));
  const parents = new Map<string, string | null>();
  for (const { agent_id: id, parent_agent_id: parent } of agents) {
    if (id !== null) parents.set(id, parent !== null && named.has(parent) ? parent : null);
  }
  for (const id of parents.keys()) {
    const seen = new Set([id]);
    for (let at = parents.get(id) ?? null; at !== null; at = parents.get(at) ?? null) {
      if (seen.has(at)) {
        parents.set(id, null);
        break;
      }
      seen.add(at);
    }
  }
  return parents;
}

/** Unknown and known is known; unknown and unknown is unknown. */
export function addTotals(one: SessionTotals, two: SessionTotals): SessionTotals {
  const sum = makeTotals(
    (name) => one[name] + two[name],
    (name) => (name === 'peak_context_tokens' ? larger : add)(one[name], two[name]),
  );
  return { ...sum, cache_hit_rate: hitRate(sum) };
}

function add(one: number | null, two: number | null): number | null {
  return one === null || two === null ? (one ?? two) : one + two;
}

function larger(one: number | null, two: number | null): number | null {
  return one === null || two === null ? (one ?? two) : Math.max(one, two);
}

function hitRate(sum: Omit<SessionTotals, 'cache_hit_rate'>): number | null {
  if (sum.cache_read_tokens === null) return null;
  const written = (sum.cache_write_5m_tokens ?? 0) + (sum.cache_write_1h_tokens ?? 0);
  const all = sum.cache_read_tokens + written + (sum.input_tokens ?? 0);
  return all === 0 ? null : sum.cache_read_tokens / all;
}
