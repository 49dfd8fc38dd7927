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

/** What names no account is counted by address alone. */
const RULES_BY_ADDRESS = {
  /** Wrong tokens of reset links. */
  reset: { free: 10, firstWaitMs: 1000, maxWaitMs: 15 * MINUTE_MS, memoryMs: 60 * MINUTE_MS },
  /** Accounts, whether made or refused: a class behind one address gets in, a script does not get far. */
  register: { free: 20, firstWaitMs: 1000, maxWaitMs: MINUTE_MS, memoryMs: 10 * MINUTE_MS },
} as const satisfies Record<string, Rule>;

export type Attempt =
  | {
      /** The secret that is tried. */
      what: 'login' | 'password';
      /** The account as it was named, whether or not it exists. */
      account: string;
      address: string;
    }
  | { what: keyof typeof RULES_BY_ADDRESS; address: string };

/** A rule, and the name of its counter. */
type Counter = readonly [rule: Rule, key: string];

/** Growing delays after wrong passwords, over all nodes. */
export class Throttle {
  readonly #state: StateCenter;
  readonly #now: () => number;

  constructor(state: StateCenter, now: () => number) {
    this.#state = state;
    this.#now = now;
  }

  /** @throws AppError login_throttled with the seconds that are left to wait */
  async assertMayTry(attempt: Attempt): Promise<void> {
    let leftMs = 0;
    for (const counter of countersOf(attempt)) leftMs = Math.max(leftMs, await this.#leftMs(counter));
    if (leftMs > 0) throw new AppError('login_throttled', { seconds: String(Math.ceil(leftMs / 1000)) });
  }

  /** Answers how often the account failed lately from everywhere; without an account, how often the address did. */
  async failed(attempt: Attempt): Promise<number> {
    const counted: number[] = [];
    for (const [rule, key] of countersOf(attempt)) {
      const failures = await this.#state.count(key, 1, rule.memoryMs);
      counted.push(failures);
      const wait = waitMs(rule, failures);
      if (wait > 0) await this.#wait(key, wait);
    }
    return counted[1] ?? counted[0] ?? 0;
  }

  async succeeded(attempt: Attempt): Promise<void> {
    const [[, first]] = countersOf(attempt);
    await this.#state.clearCount(first);
  }

  async #wait(key: string, wait: number): Promise<void> {
    await this.#state.count(`${key}:wait`, 1, wait);
    const until = this.#now() + wait;
    const kept = await this.#state.count(`${key}:until`, until, wait);
    // A counter only adds, and another attempt may have failed at the same time.
    if (kept !== until) await this.#state.count(`${key}:until`, until - kept, wait);
  }

  /** That there is a wait is certain; when many failed at once, its end may not be, and the whole wait is named. */
  async #leftMs([rule, key]: Counter): Promise<number> {
    if ((await this.#state.count(`${key}:wait`, 0, 0)) === 0) return 0;
    const wholeMs = waitMs(rule, await this.#state.count(key, 0, 0)) || rule.firstWaitMs;
    const leftMs = (await this.#state.count(`${key}:until`, 0, 0)) - this.#now();
    return leftMs > 0 && leftMs < wholeMs ? leftMs : wholeMs;
  }
}

/** After the n-th failure. */
function waitMs({ free, firstWaitMs, maxWaitMs }: Rule, failures: number): number {
  return failures < free ? 0 : Math.min(maxWaitMs, firstWaitMs * 2 ** (failures - free));
}

/** Names are hashed: what people type as a user name may be their password. */
function countersOf(attempt: Attempt): readonly [Counter, ...Counter[]] {
  const { what, address } = attempt;
  const byAddress = `throttle:${what}::${address}`;
  if (!('account' in attempt)) return [[RULES_BY_ADDRESS[attempt.what], byAddress]];
  const name = createHash('sha256').update(attempt.account).digest('base64url').slice(0, 22);
  return [
    [RULES.pair, `throttle:${what}:${name}:${address}`],
    [RULES.account, `throttle:${what}:${name}`],
    [RULES.address, byAddress],
  ];
}
