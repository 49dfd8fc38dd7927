import type { Logger } from 'pino';
import { levelOf } from '../../database/errors.ts';

/** Something that is done again and again: soon when it is asked for, and at the latest after what it answers. Never twice at a time. */
export class Loop {
  readonly #work: () => Promise<number>;
  readonly #logger: Logger;
  readonly #failedWords: string;
  readonly #retryMs: number;
  #timer: NodeJS.Timeout | undefined;
  #running: Promise<void> | undefined;
  #isAsked = false;
  #isStopped = true;

  /** @param deps.work answers in how many ms it is to be done again */
  constructor(deps: { work: () => Promise<number>; logger: Logger; failedWords: string; retryMs: number }) {
    this.#work = deps.work;
    this.#logger = deps.logger;
    this.#failedWords = deps.failedWords;
    this.#retryMs = deps.retryMs;
  }

  start(): void {
    this.#isStopped = false;
    this.nudge();
  }

  /** Resolves when what runs is done. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    clearTimeout(this.#timer);
    await this.#running;
  }

  /** Once, however often it is asked meanwhile. */
  nudge(): void {
    this.#isAsked = true;
    if (this.#running !== undefined || this.#isStopped) return;
    this.#running = this.#run().finally(() => (this.#running = undefined));
  }

  async #run(): Promise<void> {
    let waitMs = this.#retryMs;
    try {
      while (this.#isAsked && !this.#isStopped) {
        this.#isAsked = false;
        waitMs = await this.#work();
      }
    } catch (error) {
      // The next time repeats what failed here.
      this.#logger[levelOf(error, 'error')]({ err: error }, this.#failedWords);
      waitMs = this.#retryMs;
    }
    clearTimeout(this.#timer);
    if (!this.#isStopped) this.#timer = setTimeout(() => this.nudge(), waitMs).unref();
  }
}
