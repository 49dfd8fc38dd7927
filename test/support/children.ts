import { readdirSync, readFileSync } from 'node:fs';

/** The processes that `parent` (this process, unless said) has started and that run `program`, by id. Linux only. */
export function childrenRunning(program: string, parent = process.pid): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map((name) => ({ pid: Number(name), ...statusOf(name) }))
    .filter((status) => status.parent === parent && status.name === program)
    .map(({ pid }) => pid);
}

/** Nothing of a process that has ended meanwhile, or that only waits to be reaped. */
function statusOf(pid: string): { name?: string; parent?: number } {
  try {
    const status = readFileSync(`/proc/${pid}/status`, 'utf8');
    if (/^State:\s+Z/m.test(status)) return {};
    return { name: /^Name:\s+(.+)$/m.exec(status)?.[1], parent: Number(/^PPid:\s+(\d+)$/m.exec(status)?.[1]) };
  } catch {
    return {};
  }
}
