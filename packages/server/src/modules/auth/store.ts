import { sql, type Selectable, type SqlBool } from 'kysely';
import type { Database, Transaction } from '../../database/database.ts';
import type { Role, SessionTable, UserTable } from '../../database/schema.ts';
import type { ListUsers } from './contract.ts';

export type UserRow = Selectable<UserTable>;
export type SessionRow = Selectable<SessionTable>;

/** The row by which the first account is told from all later ones, and which administrators' changes are queued behind. */
const FIRST_ACCOUNT = 'first-account';
/** How long ended sessions are kept, so that a stolen token that comes late is still recognized. */
const KEEP_REVOKED_MS = 7 * 86_400_000;

/** A session with its user, as every authenticated request looks them up. */
export interface LoginRow {
  session: Pick<SessionRow, 'id' | 'expires_at' | 'revoked_at'>;
  user: UserRow;
}

/** The queries on accounts and their sessions. */
export class AccountStore {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  async countUsers(): Promise<number> {
    const { count } = await this.#database
      .selectFrom('users')
      .select((builder) => builder.fn.countAll<number>().as('count'))
      .executeTakeFirstOrThrow();
    return Number(count);
  }

  async find(id: string): Promise<UserRow | undefined> {
    return this.#database.selectFrom('users').selectAll().where('id', '=', id).executeTakeFirst();
  }

  /** By user name, or by mail address when it looks like one. */
  async findByLogin(key: string): Promise<UserRow | undefined> {
    const column = key.includes('@') ? 'email_key' : 'username_key';
    return this.#database.selectFrom('users').selectAll().where(column, '=', key).executeTakeFirst();
  }

  /** True for exactly one transaction ever. */
  async claimFirstAccount(transaction: Transaction, nowMs: number): Promise<boolean> {
    const { numInsertedOrUpdatedRows } = await transaction
      .insertInto('secrets')
      .values({ id: FIRST_ACCOUNT, purpose: 'marker', value: '', created_at: nowMs, retired_at: null })
      .onConflict((conflict) => conflict.column('id').doNothing())
      .executeTakeFirst();
    return numInsertedOrUpdatedRows === 1n;
  }

  /** Undefined when it was inserted, else what is taken already. */
  async insertUser(transaction: Transaction, row: UserRow): Promise<'username' | 'email' | undefined> {
    const { numInsertedOrUpdatedRows } = await transaction
      .insertInto('users')
      .values(row)
      .onConflict((conflict) => conflict.doNothing())
      .executeTakeFirst();
    if (numInsertedOrUpdatedRows === 1n) return undefined;
    const sameName = await transaction
      .selectFrom('users')
      .select('id')
      .where('username_key', '=', row.username_key)
      .executeTakeFirst();
    return sameName === undefined ? 'email' : 'username';
  }

  async changeUser(
    transaction: Transaction,
    { id, changes }: { id: string; changes: Partial<Omit<UserRow, 'id'>> },
  ): Promise<UserRow | undefined> {
    return transaction.updateTable('users').set(changes).where('id', '=', id).returningAll().executeTakeFirst();
  }

  /** With everything that hangs on it. */
  async deleteUser(transaction: Transaction, id: string): Promise<void> {
    await transaction.deleteFrom('room_members').where('person', '=', `user:${id}`).execute();
    await transaction.deleteFrom('users').where('id', '=', id).execute();
  }

  /**
   * Whether `id` is an administrator, and how many others there are that are not banned; nobody else changes that until
   * the transaction ends.
   */
  async adminsBeside(
    transaction: Transaction,
    { id, nowMs }: { id: string; nowMs: number },
  ): Promise<{ isAdmin: boolean; others: number }> {
    await transaction.updateTable('secrets').set({ value: '' }).where('id', '=', FIRST_ACCOUNT).execute();
    const admins = await transaction
      .selectFrom('users')
      .select(['id', 'banned_at', 'banned_until'])
      .where('role', '=', 'admin' satisfies Role)
      .execute();
    return {
      isAdmin: admins.some((admin) => admin.id === id),
      others: admins.filter((admin) => admin.id !== id && !isBanned(admin, nowMs)).length,
    };
  }

  /** Of those that match, a page from the oldest on. `only` `banned` is who is banned at `nowMs`. */
  async list(
    { q, ids, only, page, pageSize }: ListUsers,
    nowMs: number,
  ): Promise<{
    rows: UserRow[];
    total: number;
  }> {
    let query = this.#database.selectFrom('users');
    if (ids !== undefined) query = query.where('id', 'in', ids);
    if (only === 'admins') query = query.where('role', '=', 'admin');
    if (only === 'banned')
      query = query
        .where('banned_at', 'is not', null)
        .where((expression) =>
          expression.or([expression('banned_until', 'is', null), expression('banned_until', '>', nowMs)]),
        );
    if (q !== undefined && q !== '') {
      const pattern = `%${q
        .normalize('NFKC')
        .toLowerCase()
        .replace(/[\\%_]/g, '\\$&')}%`;
      query = query.where((expression) =>
        expression.or([
          // SQLite has no escape character unless it is named.
          sql<SqlBool>`username_key like ${pattern} escape '\\'`,
          sql<SqlBool>`email_key like ${pattern} escape '\\'`,
          expression('id', '=', q),
        ]),
      );
    }
    const { total } = await query
      .select((builder) => builder.fn.countAll<number>().as('total'))
      .executeTakeFirstOrThrow();
    const rows = await query
      .selectAll()
      .orderBy('created_at')
      .orderBy('id')
      .limit(pageSize)
      .offset((page - 1) * pageSize)
      .execute();
    return { rows, total: Number(total) };
  }

