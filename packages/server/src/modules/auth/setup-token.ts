import { timingSafeEqual } from 'node:crypto';
import { rmSync, writeFileSync } from 'node:fs';
import { hashOf, randomSecret } from './ids.ts';

/**
 * Lets the first account be made from another machine: the operator's own, or one that is made and lies in a file of
 * dataDir, for the owner's eyes only, until there is an account.
 */
export class SetupToken {
  readonly #file: string | undefined;
  #token: string | undefined;

  private constructor(token: string | undefined, file: string | undefined) {
    this.#token = token;
    this.#file = file;
  }

  static configured(token: string): SetupToken {
    return new SetupToken(token, undefined);
  }

  static make(file: string): SetupToken {
    const token = randomSecret();
    writeFileSync(file, `${token}\n`, { mode: 0o600 });
    return new SetupToken(token, file);
  }

  /** There are accounts already. */
  static none(file: string): SetupToken {
    const token = new SetupToken(undefined, file);
    token.discard();
    return token;
  }

  /** For the operator's terminal; undefined when there is nothing to set up, or the operator chose it. */
  get shown(): { token: string; file: string } | undefined {
    return this.#token === undefined || this.#file === undefined ? undefined : { token: this.#token, file: this.#file };
  }

  isRight(given: string | undefined): boolean {
    if (this.#token === undefined || given === undefined) return false;
    return timingSafeEqual(Buffer.from(hashOf(given)), Buffer.from(hashOf(this.#token)));
  }

  /** There is an account now. */
  discard(): void {
    this.#token = undefined;
    if (this.#file !== undefined) rmSync(this.#file, { force: true });
  }
}
