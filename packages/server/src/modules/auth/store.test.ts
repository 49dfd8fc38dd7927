import { expect, test } from 'vitest';
import { onEveryDatabase } from '../../../test/support/databases.ts';
import { insertUsers, userRow } from '../../../test/support/user-rows.ts';
import type { Database, Transaction } from '../../database/database.ts';
import { AccountStore, type SessionRow } from './store.ts';

const NOW = 1_800_000_000_000;
const WEEK_MS = 7 * 86_400_000;

const session = (id: string, more: Partial<SessionRow> = {}): SessionRow => ({
  ...{ id, user_id: 'ada', refresh_hash: `hash-${id}`, previous_hash: null, rotated_at: NOW, created_at: NOW },
  ...{ expires_at: NOW + 1000, revoked_at: null, user_agent: 'test', address: '::1' },
  ...more,
});

async function setUp(open: () => Promise<Database>) {
  const database = await open();
  const store = new AccountStore(database);
  const commit = <Result>(work: (transaction: Transaction) => Promise<Result>): Promise<Result> =>
    database.transaction().execute(work);
  return { database, store, commit };
}

onEveryDatabase('accounts', (open) => {
  test('are unique by name and by mail address, and found by either', async () => {
    const { database, store, commit } = await setUp(open);
    expect(await store.countUsers()).toBe(0);
    await insertUsers(database, userRow('ada', { email: 'Ada@x.org', email_key: 'ada@x.org' }));
    const insert = (row: ReturnType<typeof userRow>) => commit((transaction) => store.insertUser(transaction, row));
    expect(await insert(userRow('other', { username_key: 'ada' }))).toBe('username');
    expect(await insert(userRow('other', { email_key: 'ada@x.org' }))).toBe('email');
    expect(await insert(userRow('other'))).toBeUndefined();
    expect(await store.countUsers()).toBe(2);
    expect((await store.findByLogin('ada'))?.id).toBe('ada');
    expect((await store.findByLogin('ada@x.org'))?.id).toBe('ada');
    expect(await store.findByLogin('Ada@x.org')).toBeUndefined();
  });

  test('the first one is claimed once', async () => {
    const { store, commit } = await setUp(open);
    const claim = () => commit((transaction) => store.claimFirstAccount(transaction, NOW));
    expect(await claim()).toBe(true);
    expect(await claim()).toBe(false);
  });

  test('are searched by what was typed, without patterns, and come in pages', async () => {
    const { database, store } = await setUp(open);
    const names = ['a_b', 'axb', 'a.b', '艾达'];
    await insertUsers(database, ...names.map((name, index) => userRow(name, { created_at: index })));
    const search = async (q: string) =>
      (await store.list({ q, page: 1, pageSize: 10 }, NOW)).rows.map(({ username }) => username);
    expect(await search('a_b')).toEqual(['a_b']);
    expect(await search('%')).toEqual([]);
    expect(await search('\\')).toEqual([]);
    expect(await search('艾')).toEqual(['艾达']);
    expect(await search('A')).toEqual(['a_b', 'axb', 'a.b']);
    const page = await store.list({ page: 2, pageSize: 3 }, NOW);
    expect([page.rows.map(({ id }) => id), page.total]).toEqual([['艾达'], 4]);
  });

  test('are listed by their ids, or who has power or is banned now', async () => {
    const { database, store } = await setUp(open);
    await insertUsers(
      database,
      userRow('boss', { role: 'admin', created_at: 1 }),
      userRow('banned', { banned_at: 1, created_at: 2 }),
      userRow('for-a-day', { banned_at: 1, banned_until: NOW + 1, created_at: 3 }),
      userRow('was-banned', { banned_at: 1, banned_until: NOW, created_at: 4 }),
    );
    const list = async (query: object) =>
      (await store.list({ page: 1, pageSize: 10, ...query }, NOW)).rows.map(({ id }) => id);
    expect(await list({ ids: ['was-banned', 'boss', 'nobody'] })).toEqual(['boss', 'was-banned']);
    expect(await list({ only: 'admins' })).toEqual(['boss']);
    expect(await list({ only: 'banned' })).toEqual(['banned', 'for-a-day']);
  });

  test('administrators that are banned do not count beside one', async () => {
    const { database, store, commit } = await setUp(open);
    await insertUsers(
      database,
      userRow('boss', { role: 'admin' }),
      userRow('banned', { role: 'admin', banned_at: 1 }),
      userRow('was-banned', { role: 'admin', banned_at: 1, banned_until: NOW }),
      userRow('ada'),
    );
    const beside = (id: string, nowMs = NOW) => commit((transaction) => store.adminsBeside(transaction, { id, nowMs }));
    expect(await beside('boss')).toEqual({ isAdmin: true, others: 1 });
    expect(await beside('boss', NOW - 1)).toEqual({ isAdmin: true, others: 0 });
    expect(await beside('ada')).toEqual({ isAdmin: false, others: 2 });
  });

  test('take all that hangs on them along', async () => {
    const { database, store, commit } = await setUp(open);
    await insertUsers(database, userRow('ada'), userRow('ben'));
    await commit((transaction) => store.insertSession(transaction, session('one')));
    await commit((transaction) => store.deleteUser(transaction, 'ada'));
    expect([await store.find('ada'), await store.findSession('one')]).toEqual([undefined, undefined]);
    expect(await store.countUsers()).toBe(1);
  });
});

