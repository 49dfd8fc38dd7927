import { setImmediate } from 'node:timers/promises';
import type { Logger } from 'pino';
import { DatabaseUnavailableError } from '../../database/errors.ts';
import { entryOf } from './line.ts';
import type { LogStore } from './log-store.ts';

const BATCH = 100;
/** How long a line waits for others. */
const GATHER_MS = 500;
const MAX_WAITING_LINES = 10_000;
const MAX_WAITING_CHARACTERS = 16 * 1024 * 1024;
/** While the database is away: growing, from and up to. */
const RETRY_FROM_MS = 1000;
const RETRY_TO_MS = 15_000;

export interface LogWriterDeps {
  store: Pick<LogStore, 'add'>;
  /** What operators call this one. */
  node: string;
  logger: Logger;
  now: () => number;
  gatherMs?: number;
}

interface Waiting {
  line: string;
  level: number;
}

/**
 * Lines on their way into the database, in batches and never in anybody's way: while it is away they wait, and what is
 * more than the bound is lost, counted, and said in one line when it is back.
 */
export class LogWriter {
  readonly #deps: LogWriterDeps;
  #waiting: Waiting[] = [];
  #characters = 0;
  #dropped = 0;
  #droppedInAll = 0;
  #failures = 0;
  #timer: NodeJS.Timeout | undefined;
  #running: Promise<void> | undefined;
  #isStopped = false;

  constructor(deps: LogWriterDeps) {
    this.#deps = deps;
  }

  /** Since the start. */
  get dropped(): number {
    return this.#droppedInAll;
  }

  add(line: string, level: number): void {
    if (this.#isStopped) return;
    if (this.#waiting.length >= MAX_WAITING_LINES || this.#characters + line.length > MAX_WAITING_CHARACTERS) {
      this.#drop(1);
      return;
    }
    this.#waiting.push({ line, level });
    this.#characters += line.length;
    this.#schedule(this.#deps.gatherMs ?? GATHER_MS);
  }

  /** Writes what waits, once. Idempotent. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    clearTimeout(this.#timer);
    await this.#running;
    await this.#drain();
  }

  #schedule(afterMs: number): void {
    if (this.#timer !== undefined || this.#running !== undefined || this.#isStopped) return;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      this.#running = this.#drain().finally(() => {
        this.#running = undefined;
        if (this.#waiting.length === 0) return;
        const retryMs = Math.min(RETRY_FROM_MS * 2 ** (this.#failures - 1), RETRY_TO_MS);
        this.#schedule(this.#failures === 0 ? 0 : retryMs);
      });
    }, afterMs);
    this.#timer.unref();
  }

  async #drain(): Promise<void> {
    const { store, node, logger, now } = this.#deps;
    while (this.#waiting.length > 0) {
      const batch = this.#waiting.slice(0, BATCH);
      try {
        await store.add(batch.map(({ line, level }) => ({ ...entryOf(line, { level, now }), node })));
        this.#failures = 0;
      } catch (error) {
        if (error instanceof DatabaseUnavailableError) {
          this.#failures++;
          return;
        }
        // What cannot be written now can never be.
        this.#drop(batch.length);
        logger.error({ err: error }, 'lines of the log were refused by the database');
      }
      this.#waiting.splice(0, batch.length);
      for (const { line } of batch) this.#characters -= line.length;
      // Work on a database in this process never waits: everybody else has a turn here.
      await setImmediate();
    }
    if (this.#dropped === 0) return;
    const lines = this.#dropped;
    this.#dropped = 0;
    logger.warn({ lines }, 'lines of the log are missing in the database');
  }

  #drop(lines: number): void {
    this.#dropped += lines;
    this.#droppedInAll += lines;
  }
}
