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
  /** The program of its processes; left out, ours. */
  entry?: string;
}

interface Worker {
  child: ChildProcess;
  idle: NodeJS.Timeout | undefined;
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

  /**
   * A picture whose decoder dies is tried once more: the machine may have ended it for want of memory.
   * @throws AppError pictures_busy, image_unreadable, stopping
   */
  async make(order: PictureOrder): Promise<PictureAnswer> {
    await this.#enter();
    try {
      const answer = (await this.#try(order)) ?? (await this.#try(order));
      if (answer !== undefined) return answer;
      this.#options.logger.warn({ sizeBytes: order.bytes.length }, 'a picture ended its decoder twice');
      throw new AppError('image_unreadable');
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

  /** Undefined when the process died of it, or of something else meanwhile. */
  async #try(order: PictureOrder): Promise<PictureAnswer | undefined> {
    if (this.#isStopped) throw new AppError('stopping');
    const worker = this.#idle.pop() ?? (await this.#start());
    clearTimeout(worker.idle);
    const answer = await this.#ask(worker, order);
    if (answer !== undefined) this.#rest(worker);
    return answer;
  }

  async #ask({ child }: Worker, order: PictureOrder): Promise<PictureAnswer | undefined> {
    const { timeoutMs, logger } = this.#options;
    const { promise, resolve } = Promise.withResolvers<PictureAnswer | undefined>();
    let isLate = false;
    const late = setTimeout(() => {
      isLate = true;
      child.kill('SIGKILL');
    }, timeoutMs);
    const gone = (): void => resolve(undefined);
    child.once('message', (answer) => resolve(answer as PictureAnswer)).once('exit', gone);
    child.send(order, (error) => error !== null && gone());
    const answer = await promise;
    clearTimeout(late);
    child.off('exit', gone);
    if (answer !== undefined) return answer;
    child.kill('SIGKILL');
    if (this.#isStopped) throw new AppError('stopping');
    if (!isLate) return undefined;
    // Bytes that hold up a decoder are no picture for us.
    logger.warn({ sizeBytes: order.bytes.length }, 'a picture took too long');
    throw new AppError('image_unreadable');
  }

  /** A process that can be asked. @throws AppError pictures_busy when the machine gives us none; stopping */
  async #start(): Promise<Worker> {
    // Nothing that it could tell anybody: no environment, no input.
    const child = fork(this.#options.entry ?? ENTRY, [], {
      serialization: 'advanced',
      execArgv: [],
      env: {},
      stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
    });
    const worker: Worker = { child, idle: undefined };
    this.#all.add(worker);
    const { promise, resolve } = Promise.withResolvers<boolean>();
    const gone = (): void => {
      this.#forget(worker);
      resolve(false);
    };
    child.once('message', () => resolve(true));
    child.once('exit', gone).once('error', gone);
    const late = setTimeout(gone, START_MS);
    const isReady = await promise;
    clearTimeout(late);
    if (isReady) return worker;
    child.kill('SIGKILL');
    if (this.#isStopped) throw new AppError('stopping');
    this.#options.logger.error('a process that makes pictures could not be started');
    throw new AppError('pictures_busy');
  }

  #rest(worker: Worker): void {
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
    if (this.#waiting.length >= MOST_WAITING) throw new AppError('pictures_busy');
    await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }

  /** Whoever waits takes the place over. */
  #leave(): void {
    const next = this.#waiting.shift();
    if (next === undefined) this.#running--;
    else next();
  }
}
