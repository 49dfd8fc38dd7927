import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from 'pino';
import type { StateCenter } from '../../../state/contract.ts';
import type { ChatStore } from './store.ts';

const EVERY_MS = 3_600_000;
const FIRST_MS = 60_000;
const DAY_MS = 86_400_000;
const ROWS_AT_ONCE = 500;
/** Between two batches, so that messages are written meanwhile. */
const PAUSE_MS = 20;

export interface RetentionDeps {
  store: ChatStore;
  state: StateCenter;
  logger: Logger;
  now: () => number;
  /** 0 is for ever. */
  days: number;
}

/** What is older than it is kept goes, hourly, by one node; what belongs to a published replay stays. */
export class Retention {
  readonly #deps: RetentionDeps;
  readonly #abort = new AbortController();
  #timer: NodeJS.Timeout | undefined;
  #running: Promise<void> | undefined;

  constructor(deps: RetentionDeps) {
    this.#deps = deps;
  }

  start(): void {
    if (this.#deps.days > 0) this.#plan(FIRST_MS);
  }

  /** Idempotent. */
  async stop(): Promise<void> {
    this.#abort.abort();
    clearTimeout(this.#timer);
    await this.#running;
  }

  /** Once through. */
  async sweep(): Promise<void> {
    const { store, state, days, now } = this.#deps;
    const lease = await state.lease('chat-retention');
    if (lease === undefined) return;
    try {
      const beforeMs = now() - days * DAY_MS;
      let after: string | undefined = '';
      while (after !== undefined && lease.isHeld && !this.#abort.signal.aborted) {
        after = await store.sweep({ beforeMs, after, limit: ROWS_AT_ONCE });
        if (after !== undefined) await delay(PAUSE_MS);
      }
    } finally {
      await lease.release();
    }
  }

  #plan(ms: number): void {
    this.#timer = setTimeout(() => {
      this.#running = this.sweep()
        .catch((error: unknown) => this.#deps.logger.warn({ err: error }, 'old messages were not swept'))
        .finally(() => {
          if (!this.#abort.signal.aborted) this.#plan(EVERY_MS);
        });
    }, ms).unref();
  }
}
