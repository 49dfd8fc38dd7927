import { statfs } from 'node:fs/promises';
import { availableParallelism, freemem, totalmem } from 'node:os';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { Counter, Gauge, Histogram, type Registry } from 'prom-client';
import { ProcessTree, type TreeUse } from './process-tree.ts';

const NS_PER_MS = 1_000_000;
const LOOP_EVERY_MS = 1000;
/** Of the timer that the delay is measured with: what is measured is at least this. */
const RESOLUTION_MS = 10;

export interface ProcessSources {
  version: string;
  /** By what they hold. */
  folders: Readonly<Record<string, string>>;
  /** ms since the epoch; undefined without a certificate. */
  certificateEndMs(): number | undefined;
}

/** This process and its machine, for Prometheus. */
export class ProcessMetrics {
  readonly #delay = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  readonly #tree = new ProcessTree();
  readonly #timer: NodeJS.Timeout;
  #cpuSeconds = 0;
  #sampling: Promise<TreeUse> | undefined;

  constructor(registry: Registry, { version, folders, certificateEndMs }: ProcessSources) {
    const registers = [registry];
    const loop = new Histogram({
      name: 'kaibo_event_loop_delay_seconds',
      help: 'How late the main thread was at most; an observation a second',
      buckets: [0.005, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 5],
      registers,
    });
    this.#delay.enable();
    this.#timer = setInterval(() => loop.observe(this.#lateSeconds()), LOOP_EVERY_MS).unref();
    new Gauge({
      ...{ name: 'kaibo_build_info', help: 'Always 1; what runs', labelNames: ['version', 'node'], registers },
    }).set({ version, node: process.version }, 1);
    const sample = (): Promise<TreeUse> => this.#sample();
    const cpuSeconds = (): number => this.#cpuSeconds;
    new Counter({
      name: 'kaibo_process_tree_cpu_seconds_total',
      help: 'CPU time of this process with its children: the WebRTC process and every ffmpeg',
      registers,
      async collect() {
        await sample();
        this.reset();
        this.inc(cpuSeconds());
      },
    });
    new Gauge({
      name: 'kaibo_process_tree_resident_memory_bytes',
      help: 'Memory of this process with its children',
      registers,
      async collect() {
        this.set((await sample()).rssBytes);
      },
    });
    measureMachine(registry);
    measureDisks(registry, folders);
    new Gauge({
      name: 'kaibo_certificate_end_timestamp_seconds',
      help: 'When the certificate in use ends, by Unix time; not there without one',
      registers,
      collect() {
        const endMs = certificateEndMs();
        this.reset();
        // An unlabelled gauge that was reset says 0, which would be a certificate that ended long ago.
        if (endMs === undefined) this.remove();
        else this.set(endMs / 1000);
      },
    });
  }

  /** Idempotent. */
  stop(): void {
    clearInterval(this.#timer);
    this.#delay.disable();
  }

  #lateSeconds(): number {
    const lateMs = this.#delay.count === 0 ? 0 : this.#delay.max / NS_PER_MS - RESOLUTION_MS;
    this.#delay.reset();
    return Math.max(0, lateMs) / 1000;
  }

  /** Both figures of one scrape are of one look. */
  #sample(): Promise<TreeUse> {
    this.#sampling ??= this.#tree
      .sample()
      .then((use) => {
        this.#cpuSeconds += use.cpuSeconds;
        return use;
      })
      .finally(() => (this.#sampling = undefined));
    return this.#sampling;
  }
}

function measureMachine(registry: Registry): void {
  const gauge = (name: string, help: string, read: () => number): void => {
    new Gauge({
      ...{ name, help, registers: [registry] },
      collect() {
        this.set(read());
      },
    });
  };
  gauge('kaibo_machine_cpus', 'Processors that this process may use', availableParallelism);
  gauge('kaibo_machine_memory_bytes', 'Memory of the machine', totalmem);
  gauge('kaibo_machine_memory_available_bytes', 'Memory of the machine that is to be had', freemem);
}

function measureDisks(registry: Registry, folders: Readonly<Record<string, string>>): void {
  const gauge = (name: string, help: string, of: (disk: { bavail: number; blocks: number }) => number): void => {
    new Gauge({
      ...{ name, help, labelNames: ['folder'], registers: [registry] },
      async collect() {
        this.reset();
        for (const [folder, path] of Object.entries(folders)) {
          const disk = await statfs(path).catch(() => undefined);
          if (disk !== undefined) this.set({ folder }, of(disk) * disk.bsize);
        }
      },
    });
  };
  gauge('kaibo_disk_free_bytes', 'Free on the disk of a folder: data, recordings or files', ({ bavail }) => bavail);
  gauge('kaibo_disk_total_bytes', 'Size of the disk of a folder', ({ blocks }) => blocks);
}
