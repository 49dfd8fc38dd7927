import type { MonitorNode, MonitorPoint } from './contract.ts';

export const MINUTE_MS = 60_000;

type Sums = Omit<MonitorPoint, 'at'>;

const NOTHING: Sums = {
  ...{ viewers: 0, streams: 0, connections: 0, inBps: 0, outBps: 0, cpu: 0, rssBytes: 0 },
  eventLoopDelayMs: 0,
};

/** Makes minutes of samples: the mean of all nodes together, and how late the latest was. */
export class Minutes {
  #minute: number | undefined;
  #sums = NOTHING;
  #samples = 0;

  /** Answers the minute that ended with this sample, if one did. */
  add(nodes: readonly MonitorNode[], atMs: number): MonitorPoint | undefined {
    const minute = Math.floor(atMs / MINUTE_MS) * MINUTE_MS;
    const ended = this.#minute !== undefined && this.#minute !== minute ? this.#take(this.#minute) : undefined;
    this.#minute = minute;
    const now = together(nodes);
    this.#samples++;
    this.#sums = {
      viewers: this.#sums.viewers + now.viewers,
      streams: this.#sums.streams + now.streams,
      connections: this.#sums.connections + now.connections,
      inBps: this.#sums.inBps + now.inBps,
      outBps: this.#sums.outBps + now.outBps,
      cpu: this.#sums.cpu + now.cpu,
      rssBytes: this.#sums.rssBytes + now.rssBytes,
      eventLoopDelayMs: Math.max(this.#sums.eventLoopDelayMs, now.eventLoopDelayMs),
    };
    return ended;
  }

  /** Another node counts from now on. */
  forget(): void {
    this.#minute = undefined;
    this.#sums = NOTHING;
    this.#samples = 0;
  }

  #take(at: number): MonitorPoint {
    const { eventLoopDelayMs, ...sums } = this.#sums;
    const samples = Math.max(1, this.#samples);
    this.forget();
    return {
      at,
      viewers: sums.viewers / samples,
      streams: sums.streams / samples,
      connections: sums.connections / samples,
      inBps: sums.inBps / samples,
      outBps: sums.outBps / samples,
      cpu: sums.cpu / samples,
      rssBytes: sums.rssBytes / samples,
      eventLoopDelayMs,
    };
  }
}

/** All nodes as one: shares of CPU by how many cores each has. */
export function together(nodes: readonly MonitorNode[]): Sums {
  const sum = (of: (node: MonitorNode) => number): number => nodes.reduce((total, node) => total + of(node), 0);
  const cores = sum((node) => node.cores);
  return {
    viewers: sum(({ viewers }) => viewers),
    streams: sum(({ streams }) => streams),
    connections: sum(({ connections }) => connections),
    inBps: sum(({ inBps }) => inBps),
    outBps: sum(({ outBps }) => outBps),
    cpu: cores === 0 ? 0 : sum((node) => node.cpu * node.cores) / cores,
    rssBytes: sum(({ rssBytes }) => rssBytes),
    eventLoopDelayMs: Math.max(0, ...nodes.map((node) => node.eventLoopDelayMs)),
  };
}
