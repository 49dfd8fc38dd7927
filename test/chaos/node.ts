import { join } from 'node:path';
import { processTree } from '../../bench/process-sample.ts';
import { freePort } from '../support/ports.ts';
import { Program } from '../support/program.ts';
import { tempDir } from '../support/temp-dir.ts';
import { until } from '../support/until.ts';

const LAUNCHER = join(import.meta.dirname, '../../packages/server/bin/kaibo.mjs');
const AGAIN_MS = 500;
const PORTS = ['http', 'metrics', 'media.rtmp', 'media.http', 'media.api'] as const;

/** A platform node that whatever looks after it starts again when it has ended, as systemd does. */
export class Node implements AsyncDisposable {
  readonly name: string;
  readonly ports: Record<(typeof PORTS)[number], number>;
  /** Endings after it was ready that nobody asked for: each is a fault of the product. */
  readonly deaths: string[] = [];
  readonly #folder: ReturnType<typeof tempDir>;
  readonly #flags: readonly string[];
  #program: Program | undefined;
  #isWanted = true;
  #running: Promise<void> = Promise.resolve();
  #earlier = '';

  private constructor(
    name: string,
    init: { ports: Node['ports']; folder: ReturnType<typeof tempDir>; flags: readonly string[] },
  ) {
    this.name = name;
    this.ports = init.ports;
    this.#folder = init.folder;
    this.#flags = init.flags;
  }

  static async start(name: string, flags: readonly string[]): Promise<Node> {
    const ports = {} as Node['ports'];
    for (const port of PORTS) ports[port] = await freePort();
    const node = new Node(name, { ports, folder: tempDir(), flags });
    node.#running = node.#keepRunning();
    await node.isReady(180_000);
    return node;
  }

  get url(): string {
    return `http://127.0.0.1:${this.ports.http}`;
  }

  get log(): string {
    return this.#earlier + (this.#program?.output ?? '');
  }

  async health(timeoutMs: number): Promise<boolean> {
    const answer = await fetch(`${this.url}/readyz`, { signal: AbortSignal.timeout(timeoutMs) }).catch(() => undefined);
    await answer?.body?.cancel();
    return answer?.ok === true;
  }

  async isReady(timeoutMs: number): Promise<void> {
    await until(() => this.health(2000), { timeoutMs, intervalMs: 200 }).catch(() => {
      throw new Error(`${this.name} is not ready after ${timeoutMs} ms:\n${this.log.slice(-2000)}`);
    });
  }

  /** SIGKILL; it is started again only after `start`. */
  async kill(): Promise<void> {
    this.#isWanted = false;
    this.wake();
    await this.#program?.stop('SIGKILL');
    await this.#running;
  }

  start(): void {
    this.#isWanted = true;
    this.#running = this.#keepRunning();
  }

  pause(): void {
    this.#signal('SIGSTOP');
  }

  wake(): void {
    this.#signal('SIGCONT');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isWanted = false;
    this.wake();
    await this.#program?.stop();
    await this.#running;
    this.#folder[Symbol.dispose]();
  }

  async #keepRunning(): Promise<void> {
    while (this.#isWanted) {
      this.#earlier = this.log.slice(-2_000_000);
      const ports = PORTS.map((name) => `--${name}.port=${this.ports[name]}`);
      const args = ['start', `--dataDir=${this.#folder.file('data')}`, '--media.rtc.enabled=false', ...ports];
      const env = { KAIBO_CHAOS_MINUTES: undefined, KAIBO_CHAOS_SEED: undefined, KAIBO_CHAOS_LOGS: undefined };
      const program = (this.#program = Program.start(process.execPath, [LAUNCHER, ...args, ...this.#flags], { env }));
      const { code, signal } = await program.ended;
      if (this.#isWanted && program.output.includes('"msg":"ready"'))
        this.deaths.push(`${this.name} ended by itself (${signal ?? code}):\n${program.output.slice(-3000)}`);
      if (this.#isWanted) await new Promise((resolve) => setTimeout(resolve, AGAIN_MS));
    }
  }

  #signal(signal: NodeJS.Signals): void {
    signalTree(this.#program?.isRunning === true ? this.#program.child.pid : undefined, signal);
  }
}

/** A program and all that it started. */
export function signalTree(pid: number | undefined, signal: NodeJS.Signals): void {
  if (pid === undefined) return;
  for (const each of processTree(pid)) {
    try {
      process.kill(each, signal);
    } catch {
      // It ended meanwhile.
    }
  }
}
