import { audit } from '../../database/audit.ts';
import type { Outbox } from '../../database/outbox.ts';
import { AppError, type Account, type Caller } from '../gateway/contract.ts';
import { usernameKey, type LoginInput } from './contract.ts';
import type { PasswordProof } from './password-proof.ts';
import { assertGoodPassword, type Passwords } from './passwords.ts';
import type { Login, Sessions } from './sessions.ts';
import { isBanned, type AccountStore, type UserRow } from './store.ts';
import type { Throttle } from './throttle.ts';

/** Failed logins of one account in a row that the audit trail tells of; then at each doubling, not each one. */
const TOLD_FAILURES = 5;

export interface AuthServiceDeps {
  store: AccountStore;
  outbox: Outbox;
  passwords: Passwords;
  sessions: Sessions;
  throttle: Throttle;
  proof: PasswordProof;
  now: () => number;
}

/** Proving who one is by a password. */
export class AuthService {
  readonly #deps: AuthServiceDeps;

  constructor(deps: AuthServiceDeps) {
    this.#deps = deps;
  }

  /**
   * By user name or mail address. An unknown name is answered as a wrong password is, and takes as long.
   * @throws AppError bad_credentials, login_throttled, account_banned
   */
  async login(caller: Caller, input: LoginInput, userAgent: string): Promise<Login> {
    const { store, passwords, sessions, throttle, now } = this.#deps;
    const name = usernameKey(input.username);
    const attempt = { what: 'login', account: name, address: caller.address } as const;
    await throttle.assertMayTry(attempt);
    const user = await store.findByLogin(name);
    if (!(await passwords.verify(user?.password_hash, input.password)) || user === undefined) {
      await this.#auditFailures(await throttle.failed(attempt), { user, address: caller.address });
      throw new AppError('bad_credentials');
    }
    await throttle.succeeded(attempt);
    if (isBanned(user, now())) throw new AppError('account_banned');
    if (passwords.isOutdated(user.password_hash)) await this.#rehash(user.id, input.password);
    return sessions.begin(user, caller, userAgent);
  }

  /** Every other login ends. @throws AppError wrong_password, weak_password, login_throttled */
  async changePassword(
    account: Account,
    { current, next, address }: { current: string; next: string; address: string },
  ): Promise<void> {
    const { store, proof } = this.#deps;
    const user = await store.find(account.id);
    if (user === undefined) throw new AppError('user_not_found');
    await proof.assert(user, { password: current, address });
    await this.setPassword(user, { password: next, except: account.sessionId, actor: `user:${user.id}` });
  }

  /** Ends the logins but `except`. @throws AppError weak_password */
  async setPassword(
    user: UserRow,
    {
      password,
      except,
      actor,
      alsoIf,
    }: {
      password: string;
      except?: string;
      actor: string;
      /** Part of the transaction; what it throws undoes it. */
      alsoIf?: (transaction: Parameters<AccountStore['changeUser']>[0]) => Promise<void>;
    },
  ): Promise<void> {
    const { store, outbox, passwords, sessions, now } = this.#deps;
    assertGoodPassword(password, user.username);
    const changes = { password_hash: await passwords.hash(password), updated_at: now() };
    const ended = await outbox.transact(async (work) => {
      await alsoIf?.(work.transaction);
      await store.changeUser(work.transaction, { id: user.id, changes });
      await audit(work.transaction, {
        actor,
        action: 'user.password_changed',
        subject: `user:${user.id}`,
        atMs: now(),
      });
      return sessions.revoke(work, { userId: user.id, except });
    });
    sessions.tell(user.id, ended);
  }

  /** Unknown accounts too, or the time it takes would tell which exist; never by name, which may be a password. */
  async #auditFailures(
    failures: number,
    { user, address }: { user: UserRow | undefined; address: string },
  ): Promise<void> {
    if (!isTold(failures)) return;
    const { outbox, now } = this.#deps;
    const subject = user === undefined ? 'user:unknown' : `user:${user.id}`;
    await outbox.transact(async ({ transaction }) =>
      audit(transaction, {
        ...{ actor: 'anonymous', action: 'login.failed', subject, address },
        details: { failures },
        atMs: now(),
      }),
    );
  }

  async #rehash(id: string, password: string): Promise<void> {
    const { store, outbox, passwords } = this.#deps;
    const changes = { password_hash: await passwords.hash(password) };
    await outbox.transact(async ({ transaction }) => store.changeUser(transaction, { id, changes }));
  }
}

function isTold(failures: number): boolean {
  return failures >= TOLD_FAILURES && Number.isInteger(Math.log2(failures / TOLD_FAILURES));
}
