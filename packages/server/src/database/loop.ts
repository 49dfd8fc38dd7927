import { setImmediate } from 'node:timers/promises';
import type { Logger } from 'pino';
import { levelOf } from './errors.ts';

export interface LoopDeps {
  /** @returns whether there is more to do at once */
  work(): Promise<boolean>;
  /** How long it waits when there is nothing to do, or when it failed. */
  restMs: number;
  logger: Logger;
  failedWords: string;
}

/** Work that is done again and again, soon when asked for, never twice at a time. */
export class Loop {
  readonly #deps: LoopDeps;
  #timer: NodeJS.Timeout | undefined;
  #running: Promise<void> | undefined;
  #isAsked = false;
  #isStopped = true;

  constructor(deps: LoopDeps) {
    this.#deps = deps;
  }

  get isStopped(): boolean {
    return this.#isStopped;
  }

  start(): void {
    this.#isStopped = false;
    this.nudge();
  }

  nudge(): void {
    this.#isAsked = true;
    if (this.#isStopped || this.#running !== undefined) return;
    clearTimeout(this.#timer);
    this.#running = this.#run().finally(() => (this.#running = undefined));
  }

  /** Resolves when what runs has ended. Idempotent. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    clearTimeout(this.#timer);
    await this.#running;
  }

  async #run(): Promise<void> {
    const { work, logger, failedWords, restMs } = this.#deps;
    try {
      let isMore = true;
      while ((isMore || this.#isAsked) && !this.#isStopped) {
        this.#isAsked = false;
        isMore = await work();
        // Work on a database in this process never waits: everybody else has a turn here.
        await setImmediate();
      }
    } catch (error) {
      // Nothing is lost: it stands in the database, and the next time finds it.
      logger[levelOf(error)]({ err: error }, failedWords);
    }
    if (!this.#isStopped) this.#timer = setTimeout(() => this.nudge(), restMs).unref();
  }
}
