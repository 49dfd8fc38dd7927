import { availableParallelism } from 'node:os';
import { hash, verify, type Options } from '@node-rs/argon2';
import { AppError } from '../gateway/contract.ts';
import { usernameKey } from './contract.ts';
import { COMMON_PASSWORDS } from './common-passwords.ts';

/** OWASP's parameters: 19 MiB, two passes, one lane; argon2id is the library's default. */
const PARAMETERS: Options = { memoryCost: 19_456, timeCost: 2, parallelism: 1 };
const PHC_PARAMETERS = /^\$argon2id\$v=19\$m=(\d+),t=(\d+),p=1\$/;
/** Hashes computed at a time: they run on the thread pool, and each takes its memory. */
const RUNNING = Math.max(1, availableParallelism() - 1);
/** Who waits behind them; a login storm beyond is told to come back. */
const WAITING = 200;

/** Hashes and compares passwords, a bounded number at a time. */
export class Passwords {
  readonly #waiting: (() => void)[] = [];
  #running = 0;
  /** Compared when there is no such account, so that it takes as long as when there is. */
  #nobody: Promise<string> | undefined;

  /** So that the first unknown account is not told by the time it takes. */
  async prepare(): Promise<void> {
    await this.#hashOfNobody();
  }

  async hash(password: string): Promise<string> {
    return this.#limited(() => hash(password.normalize('NFKC'), PARAMETERS));
  }

  /** `phc` undefined is an unknown account: as much work, always false. */
  async verify(phc: string | undefined, password: string): Promise<boolean> {
    const expected = phc ?? (await this.#hashOfNobody());
    const isRight = await this.#limited(() => verify(expected, password.normalize('NFKC')));
    return isRight && phc !== undefined;
  }

  /** Made with weaker parameters than are used now. */
  isOutdated(phc: string): boolean {
    const [, memory, time] = PHC_PARAMETERS.exec(phc) ?? [];
    return Number(memory) < (PARAMETERS.memoryCost ?? 0) || Number(time) < (PARAMETERS.timeCost ?? 0);
  }

  /** Made once, by `prepare`; one that was refused for load is tried again. */
  #hashOfNobody(): Promise<string> {
    this.#nobody ??= this.hash('a password of nobody').catch((error: unknown) => {
      this.#nobody = undefined;
      throw error;
    });
    return this.#nobody;
  }

  async #limited<Result>(work: () => Promise<Result>): Promise<Result> {
    if (this.#running >= RUNNING) {
      if (this.#waiting.length >= WAITING) throw new AppError('overloaded');
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    } else this.#running++;
    try {
      return await work();
    } finally {
      const next = this.#waiting.shift();
      if (next === undefined) this.#running--;
      else next();
    }
  }
}

/** @throws AppError weak_password */
export function assertGoodPassword(password: string, username: string): void {
  const plain = password.toLowerCase();
  const isCommon = COMMON_PASSWORDS.has(plain) || new Set(plain).size < 4;
  if (isCommon || usernameKey(password).includes(usernameKey(username))) throw new AppError('weak_password');
}
