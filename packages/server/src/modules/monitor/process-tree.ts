import { readdir, readFile } from 'node:fs/promises';

/** Of the kernel's times in /proc/PID/stat; 100 on every architecture that Node runs on (USER_HZ). */
const TICKS_PER_SECOND = 100;
/** Looked at in one sample; media servers have one ffmpeg a rendered stream. */
const MAX_PROCESSES = 1000;
// Fields of /proc/PID/stat (proc_pid_stat(5)), counted from behind the name in brackets, which may hold anything.
const FIELD_UTIME = 11;
const FIELD_STIME = 12;
const FIELD_RSS_PAGES = 21;
const PAGE_BYTES = 4096;

export interface TreeUse {
  /** Since the sample before; 0 in the first. */
  cpuSeconds: number;
  rssBytes: number;
}

/** What this process and its children use: the RTC process and every ffmpeg belong to the platform as its threads do. */
export class ProcessTree {
  readonly #proc: string;
  /** Of the sample before, by process. Undefined before the first. */
  #ticks: Map<number, number> | undefined;
  #cpu = process.cpuUsage();

  /** `proc` is where Linux tells of processes. */
  constructor(proc = '/proc') {
    this.#proc = proc;
  }

  async sample(): Promise<TreeUse> {
    const own = process.cpuUsage(this.#cpu);
    this.#cpu = process.cpuUsage();
    const seen = await this.#read();
    if (seen === undefined)
      return { cpuSeconds: (own.user + own.system) / 1_000_000, rssBytes: process.memoryUsage.rss() };
    const before = this.#ticks;
    this.#ticks = new Map([...seen].map(([pid, { ticks }]) => [pid, ticks]));
    let [ticks, rssBytes] = [0, 0];
    for (const [pid, process_] of seen) {
      // A child that is new has used all its time since the sample before; this process has not.
      if (before !== undefined) ticks += Math.max(0, process_.ticks - (before.get(pid) ?? 0));
      rssBytes += process_.rssBytes;
    }
    return { cpuSeconds: ticks / TICKS_PER_SECOND, rssBytes };
  }

  /** Undefined where the system does not tell of children. */
  async #read(): Promise<Map<number, { ticks: number; rssBytes: number }> | undefined> {
    const seen = new Map<number, { ticks: number; rssBytes: number }>();
    const waiting = [process.pid];
    for (let pid = waiting.pop(); pid !== undefined && seen.size < MAX_PROCESSES; pid = waiting.pop()) {
      const [found, children] = await Promise.all([this.#statOf(pid), this.#childrenOf(pid)]);
      if (pid === process.pid && (found === undefined || children === undefined)) return undefined;
      if (found !== undefined) seen.set(pid, found);
      waiting.push(...(children ?? []));
    }
    return seen;
  }

  /** Undefined for one that has gone. */
  async #statOf(pid: number): Promise<{ ticks: number; rssBytes: number } | undefined> {
    try {
      const text = await readFile(`${this.#proc}/${pid}/stat`, 'latin1');
      const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
      return {
        ticks: Number(fields[FIELD_UTIME]) + Number(fields[FIELD_STIME]),
        rssBytes: Number(fields[FIELD_RSS_PAGES]) * PAGE_BYTES,
      };
    } catch {
      return undefined;
    }
  }

  /** Each thread has children of its own. */
  async #childrenOf(pid: number): Promise<number[] | undefined> {
    try {
      const threads = await readdir(`${this.#proc}/${pid}/task`);
      const lists = await Promise.all(
        threads.map((thread) => readFile(`${this.#proc}/${pid}/task/${thread}/children`, 'latin1').catch(() => '')),
      );
      return lists.flatMap((list) => list.split(' ').map(Number)).filter((child) => child > 0);
    } catch {
      return undefined;
    }
  }
}
