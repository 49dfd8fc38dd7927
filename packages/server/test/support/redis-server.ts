// A redis-server of Debian's package, for tests: its own folder, its own port, gone at the end.
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { freePort } from '../../../../test/support/ports.ts';

const APT_LINE = 'apt-get install -y --no-install-recommends redis-server';
const START_DEADLINE_MS = 20_000;
const START_ATTEMPTS = 5;
const MASTERS = 3;

export interface RedisServerOptions {
  /** Whether what was written is there again after `kill` and `resume`. */
  keepsData?: boolean;
  password?: string;
  isClusterNode?: boolean;
}

export class RedisServer implements AsyncDisposable {
  readonly #folder = mkdtempSync(join(tmpdir(), 'kaibo-redis-'));
  readonly #options: RedisServerOptions;
  #process: ChildProcess | undefined;
  #port = 0;
  #busPort = 0;

  private constructor(options: RedisServerOptions) {
    this.#options = options;
  }

  static async start(options: RedisServerOptions = {}): Promise<RedisServer> {
    const server = new RedisServer(options);
    for (let attempt = 1; ; attempt++) {
      server.#port = await freePort();
      server.#busPort = await freePort();
      try {
        await server.resume();
        return server;
      } catch (error) {
        // Somebody else may have taken the port in between.
        if (attempt < START_ATTEMPTS) continue;
        await server[Symbol.asyncDispose]();
        throw error;
      }
    }
  }

  get port(): number {
    return this.#port;
  }

  get url(): string {
    const { password } = this.#options;
    return `redis://${password === undefined ? '' : `:${password}@`}127.0.0.1:${this.#port}`;
  }

  /** Starts it on the same port and folder, and waits until it serves. */
  async resume(): Promise<void> {
    const started = spawn('redis-server', this.#flags(), { stdio: ['ignore', 'pipe', 'inherit'] });
    this.#process = started;
    const lines = createInterface({ input: started.stdout });
    const deadline = setTimeout(() => started.kill('SIGKILL'), START_DEADLINE_MS);
    try {
      await new Promise<void>((resolve, reject) => {
        lines.on('line', (line) => {
          if (line.includes('Ready to accept connections')) resolve();
        });
        started.once('error', () => reject(new Error(`these tests need Redis: ${APT_LINE}`)));
        started.once('exit', (code) => reject(new Error(`redis-server ended with ${code} before it was ready`)));
      });
    } finally {
      clearTimeout(deadline);
    }
  }

  /** SIGKILL; returns when it is gone. */
  async kill(): Promise<void> {
    const running = this.#process;
    this.#process = undefined;
    if (running?.pid === undefined || running.exitCode !== null || running.signalCode !== null) return;
    const ended = once(running, 'exit');
    running.kill('SIGKILL');
    await ended;
  }

  /** SIGSTOP: connections stay, and nobody answers on them. */
  suspend(): void {
    this.#process?.kill('SIGSTOP');
  }

  /** SIGCONT. */
  wake(): void {
    this.#process?.kill('SIGCONT');
  }

  /** Runs one command by redis-cli; answers what it prints. */
  command(...args: string[]): string {
    const auth = this.#options.password === undefined ? [] : ['--no-auth-warning', '-a', this.#options.password];
    const { stdout, status } = spawnSync('redis-cli', ['-p', String(this.#port), ...auth, ...args], {
      encoding: 'utf8',
      timeout: START_DEADLINE_MS,
    });
    if (status !== 0) throw new Error(`redis-cli ${args[0]} failed: ${stdout}`);
    return stdout.trim();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill();
    rmSync(this.#folder, { recursive: true, force: true });
  }

  #flags(): string[] {
    const { keepsData = false, password, isClusterNode = false } = this.#options;
    const kept = ['--appendonly', keepsData ? 'yes' : 'no', '--appendfsync', 'no', '--save', ''];
    const secured = password === undefined ? [] : ['--requirepass', password];
    const clustered = isClusterNode
      ? ['--cluster-enabled', 'yes', '--cluster-port', String(this.#busPort), '--cluster-node-timeout', '2000']
      : [];
    const place = ['--port', String(this.#port), '--bind', '127.0.0.1', '--dir', this.#folder];
    return [...place, ...kept, ...secured, ...clustered];
  }
}

/** Three masters that share the slots. */
export class RedisCluster implements AsyncDisposable {
  readonly servers: RedisServer[] = [];

  static async start(options: Pick<RedisServerOptions, 'keepsData'> = {}): Promise<RedisCluster> {
    const cluster = new RedisCluster();
    try {
      while (cluster.servers.length < MASTERS)
        cluster.servers.push(await RedisServer.start({ ...options, isClusterNode: true }));
      await cluster.#join();
      return cluster;
    } catch (error) {
      await cluster[Symbol.asyncDispose]();
      throw error;
    }
  }

  get url(): string[] {
    return this.servers.map(({ url }) => url);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.servers.map((server) => server[Symbol.asyncDispose]()));
  }

  async #join(): Promise<void> {
    const addresses = this.servers.map(({ port }) => `127.0.0.1:${port}`);
    const joining = spawn('redis-cli', ['--cluster', 'create', ...addresses, '--cluster-yes'], {
      stdio: 'ignore',
      timeout: START_DEADLINE_MS,
    });
    const [code] = (await once(joining, 'exit')) as [number | null];
    if (code !== 0) throw new Error(`redis-cli --cluster create ended with ${code}`);
    const deadlineMs = performance.now() + START_DEADLINE_MS;
    while (!this.servers.every((server) => server.command('cluster', 'info').includes('cluster_state:ok')))
      if (performance.now() > deadlineMs) throw new Error('the cluster did not become ready');
  }
}