onEveryDatabase('logins', (open) => {
  test('a refresh token is replaced by one of those who try', async () => {
    const { database, store, commit } = await setUp(open);
    await insertUsers(database, userRow('ada'));
    await commit((transaction) => store.insertSession(transaction, session('one')));
    const change = { id: 'one', from: 'hash-one', nowMs: NOW + 5, expiresAtMs: NOW + 9 };
    const rotate = (to: string) => commit((transaction) => store.rotate(transaction, { ...change, to }));
    const won = await Promise.all(['a', 'b', 'c', 'd'].map(rotate));
    expect(won.filter(Boolean)).toHaveLength(1);
    expect(await store.findSession('one')).toMatchObject({
      refresh_hash: ['a', 'b', 'c', 'd'][won.indexOf(true)],
      previous_hash: 'hash-one',
      rotated_at: NOW + 5,
      expires_at: NOW + 9,
    });
  });

  test('end one by one, all, or all but one; those that are over are not living', async () => {
    const { database, store, commit } = await setUp(open);
    await insertUsers(database, userRow('ada'), userRow('ben'));
    const rows = [
      ...['one', 'two', 'three', 'four'].map((id, index) => session(id, { rotated_at: NOW + index })),
      session('over', { expires_at: NOW }),
      session('bens', { user_id: 'ben' }),
    ];
    for (const row of rows) await commit((transaction) => store.insertSession(transaction, row));
    const living = async () => (await store.sessionsOf('ada', NOW)).map(({ id }) => id);
    const revoke = (which: { only?: string; except?: string }) =>
      commit((transaction) => store.revoke(transaction, { userId: 'ada', nowMs: NOW, ...which }));
    expect(await living()).toEqual(['one', 'two', 'three', 'four']);
    expect(await revoke({ only: 'one' })).toEqual(['one']);
    expect(await revoke({ only: 'one' })).toEqual([]);
    expect(await revoke({ only: 'bens' })).toEqual([]);
    expect((await revoke({ except: 'two' })).toSorted()).toEqual(['four', 'over', 'three']);
    expect(await living()).toEqual(['two']);
    await store.sweep(NOW + 500);
    expect([await store.findSession('over'), (await store.findSession('one'))?.id]).toEqual([undefined, 'one']);
    await commit((transaction) =>
      transaction
        .updateTable('sessions')
        .set({ expires_at: NOW + 2 * WEEK_MS })
        .execute(),
    );
    await store.sweep(NOW + WEEK_MS);
    expect([await store.findSession('one'), (await store.findSession('two'))?.id]).toEqual([undefined, 'two']);
  });

  test('a reset link is good once, until it ends, and only the newest one', async () => {
    const { database, store, commit } = await setUp(open);
    await insertUsers(database, userRow('ada'));
    const insert = (hash: string) =>
      commit((transaction) =>
        store.insertReset(transaction, { hash, userId: 'ada', nowMs: NOW, expiresAtMs: NOW + 10 }),
      );
    const take = (hash: string, nowMs = NOW) => commit((transaction) => store.takeReset(transaction, { hash, nowMs }));
    await insert('first');
    await insert('second');
    expect(await store.resetUser({ hash: 'first', nowMs: NOW })).toBeUndefined();
    expect(await store.resetUser({ hash: 'second', nowMs: NOW })).toBe('ada');
    expect(await store.resetUser({ hash: 'second', nowMs: NOW + 10 })).toBeUndefined();
    const taken = await Promise.all([take('second'), take('second'), take('second')]);
    expect(taken.filter((userId) => userId === 'ada')).toHaveLength(1);
    await insert('third');
    expect(await take('third', NOW + 10)).toBeUndefined();
  });
});
