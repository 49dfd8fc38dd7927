import type { LoadResult } from './loader.ts';
import type { Protocol, ServerName } from './servers.ts';
import { median } from './statistics.ts';

export interface Run {
  server: ServerName;
  title: string;
  protocol: Protocol;
  viewers: number;
  result: LoadResult;
}

const COLUMNS = [
  'protocol',
  'server',
  'runs',
  'live',
  'Mbit/s',
  'CPU-s/GB median (min–max)',
  '× Kaibo',
  'KB/viewer',
  'first key p50/p99 ms',
  'latency p50/p99 ms',
  'stalls',
  'missing/dup/disorder',
] as const;

function groupByCase(runs: readonly Run[]): Run[][] {
  const groups = new Map<string, Run[]>();
  for (const run of runs) {
    const key = `${run.protocol} ${run.server}`;
    groups.set(key, [...(groups.get(key) ?? []), run]);
  }
  return [...groups.values()];
}

function row(runs: readonly Run[], kaiboCost: number): string[] {
  const [first] = runs;
  if (!first) return [];
  const values = (pick: (result: LoadResult) => number): number[] => runs.map(({ result }) => pick(result));
  const mid = (pick: (result: LoadResult) => number, digits = 0): string => median(values(pick)).toFixed(digits);
  const total = (pick: (result: LoadResult) => number): number => values(pick).reduce((sum, value) => sum + value, 0);
  const costs = values((result) => result.cpuSecondsPerGb);
  return [
    first.protocol,
    first.title,
    String(runs.length),
    `${Math.min(...values((result) => result.live))}/${first.viewers}`,
    mid((result) => (result.gigabytes * 8000) / result.windowSeconds),
    `${median(costs).toFixed(2)} (${Math.min(...costs).toFixed(2)}–${Math.max(...costs).toFixed(2)})`,
    Number.isNaN(kaiboCost) ? '' : (median(costs) / kaiboCost).toFixed(2),
    mid((result) => result.rssPerViewerBytes / 1024),
    `${mid((result) => result.firstKeyP50Ms, 1)} / ${mid((result) => result.firstKeyP99Ms, 1)}`,
    `${mid((result) => result.latencyP50Ms, 1)} / ${mid((result) => result.latencyP99Ms, 1)}`,
    String(total((result) => result.stalls)),
    `${total((result) => result.missing)}/${total((result) => result.duplicate)}/${total((result) => result.outOfOrder)}`,
  ];
}

/** A Markdown table, one line per protocol and server, padded so that it reads in a terminal, too. */
export function reportTable(runs: readonly Run[]): string {
  const costOfKaibo = (protocol: Protocol): number =>
    median(
      runs
        .filter((run) => run.server === 'kaibo' && run.protocol === protocol)
        .map((run) => run.result.cpuSecondsPerGb),
    );
  const rows = groupByCase(runs).map((group) => row(group, costOfKaibo(group[0]?.protocol ?? 'http')));
  const lines = [[...COLUMNS], ...rows];
  const widths = COLUMNS.map((_, column) => Math.max(...lines.map((line) => line[column]?.length ?? 0)));
  const format = (line: string[]): string =>
    `| ${line.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(' | ')} |`;
  const [head = [], ...body] = lines;
  return [format(head), `|${widths.map((width) => '-'.repeat(width + 2)).join('|')}|`, ...body.map(format)].join('\n');
}
