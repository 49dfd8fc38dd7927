import type { Logger } from 'pino';
import { reasonOf } from '../../../database/errors.ts';
import type { GiftStore } from './store.ts';

const EVERY_MS = 3_600_000;
/** The longest broadcast; what one gave in all in a room is counted from anew after that. */
const KEPT_MS = 30 * 24 * EVERY_MS;
const BATCH = 500;
const MOST_BATCHES = 100;

/** Forgets combos that are long over; several nodes that do it at once do no harm. */
export class ComboSweeper {
  readonly #deps: { store: GiftStore; logger: Logger; now: () => number };
  #timer: NodeJS.Timeout | undefined;
  #running: Promise<void> = Promise.resolve();

  constructor(deps: { store: GiftStore; logger: Logger; now: () => number }) {
    this.#deps = deps;
  }

  start(): void {
    this.#timer ??= setInterval(() => void (this.#running = this.#sweep()), EVERY_MS).unref();
  }

  /** Idempotent. */
  async stop(): Promise<void> {
    clearInterval(this.#timer);
    this.#timer = undefined;
    await this.#running;
  }

  async #sweep(): Promise<void> {
    const { store, logger, now } = this.#deps;
    try {
      for (let batch = 0; batch < MOST_BATCHES && this.#timer !== undefined; batch++)
        if (!(await store.sweepCombos(now() - KEPT_MS, BATCH))) return;
    } catch (error) {
      logger.warn({ reason: reasonOf(error) }, 'old combos could not be forgotten; tried again in an hour');
    }
  }
}
