import type { Logger } from 'pino';
import { StateUnavailableError, type StateCenter, type Unsubscribe } from '../../state/contract.ts';
import type { LostNode } from './alarm/cluster.ts';
import type { CarriedStream, MonitorAlarm, MonitorNode } from './contract.ts';

/** Between nodes; nobody else may listen to it. */
const CHANNEL = 'monitor:nodes';
const SAMPLED = 'node.sampled';
const CARRIED = 'node.carries';
const GONE = 'node.gone';
/** A node that was not heard of for this long has gone. */
const SILENT_MS = 12_000;
const MAX_NODES = 1000;
/** Of one node; what goes beyond is not shown. */
const MAX_STREAMS = 20_000;
/** A node that died and did not come back is no news any more. */
const LOST_MS = 3_600_000;
const MAX_LOST = 200;
/** In one message, so that none is long. */
const STREAMS_PER_MESSAGE = 200;

/** What a node tells of itself. */
export interface NodeReport {
  node: MonitorNode;
  alarms: readonly MonitorAlarm[];
  /** The name that it keeps over restarts. */
  place: string;
}

/** What a node carries, in as many messages as it takes; those of one telling have one number. */
interface CarriedMessage {
  nodeId: string;
  telling: number;
  streams: readonly CarriedStream[];
  isLast: boolean;
}

interface Peer {
  report: NodeReport | undefined;
  heardAtMs: number;
  streams: ReadonlyMap<string, CarriedStream>;
  /** Of a telling that is not heard to its end yet. */
  coming: { telling: number; streams: Map<string, CarriedStream> };
}

/**
 * What every node of the platform says of itself, kept by every node. Nothing of it is stored: a node that stops talking
 * is forgotten within 15 s, and one that starts knows all within seconds.
 */
export class Peers {
  readonly #state: StateCenter;
  readonly #logger: Logger;
  readonly #now: () => number;
  readonly #peers = new Map<string, Peer>();
  /** Nodes that went without a word, by place. */
  readonly #lost = new Map<string, LostNode>();
  #unsubscribe: Unsubscribe | undefined;
  #telling = 0;

