import { fork, type ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { Logger } from 'pino';
import { AppError } from '../gateway/contract.ts';
import type { PictureAnswer, PictureOrder } from './picture-messages.ts';

const ENTRY = fileURLToPath(new URL('./picture-child.ts', import.meta.url));
/** Pictures that wait for their turn; one more is refused. */
const MOST_WAITING = 64;
/** A process without work ends: they take memory. */
const IDLE_MS = 60_000;
/** To start one, on a busy machine. */
const START_MS = 30_000;

export interface WorkshopOptions {
  workers: number;
  timeoutMs: number;
  logger: Logger;
}

interface Worker {
  child: ChildProcess;
  idle: NodeJS.Timeout | undefined;
  /** Its first order also waits for its start. */
  isFresh: boolean;
}

/** Makes pictures of bytes that anybody sent, in processes of their own, so many at a time. */
export class PictureWorkshop {
  readonly #options: WorkshopOptions;
  readonly #idle: Worker[] = [];
  readonly #all = new Set<Worker>();
  readonly #waiting: (() => void)[] = [];
  #running = 0;
  #isStopped = false;

  constructor(options: WorkshopOptions) {
    this.#options = options;
  }

  /** @throws AppError too_many_connections, image_unreadable, stopping */
  async make(order: PictureOrder): Promise<PictureAnswer> {
    await this.#enter();
    try {
      if (this.#isStopped) throw new AppError('stopping');
      const worker = this.#idle.pop() ?? this.#start();
      clearTimeout(worker.idle);
      const answer = await this.#ask(worker, order);
      this.#rest(worker);
      return answer;
    } finally {
      this.#leave();
    }
  }

  /** What is under way is broken off. Idempotent. */
  stop(): void {
    this.#isStopped = true;
    for (const worker of this.#all) this.#end(worker);
  }

  /** How many processes there are. */
  get size(): number {
    return this.#all.size;
  }

  async #ask({ child, isFresh }: Worker, order: PictureOrder): Promise<PictureAnswer> {
    const { timeoutMs, logger } = this.#options;
    const { promise, resolve } = Promise.withResolvers<PictureAnswer | undefined>();
    const late = setTimeout(() => child.kill('SIGKILL'), timeoutMs + (isFresh ? START_MS : 0));
    const onExit = (): void => resolve(undefined);
    child.once('message', (answer) => resolve(answer as PictureAnswer)).once('exit', onExit);
    child.send(order, (error) => error !== null && onExit());
    const answer = await promise;
    clearTimeout(late);
    child.off('exit', onExit);
    if (answer !== undefined) return answer;
    child.kill('SIGKILL');
    if (this.#isStopped) throw new AppError('stopping');
    // Bytes that end or hold up a decoder are no picture for us.
    logger.warn({ sizeBytes: order.bytes.length }, 'a picture took too long, or ended its decoder');
    throw new AppError('image_unreadable');
  }

  #start(): Worker {
    // Nothing that it could tell anybody: no environment, no input.
    const child = fork(ENTRY, [], {
      serialization: 'advanced',
      execArgv: [],
      env: {},
      stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
    });
    const worker: Worker = { child, idle: undefined, isFresh: true };
    this.#all.add(worker);
    const gone = (): void => this.#forget(worker);
    child.once('exit', gone).once('error', gone);
    return worker;
  }

  #rest(worker: Worker): void {
    worker.isFresh = false;
    if (!this.#all.has(worker) || this.#isStopped) return;
    this.#idle.push(worker);
    worker.idle = setTimeout(() => this.#end(worker), IDLE_MS).unref();
  }

  #end(worker: Worker): void {
    this.#forget(worker);
    worker.child.kill('SIGKILL');
  }

  #forget(worker: Worker): void {
    clearTimeout(worker.idle);
    this.#all.delete(worker);
    const place = this.#idle.indexOf(worker);
    if (place >= 0) this.#idle.splice(place, 1);
  }

  async #enter(): Promise<void> {
    if (this.#running < this.#options.workers) {
      this.#running++;
      return;
    }
    if (this.#waiting.length >= MOST_WAITING) throw new AppError('too_many_connections');
    await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }

  /** Whoever waits takes the place over. */
  #leave(): void {
    const next = this.#waiting.shift();
    if (next === undefined) this.#running--;
    else next();
  }
}
