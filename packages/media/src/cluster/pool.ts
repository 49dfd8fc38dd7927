import { getCompileCacheDir } from 'node:module';
import { availableParallelism } from 'node:os';
import { dirname } from 'node:path';
import { type Transferable, Worker } from 'node:worker_threads';
import { randomBytes } from 'node:crypto';
import { MemoryAccount } from '../hls/memory-account.ts';
import type { HlsSeed } from '../hls/messages.ts';
import type { MediaLog } from '../hub/session-host.ts';
import type { MediaOptions } from '../options.ts';
import type { Certificate } from '../tls.ts';
import { ConnectionCounter } from './connection-counter.ts';
import { Link } from './link.ts';
import { CAN_REUSE_PORTS } from './ports.ts';
import type { MainNotice, MainRequest, TrafficReply, WorkerNotice, WorkerRequest, WorkerSeed } from './messages.ts';

const RESTART_MIN_MS = 100;
const RESTART_MAX_MS = 10_000;
/** A worker that ran this long has earned a quick restart again. */
const STEADY_MS = 30_000;
const STOP_MS = 3500;
const START_MS = 30_000;

export interface PoolPeer {
  /** `alive` is asked again after every wait: a thread that died meanwhile must not be given anything. */
  answer(
    workerId: number,
    request: WorkerRequest,
    alive: () => boolean,
  ): Promise<{ reply: unknown; transfer?: Transferable[] }>;
  notice(workerId: number, notice: WorkerNotice): void;
  /** The thread died and will be restarted. */
  lost(workerId: number): void;
}

interface Member {
  worker: Worker;
  link: Link<MainRequest, MainNotice, WorkerRequest, WorkerNotice>;
  up: boolean;
  startedAtMs: number;
}

/** The media threads: started, supervised, restarted with back-off, stopped. */
export class WorkerPool {
  #options: MediaOptions;
  #tls: WorkerSeed['tls'];
  #asksConnect: boolean;
  #log: MediaLog;
  #peer: PoolPeer;
  #connections: SharedArrayBuffer;
  #hls: HlsSeed;
  #members = new Map<number, Member>();
  #restarts = new Map<number, { timer: NodeJS.Timeout }>();
  #backoffMs = new Map<number, number>();
  #stopping = false;
  readonly size: number;

