import { AppError } from '../gateway/contract.ts';
import type { Passwords } from './passwords.ts';
import type { UserRow } from './store.ts';
import type { Throttle } from './throttle.ts';

/** Asking somebody who is logged in for the password again, before what cannot be undone. */
export class PasswordProof {
  readonly #passwords: Passwords;
  readonly #throttle: Throttle;

  constructor(passwords: Passwords, throttle: Throttle) {
    this.#passwords = passwords;
    this.#throttle = throttle;
  }

  /** @throws AppError wrong_password, login_throttled */
  async assert(user: UserRow, { password, address }: { password: string; address: string }): Promise<void> {
    const attempt = { what: 'password', account: user.username_key, address } as const;
    await this.#throttle.assertMayTry(attempt);
    if (!(await this.#passwords.verify(user.password_hash, password))) {
      await this.#throttle.failed(attempt);
      throw new AppError('wrong_password');
    }
    await this.#throttle.succeeded(attempt);
  }
}
