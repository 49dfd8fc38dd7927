import type { MonitorNode, MonitorOverview, MonitorPoint } from '@kaibo/client';
import { formatBitrate, formatBytes, formatCount } from '../../format.ts';

/** Something that is measured of the whole platform. Its name is under `admin.figures`. */
export interface Figure {
  key: string;
  now: (overview: MonitorOverview) => number;
  /** Of a minute of the last 24 h. */
  past: (point: MonitorPoint) => number;
  format: (value: number, locale: string) => string;
  /** What fills a chart's height at least, so that small changes stay small. */
  atLeast: number;
}

const sum = (nodes: readonly MonitorNode[], of: (node: MonitorNode) => number): number =>
  nodes.reduce((total, node) => total + of(node), 0);

/** Over all cores of all nodes. */
function cpuOf(nodes: readonly MonitorNode[]): number {
  const cores = sum(nodes, (node) => node.cores);
  return cores === 0 ? 0 : sum(nodes, (node) => node.cpu * node.cores) / cores;
}

export const formatShare = (share: number, locale: string): string =>
  new Intl.NumberFormat(locale, { style: 'percent', maximumFractionDigits: share < 0.1 ? 1 : 0 }).format(share);

export const formatMs = (ms: number): string => `${ms < 10 ? ms.toFixed(1) : Math.round(ms)} ms`;

export const FIGURES: readonly Figure[] = [
  {
    key: 'streams',
    now: ({ totals }) => totals.streams,
    past: ({ streams }) => streams,
    format: formatCount,
    atLeast: 2,
  },
  {
    key: 'viewers',
    now: ({ totals }) => totals.viewers,
    past: ({ viewers }) => viewers,
    format: formatCount,
    atLeast: 4,
  },
  {
    key: 'inBps',
    now: ({ totals }) => totals.inBps,
    past: ({ inBps }) => inBps,
    format: formatBitrate,
    atLeast: 1_000_000,
  },
  {
    key: 'outBps',
    now: ({ totals }) => totals.outBps,
    past: ({ outBps }) => outBps,
    format: formatBitrate,
    atLeast: 1_000_000,
  },
  { key: 'cpu', now: ({ nodes }) => cpuOf(nodes), past: ({ cpu }) => cpu, format: formatShare, atLeast: 0.25 },
  {
    key: 'memory',
    now: ({ nodes }) => sum(nodes, (node) => node.rssBytes),
    past: ({ rssBytes }) => rssBytes,
    format: formatBytes,
    atLeast: 64_000_000,
  },
  {
    key: 'delay',
    now: ({ nodes }) => Math.max(0, ...nodes.map((node) => node.eventLoopDelayMs)),
    past: ({ eventLoopDelayMs }) => eventLoopDelayMs,
    format: formatMs,
    atLeast: 20,
  },
  {
    key: 'connections',
    now: ({ totals }) => totals.connections,
    past: ({ connections }) => connections,
    format: formatCount,
    atLeast: 4,
  },
];
