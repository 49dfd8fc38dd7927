import { createHash } from 'node:crypto';
import type { StateCenter } from '../../state/contract.ts';
import { AppError } from '../gateway/contract.ts';

const MINUTE_MS = 60_000;

interface Rule {
  /** Failures that cost nothing. */
  free: number;
  /** The wait after the first one more; it doubles with each. */
  firstWaitMs: number;
  maxWaitMs: number;
  /** Failures are forgotten after this much quiet. */
  memoryMs: number;
}

/**
 * Guessing one account from one address is slowed down soon and long. Guessing one account from everywhere is slowed
 * down later and never for more than half a minute, because otherwise anybody could lock its owner out. Guessing many
 * accounts from one address is slowed down too.
 */
const RULES = {
  pair: { free: 5, firstWaitMs: 1000, maxWaitMs: 15 * MINUTE_MS, memoryMs: 60 * MINUTE_MS },
  account: { free: 50, firstWaitMs: 1000, maxWaitMs: MINUTE_MS / 2, memoryMs: 60 * MINUTE_MS },
  address: { free: 100, firstWaitMs: 1000, maxWaitMs: 15 * MINUTE_MS, memoryMs: 60 * MINUTE_MS },
} as const satisfies Record<string, Rule>;

type RuleName = keyof typeof RULES;

export interface Attempt {
  /** What is proven with the secret: `login`, `reset`. */
  what: string;
  /** The account as it was named, whether or not it exists. */
  account: string;
  address: string;
}

/** Growing delays after wrong passwords, over all nodes. */
export class Throttle {
  readonly #state: StateCenter;

  constructor(state: StateCenter) {
    this.#state = state;
  }

  /** @throws AppError login_throttled with the seconds to wait */
  async assertMayTry(attempt: Attempt): Promise<void> {
    for (const [name, key] of keysOf(attempt)) {
      const isWaiting = (await this.#state.count(`${key}:wait`, 0, 0)) > 0;
      if (!isWaiting) continue;
      const failures = await this.#state.count(key, 0, 0);
      throw new AppError('login_throttled', { seconds: String(Math.ceil(waitMs(RULES[name], failures) / 1000)) });
    }
  }

  async failed(attempt: Attempt): Promise<void> {
    for (const [name, key] of keysOf(attempt)) {
      const rule = RULES[name];
      const wait = waitMs(rule, await this.#state.count(key, 1, rule.memoryMs));
      if (wait > 0) await this.#state.count(`${key}:wait`, 1, wait);
    }
  }

  async succeeded(attempt: Attempt): Promise<void> {
    const [[, pair]] = keysOf(attempt);
    await this.#state.clearCount(pair);
  }
}

/** After the n-th failure. */
export function waitMs({ free, firstWaitMs, maxWaitMs }: Rule, failures: number): number {
  return failures < free ? 0 : Math.min(maxWaitMs, firstWaitMs * 2 ** (failures - free));
}

/** Names are hashed: what people type as a user name may be their password. */
function keysOf({ what, account, address }: Attempt): [[RuleName, string], ...[RuleName, string][]] {
  const name = createHash('sha256').update(account).digest('base64url').slice(0, 22);
  return [
    ['pair', `throttle:${what}:${name}:${address}`],
    ['account', `throttle:${what}:${name}`],
    ['address', `throttle:${what}::${address}`],
  ];
}
