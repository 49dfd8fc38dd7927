import { audit } from '../../database/audit.ts';
import type { Database } from '../../database/database.ts';
import { AppError } from '../gateway/contract.ts';
import type { StreamBoard } from '../monitor/contract.ts';
import type { NodeCalls } from './calls.ts';
import type { DrainOrder, NodeView } from './contract.ts';
import type { Drain } from './drain.ts';
import type { KnownNode, NodeRegistry } from './registry.ts';

export interface NodeServiceDeps {
  nodeId: string;
  database: Database;
  registry: NodeRegistry;
  drain: Drain;
  calls: NodeCalls;
  board: Pick<StreamBoard, 'node'>;
  /** Where the order says none. */
  drainTimeoutMs: number;
  now: () => number;
}

interface Actor {
  name: string;
  address?: string;
}

/** What operators do with nodes, whichever they ask. */
export class NodeService {
  readonly #deps: NodeServiceDeps;

  constructor(deps: NodeServiceDeps) {
    this.#deps = deps;
  }

  async list(): Promise<NodeView[]> {
    const { registry } = this.#deps;
    await registry.refresh();
    return registry
      .all()
      .map((node) => this.#view(node))
      .sort((one, other) => one.startedAt - other.startedAt || one.id.localeCompare(other.id));
  }

  /** @throws AppError node_not_found, node_unavailable */
  async drain(id: string, { timeoutMs, actor }: DrainOrder & { actor: Actor }): Promise<NodeView> {
    const { nodeId, drain, calls, drainTimeoutMs } = this.#deps;
    const { facts } = await this.#find(id);
    await this.#note('node.drained', { facts, actor });
    if (id === nodeId) await drain.begin(timeoutMs ?? drainTimeoutMs);
    else await calls.drain(facts.api, id, { timeoutMs });
    return this.#viewNow(id);
  }

  /** @throws AppError node_not_found, node_unavailable */
  async undrain(id: string, { actor }: { actor: Actor }): Promise<NodeView> {
    const { nodeId, drain, calls } = this.#deps;
    const { facts } = await this.#find(id);
    await this.#note('node.undrained', { facts, actor });
    if (id === nodeId) await drain.cancel();
    else await calls.undrain(facts.api, id);
    return this.#viewNow(id);
  }

  async #find(id: string): Promise<KnownNode> {
    const found = await this.#deps.registry.lookUp(id);
    if (found === undefined) throw new AppError('node_not_found');
    return found;
  }

  async #viewNow(id: string): Promise<NodeView> {
    await this.#deps.registry.refresh();
    return this.#view(await this.#find(id));
  }

  async #note(action: string, { facts, actor }: { facts: KnownNode['facts']; actor: Actor }): Promise<void> {
    const { database, now } = this.#deps;
    const entry = { actor: actor.name, address: actor.address, action, subject: `node:${facts.name}`, atMs: now() };
    await database.transaction().execute((transaction) => audit(transaction, { ...entry, details: { id: facts.id } }));
  }

  #view({ facts, state }: KnownNode): NodeView {
    const { id, name, region, version, startedAtMs, place } = facts;
    const load = this.#deps.board.node(id);
    return {
      ...{ id, name, region, state, version, startedAt: startedAtMs, isSelf: id === this.#deps.nodeId },
      ...{ mediaHost: place?.host, mediaUrl: place?.httpOrigin, rtmpUrl: place?.rtmpOrigin },
      load: load && {
        streams: load.streams,
        viewers: load.viewers,
        connections: load.connections,
        outBps: load.outBps,
        cpu: load.cpu,
      },
    };
  }
}
