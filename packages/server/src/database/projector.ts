import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from 'pino';
import { StateUnavailableError, type Lease, type StateCenter } from '../state/contract.ts';
import { DatabaseUnavailableError } from './errors.ts';

/** Pauses after failures: growing, from and up to. */
const RETRY_FROM_MS = 500;
const RETRY_TO_MS = 10_000;

export interface ProjectorOptions {
  /** Of its lease. */
  name: string;
  state: StateCenter;
  logger: Logger;
  /** Between two rounds, and two tries to get the lease. */
  everyMs: number;
  /**
   * One round of work, by the one node that has the lease. It may at times be done by two at once, when a lease was
   * lost unnoticed: what it writes has to be right even so.
   */
  work(): Promise<void>;
  /** The lease is another node's now: what is remembered between rounds is void. */
  onLost?(): void;
}

/** Work that goes on all the time on one of the nodes: counting, sampling, telling. */
export class Projector {
  readonly #options: ProjectorOptions;
  readonly #stopping = new AbortController();
  #lease: Lease | undefined;
  #running: Promise<void> | undefined;

  constructor(options: ProjectorOptions) {
    this.#options = options;
  }

  start(): void {
    this.#running ??= this.#run();
  }

  /** After the round that is under way. Idempotent. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#running;
    await this.#lease?.release();
    this.#lease = undefined;
  }

  async #run(): Promise<void> {
    const { everyMs, logger, name } = this.#options;
    const { signal } = this.#stopping;
    let failures = 0;
    while (!signal.aborted) {
      try {
        await this.#round();
        failures = 0;
      } catch (error) {
        failures++;
        const isAway = error instanceof DatabaseUnavailableError || error instanceof StateUnavailableError;
        // What is away says so by itself.
        if (!isAway) logger.error({ err: error, projector: name }, 'a projector failed and tries again');
      }
      const pauseMs = failures === 0 ? everyMs : Math.min(RETRY_FROM_MS * 2 ** (failures - 1), RETRY_TO_MS);
      await delay(pauseMs, undefined, { signal, ref: false }).catch(() => {});
    }
  }

  async #round(): Promise<void> {
    const { name, state, work, onLost } = this.#options;
    if (this.#lease !== undefined && !this.#lease.isHeld) {
      await this.#lease.release();
      this.#lease = undefined;
      onLost?.();
    }
    this.#lease ??= await state.lease(`projector:${name}`);
    if (this.#lease !== undefined) await work();
  }
}
