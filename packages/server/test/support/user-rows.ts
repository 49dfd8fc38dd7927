import type { Database } from '../../src/database/database.ts';
import { searchKeyOf } from '../../src/database/search-key.ts';
import { AccountStore, type UserRow } from '../../src/modules/auth/store.ts';

/** An account as a row; what is not given says nothing. */
export function userRow(id: string, more: Partial<UserRow> = {}): UserRow {
  return {
    ...{ id, username: id, username_key: id, password_hash: 'hash', role: 'user', email: null, email_key: null },
    ...{
      name: id,
      name_key: searchKeyOf(more.name ?? id),
      bio: '',
      avatar: null,
      play_id: `play-${id}`,
      stream_secret: `secret-${id}`,
    },
    ...{ banned_at: null, banned_until: null, ban_reason: null, created_at: 1, updated_at: 1, last_login_at: null },
    ...more,
  };
}

/** Accounts in the database. */
export async function insertUsers(database: Database, ...rows: UserRow[]): Promise<void> {
  const store = new AccountStore(database);
  await database.transaction().execute(async (transaction) => {
    for (const row of rows) await store.insertUser(transaction, row);
  });
}
