import { audit } from '../../database/audit.ts';
import type { Outbox } from '../../database/outbox.ts';
import { AppError, type Caller } from '../gateway/contract.ts';
import {
  CONTROL_CHANNEL,
  USER_BANNED,
  USER_CHANGED,
  usernameKey,
  type AccountHolder,
  type CreateUserInput,
  type RegisterInput,
} from './contract.ts';
import { randomId, randomSecret } from './ids.ts';
import { assertGoodPassword, type Passwords } from './passwords.ts';
import type { Sessions } from './sessions.ts';
import type { SetupToken } from './setup-token.ts';
import type { AccountStore, UserRow } from './store.ts';

export interface AccountsDeps {
  store: AccountStore;
  outbox: Outbox;
  passwords: Passwords;
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
   * @throws AppError registration_closed, setup_token_wrong, weak_password, username_taken, email_taken
   */
  async register(caller: Caller, input: RegisterInput): Promise<UserRow> {
    const { store, registration, setupToken } = this.#deps;
    const isFirst = (await store.countUsers()) === 0;
    if (isFirst) {
      const isTrusted = caller.local && caller.sameOrigin;
      if (!isTrusted && !setupToken().isRight(input.setupToken)) throw new AppError('setup_token_wrong');
    } else if (registration === 'closed') throw new AppError('registration_closed');
    return this.#create(
      { ...input, role: 'user' },
      { canBeFirst: isFirst, actor: 'anonymous', address: caller.address },
    );
  }

  /** By an administrator or the command line. @throws AppError as `register` */
  async create(input: CreateUserInput, actor: string): Promise<UserRow> {
    return this.#create(input, { canBeFirst: false, actor });
  }

  /** @throws AppError user_not_found, last_admin */
  async setRole(userId: string, role: 'user' | 'admin', actor: string): Promise<UserRow> {
    const { store, outbox, now } = this.#deps;
    const changed = await outbox.transact(async ({ transaction, emit }) => {
      if (role === 'user' && (await store.countOtherAdmins(transaction, userId)) === 0) {
        const before = await transaction.selectFrom('users').select('role').where('id', '=', userId).executeTakeFirst();
        if (before?.role === 'admin') throw new AppError('last_admin');
      }
      const row = await store.changeUser(transaction, { id: userId, changes: { role, updated_at: now() } });
      if (row === undefined) throw new AppError('user_not_found');
      await audit(transaction, {
        actor,
        action: 'user.role_changed',
        subject: `user:${userId}`,
        details: { role },
        atMs: now(),
      });
      await emit({ channel: CONTROL_CHANNEL, event: USER_CHANGED, data: { userId } });
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
      if ((await store.countOtherAdmins(transaction, userId)) === 0) throw new AppError('last_admin');
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

  /** The account asks for it itself and knows its password. @throws AppError wrong_password, last_admin */
  async deleteOwn(userId: string, password: string): Promise<void> {
    const { store, passwords } = this.#deps;
    const user = await store.find(userId);
    if (user === undefined) throw new AppError('user_not_found');
    if (!(await passwords.verify(user.password_hash, password))) throw new AppError('wrong_password');
    await this.delete(userId, `user:${userId}`);
  }

  /** @throws AppError user_not_found, last_admin */
  async delete(userId: string, actor: string): Promise<void> {
    const { store, outbox, sessions, holders, now, onRevoked } = this.#deps;
    const user = await store.find(userId);
    if (user === undefined) throw new AppError('user_not_found');
    await outbox.transact(async ({ transaction }) => {
      const isLast = user.role === 'admin' && (await store.countOtherAdmins(transaction, userId)) === 0;
      if (isLast) throw new AppError('last_admin');
    });
    for (const holder of holders) await holder.accountGone(userId, 'deleted');
    await outbox.transact(async (work) => {
      if (user.role === 'admin' && (await store.countOtherAdmins(work.transaction, userId)) === 0)
        throw new AppError('last_admin');
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
