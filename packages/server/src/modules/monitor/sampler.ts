import { statfs } from 'node:fs/promises';
import { availableParallelism, freemem, hostname, totalmem } from 'node:os';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import type { NodeState } from '../node/contract.ts';
import type { EngineStream } from '../../engine/contract.ts';
import type { MonitorNode } from './contract.ts';
import { ProcessTree } from './process-tree.ts';

const NS_PER_MS = 1_000_000;
/** Of the timer that the delay is measured with: what is measured is at least this. */
const RESOLUTION_MS = 10;
/** A disk does not fill in less. */
const DISK_FRESH_MS = 10_000;

/** What only whoever puts the platform together can tell of this process. */
export interface Vantage {
  /** Realtime and signaling sockets. */
  connections(): number;
  /** Of each dependency's circuit breaker. */
  breakers: Readonly<Record<string, () => MonitorNode['dependencies'][number]['state']>>;
  /** Where it listens, as operators know it; undefined before it does. */
  address(): string | undefined;
  /** What its operator calls it, and whether it drains. */
  node(): { name: string; region: string | undefined; state: NodeState };
  /** When the certificate ends, ms since the epoch; undefined without one. */
  certificateEndMs(): number | undefined;
}

export interface SamplerDeps {
  nodeId: string;
  /** Where `dataDir` is. */
  folder: string;
  version: string;
  now: () => number;
  vantage(): Vantage | undefined;
}

/** Looks at this process. */
export class Sampler {
  readonly #deps: SamplerDeps;
  readonly #tree = new ProcessTree();
  readonly #startedAt: number;
  #delay: ReturnType<typeof monitorEventLoopDelay> | undefined;
  #sampledAtMs = performance.now();
  #disk: { atMs: number; freeBytes: number; totalBytes: number } | undefined;

  constructor(deps: SamplerDeps) {
    this.#deps = deps;
    this.#startedAt = deps.now();
  }

  start(): void {
    this.#delay ??= monitorEventLoopDelay({ resolution: RESOLUTION_MS });
    this.#delay.enable();
  }

  stop(): void {
    this.#delay?.disable();
    this.#delay = undefined;
  }

  /** What is since the sample before; `streams` are those that this process carries, `passedOn` what it has of other nodes. */
  async sample(streams: readonly EngineStream[], passedOn: readonly EngineStream[] = []): Promise<MonitorNode> {
    const { vantage, now, nodeId, version } = this.#deps;
    const [use, disk] = await Promise.all([this.#tree.sample(), this.#diskSpace()]);
    const elapsedMs = Math.max(1, performance.now() - this.#sampledAtMs);
    this.#sampledAtMs = performance.now();
    const sum = (of: (stream: EngineStream) => number): number =>
      [...streams, ...passedOn].reduce((total, stream) => total + of(stream), 0);
    const cores = availableParallelism();
    const seen = vantage();
    const address = seen?.address();
    return {
      ...{ id: nodeId, name: hostname(), ...seen?.node(), address, version, startedAt: this.#startedAt, seenAt: now() },
      cpu: Math.min(1, use.cpuSeconds / (elapsedMs / 1000) / cores),
      cores,
      rssBytes: use.rssBytes,
      heapBytes: process.memoryUsage().heapUsed,
      memoryTotalBytes: totalmem(),
      memoryFreeBytes: freemem(),
      ...memoryLimit(),
      diskFreeBytes: disk?.freeBytes,
      diskTotalBytes: disk?.totalBytes,
      eventLoopDelayMs: this.#eventLoopDelayMs(),
      connections: seen?.connections() ?? 0,
      streams: streams.length,
      viewers: sum(({ viewers }) => viewers),
      inBps: streams.reduce((total, { recvBps }) => total + recvBps, 0),
      outBps: sum(({ sendBps }) => sendBps),
      dependencies: Object.entries(seen?.breakers ?? {}).map(([name, state]) => ({ name, state: state() })),
    };
  }

  #eventLoopDelayMs(): number {
    if (this.#delay === undefined || this.#delay.count === 0) return 0;
    const lateMs = this.#delay.percentile(99) / NS_PER_MS - RESOLUTION_MS;
    this.#delay.reset();
    return Math.max(0, Math.round(lateMs * 10) / 10);
  }

  /** Undefined where the system does not tell. */
  async #diskSpace(): Promise<{ freeBytes: number; totalBytes: number } | undefined> {
    const atMs = performance.now();
    if (this.#disk !== undefined && atMs - this.#disk.atMs < DISK_FRESH_MS) return this.#disk;
    try {
      const { bavail, blocks, bsize } = await statfs(this.#deps.folder);
      this.#disk = { atMs, freeBytes: bavail * bsize, totalBytes: blocks * bsize };
    } catch {
      this.#disk = undefined;
    }
    return this.#disk;
  }
}

/** Of a container. The system says a number beyond all memory, or 0, where there is none. */
function memoryLimit(): { memoryLimitBytes?: number } {
  const limit = process.constrainedMemory();
  return limit > 0 && limit < totalmem() ? { memoryLimitBytes: limit } : {};
}
