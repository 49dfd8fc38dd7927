import { audit } from '../../database/audit.ts';
import type { Transaction } from '../../database/database.ts';
import type { Outbox } from '../../database/outbox.ts';
import { searchKeyOf } from '../../database/search-key.ts';
import { AppError, type Caller } from '../gateway/contract.ts';
import {
  CONTROL_CHANNEL,
  USER_BANNED,
  USER_CHANGED,
  usernameKey,
  type AccountHolder,
  type CreateUserInput,
  type RegisterInput,
  type Setup,
} from './contract.ts';
import { randomId, randomSecret } from './ids.ts';
import type { PasswordProof } from './password-proof.ts';
import { assertGoodPassword, type Passwords } from './passwords.ts';
import type { Sessions } from './sessions.ts';
import type { SetupToken } from './setup-token.ts';
import type { AccountStore, UserRow } from './store.ts';
import type { Throttle } from './throttle.ts';

export interface AccountsDeps {
  store: AccountStore;
  outbox: Outbox;
  passwords: Passwords;
  proof: PasswordProof;
  throttle: Throttle;
  sessions: Sessions;
  setupToken: () => SetupToken;
  registration: 'open' | 'closed';
  holders: readonly AccountHolder[];
  now: () => number;
  onRevoked(revoked: { userId: string }): void;
}

/** Making, changing and removing accounts. */
export class Accounts {
  readonly #deps: AccountsDeps;

  constructor(deps: AccountsDeps) {
    this.#deps = deps;
  }

