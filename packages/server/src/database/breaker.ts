import {
  BrokenCircuitError,
  circuitBreaker,
  CircuitState,
  ConsecutiveBreaker,
  ExponentialBackoff,
  handleAll,
  type CircuitBreakerPolicy,
} from 'cockatiel';
import type { Logger } from 'pino';
import { DatabaseUnavailableError, reasonOf } from './errors.ts';

/** Failures in a row after which nobody is made to wait any more. */
const FAILURES = 5;
/** How soon one caller tries again while the circuit is open: growing, from and up to. */
const RETRY = { initialDelay: 250, maxDelay: 5000 };
/** At most one line of log so often about what is unavailable. */
const LOG_EVERY_MS = 10_000;

export type BreakerState = 'closed' | 'open' | 'half-open';

/**
 * What a failure says of the database: `lost` is the connection (counted), `busy` is alive but cannot take this now
 * (not counted), `statement` is the statement's own fault (passed on as it is).
 */
export type Verdict = 'lost' | 'busy' | 'statement';

/**
 * The circuit breaker around the database. Only lost connections open it: a refused statement proves that the database
 * is there. While it is open, `acquire` fails at once, and one caller at a time finds out whether it is back.
 */
export class DatabaseBreaker {
  readonly #policy: CircuitBreakerPolicy;
  readonly #judge: (error: unknown) => Verdict;
  readonly #logger: Logger;
  #loggedAtMs = Number.NEGATIVE_INFINITY;

  constructor({ judge, logger }: { judge: (error: unknown) => Verdict; logger: Logger }) {
    this.#judge = judge;
    this.#logger = logger;
    this.#policy = circuitBreaker(handleAll, {
      breaker: new ConsecutiveBreaker(FAILURES),
      halfOpenAfter: new ExponentialBackoff(RETRY),
    });
    this.#policy.onReset(() => logger.info('the database is back'));
  }

  get state(): BreakerState {
    switch (this.#policy.state) {
      case CircuitState.Closed:
        return 'closed';
      case CircuitState.HalfOpen:
        return 'half-open';
      default:
        return 'open';
    }
  }

  /**
   * Gets a connection.
   * @throws DatabaseUnavailableError, at once while the circuit is open
   */
  async acquire<Result>(work: () => Promise<Result>): Promise<Result> {
    // Somebody is trying; who waits for him would only queue up.
    if (this.#policy.state === CircuitState.HalfOpen) throw new DatabaseUnavailableError();
    return this.#counted(work);
  }

  /**
   * Runs a statement on a connection that is held: never refused, so that what has begun can be rolled back.
   * @throws DatabaseUnavailableError, and whatever the statement itself is refused for
   */
  async run<Result>(work: () => Promise<Result>): Promise<Result> {
    if (this.#policy.state === CircuitState.Closed) return this.#counted(work);
    try {
      return await work();
    } catch (error) {
      throw this.#translate(error);
    }
  }

  async #counted<Result>(work: () => Promise<Result>): Promise<Result> {
    let refused: { error: unknown } | undefined;
    let result: Result | undefined;
    try {
      await this.#policy.execute(async () => {
        try {
          result = await work();
        } catch (error) {
          if (this.#judge(error) === 'lost') throw error;
          refused = { error };
        }
      });
    } catch (error) {
      if (error instanceof BrokenCircuitError) throw new DatabaseUnavailableError();
      throw this.#translate(error);
    }
    if (refused !== undefined) throw this.#translate(refused.error);
    return result as Result;
  }

  #translate(error: unknown): unknown {
    if (error instanceof DatabaseUnavailableError || this.#judge(error) === 'statement') return error;
    const now = performance.now();
    if (now - this.#loggedAtMs >= LOG_EVERY_MS) {
      this.#loggedAtMs = now;
      this.#logger.warn({ reason: reasonOf(error), breaker: this.state }, 'the database is not available');
    }
    return new DatabaseUnavailableError({ cause: error });
  }
}