  constructor(deps: {
    options: MediaOptions;
    tls?: WorkerSeed['tls'];
    asksConnect: boolean;
    tellsSegments: boolean;
    size: number;
    log: MediaLog;
    peer: PoolPeer;
  }) {
    this.#options = deps.options;
    this.#tls = deps.tls;
    this.#asksConnect = deps.asksConnect;
    this.#log = deps.log;
    this.#peer = deps.peer;
    this.size = deps.size;
    this.#connections = ConnectionCounter.allocate(deps.size);
    this.#hls = {
      secret: randomBytes(32),
      memory: MemoryAccount.allocate(deps.size),
      tellsSegments: deps.tellsSegments,
    };
  }

  get up(): number {
    return [...this.#members.values()].filter((member) => member.up).length;
  }

  get upIds(): number[] {
    return [...this.#members].filter(([, member]) => member.up).map(([workerId]) => workerId);
  }

  async start(): Promise<void> {
    await Promise.all(Array.from({ length: this.size }, (_, workerId) => this.#spawn(workerId)));
  }

  send(workerId: number, notice: MainNotice, transfer?: Transferable[]): void {
    this.#members.get(workerId)?.link.send(notice, transfer);
  }

  /** Workers that are started later get it too. */
  renewCertificate(certificate: Certificate): void {
    this.#tls = certificate;
    for (const { link } of this.#members.values()) link.send({ type: 'tls', certificate });
  }

  /** Bytes by client id, over all workers that answer. */
  async traffic(): Promise<Map<string, { sendBytes: number; recvBytes: number }>> {
    const replies = await Promise.allSettled(
      [...this.#members.values()].map(({ link }) => link.request<TrafficReply>({ type: 'traffic' })),
    );
    const traffic = new Map<string, { sendBytes: number; recvBytes: number }>();
    for (const reply of replies) {
      if (reply.status === 'fulfilled') for (const { clientId, ...bytes } of reply.value) traffic.set(clientId, bytes);
    }
    return traffic;
  }

  refuse(): void {
    for (const { link } of this.#members.values()) link.send({ type: 'refuse' });
  }

  async stop(): Promise<void> {
    this.#stopping = true;
    for (const { timer } of this.#restarts.values()) clearTimeout(timer);
    await Promise.all([...this.#members.values()].map((member) => this.#stopMember(member)));
    this.#members.clear();
  }

  async #stopMember({ worker, link }: Member): Promise<void> {
    const gone = new Promise<void>((resolve) => worker.once('exit', () => resolve()));
    const deadline = setTimeout(() => void worker.terminate(), STOP_MS);
    link.send({ type: 'stop' });
    await gone;
    clearTimeout(deadline);
  }

  #spawn(workerId: number): Promise<void> {
    const seed: WorkerSeed = {
      workerId,
      options: this.#options,
      asksConnect: this.#asksConnect,
      tls: this.#tls,
      connections: this.#connections,
      hls: this.#hls,
      compileCache: compileCacheFolder(),
    };
    const worker = new Worker(new URL('./worker-thread.mjs', import.meta.url), {
      workerData: seed,
      name: `kaibo-media-${workerId}`,
    });
    return new Promise((resolve, reject) => {
      const slow = setTimeout(
        () => reject(new Error(`Media worker ${workerId} did not start in ${START_MS} ms.`)),
        START_MS,
      );
      const link: Member['link'] = new Link(worker, {
        answer: (request) => this.#peer.answer(workerId, request, () => this.#members.get(workerId) === member),
        notice: (notice) => {
          if (notice.type === 'ready') {
            clearTimeout(slow);
            member.up = true;
            resolve();
          } else if (notice.type === 'drained') void worker.terminate();
          else this.#peer.notice(workerId, notice);
        },
      });
      const member: Member = { worker, link, up: false, startedAtMs: Date.now() };
      this.#members.set(workerId, member);
      worker.on('error', (error) => {
        this.#log.error({ workerId, err: error.stack }, 'a media worker failed');
        reject(error);
      });
      worker.once('exit', () => {
        clearTimeout(slow);
        this.#exited(workerId, member);
      });
    });
  }

  #exited(workerId: number, member: Member): void {
    member.up = false;
    member.link.close();
    if (this.#stopping) return;
    this.#members.delete(workerId);
    ConnectionCounter.clearWorker(this.#connections, workerId);
    this.#peer.lost(workerId);
    const steady = Date.now() - member.startedAtMs > STEADY_MS;
    const waitMs = steady
      ? RESTART_MIN_MS
      : Math.min((this.#backoffMs.get(workerId) ?? RESTART_MIN_MS / 2) * 2, RESTART_MAX_MS);
    this.#backoffMs.set(workerId, waitMs);
    this.#log.warn({ workerId, waitMs }, 'a media worker ended; it is restarted');
    const timer = setTimeout(() => {
      this.#restarts.delete(workerId);
      this.#spawn(workerId).catch((error: unknown) =>
        this.#log.error({ workerId, err: String(error) }, 'a media worker did not come back'),
      );
    }, waitMs);
    this.#restarts.set(workerId, { timer });
  }
}

/** What the launcher turned the cache on with: Node itself adds a folder for its version. */
function compileCacheFolder(): string | undefined {
  const folder = getCompileCacheDir();
  return folder && dirname(folder);
}

/**
 * One a core, less one: the main thread and the kernel's own work need it. Measured on two cores with 1000 viewers, a second
 * worker costs 1.3 times the CPU for the same bytes.
 */
export function workerCount(setting: number | 'auto'): number {
  if (!CAN_REUSE_PORTS) return 1;
  return setting === 'auto' ? Math.max(1, availableParallelism() - 1) : setting;
}
