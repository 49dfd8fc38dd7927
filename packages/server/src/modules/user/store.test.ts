import { expect, test } from 'vitest';
import { onEveryDatabase } from '../../../test/support/databases.ts';
import { insertUsers, userRow } from '../../../test/support/user-rows.ts';
import type { Database } from '../../database/database.ts';
import { UserStore } from './store.ts';

async function setUp(open: () => Promise<Database>) {
  const database = await open();
  const store = new UserStore(database);
  await insertUsers(database, userRow('ada'), userRow('ben', { email_key: 'ben@x.org' }), userRow('cleo'));
  const follow = (followerId: string, userId: string, nowMs = 1) =>
    database.transaction().execute((transaction) => store.follow(transaction, { followerId, userId, nowMs }));
  return { database, store, follow };
}

onEveryDatabase('profiles', (open) => {
  test('are found by id, name and channel, several at once, and changed', async () => {
    const { database, store } = await setUp(open);
    expect((await store.find('ada'))?.username).toBe('ada');
    expect((await store.findByUsername('ＡDA'))?.id).toBe('ada');
    expect((await store.findByPlayId('play-ben'))?.id).toBe('ben');
    expect((await store.findMany(['ada', 'ben', 'ada', 'nobody'])).map(({ id }) => id).toSorted()).toEqual([
      'ada',
      'ben',
    ]);
    expect(await store.findMany([])).toEqual([]);
    expect(await store.count()).toBe(3);
    await database.transaction().execute(async (transaction) => {
      expect(await store.change(transaction, { id: 'ada', changes: { bio: '你好' } })).toMatchObject({ bio: '你好' });
      expect(await store.change(transaction, { id: 'nobody', changes: { bio: 'x' } })).toBeUndefined();
      expect(await store.isEmailTaken(transaction, { emailKey: 'ben@x.org', by: 'ada' })).toBe(true);
      expect(await store.isEmailTaken(transaction, { emailKey: 'ben@x.org', by: 'ben' })).toBe(false);
    });
  });
});

onEveryDatabase('people who are looked for', (open) => {
  test('are found by parts of both names, the very one first, and not while they are banned', async () => {
    const database = await open();
    const store = new UserStore(database);
    await insertUsers(
      database,
      ...[userRow('mei'), userRow('meiling'), userRow('xiaomei'), userRow('ann', { name: 'ＭＥＩ 梅' })],
      userRow('a_b'),
      userRow('meibanned', { banned_at: 1, banned_until: 100 }),
      userRow('meigone', { banned_at: 1 }),
    );
    const found = async (q: string, nowMs = 50, limit = 10) =>
      (await store.search(q, { limit, nowMs })).map(({ id }) => id);
    expect(await found('MEI')).toEqual(['mei', 'ann', 'meiling', 'xiaomei']);
    expect(await found('mei', 100)).toContain('meibanned');
    expect(await found('梅')).toEqual(['ann']);
    expect(await found('_')).toEqual(['a_b']);
    expect(await found('mei', 50, 2)).toEqual(['mei', 'ann']);
    await database.transaction().execute(async (transaction) => {
      for (const followerId of ['mei', 'ann']) await store.follow(transaction, { followerId, userId: 'a_b', nowMs: 1 });
    });
    expect(await store.followerCounts(['a_b', 'mei'])).toEqual(new Map([['a_b', 2]]));
    expect(await store.followerCounts([])).toEqual(new Map());
  });
});

onEveryDatabase('follows', (open) => {
  test('are there once however many follow at the same time', async () => {
    const { store, follow } = await setUp(open);
    const isNew = await Promise.all([follow('ada', 'ben'), follow('ada', 'ben'), follow('ada', 'ben')]);
    expect(isNew.filter(Boolean)).toHaveLength(1);
    expect(await store.followCounts('ben')).toEqual({ followers: 1, following: 0 });
    expect([await store.isFollowing('ada', 'ben'), await store.isFollowing('ben', 'ada')]).toEqual([true, false]);
  });

  test('are listed from both sides, the newest first, page by page', async () => {
    const { store, follow } = await setUp(open);
    await follow('ada', 'cleo', 1);
    await follow('ben', 'cleo', 2);
    await follow('ada', 'ben', 3);
    const ids = async (...list: Parameters<UserStore['listFollows']>) =>
      (await store.listFollows(...list)).map(({ id }) => id);
    expect(await ids('cleo', 'followers', { page: 1, pageSize: 10 })).toEqual(['ben', 'ada']);
    expect(await ids('cleo', 'followers', { page: 2, pageSize: 1 })).toEqual(['ada']);
    expect(await ids('ada', 'following', { page: 1, pageSize: 10 })).toEqual(['ben', 'cleo']);
    expect(await store.followsOf('ben')).toEqual({ followers: ['ada'], following: ['cleo'] });
  });

  test('end by themselves with either account', async () => {
    const { database, store, follow } = await setUp(open);
    await follow('ada', 'ben');
    await follow('ben', 'cleo');
    await database.transaction().execute(async (transaction) => {
      await store.unfollow(transaction, { followerId: 'ada', userId: 'ben' });
      await store.unfollow(transaction, { followerId: 'ada', userId: 'ben' });
    });
    expect(await store.followCounts('ben')).toEqual({ followers: 0, following: 1 });
    await database.deleteFrom('users').where('id', '=', 'cleo').execute();
    expect(await store.followCounts('ben')).toEqual({ followers: 0, following: 0 });
  });
});