  constructor(deps: { state: StateCenter; logger: Logger; now: () => number }) {
    this.#state = deps.state;
    this.#logger = deps.logger;
    this.#now = deps.now;
    deps.state.onNodeLost(({ nodeId }) => this.#lose(nodeId));
  }

  async start(): Promise<void> {
    this.#unsubscribe ??= await this.#state.subscribe(CHANNEL, {
      deliver: ({ event, data }) => this.#hear(event, data),
      // What was missed is told again in a moment.
      reset: () => {},
    });
  }

  /** Idempotent. */
  async stop(): Promise<void> {
    await this.#unsubscribe?.();
    this.#unsubscribe = undefined;
    await this.#publish(GONE, { nodeId: this.#state.nodeId });
  }

  /** This node hears it at once, also while the others cannot be reached. */
  async tell(report: NodeReport): Promise<void> {
    this.#peer(this.#state.nodeId).report = report;
    await this.#publish(SAMPLED, report);
  }

  async tellCarried(streams: readonly CarriedStream[]): Promise<void> {
    const telling = ++this.#telling;
    const { nodeId } = this.#state;
    for (let from = 0; from === 0 || from < streams.length; from += STREAMS_PER_MESSAGE) {
      const upTo = from + STREAMS_PER_MESSAGE;
      const message = { nodeId, telling, streams: streams.slice(from, upTo), isLast: upTo >= streams.length };
      this.#carries(message);
      await this.#publish(CARRIED, message);
    }
  }

  /** Of all living nodes. */
  reports(): NodeReport[] {
    return this.#living().flatMap(({ report }) => (report === undefined ? [] : [report]));
  }

  /** By stream name. */
  carried(): Map<string, CarriedStream> {
    const all = new Map<string, CarriedStream>();
    for (const { streams } of this.#living())
      for (const [name, stream] of streams) all.set(name, merged(all.get(name), stream));
    return all;
  }

  carrier(name: string): CarriedStream | undefined {
    const found = this.#living().flatMap(({ streams }) => streams.get(name) ?? []);
    return found
      .filter(({ isPassedOn }) => isPassedOn !== true)
      .reduce<CarriedStream | undefined>(preferred, undefined);
  }

  node(id: string): MonitorNode | undefined {
    return this.#peers.get(id)?.report?.node;
  }

  /** Those that went without a word and did not come back, for an hour. */
  lost(): LostNode[] {
    const here = new Set(this.places());
    const sinceMs = this.#now() - LOST_MS;
    for (const [place, { lostAt }] of this.#lost) if (here.has(place) || lostAt < sinceMs) this.#lost.delete(place);
    return [...this.#lost.values()];
  }

  /** Under the names that they keep, those that live. */
  places(): string[] {
    return this.reports().map(({ place }) => place);
  }

  #lose(id: string): void {
    const report = this.#peers.get(id)?.report;
    this.#peers.delete(id);
    if (report === undefined || id === this.#state.nodeId || this.#lost.size >= MAX_LOST) return;
    const { name, address } = report.node;
    this.#lost.set(report.place, { id, name, address, lostAt: this.#now() });
  }

  #living(): Peer[] {
    const now = performance.now();
    for (const [id, { heardAtMs }] of this.#peers) if (now - heardAtMs > SILENT_MS) this.#lose(id);
    return [...this.#peers.values()];
  }

  #peer(id: string): Peer {
    const known = this.#peers.get(id);
    const peer = known ?? {
      report: undefined,
      heardAtMs: 0,
      streams: new Map(),
      coming: { telling: -1, streams: new Map() },
    };
    peer.heardAtMs = performance.now();
    if (known === undefined && this.#peers.size < MAX_NODES) this.#peers.set(id, peer);
    return peer;
  }

  /** Only nodes write to this channel, each what the methods above give it. What this one said comes back to it too. */
  #hear(event: string, data: unknown): void {
    if (event === SAMPLED) {
      const report = data as NodeReport;
      if (report.node.id !== this.#state.nodeId) this.#peer(report.node.id).report = report;
    } else if (event === CARRIED) {
      const message = data as CarriedMessage;
      if (message.nodeId !== this.#state.nodeId) this.#carries(message);
    } else if (event === GONE) this.#peers.delete((data as { nodeId: string }).nodeId);
  }

  #carries({ nodeId, telling, streams, isLast }: CarriedMessage): void {
    const peer = this.#peer(nodeId);
    if (peer.coming.telling !== telling) peer.coming = { telling, streams: new Map() };
    const { streams: coming } = peer.coming;
    for (const stream of streams) if (coming.size < MAX_STREAMS) coming.set(stream.stream, stream);
    if (isLast) peer.streams = coming;
  }

  async #publish(event: string, data: unknown): Promise<void> {
    try {
      await this.#state.publishEphemeral(CHANNEL, event, data);
    } catch (error) {
      // What is away says so by itself, and it is told again in a moment.
      if (!(error instanceof StateUnavailableError)) this.#logger.warn({ err: error }, 'other nodes were not told');
    }
  }
}

/** A stream that was taken over is interrupted where it was before. */
function preferred(one: CarriedStream | undefined, other: CarriedStream): CarriedStream {
  return one === undefined || one.isPassedOn === true || other.publishing !== undefined ? other : one;
}

/** What goes out of all nodes that show it is the stream's. */
function merged(one: CarriedStream | undefined, other: CarriedStream): CarriedStream {
  if (one === undefined) return other;
  return {
    ...preferred(one, other),
    viewers: one.viewers + other.viewers,
    outBps: (one.outBps ?? 0) + (other.outBps ?? 0),
  };
}
