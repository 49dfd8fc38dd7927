import type { Logger } from 'pino';
import type { EnginePoster, StreamName, StreamOrigin } from '../../engine/contract.ts';
import { LIVE_APP, type OtherNodes, type StreamCarrier, type StreamSight } from '../live/contract.ts';
import type { StreamBoard } from '../monitor/contract.ts';
import type { NodeCalls } from './calls.ts';
import type { NodeRegistry } from './registry.ts';

/** A picture of another node is asked for again after this. */
const POSTER_FRESH_MS = 5000;
const MAX_POSTERS = 500;

export interface OthersDeps {
  nodeId: string;
  registry: NodeRegistry;
  calls: NodeCalls;
  board: Pick<StreamBoard, 'carrier'>;
  carrier(playId: string): Promise<StreamCarrier>;
  logger: Logger;
}

/** What this node gets of the streams of the others. */
export class Others implements OtherNodes {
  readonly #deps: OthersDeps;
  readonly #posters = new Map<string, { atMs: number; poster: Promise<EnginePoster | undefined> }>();

  constructor(deps: OthersDeps) {
    this.#deps = deps;
  }

  sight(playId: string): StreamSight | undefined {
    const { board, registry } = this.#deps;
    const carried = board.carrier(playId);
    if (carried === undefined) return undefined;
    const { publishing, posterAtMs, renditions, nodeId } = carried;
    return { publishing, posterAtMs, renditions, place: registry.find(nodeId)?.facts.place };
  }

  /** Undefined where there is none, or its node does not answer. */
  async poster(playId: string): Promise<EnginePoster | undefined> {
    const { board, nodeId } = this.#deps;
    const carried = board.carrier(playId);
    if (carried === undefined || carried.nodeId === nodeId) return undefined;
    const known = this.#posters.get(playId);
    if (known !== undefined && performance.now() - known.atMs < POSTER_FRESH_MS) return known.poster;
    const poster = this.#askForPoster(carried.nodeId, playId);
    this.#posters.delete(playId);
    this.#posters.set(playId, { atMs: performance.now(), poster });
    const [oldest] = this.#posters.keys();
    if (this.#posters.size > MAX_POSTERS && oldest !== undefined) this.#posters.delete(oldest);
    return poster;
  }

  async takeOver({ nodeId, playId, credential }: Parameters<OtherNodes['takeOver']>[0]): Promise<boolean> {
    const { registry, calls, logger } = this.#deps;
    const node = nodeId === this.#deps.nodeId ? undefined : await registry.lookUp(nodeId);
    if (node === undefined) return false;
    try {
      return await calls.yieldStream(node.facts.api, { playId, credential });
    } catch (error) {
      // Whoever is dead loses the stream by itself, within 15 s: the encoder comes again.
      logger.info({ err: error, node: node.facts.name }, 'a node could not be asked to let a stream go');
      return false;
    }
  }

  /** @throws StateUnavailableError */
  async origin({ app, stream }: StreamName): Promise<StreamOrigin> {
    const { nodeId, registry, carrier } = this.#deps;
    if (app !== LIVE_APP) return 'none';
    const found = await carrier(stream);
    if (typeof found === 'string') return found;
    const node = found.nodeId === nodeId ? undefined : await registry.lookUp(found.nodeId);
    const media = node?.facts.media;
    // A browser's Opus comes as it is: who takes AAC here has it made here.
    return media === undefined ? 'none' : { url: `${media}/${app}/${stream}.flv?token=${found.token}&audio=opus` };
  }

  async #askForPoster(nodeId: string, playId: string): Promise<EnginePoster | undefined> {
    const { registry, calls, logger } = this.#deps;
    const node = await registry.lookUp(nodeId);
    if (node === undefined) return undefined;
    try {
      return await calls.poster(node.facts.api, playId);
    } catch (error) {
      logger.info({ err: error, node: node.facts.name }, 'a picture of another node could not be had');
      return undefined;
    }
  }
}
