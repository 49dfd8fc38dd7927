import type { FastifyReply, FastifyRequest } from 'fastify';
import { RateLimiterMemory, RateLimiterRedis, RateLimiterRes, type RateLimiterAbstract } from 'rate-limiter-flexible';
import { isForwarded, isLoopback, networkOf } from './address.ts';
import { AppError, type LimitClass } from './contract.ts';

/** A user may always write this often at once. */
const MIN_WRITE_BURST = 100;
/** This machine itself logs in (tests, scripts, a page behind a proxy that is not told of): more often, not without end. */
const LOOPBACK_LOGINS = 20;
/** Callers that are told apart in one window; those beyond share budgets. */
const MAX_KEYS = 100_000;
const SHARED_KEYS = 1024;

export interface RateBudgets {
  loginPerMinute: number;
  writePerMinute: number;
  readPerMinute: number;
  socketPerMinute: number;
}

export interface RateLimitDeps {
  budgets: RateBudgets;
  /** node-redis, when several nodes share the budgets. While it is away each node counts by itself. */
  redis?: { client: unknown; prefix: string; isAway(): boolean };
  maxKeys?: number;
}

type CountedClass = Exclude<LimitClass, 'media'>;
type Budget = CountedClass | 'loopback-login';

/** One budget: of all nodes together, and of this one alone. */
interface Limiters {
  shared: RateLimiterAbstract;
  local: RateLimiterAbstract;
}

/** Counts requests by class and caller: an account, or a network without one. This machine itself is counted for logins only. */
export class RateLimits {
  /** Refused since the start. */
  readonly refused: Record<CountedClass, number> = { login: 0, write: 0, read: 0, socket: 0 };
  readonly #limiters: Record<Budget, Limiters>;
  readonly #isRedisAway: () => boolean;
  readonly #keys: BoundedKeys;

  constructor({ budgets, redis, maxKeys = MAX_KEYS }: RateLimitDeps) {
    const burst = Math.max(MIN_WRITE_BURST, Math.ceil(budgets.writePerMinute / 2));
    const make = (budget: Budget, points: number, duration = 60) =>
      createLimiter({ budget, points, duration: Math.ceil(duration), redis });
    this.#limiters = {
      login: make('login', budgets.loginPerMinute),
      'loopback-login': make('loopback-login', budgets.loginPerMinute * LOOPBACK_LOGINS),
      write: make('write', burst, (burst * 60) / budgets.writePerMinute),
      read: make('read', budgets.readPerMinute),
      socket: make('socket', budgets.socketPerMinute),
    };
    this.#keys = new BoundedKeys(maxKeys);
    this.#isRedisAway = () => redis?.isAway() === true;
  }

  /** Says in `RateLimit-*` what is left. @throws AppError rate_limited, with Retry-After. */
  async take(limit: LimitClass, request: FastifyRequest, reply: FastifyReply): Promise<void> {
    if (limit === 'media') return;
    const isHere = isLoopback(request.ip) && !isForwarded(request);
    if (isHere && limit !== 'login') return;
    const { shared, local } = this.#limiters[isHere ? 'loopback-login' : limit];
    // Nobody waits for a Redis that is known to be away.
    const limiter = this.#isRedisAway() ? local : shared;
    const { account } = request;
    // Logins are counted by network always: an account must not be a way to try others' passwords.
    const key = account === undefined || limit === 'login' ? networkOf(request.ip) : `user ${account.id}`;
    try {
      describe(await limiter.consume(this.#keys.of(key)), limiter, reply);
    } catch (refusal) {
      if (!(refusal instanceof RateLimiterRes)) throw refusal;
      describe(refusal, limiter, reply);
      reply.header('retry-after', Math.max(1, Math.ceil(refusal.msBeforeNext / 1000)));
      this.refused[limit]++;
      throw new AppError('rate_limited');
    }
  }
}

function createLimiter({
  budget,
  points,
  duration,
  redis,
}: {
  budget: Budget;
  points: number;
  duration: number;
  redis: RateLimitDeps['redis'];
}): Limiters {
  const memory = new RateLimiterMemory({ points, duration });
  if (redis === undefined) return { shared: memory, local: memory };
  const shared = new RateLimiterRedis({
    storeClient: redis.client,
    useRedisPackage: true,
    rejectIfRedisNotReady: true,
    keyPrefix: `${redis.prefix}:rate:${budget}`,
    points,
    duration,
    // Who is over the budget is refused without asking Redis again.
    inMemoryBlockOnConsumed: points + 1,
    insuranceLimiter: memory,
  });
  return { shared, local: memory };
}

/** draft-ietf-httpapi-ratelimit-headers-07: the budget, what is left of it, seconds until it is whole again. */
function describe(
  { remainingPoints, msBeforeNext }: RateLimiterRes,
  { points }: RateLimiterAbstract,
  reply: FastifyReply,
): void {
  reply.header('ratelimit-limit', points);
  reply.header('ratelimit-remaining', remainingPoints);
  reply.header('ratelimit-reset', Math.ceil(msBeforeNext / 1000));
}

/** Keeps the callers that are told apart to a number, whoever invents addresses. */
class BoundedKeys {
  readonly #max: number;
  #known = new Set<string>();
  #renewAtMs = 0;

  constructor(max: number) {
    this.#max = max;
  }

  of(key: string): string {
    const now = performance.now();
    if (now >= this.#renewAtMs) {
      this.#known = new Set();
      this.#renewAtMs = now + 60_000;
    }
    if (this.#known.has(key)) return key;
    if (this.#known.size >= this.#max) return `shared ${hashOf(key) % SHARED_KEYS}`;
    this.#known.add(key);
    return key;
  }
}

function hashOf(text: string): number {
  let hash = 0;
  for (let index = 0; index < text.length; index++) hash = (hash * 31 + text.charCodeAt(index)) >>> 0;
  return hash;
}
