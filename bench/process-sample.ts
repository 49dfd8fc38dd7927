import { readdirSync, readFileSync } from 'node:fs';

export interface ProcessSample {
  /** CPU time of every living thread of the process tree. */
  cpuSeconds: number;
  rssBytes: number;
  processes: number;
  threads: number;
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    // A thread or process that ended since it was listed.
    return '';
  }
}

function list(path: string): string[] {
  try {
    return readdirSync(path);
  } catch {
    return [];
  }
}

/** The process and all its descendants. */
export function processTree(root: number): number[] {
  const childrenOf = new Map<number, number[]>();
  for (const name of list('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    const stat = read(`/proc/${name}/stat`);
    const parent = Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]);
    childrenOf.set(parent, [...(childrenOf.get(parent) ?? []), Number(name)]);
  }
  const tree = [root];
  for (const pid of tree) tree.push(...(childrenOf.get(pid) ?? []));
  return tree;
}

/** Linux only: schedstat counts in nanoseconds, where /proc/PID/stat has ticks of 10 ms. */
export function sampleProcesses(root: number): ProcessSample {
  const sample: ProcessSample = { cpuSeconds: 0, rssBytes: 0, processes: 0, threads: 0 };
  for (const pid of processTree(root)) {
    sample.processes += 1;
    sample.rssBytes += Number(/VmRSS:\s+(\d+)/.exec(read(`/proc/${pid}/status`))?.[1] ?? 0) * 1024;
    for (const thread of list(`/proc/${pid}/task`)) {
      sample.threads += 1;
      sample.cpuSeconds += Number(read(`/proc/${pid}/task/${thread}/schedstat`).split(' ')[0]) / 1e9;
    }
  }
  return sample;
}