  /**
   * The very first account is the administrator's, and is made on this machine or with the set-up token.
   * @throws AppError registration_closed, setup_token_wrong, weak_password, username_taken, email_taken, login_throttled
   */
  async register(caller: Caller, input: RegisterInput): Promise<UserRow> {
    const { store, registration, setupToken, throttle } = this.#deps;
    if (!caller.local) {
      const attempt = { what: 'register', address: caller.address } as const;
      await throttle.assertMayTry(attempt);
      // Accounts that are made count like those that are refused.
      await throttle.failed(attempt);
    }
    const isFirst = (await store.countUsers()) === 0;
    if (isFirst) {
      if (!isTrusted(caller) && !setupToken().isRight(input.setupToken)) throw new AppError('setup_token_wrong');
    } else if (registration === 'closed') throw new AppError('registration_closed');
    return this.#create(
      { ...input, role: 'user' },
      { canBeFirst: isFirst, actor: 'anonymous', address: caller.address },
    );
  }

  /** What `register` will ask of this caller. */
  async setup(caller: Caller): Promise<Setup> {
    const { store, registration } = this.#deps;
    const needsFirstAccount = (await store.countUsers()) === 0;
    return { needsFirstAccount, needsSetupToken: needsFirstAccount && !isTrusted(caller), registration };
  }

  /** By an administrator or the command line. @throws AppError as `register` */
  async create(input: CreateUserInput, actor: string): Promise<UserRow> {
    return this.#create(input, { canBeFirst: false, actor });
  }

  /** @throws AppError user_not_found, last_admin */
  async setRole(userId: string, role: 'user' | 'admin', actor: string): Promise<UserRow> {
    const { store, outbox, now } = this.#deps;
    const changed = await outbox.transact(async ({ transaction, emit }) => {
      if (role === 'user') await this.#assertNotLast(transaction, userId);
      const row = await store.changeUser(transaction, { id: userId, changes: { role, updated_at: now() } });
      if (row === undefined) throw new AppError('user_not_found');
      await audit(transaction, {
        actor,
        action: 'user.role_changed',
        subject: `user:${userId}`,
        details: { role },
        atMs: now(),
      });
      await emit({ channel: CONTROL_CHANNEL, event: USER_CHANGED, data: { userId, mayLess: role === 'user' } });
      return row;
    });
    this.#deps.sessions.forget(userId);
    return changed;
  }

  /** Ends the account's logins, rooms and streams. @throws AppError user_not_found, last_admin */
  async ban(userId: string, { reason, until }: { reason?: string; until?: number }, actor: string): Promise<UserRow> {
    const { store, outbox, sessions, holders, now, onRevoked } = this.#deps;
    const { banned, ended } = await outbox.transact(async (work) => {
      const { transaction, emit } = work;
      await this.#assertNotLast(transaction, userId);
      const changes = { banned_at: now(), banned_until: until ?? null, ban_reason: reason ?? null, updated_at: now() };
      const row = await store.changeUser(transaction, { id: userId, changes });
      if (row === undefined) throw new AppError('user_not_found');
      const revoked = await sessions.revoke(work, { userId });
      await audit(transaction, {
        actor,
        action: 'user.banned',
        subject: `user:${userId}`,
        details: { reason, until },
        atMs: now(),
      });
      await emit({ channel: CONTROL_CHANNEL, event: USER_BANNED, data: { userId } });
      return { banned: row, ended: revoked };
    });
    sessions.tell(userId, ended);
    onRevoked({ userId });
    for (const holder of holders) await holder.accountGone(userId, 'banned');
    return banned;
  }

  async unban(userId: string, actor: string): Promise<UserRow> {
    const { store, outbox, sessions, now } = this.#deps;
    const row = await outbox.transact(async ({ transaction, emit }) => {
      const changes = { banned_at: null, banned_until: null, ban_reason: null, updated_at: now() };
      const changed = await store.changeUser(transaction, { id: userId, changes });
      if (changed === undefined) throw new AppError('user_not_found');
      await audit(transaction, { actor, action: 'user.unbanned', subject: `user:${userId}`, atMs: now() });
      await emit({ channel: CONTROL_CHANNEL, event: USER_CHANGED, data: { userId } });
      return changed;
    });
    sessions.forget(userId);
    return row;
  }

  /** The account asks for it itself and knows its password. @throws AppError wrong_password, login_throttled, last_admin */
  async deleteOwn(userId: string, given: { password: string; address: string }): Promise<void> {
    const { store, proof } = this.#deps;
    const user = await store.find(userId);
    if (user === undefined) throw new AppError('user_not_found');
    await proof.assert(user, given);
    await this.delete(userId, `user:${userId}`);
  }

  /** @throws AppError user_not_found, last_admin */
  async delete(userId: string, actor: string): Promise<void> {
    const { store, outbox, sessions, holders, now, onRevoked } = this.#deps;
    if ((await store.find(userId)) === undefined) throw new AppError('user_not_found');
    // Before anything ends, and again with the deletion itself.
    await outbox.transact(async ({ transaction }) => this.#assertNotLast(transaction, userId));
    for (const holder of holders) await holder.accountGone(userId, 'deleted');
    await outbox.transact(async (work) => {
      await this.#assertNotLast(work.transaction, userId);
      await sessions.revoke(work, { userId });
      await store.deleteUser(work.transaction, userId);
      await audit(work.transaction, { actor, action: 'user.deleted', subject: `user:${userId}`, atMs: now() });
    });
    onRevoked({ userId });
  }

  /** Everything that is kept of the account, by part. */
  async exportData(userId: string): Promise<Record<string, unknown>> {
    const { store, holders, now } = this.#deps;
    const user = await store.find(userId);
    if (user === undefined) throw new AppError('user_not_found');
    const { password_hash: _hash, stream_secret: _secret, ban_reason: _reason, ...account } = user;
    const sessions = await store.sessionsOf(userId, now());
    const parts = await Promise.all(
      holders.map(async (holder) => [holder.name, await holder.exportData(userId)] as const),
    );
    return {
      account,
      sessions: sessions.map(({ refresh_hash: _refresh, previous_hash: _previous, ...session }) => session),
      ...Object.fromEntries(parts),
    };
  }

  /** Takes its turn behind other changes of administrators. @throws AppError last_admin */
  async #assertNotLast(transaction: Transaction, userId: string): Promise<void> {
    const { store, now } = this.#deps;
    const { isAdmin, others } = await store.adminsBeside(transaction, { id: userId, nowMs: now() });
    if (isAdmin && others === 0) throw new AppError('last_admin');
  }

  async #create(
    input: CreateUserInput,
    { canBeFirst, actor, address }: { canBeFirst: boolean; actor: string; address?: string },
  ): Promise<UserRow> {
    const { store, outbox, passwords, setupToken, now } = this.#deps;
    assertGoodPassword(input.password, input.username);
    const row = newUserRow(input, { passwordHash: await passwords.hash(input.password), nowMs: now() });
    const created = await outbox.transact(async ({ transaction }) => {
      const isMarked = (canBeFirst || row.role === 'admin') && (await store.claimFirstAccount(transaction, now()));
      const user: UserRow = canBeFirst && isMarked ? { ...row, role: 'admin' } : row;
      const taken = await store.insertUser(transaction, user);
      if (taken !== undefined) throw new AppError(taken === 'username' ? 'username_taken' : 'email_taken');
      await audit(transaction, {
        actor,
        action: 'user.created',
        subject: `user:${user.id}`,
        details: { username: user.username, role: user.role },
        address,
        atMs: now(),
      });
      return user;
    });
    setupToken().discard();
    return created;
  }
}

/** Who sits at the machine needs no token for the first account. */
function isTrusted({ local, sameOrigin }: Caller): boolean {
  return local && sameOrigin;
}

function newUserRow(
  { username, name, email, role }: CreateUserInput,
  { passwordHash, nowMs }: { passwordHash: string; nowMs: number },
): UserRow {
  return {
    id: randomId(),
    username,
    username_key: usernameKey(username),
    password_hash: passwordHash,
    role,
    email: email ?? null,
    email_key: email?.toLowerCase() ?? null,
    name: name ?? username,
    name_key: searchKeyOf(name ?? username),
    bio: '',
    avatar: null,
    play_id: randomId(),
    stream_secret: randomSecret(),
    banned_at: null,
    banned_until: null,
    ban_reason: null,
    created_at: nowMs,
    updated_at: nowMs,
    last_login_at: null,
  };
}
