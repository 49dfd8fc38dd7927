import { setTimeout as delay } from 'node:timers/promises';
import { ErrorReply } from 'redis';
import type { Logger } from 'pino';
import { StateUnavailableError, type StateHealth } from '../contract.ts';
import { RedisMetrics } from './metrics.ts';

/** `closed` lets commands through, `open` refuses them at once, `half-open` is trying whether Redis is back. */
export type BreakerState = 'closed' | 'open' | 'half-open';

/** How a command is sent: `Link.run` or, while recovering, `Link.attempt`. */
export type Run = <T>(command: () => Promise<T>) => Promise<T>;

const COMMAND_MS = 2000;
const FIRST_RETRY_MS = 50;
const MAX_RETRY_MS = 2000;
/** Replies that say "not now" or "not I", by the word they begin with. Others are our own fault and passed on. */
const AWAY_REPLIES = new Set(
  'READONLY LOADING CLUSTERDOWN MASTERDOWN TRYAGAIN NOREPLICAS MISCONF BUSY OOM NOAUTH WRONGPASS NOPERM'.split(' '),
);

interface LinkOptions {
  /** Makes everything as it should be after Redis was away; rejecting, it is asked again. */
  recover: () => Promise<void>;
  logger: Logger;
  now: () => number;
}

/**
 * The circuit breaker around Redis. The first command that finds Redis away opens it, so that no other one waits; from
 * then on it tries to recover, with growing pauses and for ever, and closes when that has succeeded.
 */
export class Link {
  readonly metrics = new RedisMetrics();
  readonly #recover: () => Promise<void>;
  readonly #logger: Logger;
  readonly #now: () => number;
  readonly #listeners = new Set<(health: StateHealth) => void>();
  readonly #ended = new AbortController();
  #breaker: BreakerState = 'closed';
  #health: StateHealth;

  constructor({ recover, logger, now }: LinkOptions) {
    this.#recover = recover;
    this.#logger = logger;
    this.#now = now;
    this.#health = { ok: true, sinceMs: now() };
  }

  get breaker(): BreakerState {
    return this.#breaker;
  }

  get health(): StateHealth {
    return this.#health;
  }

  get isClosed(): boolean {
    return this.#breaker === 'closed' && !this.#ended.signal.aborted;
  }

  onHealth(listener: (health: StateHealth) => void): void {
    this.#listeners.add(listener);
  }

  /** @throws StateUnavailableError at once while Redis is away, or when this command finds it so. */
  async run<T>(command: () => Promise<T>): Promise<T> {
    if (!this.isClosed) throw new StateUnavailableError();
    return this.attempt(command);
  }

  /** Like `run`, whatever the breaker says: for the recovery itself and for giving up what is held. */
  async attempt<T>(command: () => Promise<T>): Promise<T> {
    try {
      return await this.metrics.time(() => withinTime(command()));
    } catch (error) {
      if (!isAway(error)) throw error;
      this.open(error);
      throw new StateUnavailableError({ cause: error });
    }
  }

  /** Redis is away, or what this node holds in it is not what it should be. */
  open(cause: unknown): void {
    if (!this.isClosed) return;
    this.#breaker = 'open';
    this.#logger.warn({ err: cause }, 'the state center is away');
    this.#tell(false);
    void this.#heal();
  }

  /** No command passes any more. Idempotent. */
  end(): void {
    this.#ended.abort();
  }

  async #heal(): Promise<void> {
    const { signal } = this.#ended;
    for (let pauseMs = FIRST_RETRY_MS; ; pauseMs = Math.min(pauseMs * 2, MAX_RETRY_MS)) {
      const isEnded = await delay(pauseMs * (0.5 + Math.random() / 2), false, { signal, ref: false }).catch(() => true);
      if (isEnded) return;
      this.#breaker = 'half-open';
      try {
        await this.#recover();
        if (signal.aborted) return;
        this.#breaker = 'closed';
        this.#logger.info('the state center is back');
        this.#tell(true);
        return;
      } catch (error) {
        this.#breaker = 'open';
        const level = isAway(error) ? 'debug' : 'error';
        this.#logger[level]({ err: error }, 'the state center is not back yet');
      }
    }
  }

  #tell(ok: boolean): void {
    this.#health = { ok, sinceMs: this.#now() };
    for (const listener of this.#listeners) {
      try {
        listener(this.#health);
      } catch (error) {
        this.#logger.error({ err: error }, 'a listener to the health failed');
      }
    }
  }
}

async function withinTime<T>(reply: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    const refuse = (): void => reject(new Error(`no answer from Redis within ${COMMAND_MS} ms`));
    // When this process was late itself, the answer may be there: it is read before.
    timer = setTimeout(() => setImmediate(refuse), COMMAND_MS);
  });
  try {
    return await Promise.race([reply, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** Whether an error says that Redis cannot serve now: the connection's errors, and replies of a server not in order. */
function isAway(error: unknown): boolean {
  if (error instanceof ErrorReply) return AWAY_REPLIES.has(error.message.split(' ', 1)[0] ?? '');
  return !(error instanceof TypeError || error instanceof RangeError || error instanceof SyntaxError);
}