  async insertSession(transaction: Transaction, row: SessionRow): Promise<void> {
    await transaction.insertInto('sessions').values(row).execute();
  }

  async findLogin(sessionId: string): Promise<LoginRow | undefined> {
    const session = await this.findSession(sessionId);
    const user = session === undefined ? undefined : await this.find(session.user_id);
    return session === undefined || user === undefined ? undefined : { session, user };
  }

  async findSession(id: string): Promise<SessionRow | undefined> {
    return this.#database.selectFrom('sessions').selectAll().where('id', '=', id).executeTakeFirst();
  }

  /** Living ones, the longest unused first. */
  async sessionsOf(userId: string, nowMs: number): Promise<SessionRow[]> {
    return this.#database
      .selectFrom('sessions')
      .selectAll()
      .where('user_id', '=', userId)
      .where('revoked_at', 'is', null)
      .where('expires_at', '>', nowMs)
      .orderBy('rotated_at')
      .execute();
  }

  /** Puts the next refresh token in place of the one that is good now; false when somebody was faster. */
  async rotate(
    transaction: Transaction,
    { id, from, to, nowMs, expiresAtMs }: { id: string; from: string; to: string; nowMs: number; expiresAtMs: number },
  ): Promise<boolean> {
    const { numUpdatedRows } = await transaction
      .updateTable('sessions')
      .set({ refresh_hash: to, previous_hash: from, rotated_at: nowMs, expires_at: expiresAtMs })
      .where('id', '=', id)
      .where('refresh_hash', '=', from)
      .where('revoked_at', 'is', null)
      .executeTakeFirst();
    return numUpdatedRows === 1n;
  }

  /** Ends the living sessions of a user: one, all, or all but one. Answers which. */
  async revoke(
    transaction: Transaction,
    { userId, only, except, nowMs }: { userId: string; only?: string; except?: string; nowMs: number },
  ): Promise<string[]> {
    let query = transaction
      .updateTable('sessions')
      .set({ revoked_at: nowMs })
      .where('user_id', '=', userId)
      .where('revoked_at', 'is', null);
    if (only !== undefined) query = query.where('id', '=', only);
    if (except !== undefined) query = query.where('id', '<>', except);
    const rows = await query.returning('id').execute();
    return rows.map(({ id }) => id);
  }

  async insertReset(
    transaction: Transaction,
    row: { hash: string; userId: string; nowMs: number; expiresAtMs: number },
  ): Promise<void> {
    await transaction.deleteFrom('password_resets').where('user_id', '=', row.userId).execute();
    await transaction
      .insertInto('password_resets')
      .values({ token_hash: row.hash, user_id: row.userId, created_at: row.nowMs, expires_at: row.expiresAtMs })
      .execute();
  }

  /** Uses a reset token up; the user's id, or undefined when it was not good. */
  async takeReset(
    transaction: Transaction,
    { hash, nowMs }: { hash: string; nowMs: number },
  ): Promise<string | undefined> {
    const row = await transaction
      .deleteFrom('password_resets')
      .where('token_hash', '=', hash)
      .returning(['user_id', 'expires_at'])
      .executeTakeFirst();
    return row !== undefined && row.expires_at > nowMs ? row.user_id : undefined;
  }

  /** Whose a good reset token is, without using it up. */
  async resetUser({ hash, nowMs }: { hash: string; nowMs: number }): Promise<string | undefined> {
    const row = await this.#database
      .selectFrom('password_resets')
      .select(['user_id', 'expires_at'])
      .where('token_hash', '=', hash)
      .executeTakeFirst();
    return row !== undefined && row.expires_at > nowMs ? row.user_id : undefined;
  }

  async sweep(nowMs: number): Promise<void> {
    await this.#database.deleteFrom('password_resets').where('expires_at', '<=', nowMs).execute();
    await this.#database
      .deleteFrom('sessions')
      .where((expression) =>
        expression.or([expression('expires_at', '<=', nowMs), expression('revoked_at', '<=', nowMs - KEEP_REVOKED_MS)]),
      )
      .execute();
  }
}

/** Banned now; a ban may end by itself. */
export function isBanned(
  { banned_at, banned_until }: Pick<UserRow, 'banned_at' | 'banned_until'>,
  nowMs: number,
): boolean {
  return banned_at !== null && (banned_until === null || banned_until > nowMs);
}
