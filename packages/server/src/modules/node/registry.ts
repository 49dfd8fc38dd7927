import type { Logger } from 'pino';
import { StateUnavailableError, type Lease, type StateCenter } from '../../state/contract.ts';
import type { NodeFacts, NodeState } from './contract.ts';

/** Of the ids of all nodes that live. */
const NODES = 'nodes';
const MAX_NODES = 1000;
const REFRESH_MS = 2000;

const factsName = (id: string): string => `node:${id}`;
const drainName = (id: string, state: Exclude<NodeState, 'active'>): string => `node-${state}:${id}`;

export interface KnownNode {
  facts: NodeFacts;
  state: NodeState;
}

/**
 * Which nodes there are: each holds a lease whose value says what it is, and others that say that it drains. All of a node
 * that dies are gone within 15 s.
 */
export class NodeRegistry {
  readonly #state: StateCenter;
  readonly #logger: Logger;
  #own: KnownNode | undefined;
  #known = new Map<string, KnownNode>();
  readonly #leases = new Map<string, Lease>();
  #timer: NodeJS.Timeout | undefined;
  #refreshing: Promise<void> | undefined;

  constructor(deps: { state: StateCenter; logger: Logger }) {
    this.#state = deps.state;
    this.#logger = deps.logger;
    deps.state.onNodeLost(({ nodeId }) => void this.#known.delete(nodeId));
  }

  /** This node is there from now on. */
  async join(facts: NodeFacts): Promise<void> {
    this.#own = { facts, state: 'active' };
    await this.refresh();
    this.#timer = setInterval(() => void this.refresh(), REFRESH_MS).unref();
  }

  async leave(): Promise<void> {
    clearInterval(this.#timer);
    this.#own = undefined;
    await this.#refreshing;
    await this.#state.leave(NODES, this.#state.nodeId);
    await Promise.all([...this.#leases.values()].map((lease) => lease.release()));
    this.#leases.clear();
  }

  /** The other nodes know within seconds. */
  async setState(state: NodeState): Promise<void> {
    if (this.#own !== undefined) this.#own.state = state;
    await this.refresh();
  }

  /** This node among them, also while the others cannot be asked for. */
  all(): KnownNode[] {
    const others = [...this.#known.values()].filter(({ facts }) => facts.id !== this.#state.nodeId);
    return [...(this.#own === undefined ? [] : [this.#own]), ...others];
  }

  find(id: string): KnownNode | undefined {
    return id === this.#state.nodeId ? this.#own : this.#known.get(id);
  }

  /** As `find`, also for one that came a moment ago. */
  async lookUp(id: string): Promise<KnownNode | undefined> {
    if (this.find(id) === undefined) await this.refresh();
    return this.find(id);
  }

  /** Never rejects: while the state center is away the last known stays. */
  refresh(): Promise<void> {
    return (this.#refreshing ??= this.#refresh().finally(() => (this.#refreshing = undefined)));
  }

  async #refresh(): Promise<void> {
    try {
      await this.#tellOwn();
      const ids = await this.#state.members(NODES, MAX_NODES);
      const names = ids.flatMap((id) => [factsName(id), drainName(id, 'draining'), drainName(id, 'drained')]);
      const held = await this.#state.holders(names);
      this.#known = new Map(
        ids.flatMap((id) => {
          const facts = held.get(factsName(id));
          if (facts === undefined) return [];
          const state = (['drained', 'draining'] as const).find((one) => held.has(drainName(id, one))) ?? 'active';
          return [[id, { facts: JSON.parse(facts.value) as NodeFacts, state }] as const];
        }),
      );
    } catch (error) {
      // What is away says so by itself, and it is tried again in a moment.
      if (!(error instanceof StateUnavailableError)) this.#logger.error({ err: error }, 'nodes could not be compared');
    }
  }

  async #tellOwn(): Promise<void> {
    if (this.#own === undefined) return;
    const { facts, state } = this.#own;
    await this.#state.enter(NODES, facts.id);
    await this.#hold(factsName(facts.id), JSON.stringify(facts));
    for (const one of ['draining', 'drained'] as const) {
      const name = drainName(facts.id, one);
      if (state === one || (state === 'drained' && one === 'draining')) await this.#hold(name, '');
      else await this.#release(name);
    }
  }

  async #hold(name: string, value: string): Promise<void> {
    if (this.#leases.get(name)?.isHeld === true) return;
    const lease = await this.#state.lease(name, value);
    if (lease !== undefined) this.#leases.set(name, lease);
  }

  async #release(name: string): Promise<void> {
    const lease = this.#leases.get(name);
    this.#leases.delete(name);
    await lease?.release();
  }
}
